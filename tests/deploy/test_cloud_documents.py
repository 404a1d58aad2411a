"""The roles allow what the function needs and nothing next to it."""

from __future__ import annotations

import json
import shlex
from typing import Any
from xml.etree import ElementTree

import pytest

from deploy import setup_cloud
from deploy.setup_cloud import cors_document, policy_document
from direct_upload.credentials.sts import session_policy
from emulator.ram import is_allowed

ACCOUNT = "1234567890123456"
VALUES = {
    "OSS_BUCKET": "my-bucket",
    "UPLOAD_PREFIX": "user-dirs/",
    "UPLOAD_ROLE_ARN": f"acs:ram::{ACCOUNT}:role/oss-uploader",
    "FUNCTION_ROLE_ARN": f"acs:ram::{ACCOUNT}:role/oss-signer-fc",
    "LOG_PROJECT": "my-logs",
    "LOG_STORE": "direct-upload",
}
ENVIRONMENT = {
    "AUTH": "anonymous",
    "OSS_BUCKET": "my-bucket",
    "UPLOAD_ROLE_ARN": VALUES["UPLOAD_ROLE_ARN"],
    "FUNCTION_ROLE_ARN": VALUES["FUNCTION_ROLE_ARN"],
    "LOG_PROJECT": "my-logs",
    "ALLOWED_ORIGINS": "https://www.example.com,http://localhost:8000",
}
OBJECT = f"acs:oss:oss-cn-hangzhou:{ACCOUNT}:my-bucket/user-dirs/leaf/photo.jpg"
ROLE = VALUES["UPLOAD_ROLE_ARN"]
LOG_STORE = f"acs:log:cn-hangzhou:{ACCOUNT}:project/my-logs/logstore/direct-upload"
UPLOAD = ["upload-role-policy"]
FUNCTION = ["function-role-policy", "function-role-logs-policy"]


def documents(names: list[str]) -> list[str]:
    return [policy_document(name, VALUES) for name in names]


@pytest.mark.parametrize(
    ("names", "action", "resource"),
    [
        pytest.param(UPLOAD, "oss:PutObject", OBJECT, id="the upload role puts an object"),
        pytest.param(FUNCTION, "sts:AssumeRole", ROLE, id="the function assumes the upload role"),
        pytest.param(FUNCTION, "log:PostLogStoreLogs", LOG_STORE, id="the function writes its log"),
    ],
)
def test_allows_what_is_needed(names: list[str], action: str, resource: str) -> None:
    assert is_allowed(documents(names), action, resource)


@pytest.mark.parametrize(
    ("names", "action", "resource"),
    [
        pytest.param(UPLOAD, action, resource, id=f"the upload role: {meaning}")
        for meaning, action, resource in [
            ("another prefix", "oss:PutObject", OBJECT.replace("user-dirs", "other")),
            ("a longer prefix", "oss:PutObject", OBJECT.replace("user-dirs", "user-dirs-2")),
            ("another bucket", "oss:PutObject", OBJECT.replace("my-bucket", "my-bucket-2")),
            ("the bucket itself", "oss:PutObject", f"acs:oss:*:{ACCOUNT}:my-bucket"),
            ("read", "oss:GetObject", OBJECT),
            ("delete", "oss:DeleteObject", OBJECT),
            ("change the ACL", "oss:PutObjectAcl", OBJECT),
            ("list", "oss:ListObjects", f"acs:oss:*:{ACCOUNT}:my-bucket"),
            ("abort another's upload", "oss:AbortMultipartUpload", OBJECT),
            ("change the bucket's CORS", "oss:PutBucketCors", f"acs:oss:*:{ACCOUNT}:my-bucket"),
            ("assume a role", "sts:AssumeRole", ROLE),
        ]
    ]
    + [
        pytest.param(FUNCTION, action, resource, id=f"the function: {meaning}")
        for meaning, action, resource in [
            ("another role", "sts:AssumeRole", f"acs:ram::{ACCOUNT}:role/admin"),
            ("a longer role name", "sts:AssumeRole", ROLE + "-2"),
            ("another account's role", "sts:AssumeRole", ROLE.replace(ACCOUNT, "1")),
            ("put an object itself", "oss:PutObject", OBJECT),
            ("read its log", "log:GetLogStoreLogs", LOG_STORE),
            ("another log", "log:PostLogStoreLogs", LOG_STORE + "-2"),
        ]
    ],
)
def test_denies_everything_next_to_it(names: list[str], action: str, resource: str) -> None:
    assert not is_allowed(documents(names), action, resource)


def principals(name: str) -> Any:
    [statement] = json.loads(policy_document(name, VALUES))["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Allow", "sts:AssumeRole")
    return statement["Principal"]


def test_only_function_compute_and_the_functions_role_are_trusted() -> None:
    assert principals("function-role-trust") == {"Service": ["fc.aliyuncs.com"]}
    assert principals("upload-role-trust") == {"RAM": [VALUES["FUNCTION_ROLE_ARN"]]}


def test_the_upload_role_may_do_what_the_session_policy_of_the_code_allows() -> None:
    sent = json.loads(session_policy("my-bucket", "user-dirs/"))
    assert json.loads(policy_document("upload-role-policy", VALUES)) == sent


def test_no_value_breaks_out_of_its_string() -> None:
    values = {**VALUES, "UPLOAD_PREFIX": 'a"}],"x":[{"/'}
    [statement] = json.loads(policy_document("upload-role-policy", values))["Statement"]
    assert statement["Resource"] == 'acs:oss:*:*:my-bucket/a"}],"x":[{"/*'


def test_the_bucket_allows_the_form_post_of_every_page_and_nothing_else() -> None:
    root = ElementTree.fromstring(cors_document(["https://a.example", "https://b.example"]))  # noqa: S314
    [rule] = root.findall("CORSRule")
    assert [element.text for element in rule.findall("AllowedOrigin")] == [
        "https://a.example",
        "https://b.example",
    ]
    assert [element.text for element in rule.findall("AllowedMethod")] == ["POST"]
    assert [element.text for element in rule.findall("AllowedHeader")] == ["*"]
    # Scripts read the ETag; people give the request ID to support.
    exposed = [element.text for element in rule.findall("ExposeHeader")]
    assert exposed == ["ETag", "x-oss-request-id"]


def script(**changes: str) -> str:
    return "\n".join(setup_cloud.commands({**ENVIRONMENT, **changes}))


def arguments(text: str, *start: str) -> list[dict[str, str]]:
    """The options of each command that begins like this."""
    found = []
    for line in text.splitlines():
        words = shlex.split(line, comments=True)
        if words[: len(start) + 1] == ["aliyun", *start]:
            options = words[len(start) + 1 :]
            found.append(dict(zip(options[::2], options[1::2], strict=True)))
    return found


def test_prints_commands_that_create_the_roles_with_the_documents_filled_in() -> None:
    policies = {
        options["--PolicyName"]: json.loads(options["--PolicyDocument"])
        for options in arguments(script(), "ram", "CreatePolicy")
    }
    assert policies == {
        "oss-signer-fc-logs": json.loads(policy_document("function-role-logs-policy", VALUES)),
        "oss-signer-fc-assume": json.loads(policy_document("function-role-policy", VALUES)),
        "oss-uploader-upload": json.loads(policy_document("upload-role-policy", VALUES)),
    }
    roles = {
        options["--RoleName"]: json.loads(options["--AssumeRolePolicyDocument"])
        for options in arguments(script(), "ram", "CreateRole")
    }
    assert roles == {
        "oss-signer-fc": json.loads(policy_document("function-role-trust", VALUES)),
        "oss-uploader": json.loads(policy_document("upload-role-trust", VALUES)),
    }
    attached = {
        (options["--PolicyName"], options["--RoleName"])
        for options in arguments(script(), "ram", "AttachPolicyToRole")
    }
    assert attached == {
        ("oss-signer-fc-logs", "oss-signer-fc"),
        ("oss-signer-fc-assume", "oss-signer-fc"),
        ("oss-uploader-upload", "oss-uploader"),
    }


def test_the_functions_own_role_uploads_if_no_role_is_assumed() -> None:
    text = script(CREDENTIALS_SOURCE="function-role", UPLOAD_ROLE_ARN="")
    assert [options["--RoleName"] for options in arguments(text, "ram", "CreateRole")] == [
        "oss-signer-fc"
    ]
    assert "oss:PutObject" in text
    assert '"Action": "sts:AssumeRole", "Resource"' not in text


def test_a_role_allows_sessions_as_long_as_the_credentials() -> None:
    [_, role] = arguments(script(CREDENTIALS_SECONDS="7200"), "ram", "CreateRole")
    assert role["--MaxSessionDuration"] == "7200"
    assert "--MaxSessionDuration" not in script()


def test_the_cors_rule_names_the_pages() -> None:
    text = script()
    assert cors_document(["http://localhost:8000", "https://www.example.com"]) in text
    assert "aliyun oss cors --method put oss://my-bucket" in text
    assert "<AllowedOrigin>*</AllowedOrigin>" in script(ALLOWED_ORIGINS="*")
    assert "cors.filled.xml" not in script(ALLOWED_ORIGINS="")


def test_the_role_covers_the_prefix_before_the_user() -> None:
    jwt = {"AUTH": "jwt", "JWT_JWKS": "file:a", "JWT_ISSUER": "a", "JWT_AUDIENCE": "a"}
    environ = {**ENVIRONMENT, **jwt, "UPLOAD_DIR": "up/{user}/files/"}
    assert "my-bucket/up/*" in "\n".join(setup_cloud.commands(environ))
