"""Print the aliyun commands that prepare an account: roles, logs, the bucket's CORS rule.

It runs none of them. Values come from the environment and from .env next to s.yaml, which s.yaml
also reads. They replace the placeholders in the JSON and XML documents next to this file.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from xml.sax.saxutils import escape

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent
sys.path.insert(0, str(ROOT / "function"))  # as Function Compute does with the code directory

from direct_upload.errors import Misconfigured, misconfigured  # noqa: E402
from direct_upload.presets import fixed_prefixes, presets_for  # noqa: E402
from direct_upload.services import ROOT as CODE  # noqa: E402
from direct_upload.settings import Settings, parse_settings  # noqa: E402

DEFAULTS = {"FUNCTION_REGION": "cn-hangzhou", "LOG_STORE": "direct-upload"}  # those in s.yaml


@dataclass(frozen=True)
class Rule:
    """What the cloud accepts as a value: the whole of it must match `pattern`."""

    pattern: str
    kind: str
    hint: str


# Sources: RAM documents, "CreateRole"; SLS documents, "CreateProject" and "CreateLogStore".
RULES: Mapping[str, Rule] = {
    "FUNCTION_REGION": Rule(
        r"(?!oss-)[a-z]{2,3}(-[a-z0-9]+){1,4}",
        "region",
        "Write it as Function Compute does, such as cn-hangzhou.",
    ),
    "FUNCTION_ROLE_ARN": Rule(
        r"acs:ram::[0-9]{1,20}:role/(?!-)[a-z0-9._-]{1,64}",
        "ARN of the function's role",
        "Write acs:ram::<account ID>:role/<name>, the name with at most 64 lower-case letters,"
        " digits, '.', '-' and '_': Serverless Devs lower-cases it.",
    ),
    "UPLOAD_ROLE_ARN": Rule(
        r"acs:ram::[0-9]{1,20}:role/(?!-)[A-Za-z0-9._-]{1,64}",
        "ARN of a role",
        "Write acs:ram::<account ID>:role/<name>, the name with at most 64 letters, digits, '.',"
        " '-' and '_'.",
    ),
    "LOG_PROJECT": Rule(
        r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
        "name of a log project",
        "Use 3 to 63 lower-case letters, digits and hyphens, no hyphen first or last.",
    ),
    "LOG_STORE": Rule(
        r"[a-z0-9][a-z0-9_-]{0,61}[a-z0-9]",
        "name of a log store",
        "Use 2 to 63 lower-case letters, digits, '-' and '_', a letter or digit first and last.",
    ),
}
WORD_ENDS = list(' ,;=()[]{}"?@&<>/:\n\t')  # what separates words in a log search
ORIGIN_LINE = "    <AllowedOrigin>${ALLOWED_ORIGIN}</AllowedOrigin>\n"


def read_environment(folder: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """The values in .env, as Serverless Devs reads them, overridden by the environment.

    Raises `Misconfigured` if the file is not text.
    """
    file = folder / ".env"
    try:
        text = file.read_text("utf-8") if file.exists() else ""
    except UnicodeDecodeError:
        raise Misconfigured("The file .env is not UTF-8.", "Save it in UTF-8.") from None
    lines = re.findall(r"^\s*([A-Za-z0-9_]+)\s*=[^\S\n]*(.*?)\s*$", text, re.MULTILINE)
    quoted = {name: re.sub(r"^(['\"])(.*)\1$", r"\2", value) for name, value in lines}
    return {**quoted, **environ}


def commands(environ: Mapping[str, str]) -> Iterator[str]:
    """The shell script, line by line.

    Raises `Misconfigured`, which names the wrong setting, before the first line.
    """
    region = _value(environ, "FUNCTION_REGION")
    environ = {**environ, "FC_REGION": region}
    settings = parse_settings(environ)
    prefixes = fixed_prefixes(presets_for(settings, environ, CODE))
    if settings.upload_role_arn:
        _value(environ, "UPLOAD_ROLE_ARN")
    origins = settings.allowed_origins
    values = {
        "OSS_BUCKET": settings.oss_bucket,
        "UPLOAD_ROLE_ARN": settings.upload_role_arn,
        "FUNCTION_ROLE_ARN": _value(environ, "FUNCTION_ROLE_ARN"),
        "LOG_PROJECT": _value(environ, "LOG_PROJECT"),
        "LOG_STORE": _value(environ, "LOG_STORE"),
    }
    yield f"# The bucket {settings.oss_bucket} in {settings.oss_region} must already exist."
    yield from _roles(settings, values, prefixes)
    yield "\n# The logs"
    yield from _logs(values["LOG_PROJECT"], values["LOG_STORE"], region=region)
    yield from _cors(settings, ["*"] if origins.everyone else sorted(origins.listed))


def policy_document(name: str, values: Mapping[str, str], prefixes: Sequence[str] = ()) -> str:
    """A RAM or trust policy on one line, as the API takes it.

    A resource below `${UPLOAD_PREFIX}` is there for each of the prefixes.
    """
    document = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return json.dumps(_filled(document, values, prefixes), ensure_ascii=False)


def _filled(part: object, values: Mapping[str, str], prefixes: Sequence[str]) -> object:
    """Fill placeholders in the parsed document, so that no value can break out of its string."""
    if isinstance(part, dict):
        return {key: _filled(value, values, prefixes) for key, value in part.items()}
    if isinstance(part, list):
        return [_filled(value, values, prefixes) for value in part]
    if not isinstance(part, str):
        return part
    if "${UPLOAD_PREFIX}" not in part:
        return Template(part).substitute(values)
    filled = [Template(part).substitute(values, UPLOAD_PREFIX=prefix) for prefix in prefixes]
    return filled if len(filled) > 1 else filled[0]


def cors_document(origins: Sequence[str]) -> str:
    """The bucket's CORS configuration, with one AllowedOrigin for each origin."""
    document = (FOLDER / "cors.xml").read_text("utf-8")
    lines = [ORIGIN_LINE.replace("${ALLOWED_ORIGIN}", escape(origin)) for origin in origins]
    return document.replace(ORIGIN_LINE, "".join(lines))


def _roles(settings: Settings, values: Mapping[str, str], prefixes: Sequence[str]) -> Iterator[str]:
    function_role = values["FUNCTION_ROLE_ARN"].partition("role/")[2]
    upload_role = settings.upload_role_arn.partition("role/")[2]
    yield "\n# The function's role"
    yield _role(function_role, policy_document("function-role-trust", values))
    logs = policy_document("function-role-logs-policy", values)
    yield _policy(f"{function_role}-logs", logs, role=function_role)
    upload = policy_document("upload-role-policy", values, prefixes)
    if settings.credentials_source == "function-role":
        yield _policy(f"{function_role}-upload", upload, role=function_role)
        return
    assume = policy_document("function-role-policy", values)
    yield _policy(f"{function_role}-assume", assume, role=function_role)
    yield "\n# The upload role: the function assumes it, to put objects below the prefixes only"
    trust = policy_document("upload-role-trust", values)
    yield _role(upload_role, trust, session_seconds=settings.credentials_seconds)
    yield _policy(f"{upload_role}-upload", upload, role=upload_role)


def _cors(settings: Settings, origins: Sequence[str]) -> Iterator[str]:
    bucket = f"oss://{settings.oss_bucket}"
    region = ("--region", settings.oss_region)
    yield "\n# Which pages may upload to the bucket"
    if not origins:
        yield "# Skipped: ALLOWED_ORIGINS is empty, so no page may upload."
        return
    yield "# This replaces the CORS rules that the bucket has. To see them first:"
    yield f"# {_command('oss', 'cors', '--method', 'get', bucket, *region)}"
    yield f"cat > cors.filled.xml <<'XML'\n{cors_document(origins)}XML"
    yield _command("oss", "cors", "--method", "put", bucket, "cors.filled.xml", *region)


def _value(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "").strip() or DEFAULTS.get(name, "")
    rule = RULES[name]
    if not re.fullmatch(rule.pattern, value):
        raise misconfigured(
            name, f"is not a valid {rule.kind}" if value else "is missing", rule.hint
        )
    return value


def _command(*arguments: str) -> str:
    return shlex.join(("aliyun", *arguments))


def _role(name: str, trust: str, *, session_seconds: int = 0) -> str:
    # RAM documents, CreateRole: MaxSessionDuration defaults to 3600 and is at most 43200.
    longer = ["--MaxSessionDuration", str(session_seconds)] if session_seconds > 3600 else []
    return _command("ram", "CreateRole", "--RoleName", name,
                    "--AssumeRolePolicyDocument", trust, *longer)  # fmt: skip


def _policy(name: str, document: str, *, role: str) -> str:
    # RAM documents, CreatePolicy: the name may contain letters, digits and hyphens only.
    name = re.sub("[._]", "-", name)
    create = _command("ram", "CreatePolicy", "--PolicyName", name, "--PolicyDocument", document)
    attach = _command("ram", "AttachPolicyToRole", "--PolicyType", "Custom",
                      "--PolicyName", name, "--RoleName", role)  # fmt: skip
    return f"{create}\n{attach}"


def _logs(project: str, store: str, *, region: str) -> Iterator[str]:
    bodies = {
        "CreateProject": {"projectName": project, "description": "direct upload"},
        "CreateLogStore": {"logstoreName": store, "ttl": 30, "shardCount": 1},
        "CreateIndex": {"line": {"token": WORD_ENDS, "caseSensitive": False, "chn": False}},
    }
    places = {
        "CreateProject": [],
        "CreateLogStore": ["--project", project],
        "CreateIndex": ["--project", project, "--logstore", store],
    }
    for action, body in bodies.items():
        yield _command("sls", action, "--region", region, *places[action],
                       "--body", json.dumps(body))  # fmt: skip


def main() -> int:
    try:
        script = list(commands(read_environment(ROOT, os.environ)))
    except Misconfigured as error:
        print(f"setup-cloud: {error.message} {error.hint}", file=sys.stderr)
        return 1
    print("\n".join(script))
    return 0


if __name__ == "__main__":
    sys.exit(main())
