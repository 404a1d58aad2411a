"""The faults that the doctor has to find, each with words of its one cause."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.wrappers import Response

from deploy.diagnosis.function import FOREIGN_ORIGIN
from tests.deploy.planted import ORIGIN, SECRETS, Deployment, Document

Fault = Callable[[Deployment], None]
FAULTS: list[Any] = []


def fault(cause: str) -> Callable[[Fault], Fault]:
    """Add a fault to the table, with words of the cause that has to be named."""

    def add(plant: Fault) -> Fault:
        FAULTS.append(pytest.param(plant, cause, id=plant.__name__.replace("_", " ")))
        return plant

    return add


# Function Compute and what stands before the function.


@fault("The function does not run: UnhandledInvocationError ImportModuleError.")
def the_code_does_not_load(it: Deployment) -> None:
    document = {"errorMessage": "no module", "errorType": "ImportModuleError", "stackTrace": []}
    it.answer("GET /healthz", 502, document, X_Fc_Error_Type="UnhandledInvocationError")


@fault("The function does not run: InitializationError.")
def the_initializer_fails_with_status_200(it: Deployment) -> None:
    it.answer("GET /healthz", 200, {}, X_Fc_Error_Type="InitializationError")


@fault("GET /healthz is answered 403, not by the function")
def the_public_address_is_switched_off(it: Deployment) -> None:
    it.answer("GET /healthz", 403, "access denied due to function internet URL is disable")


@fault("GET /healthz is answered 200, not by the function")
def something_else_is_deployed(it: Deployment) -> None:
    it.answer("GET /healthz", 200, "<h1>Welcome</h1>")


# Origins.


@fault(f"The function refuses pages of {ORIGIN}.")
def the_page_is_not_listed(it: Deployment) -> None:
    it.listed_origin = "https://other.example"


@fault("has two values")
def the_gateway_adds_its_own_cors_header(it: Deployment) -> None:
    it.headers["GET /healthz"] = {"Access-Control-Allow-Origin": f"{ORIGIN}, {ORIGIN}"}


@fault(f"Pages of {ORIGIN} may not read an answer.")
def a_proxy_takes_the_cors_header_away(it: Deployment) -> None:
    it.headers["GET /healthz"] = {"Access-Control-Allow-Origin": None}


@fault("A cache may hand an answer for one origin to another")
def a_proxy_takes_vary_away(it: Deployment) -> None:
    it.headers["GET /healthz"] = {"Vary": None}


@fault(f"The preflight of {ORIGIN} is answered 401.")
def the_gateway_wants_a_token_of_preflights(it: Deployment) -> None:
    it.answer("OPTIONS /sign", 401, "Authorization header is expected but missing")


@fault("The preflight does not allow POST with the headers authorization and content-type.")
def preflights_do_not_allow_json(it: Deployment) -> None:
    it.headers["OPTIONS /sign"] = {"Access-Control-Allow-Headers": "authorization"}


@fault("The preflight does not allow POST")
def preflights_do_not_allow_post(it: Deployment) -> None:
    it.headers["OPTIONS /sign"] = {"Access-Control-Allow-Methods": "GET"}


@fault("A preflight of a foreign origin is allowed")
def options_is_not_among_the_triggers_methods(it: Deployment) -> None:
    echo = {"Access-Control-Allow-Origin": FOREIGN_ORIGIN}
    it.foreign_answers["OPTIONS /sign"] = Response("", 200, echo)


@fault("A page of a foreign origin is answered 200, not 403.")
def foreign_pages_get_grants(it: Deployment) -> None:
    it.foreign_answers["POST /sign"] = Response('{"fields": {}}', 200)


# Grants.


@fault("A question for a grant is answered 401 unauthorized.")
def the_token_is_not_accepted(it: Deployment) -> None:
    it.refuse("GET /", 401, "unauthorized")
    it.refuse("POST /sign", 401, "unauthorized", SECRETS["token"])


@fault("500 misconfigured. The setting JWT_ISSUER is missing.")
def a_setting_is_missing(it: Deployment) -> None:
    it.refuse("GET /", 500, "misconfigured", "The setting JWT_ISSUER is missing.")


@fault("503 credentials_unavailable.")
def the_role_cannot_be_assumed(it: Deployment) -> None:
    it.refuse("GET /", 503, "credentials_unavailable")


@fault("A question for a grant is answered 504, not by the function")
def the_function_runs_out_of_time(it: Deployment) -> None:
    it.answer("GET /", 504, "")


@fault("The function does not run: UnhandledInvocationError.")
def the_function_crashes_on_grants(it: Deployment) -> None:
    it.answer("GET /", 200, {}, X_Fc_Error_Type="UnhandledInvocationError")


@fault("What is answered is no grant.")
def another_service_answers(it: Deployment) -> None:
    it.answer("GET /", 200, {"hello": "world"})


@fault("Caches may keep grants")
def a_proxy_makes_grants_cacheable(it: Deployment) -> None:
    it.headers["GET /"] = {"Cache-Control": "public, max-age=600"}


@fault("The grant lacks or garbles server_time.")
def a_member_is_missing(it: Deployment) -> None:
    it.edit_grant = lambda grant: grant.pop("server_time")


@fault("The grant lacks or garbles fields.x-oss-date.")
def a_signing_field_is_missing(it: Deployment) -> None:
    it.edit_grant = lambda grant: grant["fields"].pop("x-oss-date")


@fault("The grant lacks or garbles fields.x-oss-extra.")
def a_field_is_no_text(it: Deployment) -> None:
    it.edit_grant = lambda grant: grant["fields"].update({"x-oss-extra": None})


@fault("The grant lacks or garbles limits.min_bytes.")
def a_limit_is_missing(it: Deployment) -> None:
    it.edit_grant = lambda grant: grant["limits"].pop("min_bytes")


@fault("The grant lacks or garbles the order of fields.")
def the_key_is_not_first(it: Deployment) -> None:
    it.edit_grant = lambda grant: grant["fields"].update(key=grant["fields"].pop("key"))


# Clocks.


def shift(grant: Document, seconds: int) -> None:
    grant["server_time"] += seconds
    grant["expires"] -= seconds


@fault("s from its gateway's.")
def the_function_is_slow(it: Deployment) -> None:
    it.edit_grant = lambda grant: shift(grant, -120)


@fault("s from that of OSS.")
def oss_has_another_time(it: Deployment) -> None:
    it.bucket_clock_seconds = -3600


@fault("expire, expires and server_time of the grant contradict each other.")
def the_times_of_a_grant_contradict_each_other(it: Deployment) -> None:
    it.edit_grant = lambda grant: grant.update(expires=10)


# Policies.


@fault("The policy is not Base64 of a JSON policy that OSS reads.")
def the_policy_is_no_json(it: Deployment) -> None:
    it.edit_grant = lambda grant: grant["fields"].update(policy=base64.b64encode(b"{").decode())


@fault("The policy ends at another time than the grant says.")
def the_policy_ends_later(it: Deployment) -> None:
    it.edit_policy = lambda policy: policy.update(expiration="2099-01-01T00:00:00.000Z")


@fault("The grant has ended before it was answered.")
def the_grant_has_no_life(it: Deployment) -> None:
    it.life_seconds = 0


@fault("The policy does not pin success_action_status")
def a_field_is_not_pinned(it: Deployment) -> None:
    it.edit_policy = lambda policy: policy["conditions"].remove({"success_action_status": "200"})


@fault("The policy does not pin key")
def the_key_is_outside_the_prefix(it: Deployment) -> None:
    def move(grant: Document) -> None:
        grant["fields"]["key"] = "elsewhere/file.txt"

    it.edit_grant = move


@fault("The policy has no condition for bucket.")
def the_bucket_is_not_pinned(it: Deployment) -> None:
    it.edit_policy = lambda policy: policy["conditions"].remove({"bucket": "my-bucket"})


@fault("The policy has no condition for content-length-range.")
def the_size_is_not_limited(it: Deployment) -> None:
    it.edit_policy = lambda policy: policy["conditions"].pop(1)


@fault("it is signed with a permanent access key")
def a_permanent_key_signs(it: Deployment) -> None:
    it.edit_grant = lambda grant: grant["fields"].pop("x-oss-security-token")


# The bucket.


@fault(f"The bucket does not let pages of {ORIGIN} post to it.")
def the_bucket_has_no_rule(it: Deployment) -> None:
    it.answer("bucket OPTIONS", 403, "<Error><Code>AccessForbidden</Code></Error>")


@fault(f"The bucket does not let pages of {ORIGIN} post to it.")
def the_buckets_rule_is_for_another_page(it: Deployment) -> None:
    it.headers["bucket OPTIONS"] = {"Access-Control-Allow-Origin": "https://other.example"}


@fault("The bucket does not let pages read the ETag")
def the_etag_is_not_exposed(it: Deployment) -> None:
    it.headers["bucket OPTIONS"] = {"Access-Control-Expose-Headers": "x-oss-request-id"}


@fault("There is no such bucket.")
def the_bucket_does_not_exist(it: Deployment) -> None:
    it.answer("bucket OPTIONS", 404, "<Error><Code>NoSuchBucket</Code></Error>")


@fault("OSS answers 403 AccessDenied 0003-00000001")
def the_upload_role_lacks_the_permission(it: Deployment) -> None:
    it.refuse_form(403, "AccessDenied", "0003-00000001")


@fault("OSS answers 203 CallbackFailed 0007-00000203")
def the_callback_fails(it: Deployment) -> None:
    it.refuse_form(203, "CallbackFailed", "0007-00000203")


@fault("OSS answers 204")
def the_answer_is_not_the_one_that_was_asked_for(it: Deployment) -> None:
    it.answer("bucket POST", 204, "")


@fault("The file is stored, but its page would be told that it failed.")
def the_upload_is_answered_without_cors(it: Deployment) -> None:
    it.headers["bucket POST"] = {"Access-Control-Allow-Origin": None}
