"""Batches: `POST /sign` with `files`, a grant or an error for each, in their order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from direct_upload.app import App
from direct_upload.callers import Anyone, Caller
from direct_upload.credentials import Credentials
from direct_upload.credentials.function_role import FunctionRole
from direct_upload.grant_routes import MAX_BATCH_BYTES
from tests.function.invocations import ENVIRON, NO_STS, NOW, Context, Response, event, invoke, read

PRESETS = {"a": {"dir": "a/"}, "b": {"dir": "b/", "types": ".pdf"}}
WITH_PRESETS = ENVIRON | {"UPLOAD_PRESETS": json.dumps(PRESETS)}


def batch(
    files: Any, environ: Mapping[str, str] = ENVIRON, query: Any = None, **members: Any
) -> Response:
    body = json.dumps({"files": files, **members})
    return invoke(environ, "POST", "/sign", query=query, body=body)


def test_each_file_has_the_grant_that_it_would_have_by_itself() -> None:
    files = [
        {"filename": "a.png", "size": 5},
        {"filename": "照片.jpg", "content_type": "image/jpeg"},
    ]
    grants = batch(files).document["grants"]
    for file, grant in zip(files, grants, strict=True):
        single = invoke(ENVIRON, "POST", "/sign", body=json.dumps(file)).document
        assert list(grant) == list(single)
        assert grant["limits"] == single["limits"]
        for name, value in single["fields"].items():
            if name not in ("key", "policy", "x-oss-signature"):
                assert grant["fields"][name] == value
    assert grants[0]["fields"]["key"] != grants[1]["fields"]["key"]


@pytest.mark.parametrize(
    ("file", "code", "message"),
    [
        pytest.param({"filename": "a.exe"}, "type_not_allowed", "ending in .exe", id="type"),
        pytest.param({"filename": "a.png", "size": 10**9}, "file_too_large", "at most", id="size"),
        pytest.param({"filename": "a.png", "size": 0}, "invalid_request", "at least 1", id="empty"),
        pytest.param(
            {"filename": "a.png", "size": -1}, "invalid_request", "size is not", id="minus"
        ),
        pytest.param({}, "invalid_request", "filename is missing", id="no name"),
        pytest.param("a.png", "invalid_request", "The file is not a JSON object", id="a string"),
        pytest.param(None, "invalid_request", "The file is not a JSON object", id="null"),
        pytest.param([], "invalid_request", "The file is not a JSON object", id="a list"),
        pytest.param(
            {"filename": "a.png", "preset": "x"},
            "invalid_request",
            "There is no preset",
            id="preset",
        ),
        pytest.param(
            {"filename": "a.png", "preset": 5}, "invalid_request", "preset is not", id="a number"
        ),
        pytest.param(
            {"files": [{"filename": "a.png"}]},
            "invalid_request",
            "filename is missing",
            id="nested",
        ),
    ],
)
def test_an_error_stands_for_its_own_file(file: Any, code: str, message: str) -> None:
    response = batch([{"filename": "a.png"}, file, {"filename": "b.png"}])
    assert response.status == 200
    first, second, third = response.document["grants"]
    assert first["key"] and third["key"]
    assert second["error"]["code"] == code
    assert message in second["message"]
    assert second == {
        "error": {
            "code": code,
            "message": second["message"],
            "hint": second["error"]["hint"],
            "request_id": Context.request_id,
        },
        "message": second["message"],
    }


@pytest.mark.parametrize(
    "files",
    [
        pytest.param([], id="none"),
        pytest.param([{"filename": "a.png"}] * 101, id="101"),
        pytest.param({"filename": "a.png"}, id="an object"),
        pytest.param("a.png", id="a string"),
        pytest.param(None, id="null"),
        pytest.param(1, id="a number"),
    ],
)
def test_files_must_be_a_list_of_1_to_100(files: Any) -> None:
    response = batch(files)
    assert (response.status, response.code) == (400, "invalid_request")
    assert response.document["message"] == "files is not a list of 1 to 100 files."


@pytest.mark.parametrize(("excess", "status"), [(0, 200), (1, 400)])
def test_a_batch_may_have_128_kb(excess: int, status: int) -> None:
    longest = json.dumps({"files": [{"filename": "a.png"}]}).ljust(MAX_BATCH_BYTES + excess)
    assert invoke(ENVIRON, "POST", "/sign", body=longest).status == status


def test_a_preset_of_the_batch_is_for_files_that_name_none() -> None:
    files = [
        {"filename": "a.png"},
        {"filename": "a.pdf", "preset": "b"},
        {"filename": "a.pdf", "metadata": {"preset": "b"}},
    ]
    for parts in ({"preset": "a"}, {"query": {"preset": "a"}}, {"metadata": {"preset": "a"}}):
        grants = batch(files, WITH_PRESETS, **parts).document["grants"]
        assert [grant["preset"] for grant in grants] == ["a", "b", "b"]
        assert [grant["key"][:2] for grant in grants] == ["a/", "b/", "b/"]


def test_a_wrong_preset_of_the_batch_refuses_it_all() -> None:
    files = [{"filename": "a.png", "preset": "a"}]
    assert batch(files, WITH_PRESETS, preset="x").code == "invalid_request"
    assert batch(files, WITH_PRESETS).document["grants"][0]["preset"] == "a"


def test_a_batch_is_refused_whole_without_credentials() -> None:
    response = batch([{"filename": "a.png"}, {"filename": "a.exe"}], ENVIRON | NO_STS)
    assert (response.status, response.code) == (503, "credentials_unavailable")


def test_a_batch_of_refused_files_needs_no_credentials() -> None:
    grants = batch([{"filename": "a.exe"}] * 2, ENVIRON | NO_STS).document["grants"]
    assert [grant["error"]["code"] for grant in grants] == ["type_not_allowed"] * 2


def test_a_batch_looks_once_at_caller_credentials_and_clock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks: list[str] = []

    def caller(self: Anyone, *_: object) -> Caller:
        looks.append("caller")
        return Caller("")

    def get(self: FunctionRole, context: object) -> Credentials:
        looks.append("credentials")
        return Credentials("STS.EXAMPLE", "StsSecretExample", "t" * 100, None)

    def clock() -> datetime:
        looks.append("clock")
        return NOW

    monkeypatch.setattr(Anyone, "caller", caller)
    monkeypatch.setattr(FunctionRole, "get", get)
    body = json.dumps({"files": [{"filename": "a.png"}] * 100})
    response = read(App(ENVIRON, clock).handle(event("POST", "/sign", body=body), Context()))
    assert looks == ["clock", "caller", "credentials", "clock"]
    grants = response.document["grants"]
    assert len({grant["key"] for grant in grants}) == 100


def test_the_response_to_the_longest_batch_has_less_than_two_megabytes() -> None:
    presets = {
        "longest": {
            "dir": "用" * 170 + "/",
            "key": "用" * 71 + "/{id}-{name}{ext}",
            "metadata": {"a": "x" * 400},
            "types": "application/*",
        }
    }
    environ = ENVIRON | {
        "UPLOAD_PRESETS": json.dumps(presets),
        "ALIBABA_CLOUD_SECURITY_TOKEN": "t" * 1200,
    }
    body = json.dumps(
        {"files": [{"filename": "𠀀" * 90 + ".docx"}] * 100, "preset": "longest"},
        ensure_ascii=False,
    )
    app = App(environ, lambda: NOW)
    struct = app.handle(event("POST", "/sign", body=body.encode()), Context())
    grants = json.loads(struct["body"])["grants"]
    assert len(grants) == 100
    for grant in grants:
        size = sum(len(n.encode()) + len(v.encode()) for n, v in grant["fields"].items())
        assert 7000 < size <= 8192
    assert len(struct["body"]) < 2 * 10**6
