"""The documented presets in the harness: from JSON, from metadata, many at once, by callback."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import requests

from tests.documents import Document
from tests.harness import Harness, running_harness

SETTINGS = {
    "UPLOAD_PRESETS": Document("docs/presets.md").block("presets"),
    "CALLBACK_URL": "{function}/callback",
}
FILES = {"avatar": "me.png", "document": "年报 2026.docx", "video": "holiday.mp4"}
PREFIXES = {"avatar": "avatars/", "document": "documents/", "video": "videos/"}


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    with running_harness(tmp_path_factory.mktemp("data"), SETTINGS) as harness:
        yield harness


def sign(harness: Harness, **members: Any) -> Any:
    return requests.post(f"{harness.function}/sign", json=members, timeout=30).json()


def companion(harness: Harness, **query: str) -> Any:
    return requests.get(f"{harness.function}/s3/params", params=query, timeout=30).json()


def upload(grant: Mapping[str, Any], **changes: str) -> requests.Response:
    file = {"file": ("file", b"content")}
    return requests.post(grant["url"], grant["fields"] | changes, files=file, timeout=30)


def check_stored(grant: Mapping[str, Any], preset: str) -> None:
    """The upload succeeds, below the preset's prefix, and the callback names the preset."""
    response = upload(grant)
    assert response.status_code == 200
    assert response.json()["preset"] == grant["preset"] == preset
    assert response.json()["key"] == grant["key"]
    assert grant["key"].startswith(PREFIXES[preset])


@pytest.mark.parametrize("preset", FILES)
def test_each_preset_works_from_json_and_from_uppys_metadata(harness: Harness, preset: str) -> None:
    name = FILES[preset]
    check_stored(sign(harness, filename=name, preset=preset), preset)
    check_stored(sign(harness, filename=name, metadata={"preset": preset}), preset)
    check_stored(companion(harness, filename=name, **{"metadata[preset]": preset}), preset)


def test_a_batch_uploads_to_each_preset(harness: Harness) -> None:
    files = [{"filename": name, "preset": preset} for preset, name in FILES.items()]
    grants = sign(harness, files=[*files, {"filename": "a.exe", "preset": "avatar"}])["grants"]
    for preset, grant in zip(FILES, grants, strict=False):
        check_stored(grant, preset)
    assert grants[3]["error"]["code"] == "type_not_allowed"


def test_objects_have_what_their_preset_says(harness: Harness) -> None:
    heads = {}
    for preset, name in FILES.items():
        grant = sign(harness, filename=name, preset=preset)
        check_stored(grant, preset)
        heads[preset] = requests.head(f"{harness.oss}/{grant['key']}", timeout=30).headers
    assert heads["avatar"]["Content-Disposition"].startswith("inline; filename*=")
    assert heads["document"]["x-oss-meta-source"] == "portal"
    assert heads["video"]["x-oss-storage-class"] == "IA"
    assert heads["avatar"]["x-oss-storage-class"] == "Standard"


@pytest.mark.parametrize("preset", FILES)
def test_no_grant_serves_another_preset(harness: Harness, preset: str) -> None:
    grant = sign(harness, filename=FILES[preset], preset=preset)
    for other, prefix in PREFIXES.items():
        if other != preset:
            assert upload(grant, key=f"{prefix}0f.png").status_code == 403
    for name in FILES.values():
        if name != FILES[preset]:
            refused = sign(harness, filename=name, preset=preset)
            assert refused["error"]["code"] == "type_not_allowed"


def test_directories_are_granted_by_preset(harness: Harness) -> None:
    grant = requests.get(harness.function, params={"preset": "video"}, timeout=30).json()
    fields = grant["fields"] | {"Content-Type": "video/mp4"}
    assert upload(grant | {"fields": fields}).json()["preset"] == "video"
    refused = requests.get(harness.function, params={"preset": "document"}, timeout=30)
    assert refused.status_code == 404


def test_a_request_without_a_preset_is_told_their_names(harness: Harness) -> None:
    message = json.dumps(sign(harness, filename="a.png"))
    assert "Use one of these: avatar, document, video." in message
