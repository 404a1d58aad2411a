"""The faults that the doctor must find, each with words of the one message that names it."""

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
STS_SAYS = "STS refused AssumeRole: {} (HTTP 403)."


def fault(message: str) -> Callable[[Fault], Fault]:
    """Add a fault to the table, with words of the message that it must cause."""

    def add(plant: Fault) -> Fault:
        FAULTS.append(pytest.param(plant, message, id=plant.__name__.replace("_", " ")))
        return plant

    return add


# Function Compute and whatever is in front of the function.


@fault("The function does not run: UnhandledInvocationError ImportModuleError.")
def the_code_does_not_load(it: Deployment) -> None:
    document = {"errorMessage": "no module", "errorType": "ImportModuleError", "stackTrace": []}
    it.respond("GET /healthz", 502, document, X_Fc_Error_Type="UnhandledInvocationError")


@fault("The function does not run: InitializationError.")
def the_initializer_fails_with_status_200(it: Deployment) -> None:
    it.respond("GET /healthz", 200, {}, X_Fc_Error_Type="InitializationError")


@fault("GET /healthz returned 403, from something in front")
def the_public_address_is_switched_off(it: Deployment) -> None:
    it.respond("GET /healthz", 403, "access denied due to function internet URL is disable")


@fault("GET /healthz returned 200, from something in front")
def something_else_is_deployed(it: Deployment) -> None:
    it.respond("GET /healthz", 200, "<h1>Welcome</h1>")


# Origins.


@fault(f"The function does not admit pages of {ORIGIN}.")
def the_page_is_not_listed(it: Deployment) -> None:
    it.listed_origin = "https://other.example"


@fault("Access-Control-Allow-Origin has two values in responses")
def the_gateway_adds_its_own_cors_header(it: Deployment) -> None:
    it.headers["GET /healthz"] = {"Access-Control-Allow-Origin": f"{ORIGIN}, {ORIGIN}"}


@fault(f"Pages of {ORIGIN} cannot read responses.")
def a_proxy_takes_the_cors_header_away(it: Deployment) -> None:
    it.headers["GET /healthz"] = {"Access-Control-Allow-Origin": None}


@fault("A cache may serve responses for one origin to another")
def a_proxy_takes_vary_away(it: Deployment) -> None:
    it.headers["GET /healthz"] = {"Vary": None}


@fault(f"The preflight of {ORIGIN} returned 401.")
def the_gateway_requires_a_token_for_preflights(it: Deployment) -> None:
    it.respond("OPTIONS /sign", 401, "Authorization header is expected but missing")


@fault("The preflight does not allow POST with the headers authorization and content-type.")
def preflights_do_not_allow_json(it: Deployment) -> None:
    it.headers["OPTIONS /sign"] = {"Access-Control-Allow-Headers": "authorization"}


@fault("The preflight does not allow POST")
def preflights_do_not_allow_post(it: Deployment) -> None:
    it.headers["OPTIONS /sign"] = {"Access-Control-Allow-Methods": "GET"}


@fault("A preflight of a foreign origin is allowed")
def options_is_not_among_the_triggers_methods(it: Deployment) -> None:
    echo = {"Access-Control-Allow-Origin": FOREIGN_ORIGIN}
    it.foreign_responses["OPTIONS /sign"] = Response("", 200, echo)


@fault("A page of a foreign origin gets 200 instead of 403.")
def foreign_pages_get_grants(it: Deployment) -> None:
    it.foreign_responses["POST /sign"] = Response('{"fields": {}}', 200)


# Grants.


@fault("The grant request returned 401 unauthorized.")
def the_token_is_not_accepted(it: Deployment) -> None:
    it.refuse("GET /", 401, "unauthorized")
    it.refuse("POST /sign", 401, "unauthorized", SECRETS["token"])


@fault("503 keys_unavailable.")
def keys_cannot_be_fetched(it: Deployment) -> None:
    it.refuse("GET /", 503, "keys_unavailable")
    it.refuse("POST /sign", 503, "keys_unavailable")


@fault("500 misconfigured. The setting JWT_ISSUER is missing.")
def a_setting_is_missing(it: Deployment) -> None:
    it.refuse("GET /", 500, "misconfigured", "The setting JWT_ISSUER is missing.")


@fault("503 credentials_unavailable. STS refused AssumeRole: NoPermission.")
def the_role_cannot_be_assumed(it: Deployment) -> None:
    it.refuse("GET /", 503, "credentials_unavailable", STS_SAYS.format("NoPermission"))


@fault("503 credentials_unavailable.\n      -> STS is down or cannot be reached")
def sts_does_not_respond(it: Deployment) -> None:
    it.refuse("GET /", 503, "credentials_unavailable", "STS did not respond in time.")


@fault("STS refused AssumeRole: ServiceUnavailable.\n      -> STS is down")
def sts_is_down(it: Deployment) -> None:
    it.refuse("GET /", 503, "credentials_unavailable", STS_SAYS.format("ServiceUnavailable"))


@fault("The grant request returned 504, from something in front")
def the_function_times_out(it: Deployment) -> None:
    it.respond("GET /", 504, "")


@fault("The function does not run: UnhandledInvocationError.")
def the_function_crashes_on_grants(it: Deployment) -> None:
    it.respond("GET /", 200, {}, X_Fc_Error_Type="UnhandledInvocationError")


@fault("The response is not a grant.")
def another_service_responds(it: Deployment) -> None:
    it.respond("GET /", 200, {"hello": "world"})


@fault("Caches may store grants")
def a_proxy_makes_grants_cacheable(it: Deployment) -> None:
    it.headers["GET /"] = {"Cache-Control": "public, max-age=600"}


@fault("Missing or wrong in the grant: server_time.")
def a_member_is_missing(it: Deployment) -> None:
    it.edit_grant = lambda grant: grant.pop("server_time")


@fault("Missing or wrong in the grant: fields.x-oss-date.")
def a_signing_field_is_missing(it: Deployment) -> None:
    it.edit_grant = lambda grant: grant["fields"].pop("x-oss-date")


@fault("Missing or wrong in the grant: fields.x-oss-extra.")
def a_field_is_not_a_string(it: Deployment) -> None:
    it.edit_grant = lambda grant: grant["fields"].update({"x-oss-extra": None})


@fault("Missing or wrong in the grant: limits.min_bytes.")
def a_limit_is_missing(it: Deployment) -> None:
    it.edit_grant = lambda grant: grant["limits"].pop("min_bytes")


@fault("Missing or wrong in the grant: the order of fields.")
def the_key_is_not_first(it: Deployment) -> None:
    it.edit_grant = lambda grant: grant["fields"].update(key=grant["fields"].pop("key"))


# Clocks.


def shift(grant: Document, seconds: int) -> None:
    grant["server_time"] += seconds
    grant["expires"] -= seconds


@fault("The function's clock differs from its gateway's by -120 s.")
def the_functions_clock_is_slow(it: Deployment) -> None:
    it.edit_grant = lambda grant: shift(grant, -120)


@fault("The function's clock differs from that of OSS by 3")
def the_clock_of_oss_is_slow(it: Deployment) -> None:
    it.bucket_clock_seconds = -3600


@fault("The grant's expire, expires and server_time contradict each other.")
def the_times_of_a_grant_contradict_each_other(it: Deployment) -> None:
    it.edit_grant = lambda grant: grant.update(expires=10)


# Policies.


@fault("The policy is not Base64 of JSON that OSS can read.")
def the_policy_is_not_json(it: Deployment) -> None:
    it.edit_grant = lambda grant: grant["fields"].update(policy=base64.b64encode(b"{").decode())


@fault("The policy expires at another time than the grant says.")
def the_policy_expires_later(it: Deployment) -> None:
    it.edit_policy = lambda policy: policy.update(expiration="2099-01-01T00:00:00.000Z")


@fault("The grant had already expired when it arrived.")
def the_grant_lives_for_no_time(it: Deployment) -> None:
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


@fault(f"The bucket's CORS rule does not allow POST from {ORIGIN}.")
def the_bucket_has_no_rule(it: Deployment) -> None:
    it.respond("bucket OPTIONS", 403, "<Error><Code>AccessForbidden</Code></Error>")


@fault(f"The bucket's CORS rule does not allow POST from {ORIGIN}.")
def the_buckets_rule_is_for_another_page(it: Deployment) -> None:
    it.headers["bucket OPTIONS"] = {"Access-Control-Allow-Origin": "https://other.example"}


@fault("The bucket's CORS rule does not expose the ETag")
def the_etag_is_not_exposed(it: Deployment) -> None:
    it.headers["bucket OPTIONS"] = {"Access-Control-Expose-Headers": "x-oss-request-id"}


@fault("The bucket does not exist.")
def the_bucket_does_not_exist(it: Deployment) -> None:
    it.respond("bucket OPTIONS", 404, "<Error><Code>NoSuchBucket</Code></Error>")


@fault("OSS returned 403 AccessDenied 0003-00000001")
def the_upload_role_lacks_the_permission(it: Deployment) -> None:
    it.refuse_form(403, "AccessDenied", "0003-00000001")


@fault("OSS returned 203 CallbackFailed 0007-00000203")
def the_callback_fails(it: Deployment) -> None:
    it.refuse_form(203, "CallbackFailed", "0007-00000203")


@fault("OSS returned 400 PublicEndpointForbidden 0048-00000401")
def the_account_is_new_to_oss(it: Deployment) -> None:
    it.refuse_form(400, "PublicEndpointForbidden", "0048-00000401")


@fault("The bucket's default endpoint takes no data.")
def even_preflights_are_refused_to_a_new_account(it: Deployment) -> None:
    it.respond("bucket OPTIONS", 400, "<Error><Code>PublicEndpointForbidden</Code></Error>")


@fault("OSS returned 400 InvalidArgument 0007-00000008 about callbackUrl")
def the_callback_is_at_a_private_address(it: Deployment) -> None:
    body = (
        "<Error><Code>InvalidArgument</Code><ArgumentName>callbackUrl</ArgumentName>"
        "<ArgumentValue>http://10.0.0.1/</ArgumentValue><EC>0007-00000008</EC></Error>"
    )
    it.respond("bucket POST", 400, body)


@fault("OSS returned 204")
def the_status_is_not_the_requested_one(it: Deployment) -> None:
    it.respond("bucket POST", 204, "")


@fault("The file is stored, but the browser would report a failure to the page.")
def the_upload_response_lacks_the_cors_header(it: Deployment) -> None:
    it.headers["bucket POST"] = {"Access-Control-Allow-Origin": None}
