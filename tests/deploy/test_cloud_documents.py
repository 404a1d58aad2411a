"""The roles allow what the function needs and nothing next to it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from deploy.setup_cloud import __main__ as command
from deploy.setup_cloud.documents import cors_document, policy_document
from deploy.setup_cloud.names import REGIONS
from deploy.setup_cloud.script import commands
from direct_upload.credentials.sts import session_policy
from direct_upload.errors import Misconfigured
from emulator.ram import is_allowed
from tests.deploy.test_s_yaml import SCHEMA, needs_schema

ACCOUNT = "1234567890123456"
VALUES = {
    "OSS_BUCKET": "my-bucket",
    "UPLOAD_ROLE_ARN": f"acs:ram::{ACCOUNT}:role/oss-uploader",
    "FUNCTION_ROLE_ARN": f"acs:ram::{ACCOUNT}:role/oss-signer-fc",
    "LOG_PROJECT": "my-logs",
    "LOG_STORE": "direct-upload",
}
PREFIXES = ["user-dirs/"]
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
    return [policy_document(name, VALUES, PREFIXES) for name in names]


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
    sent = json.loads(session_policy("my-bucket", PREFIXES))
    assert json.loads(policy_document("upload-role-policy", VALUES, PREFIXES)) == sent


def test_the_upload_role_may_do_what_resumable_uploads_need() -> None:
    sent = json.loads(session_policy("my-bucket", PREFIXES, multipart=True))
    assert json.loads(policy_document("upload-role-multipart-policy", VALUES, PREFIXES)) == sent


def test_no_value_breaks_out_of_its_string() -> None:
    prefixes = ['a"}],"x":[{"/']
    [statement] = json.loads(policy_document("upload-role-policy", VALUES, prefixes))["Statement"]
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
    return "\n".join(commands({**ENVIRONMENT, **changes}))


def calls(text: str, function: str) -> list[list[str]]:
    """The arguments of each call of a function of the script."""
    body = text[text.index("\ncd ") :]
    words = shlex.split(body, comments=True)
    names = {"role", "policy", "logs", "bucket", "cors", "lifecycle", "echo"}
    found: list[list[str]] = []
    for word in words:
        if word in names and (not found or len(found[-1]) > 1):
            found.append([word])
        elif found:
            found[-1].append(word)
    return [rest for name, *rest in found if name == function]


def test_creates_the_roles_with_the_documents_filled_in() -> None:
    assert [(name, json.loads(trust)) for name, trust, _ in calls(script(), "role")] == [
        ("oss-signer-fc", json.loads(policy_document("function-role-trust", VALUES))),
        ("oss-uploader", json.loads(policy_document("upload-role-trust", VALUES))),
    ]
    found = [
        (name, json.loads(document), role) for name, document, role in calls(script(), "policy")
    ]
    assert found == [
        (name, json.loads(policy_document(document, VALUES, PREFIXES)), role)
        for name, document, role in (
            ("oss-signer-fc-logs", "function-role-logs-policy", "oss-signer-fc"),
            ("oss-signer-fc-assume", "function-role-policy", "oss-signer-fc"),
            ("oss-uploader-upload", "upload-role-policy", "oss-uploader"),
        )
    ]


def test_names_of_policies_have_only_characters_that_ram_accepts() -> None:
    text = script(FUNCTION_ROLE_ARN=f"acs:ram::{ACCOUNT}:role/oss.signer_fc")
    assert [(name, role) for name, _, role in calls(text, "policy")] == [
        ("oss-signer-fc-logs", "oss.signer_fc"),
        ("oss-signer-fc-assume", "oss.signer_fc"),
        ("oss-uploader-upload", "oss-uploader"),
    ]


ARN = f"acs:ram::{ACCOUNT}:role/"
WRONG = {
    "FUNCTION_NAME": ["1a", "-a", "a b", "a" * 65, "a/b", "é", "a\nb"],
    "UNCLAIMED_DAYS": ["-1", "1.5", "two", "10000", "٢"],
    "FUNCTION_REGION": [
        *(
            "Hangzhou",
            "cn",
            "cn-",
            "-hangzhou",
            "cn--a",
            "oss-cn-hangzhou",
            "cn-hangzhou;id",
            "cn-hangzho",
            "us-east-2",
        ),
        *(
            "cn-hangzhou\nx",
            "cn-杭州",
            "cn-٣",
            "china-hangzhou",
            "https://cn-hangzhou",
            "cn hangzhou",
        ),
    ],
    "FUNCTION_ROLE_ARN": [
        *(
            "",
            "oss-signer",
            ARN,
            ARN + "a" * 65,
            ARN + "Signer",
            ARN + "a b",
            ARN + "é",
            ARN + "a@b",
        ),
        *(ARN + "a/b", ARN + "-a", ARN + "a$(id)", "acs:ram::١٢٣:role/a", "acs:ram:::role/a"),
        *(ARN.replace("role", "user") + "a", ARN + "a\nb", "x" + ARN + "a"),
    ],
    "UPLOAD_ROLE_ARN": [
        *("", "oss-uploader", ARN, ARN + "a" * 65, ARN + "a b", ARN + "a@b", ARN + "-a", ARN + "é"),
        *(ARN + "a/b", "acs:ram::١٢٣:role/a", ARN + "a\nb"),
    ],
    "LOG_PROJECT": [
        *("", "ab", "a" * 64, "My-logs", "my_logs", "-logs", "logs-", "my.logs", "my logs", "lögs"),
        *("logs٣", "my-logs\nx", "a'b", "a;b"),
    ],
    "LOG_STORE": [
        *("a", "a" * 64, "Store", "-store", "store-", "_store", "store_", "a.b", "a b", "störe"),
        *("store٣", "a/b", "store\nx"),
    ],
}
RIGHT = {
    "UNCLAIMED_DAYS": ["", "0", "365"],
    "FUNCTION_REGION": [
        *("cn-hangzhou", "ap-southeast-1", "cn-shanghai-finance-1", "cn-hongkong", "me-central-1"),
        *("", " us-east-1 "),
    ],
    "FUNCTION_ROLE_ARN": [ARN + "a", ARN + "a" * 64, ARN + "oss.signer_fc-1"],
    "UPLOAD_ROLE_ARN": [ARN + "a", ARN + "A" * 64, ARN + "oss.Uploader_1-b"],
    "LOG_PROJECT": ["abc", "a" * 63, "0-9"],
    "LOG_STORE": ["ab", "a" * 63, "a_-b", ""],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() for value in values]
)
def test_a_value_that_the_cloud_would_refuse_is_refused_by_name(
    name: str,
    value: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for setting in ENVIRONMENT.keys() | WRONG.keys():
        monkeypatch.delenv(setting, raising=False)
    for setting, given in {**ENVIRONMENT, name: value}.items():
        monkeypatch.setenv(setting, given)
    monkeypatch.setattr(command, "ROOT", tmp_path)  # without a file .env
    assert command.main([]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"setup-cloud: The setting {name} ")
    assert printed.err.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in RIGHT.items() for value in values]
)
def test_a_value_that_the_cloud_accepts_is_accepted(name: str, value: str) -> None:
    assert value.strip() in script(**{name: value})


def test_the_region_of_the_function_decides_where_its_logs_are() -> None:
    text = script(FUNCTION_REGION="ap-southeast-1", FC_REGION="cn-beijing")
    assert [call[:3] for call in calls(text, "logs")] == [
        ["my-logs", "direct-upload", "ap-southeast-1"]
    ]
    assert calls(text, "bucket") == [["my-bucket", "ap-southeast-1", ""]]


def test_the_roles_are_two_roles_of_one_account() -> None:
    other = VALUES["UPLOAD_ROLE_ARN"].replace(ACCOUNT, "2")
    with pytest.raises(Misconfigured, match="UPLOAD_ROLE_ARN is in another account"):
        script(UPLOAD_ROLE_ARN=other)
    with pytest.raises(Misconfigured, match="UPLOAD_ROLE_ARN is the function's own role"):
        script(UPLOAD_ROLE_ARN=VALUES["FUNCTION_ROLE_ARN"].replace("signer", "Signer"))


@needs_schema
def test_the_regions_are_those_of_the_component() -> None:
    listed = json.loads(SCHEMA.read_text("utf-8"))["definitions"]["IRegion"]["enum"]
    assert sorted(REGIONS) == listed


def test_a_file_that_is_not_utf_8_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".env").write_bytes(b"OSS_BUCKET=\xff")
    monkeypatch.setattr(command, "ROOT", tmp_path)
    assert command.main([]) == 1
    assert capsys.readouterr() == (
        "",
        "setup-cloud: The file .env is not UTF-8. Save it in UTF-8.\n",
    )


def test_the_functions_own_role_uploads_if_no_role_is_assumed() -> None:
    text = script(CREDENTIALS_SOURCE="function-role", UPLOAD_ROLE_ARN="")
    assert [name for name, *_ in calls(text, "role")] == ["oss-signer-fc"]
    assert [name for name, *_ in calls(text, "policy")] == [
        "oss-signer-fc-logs",
        "oss-signer-fc-upload",
    ]
    assert "oss:PutObject" in text
    assert '"Action": "sts:AssumeRole", "Resource"' not in text


def test_a_role_allows_sessions_as_long_as_the_credentials() -> None:
    seconds = {name: seconds for name, _, seconds in calls(script(), "role")}
    assert seconds == {"oss-signer-fc": "3600", "oss-uploader": "3600"}
    longer = calls(script(CREDENTIALS_SECONDS="7200"), "role")
    assert [seconds for *_, seconds in longer] == ["3600", "7200"]
    shorter = calls(script(CREDENTIALS_SECONDS="900"), "role")
    assert [seconds for *_, seconds in shorter] == ["3600", "3600"]


def test_the_cors_rule_names_the_pages() -> None:
    document = cors_document(["http://localhost:8000", "https://www.example.com"])
    assert calls(script(), "cors") == [["my-bucket", "cn-hangzhou", document]]
    [[*_, document]] = calls(script(ALLOWED_ORIGINS="*"), "cors")
    assert "<AllowedOrigin>*</AllowedOrigin>" in document
    assert calls(script(ALLOWED_ORIGINS=""), "cors") == []


def test_unclaimed_objects_are_removed_only_on_demand() -> None:
    [[_, _, document]] = calls(script(), "lifecycle")
    assert "<Rule>" not in document
    [[_, _, document]] = calls(script(UNCLAIMED_DAYS="2", UPLOAD_DIR="tmp/"), "lifecycle")
    [rule] = ElementTree.fromstring(document)  # noqa: S314
    assert {child.tag: child.text for child in rule if len(child) == 0} == {
        "ID": "direct-upload-unclaimed-1",
        "Prefix": "tmp/",
        "Status": "Enabled",
    }
    assert rule.findtext("Expiration/Days") == "2"


def test_the_role_covers_the_prefix_before_the_user() -> None:
    jwt = {"AUTH": "jwt", "JWT_JWKS": "file:a", "JWT_ISSUER": "a", "JWT_AUDIENCE": "a"}
    environ = {**ENVIRONMENT, **jwt, "UPLOAD_DIR": "up/{user}/files/"}
    assert "my-bucket/up/*" in "\n".join(commands(environ))


PRESETS = {
    "avatar": {"dir": "avatars/", "types": "image/*"},
    "cover": {"dir": "avatars/covers/", "types": "image/*"},
    "document": {"dir": "documents/{yyyy}/{mm}/", "types": ".docx, application/pdf"},
    "default": {},
}
WITH_PRESETS = {**ENVIRONMENT, "UPLOAD_PRESETS": json.dumps(PRESETS)}


def upload_policy(environ: dict[str, str]) -> str:
    """The rights of the upload role, as the script creates them."""
    policies = calls("\n".join(commands(environ)), "policy")
    [policy] = [document for name, document, _ in policies if name.endswith("-upload")]
    return policy


@pytest.mark.parametrize("source", ["assume-role", "function-role"])
@pytest.mark.parametrize(
    ("key", "allowed"),
    [
        pytest.param("avatars/0f.png", True, id="a preset"),
        pytest.param("avatars/covers/0f.png", True, id="a preset within another's prefix"),
        pytest.param("documents/2026/11/0f/a.docx", True, id="a preset with a date"),
        pytest.param("user-dirs/0f.txt", True, id="a preset with the prefix of the settings"),
        pytest.param("avatars", False, id="a prefix without its slash"),
        pytest.param("avatars-2/0f.png", False, id="beside a preset"),
        pytest.param("avatar/0f.png", False, id="the beginning of a prefix"),
        pytest.param("x/avatars/0f.png", False, id="a preset's prefix elsewhere"),
        pytest.param("document/0f.docx", False, id="the name of a preset"),
        pytest.param("0f.png", False, id="the bucket's root"),
    ],
)
def test_the_upload_role_reaches_each_preset_and_no_neighbour(
    key: str, allowed: bool, source: str
) -> None:
    policy = upload_policy({**WITH_PRESETS, "CREDENTIALS_SOURCE": source})
    resource = f"acs:oss:oss-cn-hangzhou:{ACCOUNT}:my-bucket/{key}"
    assert is_allowed([policy], "oss:PutObject", resource) is allowed
    for action in ("oss:GetObject", "oss:DeleteObject", "oss:PutObjectAcl"):
        assert not is_allowed([policy], action, resource)


def test_the_upload_role_may_do_what_the_session_policy_of_all_presets_allows() -> None:
    prefixes = ["avatars/", "documents/", "user-dirs/"]
    assert json.loads(upload_policy(WITH_PRESETS)) == json.loads(
        session_policy("my-bucket", prefixes)
    )


def test_a_wrong_preset_is_refused_by_name() -> None:
    with pytest.raises(Misconfigured, match=r"UPLOAD_PRESETS\.avatar\.dir"):
        list(commands({**ENVIRONMENT, "UPLOAD_PRESETS": '{"avatar": {"dir": "/"}}'}))


MULTIPART = {"MULTIPART": "true", "GRANT_SECRET": "x" * 32}
BY_A_PRESET = {
    "GRANT_SECRET": "x" * 32,
    "UPLOAD_PRESETS": '{"a": {"dir": "a/"}, "b": {"dir": "b/", "multipart": true}}',
}


@pytest.mark.parametrize(
    ("settings", "prefixes"),
    [
        pytest.param(MULTIPART, ["user-dirs/"], id="for everything"),
        pytest.param(BY_A_PRESET, ["a/", "b/"], id="for one preset"),
    ],
)
def test_resumable_uploads_bring_their_rights_their_method_and_their_end(
    settings: dict[str, str], prefixes: list[str]
) -> None:
    text = script(**settings)
    policies = {name: json.loads(document) for name, document, _ in calls(text, "policy")}
    assert policies["oss-uploader-upload"] == json.loads(
        session_policy("my-bucket", prefixes, multipart=True)
    )
    [[*_, cors]] = calls(text, "cors")
    methods = [method.text for method in ElementTree.fromstring(cors).iter("AllowedMethod")]  # noqa: S314
    assert methods == ["POST", "PUT"]
    [[*_, lifecycle]] = calls(text, "lifecycle")
    assert "Expiration" not in lifecycle
    rules = ElementTree.fromstring(lifecycle).findall("Rule")  # noqa: S314
    assert [rule.findtext("Prefix") for rule in rules] == prefixes
    assert rules[0].findtext("ID") == "direct-upload-unfinished-1"
    assert {rule.findtext("AbortMultipartUpload/Days") for rule in rules} == {"2"}


@pytest.mark.parametrize(
    ("seconds", "days"), [("3600", "2"), ("86400", "2"), ("86401", "3"), ("604800", "8")]
)
def test_unfinished_uploads_are_removed_after_their_time(seconds: str, days: str) -> None:
    text = script(**MULTIPART, MULTIPART_SECONDS=seconds, UNCLAIMED_DAYS="5")
    [[*_, lifecycle]] = calls(text, "lifecycle")
    unclaimed, unfinished = ElementTree.fromstring(lifecycle).findall("Rule")  # noqa: S314
    assert unclaimed.findtext("Expiration/Days") == "5"
    assert unfinished.findtext("AbortMultipartUpload/Days") == days
