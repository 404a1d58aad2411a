"""The function and the emulated OSS agree, although neither contains code of the other.

Whatever the function signs is accepted as it stands, and no part of it can be changed.
"""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import Client

from direct_upload.app import App
from direct_upload.settings import DEFAULTS
from emulator.keyring import AccessKey, KeyRing
from emulator.oss import Oss
from emulator.oss.policy import conditions
from tests.emulator.client import FORM_END, FORM_TYPE, form_start
from tests.function.invocations import ENVIRON, NOW, Context, event, read

KEY = AccessKey(
    ENVIRON["ALIBABA_CLOUD_ACCESS_KEY_ID"],
    ENVIRON["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
    ENVIRON["ALIBABA_CLOUD_SECURITY_TOKEN"],
    NOW + timedelta(hours=36),
)
FILE_GRANT = ("POST", "/sign", '{"filename": "a.png"}')
DIRECTORY_GRANT = ("GET", "/", "")
VERSIONS = pytest.mark.parametrize("version", ["v4", "v1"])
KINDS = pytest.mark.parametrize(
    "kind", [pytest.param(FILE_GRANT, id="file"), pytest.param(DIRECTORY_GRANT, id="directory")]
)
# Each example is a whole request to both sides, and so takes long.
slow = settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Bucket:
    """The emulated bucket at the function's time, or later."""

    def __init__(self, directory: Path, later: timedelta = timedelta()) -> None:
        self.log: list[str] = []
        self._client = Client(
            Oss(
                "post-test",
                "cn-hangzhou",
                directory,
                KeyRing([KEY]),
                [],
                clock=lambda: NOW + later,
                log=self.log.append,
            )
        )

    def post(self, fields: dict[str, str], *, name: str = "a.png") -> tuple[int, str]:
        """Post a form with these fields and a file of five bytes; return status and body."""
        start = form_start(fields, filename=name, content_type="image/png")
        body = start + b"bytes" + FORM_END
        response = self._client.post("/", data=body, content_type=FORM_TYPE)
        return response.status_code, response.text


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    with tempfile.TemporaryDirectory() as directory:
        yield Bucket(Path(directory))


def grant(request: tuple[str, str, str], **changes: str) -> dict[str, Any]:
    method, path, body = request
    app = App(ENVIRON | changes, lambda: NOW)
    response = read(app.handle(event(method, path, body=body), Context()))
    assert response.status == 200, response.document
    document: dict[str, Any] = response.document
    return document


prefixes = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="*?$\\{}"), max_size=60
).map(lambda text: "p" + text.strip().strip("/") + "/")
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)


@VERSIONS
@slow
@given(
    prefix=prefixes,
    name=names,
    life=st.integers(1, 86400),
    types=st.sampled_from(["", "image/*", "image/png,image/svg+xml"]),
    acl=st.sampled_from(["default", "private", "public-read", "none"]),
    overwrite=st.sampled_from(["true", "false"]),
    leaf=st.sampled_from(["true", "false"]),
    preset=st.fixed_dictionaries(
        {},
        optional={
            "dir": st.sampled_from(["a/", "a/{yyyy}/{mm}/", "用/{dd}/x/"]),
            "key": st.sampled_from(["{id}", "{id}/{name}{ext}", "{mm}-{id}-{name}", "{name}{id}"]),
            "disposition": st.sampled_from(["attachment", "inline"]),
            "storage_class": st.sampled_from(["Standard", "IA", "Archive", "ColdArchive"]),
            "metadata": st.dictionaries(
                st.text("abc-", min_size=1, max_size=4), st.text('a"\\<%;', min_size=1), max_size=3
            ),
        },
    ),
)
def test_whatever_the_function_signs_is_accepted(
    bucket: Bucket,
    version: str,
    prefix: str,
    name: str,
    life: int,
    types: str,
    acl: str,
    overwrite: str,
    leaf: str,
    preset: dict[str, Any],
) -> None:
    if "svg" in types:
        preset = preset | {"disposition": "attachment"}
    changes = {
        "UPLOAD_PRESETS": json.dumps({"default": {"dir": prefix, **preset}}),
        "SIGNATURE_VERSION": version,
        "UPLOAD_DIR": prefix,
        "POLICY_SECONDS": str(life),
        "ALLOWED_CONTENT_TYPES": types,
        "OBJECT_ACL": acl,
        "FORBID_OVERWRITE": overwrite,
        "UNIQUE_DIR": leaf,
    }
    file = {"filename": f"{name}a.png"}
    assert bucket.post(grant(("POST", "/sign", json.dumps(file)), **changes)["fields"]) == (200, "")
    batch = grant(("POST", "/sign", json.dumps({"files": [file, file]})), **changes)
    for for_file in batch["grants"]:
        assert bucket.post(for_file["fields"]) == (200, "")
    for_directory = grant(DIRECTORY_GRANT, **changes)
    fields = for_directory["fields"]
    unused = fields["key"].replace("${filename}", f"{len(bucket.log)}-${{filename}}")
    assert bucket.post(fields | {"key": unused}) == (200, "")


@VERSIONS
@KINDS
@slow
@given(data=st.data())
def test_no_field_can_be_changed_by_one_byte(
    bucket: Bucket, version: str, kind: tuple[str, str, str], data: st.DataObject
) -> None:
    fields = grant(kind, SIGNATURE_VERSION=version)["fields"]
    name = data.draw(st.sampled_from(sorted(set(fields) - free(kind))), label="field")
    value = fields[name]
    place = data.draw(st.integers(0, len(value) - 1), label="place")
    character = data.draw(st.characters(min_codepoint=33, max_codepoint=126), label="character")
    changed = value[:place] + character + value[place + 1 :]
    if changed == value:
        return
    status, body = bucket.post(fields | {name: changed})
    assert 400 <= status < 500, name
    assert "<Hint>" in body


@VERSIONS
def test_what_a_preset_pins_can_be_neither_changed_nor_left_out(
    bucket: Bucket, version: str
) -> None:
    presets = {"default": {"storage_class": "IA", "metadata": {"a": "b", "c": "d"}}}
    changes = {"SIGNATURE_VERSION": version, "UPLOAD_PRESETS": json.dumps(presets)}
    fields = grant(FILE_GRANT, **changes)["fields"]
    others = {"x-oss-storage-class": "Archive", "x-oss-meta-a": "x", "x-oss-meta-c": "x"}
    for name, other in others.items():
        assert bucket.post(fields | {name: other})[0] == 403
        assert bucket.post({n: v for n, v in fields.items() if n != name})[0] == 403
    assert bucket.post(fields)[0] == 200


@VERSIONS
@KINDS
def test_no_field_can_be_left_out(bucket: Bucket, version: str, kind: tuple[str, str, str]) -> None:
    fields = grant(kind, SIGNATURE_VERSION=version)["fields"]
    # Without a Content-Type field, OSS compares its condition with x-oss-content-type.
    for name in set(fields) - {"Content-Type"}:
        status, _ = bucket.post({n: v for n, v in fields.items() if n != name})
        assert 400 <= status < 500, name


@VERSIONS
def test_a_directory_grant_stays_in_its_directory(bucket: Bucket, version: str) -> None:
    fields = grant(DIRECTORY_GRANT, SIGNATURE_VERSION=version)["fields"]
    status, _ = bucket.post(fields | {"key": "user-dirs/elsewhere/${filename}"})
    assert status == 403


@VERSIONS
@pytest.mark.parametrize(("seconds", "status"), [(299, 200), (301, 403)])
def test_a_grant_expires_when_it_says(
    tmp_path: Path, version: str, seconds: int, status: int
) -> None:
    fields = grant(FILE_GRANT, SIGNATURE_VERSION=version)["fields"]
    assert Bucket(tmp_path, timedelta(seconds=seconds)).post(fields)[0] == status


def free(kind: tuple[str, str, str]) -> set[str]:
    """A directory grant leaves the end of the key open; another test covers its beginning."""
    return {"key"} if kind == DIRECTORY_GRANT else set()


def test_hints_name_existing_settings() -> None:
    assert set(conditions.SETTINGS.values()) <= set(DEFAULTS)


# What the function pins although no setting determines it: the signature and the response's status.
WITHOUT_SETTING = {
    *("x-oss-signature-version", "x-oss-credential", "x-oss-date", "x-oss-security-token"),
    "success_action_status",
}


def pinned_names(fields: dict[str, str]) -> set[str]:
    """The fields on which the policy of a grant has a condition."""
    document = json.loads(base64.b64decode(fields["policy"]))
    names = set[str]()
    for condition in document["conditions"]:
        if isinstance(condition, dict):
            names |= {name.lower() for name in condition}
        elif condition[0] != "content-length-range":
            names.add(condition[1].removeprefix("$").lower())
    return names


def test_the_hint_about_every_pinned_field_names_its_setting() -> None:
    changes = {
        "CALLBACK_URL": "https://upload.example.com/callback",
        "GRANT_SECRET": "0123456789abcdef0123456789abcdef",
        "ALLOWED_CONTENT_TYPES": "image/*",
        "STORAGE_CLASS": "IA",
    }
    names = set[str]()
    for version in ("v4", "v1"):
        for request in (FILE_GRANT, DIRECTORY_GRANT):
            names |= pinned_names(grant(request, SIGNATURE_VERSION=version, **changes)["fields"])
    assert names - WITHOUT_SETTING == set(conditions.SETTINGS)
