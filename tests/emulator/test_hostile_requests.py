"""Requests of any shape to the emulated STS and Function Compute, and results of any shape."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import Client

from emulator.function_compute import FunctionCompute
from emulator.function_compute.response import FunctionResponse, Refused
from emulator.function_compute.result import parse_result
from emulator.keyring import KeyRing
from emulator.sts import Sts
from emulator.sts.parameters import parse_assume_role
from emulator.sts.responses import StsError
from tests.emulator.oss.bucket import KEY, NOW
from tests.emulator.sts.harness import ROLE
from tests.emulator.test_hostile_forms import any_json, any_text, header_texts

statements = st.dictionaries(
    st.sampled_from(["Effect", "Action", "Resource", "Condition", "NotAction"]),
    st.sampled_from(["Allow", "Deny", "oss:PutObject", "*", []]) | any_json,
)
session_policies = st.one_of(
    st.fixed_dictionaries({"Version": st.just("1"), "Statement": st.lists(statements, max_size=2)}),
    any_json,
).map(json.dumps)
parameters = st.fixed_dictionaries(
    {},
    optional={
        "RoleArn": st.just(ROLE) | any_text,
        "RoleSessionName": st.just("name") | any_text,
        "DurationSeconds": st.sampled_from(["900", "43200", "0", "-1", "٣٣٣٣", "9" * 5000])
        | any_text,
        "Policy": session_policies | any_text,
        "ExternalId": any_text,
        "SourceIdentity": any_text,
    },
)


@given(parameters)
def test_any_parameters_are_valid_or_refused(given: dict[str, str]) -> None:
    try:
        parse_assume_role(given)
    except StsError as error:
        assert 400 <= error.status < 500


sts_headers = st.dictionaries(
    st.sampled_from(
        [
            *("Authorization", "x-acs-date", "x-acs-version", "x-acs-signature-nonce"),
            *("x-acs-content-sha256", "x-acs-security-token", "x-acs-signature-method"),
        ]
    ),
    st.sampled_from(
        [
            *("2015-04-01", "2026-11-24T12:00:00Z", "0000-00-00T00:00:00Z"),
            "ACS3-HMAC-SHA256 Credential=LTAItests,SignedHeaders=host;x-acs-date,Signature=00",
            "ACS3-HMAC-SHA256 Credential=,SignedHeaders=,Signature=",
        ]
    )
    | header_texts,
)


@given(headers=sts_headers, query=parameters, body=st.binary(max_size=20))
def test_no_role_is_assumed_by_chance(
    headers: dict[str, str], query: dict[str, str], body: bytes
) -> None:
    log: list[str] = []
    sts = Sts(ROLE, KeyRing([KEY]), clock=lambda: NOW, log=log.append)
    reply = Client(sts).post(
        "/", query_string=query, data=body, headers={"x-acs-action": "AssumeRole"} | headers
    )
    assert 400 <= reply.status_code < 500
    assert json.loads(reply.get_data())["Code"]
    assert KEY.access_key_secret not in reply.get_data().decode() + "".join(log)
    assert not any("\n" in line or "\r" in line for line in log)


results = st.fixed_dictionaries(
    {"statusCode": st.sampled_from([200, 204, 99, True]) | any_json},
    optional={
        "headers": st.dictionaries(any_text, any_text, max_size=3) | any_json,
        "isBase64Encoded": st.booleans() | any_json,
        "body": any_text | any_json,
    },
)


@given(st.binary(max_size=50) | (results | any_json).map(lambda value: json.dumps(value).encode()))
def test_any_result_of_a_handler_is_a_response_or_refused(payload: bytes) -> None:
    try:
        response = parse_result(payload)
    except Refused as refusal:
        assert refusal.status == 502
        return
    assert isinstance(response, FunctionResponse)
    assert not any({"\r", "\n"} & set(name + value) for name, value in response.headers.items())


class Failure(Exception):
    """An exception of a handler."""


@given(outcome=results | any_json | any_text | st.binary() | st.just(Failure("broken")))
def test_whatever_a_handler_does_the_gateway_responds(outcome: Any) -> None:
    def handler(event: bytes, context: Any) -> Any:
        if isinstance(outcome, Failure):
            raise outcome
        return outcome

    gateway = FunctionCompute(handler, function_keys=None, log=lambda line: None)
    reply = Client(gateway).get("/")
    assert 200 <= reply.status_code < 600
    assert reply.headers["X-Fc-Request-Id"]
