"""Nobody gets out of a preset: whatever is requested, the policy keeps it below the prefix."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from direct_upload.app import App
from direct_upload.credentials.sts import session_policy
from direct_upload.files import user_segment
from direct_upload.presets import fixed_prefixes, presets_for
from direct_upload.services import ROOT
from direct_upload.settings import parse_settings
from emulator.ram import is_allowed
from tests.function.callers.issuer import SETTINGS as JWT_SETTINGS
from tests.function.callers.issuer import Token, claims
from tests.function.invocations import ENVIRON, NOW, Context, conditions, event, pinned, read
from tests.function.strategies import hostile_names

# Prefixes within and beside each other; every template of a key.
PRESETS: dict[str, Any] = {
    "own": {"dir": "up/{user}/", "key": "{name}/{id}{ext}"},
    "dated": {"dir": "up-2/{yyyy}/{user}/{mm}/", "key": "{user}-{id}/{name}{ext}"},
    "shared": {"dir": "shared/", "key": "{dd}/{id}-{name}", "unique_dir": False},
    "staff": {"dir": "staff/{user}/", "allow": {"role": ["staff"]}},
}
ENVIRONMENT = (
    ENVIRON
    | JWT_SETTINGS
    | {
        "UPLOAD_PRESETS": json.dumps(PRESETS),
        "ALLOWED_CONTENT_TYPES": "image/*,.html,application/octet-stream",
    }
)
APP = App(ENVIRONMENT, lambda: NOW)
SETTINGS = parse_settings(ENVIRONMENT)
SESSION = session_policy("post-test", fixed_prefixes(presets_for(SETTINGS, ENVIRONMENT, ROOT)))

texts = st.text(st.characters(), max_size=40)
users = st.sampled_from(["alice", "bob", "../bob", "{user}", "", "a/b"]) | texts
names = (
    hostile_names | texts | st.sampled_from(["../../x.png", "{id}.png", "a/../../b.png", "%2e%2e"])
)
names |= names.map(lambda name: name + ".png")
preset_names = st.sampled_from([*PRESETS, *PRESETS, *PRESETS, "default", "../own", "own/", ""])


def prefix(preset: str, user: str) -> str:
    """Where the preset's objects of the user belong."""
    text: str = PRESETS[preset]["dir"]
    return (
        text.replace("{user}", user_segment(user)).replace("{yyyy}", "2026").replace("{mm}", "11")
    )


def check(grant: dict[str, Any], user: str, role: str) -> None:
    preset = grant["preset"]
    assert preset != "staff" or role == "staff"
    assert grant["fields"]["key"].startswith(prefix(preset, user))
    if "dir" in grant:
        (begin,) = [
            c[2]
            for c in conditions(grant)
            if isinstance(c, list) and c[:2] == ["starts-with", "$key"]
        ]
        assert begin == grant["dir"]
        assert begin.startswith(prefix(preset, user))
        resource = begin + "x"
    else:
        resource = pinned(grant)["key"]
        assert resource == grant["key"] == grant["fields"]["key"]
        below = resource.removeprefix(prefix(preset, user))
        template = PRESETS[preset].get("key", "{id}{ext}")
        assert below.count("/") == template.count("/")
        assert not {"", ".", ".."} & set(below.split("/"))
    assert "$" not in resource and not any(ord(letter) < 32 for letter in resource)
    # What signs could put it there, and nothing beside the presets.
    assert is_allowed([SESSION], "oss:PutObject", f"acs:oss:*:*:post-test/{resource}")


@given(
    user=users.filter(bool),
    role=st.sampled_from(["staff", "guest"]),
    preset=preset_names,
    file=st.fixed_dictionaries({"filename": names}, optional={"preset": preset_names}),
    path=st.sampled_from(["/", "/sign", "/s3/params", "batch"]),
)
def test_nobody_gets_out_of_a_presets_scope(
    user: str, role: str, preset: str, file: dict[str, str], path: str
) -> None:
    token = Token(claims(sub=user) | {"role": role}).signed()
    body = {"files": [file, file], "preset": preset} if path == "batch" else file
    sent = event(
        "POST" if path in ("/sign", "batch") else "GET",
        "/sign" if path == "batch" else path,
        headers={"Authorization": f"Bearer {token}"},
        query={"preset": preset, "filename": file["filename"]},
        body=json.dumps(body),
    )
    document = read(APP.handle(sent, Context())).document
    for grant in document.get("grants", [document]):
        if "error" not in grant:
            check(grant, user, role)


@given(st.text(min_size=1))
def test_the_session_policy_allows_no_neighbour(text: str) -> None:
    inside = text.startswith(("up/", "up-2/", "shared/", "staff/"))
    resource = f"acs:oss:*:*:post-test/{text}"
    assert is_allowed([SESSION], "oss:PutObject", resource) is inside
    assert not is_allowed([SESSION], "oss:GetObject", resource)
