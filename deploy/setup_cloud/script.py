"""The script that prepares an account: roles, logs, the bucket's rules.

Its functions (functions.sh) look at what there is before they change anything.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ..dotenv import ROOT  # first: it puts the function's code on the path

# isort: split
from direct_upload.presets import fixed_prefixes, presets_for
from direct_upload.services import ROOT as CODE
from direct_upload.settings import Settings, parse_settings
from direct_upload.settings.value_files import with_secrets

from .documents import cors_document, lifecycle_document, policy_document
from .events import event_values
from .names import ROLE_NAME, role_names, value

FUNCTIONS = Path(__file__).with_name("functions.sh")
# RAM documents, "CreateRole": MaxSessionDuration is 3600 unless something longer is needed.
SHORTEST_SESSION_SECONDS = 3600


def commands(environ: Mapping[str, str], *, create_bucket: bool = False) -> Iterator[str]:
    """The shell script, line by line.

    Raises `Misconfigured`, which names the wrong setting, before the first line.
    """
    region = value(environ, "FUNCTION_REGION")
    value(environ, "FUNCTION_NAME")  # no command needs it, but s deploy does
    environ = with_secrets({**environ, "FC_REGION": region}, CODE)
    settings = parse_settings(environ)
    presets = presets_for(settings, environ, CODE)
    prefixes = fixed_prefixes(presets)
    multipart = any(preset.settings.multipart for preset in presets.values())
    if settings.upload_role_arn:
        value(environ, "UPLOAD_ROLE_ARN")  # the cloud refuses more than the function does
    values = {
        "OSS_BUCKET": settings.oss_bucket,
        "UPLOAD_ROLE_ARN": settings.upload_role_arn,
        "FUNCTION_ROLE_ARN": value(environ, "FUNCTION_ROLE_ARN"),
        "LOG_PROJECT": value(environ, "LOG_PROJECT"),
        "LOG_STORE": value(environ, "LOG_STORE"),
    }
    days = int(value(environ, "UNCLAIMED_DAYS"))
    roles = [*_roles(settings, values, prefixes, multipart)]
    if events := event_values(environ, settings, prefixes):
        roles += _event_roles({**values, **events}, prefixes)
    lifecycle = lifecycle_document(
        prefixes,
        unclaimed_days=days,
        multipart_seconds=settings.multipart_seconds if multipart else None,
    )
    yield "#!/bin/sh"
    yield f"# Prepares the account for the bucket {settings.oss_bucket} in {settings.oss_region}."
    yield "# Read it, then run it. It needs aliyun 3.0.304 or newer, after aliyun configure."
    yield FUNCTIONS.read_text("utf-8")
    yield _call("cd", str(ROOT))
    yield from roles
    yield "\n# The logs"
    yield _logs(values["LOG_PROJECT"], values["LOG_STORE"], region=region)
    yield "\n# The bucket, which pages may upload to it, and what it removes by itself"
    create = "create" if create_bucket else ""
    yield _call("bucket", settings.oss_bucket, settings.oss_region, create)
    yield from _rules(settings, lifecycle, multipart)
    yield 'echo "Everything is as it should be. A new role may need a minute before it works."'


def _roles(
    settings: Settings, values: Mapping[str, str], prefixes: Sequence[str], multipart: bool
) -> Iterator[str]:
    function_role, upload_role = role_names(values["FUNCTION_ROLE_ARN"], settings.upload_role_arn)
    yield "# The function's role"
    trust = policy_document("function-role-trust", values)
    yield _call("role", function_role, trust, str(SHORTEST_SESSION_SECONDS))
    logs = policy_document("function-role-logs-policy", values)
    yield _policy(f"{function_role}-logs", logs, role=function_role)
    document = "upload-role-multipart-policy" if multipart else "upload-role-policy"
    upload = policy_document(document, values, prefixes)
    if settings.credentials_source == "function-role":
        yield _policy(f"{function_role}-upload", upload, role=function_role)
        return
    assume = policy_document("function-role-policy", values)
    yield _policy(f"{function_role}-assume", assume, role=function_role)
    yield "\n# The upload role: the function assumes it, to put objects below the prefixes only"
    trust = policy_document("upload-role-trust", values)
    seconds = max(settings.credentials_seconds, SHORTEST_SESSION_SECONDS)
    yield _call("role", upload_role, trust, str(seconds))
    yield _policy(f"{upload_role}-upload", upload, role=upload_role)


def _event_roles(values: Mapping[str, str], prefixes: Sequence[str]) -> Iterator[str]:
    seconds = str(SHORTEST_SESSION_SECONDS)
    function_role, trigger_role = (
        ROLE_NAME.sub(r"\g<name>", values[name]) for name in ("EVENTS_ROLE_ARN", "TRIGGER_ROLE_ARN")
    )
    yield "\n# The role of the function that gets events: it may not sign, and reads the objects"
    yield _call("role", function_role, policy_document("function-role-trust", values), seconds)
    logs = policy_document("function-role-logs-policy", values)
    yield _policy(f"{function_role}-logs", logs, role=function_role)
    read = policy_document("events-role-policy", values, prefixes)
    yield _policy(f"{function_role}-read", read, role=function_role)
    yield "\n# The role with which OSS calls that function, and no other"
    yield _call("role", trigger_role, policy_document("trigger-role-trust", values), seconds)
    invoke = policy_document("trigger-role-policy", values)
    yield _policy(f"{trigger_role}-invoke", invoke, role=trigger_role)


def _rules(settings: Settings, lifecycle: str, multipart: bool) -> Iterator[str]:
    name, region = settings.oss_bucket, settings.oss_region
    origins = settings.allowed_origins
    listed = ["*"] if origins.everyone else sorted(origins.listed)
    if listed:
        yield _call("cors", name, region, cors_document(listed, multipart=multipart))
    else:
        yield "# No CORS rule: ALLOWED_ORIGINS is empty, so no page may upload."
    yield _call("lifecycle", name, region, lifecycle)


def _logs(project: str, store: str, *, region: str) -> str:
    bodies = (
        {"projectName": project, "description": "direct upload"},
        {"logstoreName": store, "ttl": 30, "shardCount": 1},
    )
    return _call("logs", project, store, region, *map(json.dumps, bodies))


def _policy(name: str, document: str, *, role: str) -> str:
    # RAM documents, CreatePolicy: the name may contain letters, digits and hyphens only.
    return _call("policy", re.sub("[._]", "-", name), document, role)


def _call(*words: str) -> str:
    return shlex.join(words)
