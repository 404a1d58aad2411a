"""s.yaml matches the code, and a deploy without a required value fails."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from direct_upload.settings import DEFAULTS
from tests.harness import ROOT

SCHEMA = ROOT.parent / "shared" / "data" / "fc3-schema.json"
needs_schema = pytest.mark.skipif(
    not SCHEMA.exists(),
    reason="the schema of the component fc3 (src/schema.json in github.com/devsapp/fc3) is not at"
    " ../shared/data/fc3-schema.json",
)
SOURCE = (ROOT / "s.yaml").read_text("utf-8")
# The option of the trigger replaces a line, as its comment says: YAML takes no name twice.
WITH_OPTIONS = re.sub(r"^( *)#: ", r"\1", SOURCE, flags=re.MULTILINE).replace(
    "            authType: anonymous\n", ""
)

# The values that have no default.
CHOICES = {
    "OSS_BUCKET": "my-bucket",
    "UPLOAD_ROLE_ARN": "acs:ram::1234567890123456:role/oss-uploader",
    "FUNCTION_ROLE_ARN": "acs:ram::1234567890123456:role/oss-signer-fc",
    "LOG_PROJECT": "my-logs",
    "AUTH": "anonymous",
}
# Those of the events, which are an option.
EVENTS = {
    "EVENTS_ROLE_ARN": "acs:ram::1234567890123456:role/oss-events-fc",
    "TRIGGER_ROLE_ARN": "acs:ram::1234567890123456:role/oss-trigger",
    "EVENTS_SOURCE_ARN": "acs:oss:cn-hangzhou:1234567890123456:my-bucket",
}
WITH_EVENTS = {**CHOICES, **EVENTS}


def rendered(source: str = SOURCE, environ: Mapping[str, str] = WITH_EVENTS) -> dict[str, Any]:
    """The document with its variables filled in as `s preview` does."""

    def environment(match: re.Match[str]) -> str:
        if value := environ.get(match["name"], ""):
            return json.dumps(value)
        if match["default"] is None:
            raise LookupError(match["name"])
        return json.dumps(match["default"])

    source = re.sub(r"^ *#.*\n", "", source, flags=re.MULTILINE)
    source = re.sub(r"\$\{env\('(?P<name>\w+)'(?:, '(?P<default>[^']*)')?\)\}", environment, source)
    variables = yaml.safe_load(source)["vars"]
    document: dict[str, Any] = yaml.safe_load(
        re.sub(r"\$\{vars\.(\w+)\}", lambda match: variables[match[1]], source)
    )
    return document


def properties(source: str = SOURCE, resource: str = "signer") -> dict[str, Any]:
    found: dict[str, Any] = rendered(source)["resources"][resource]["props"]
    return found


def http_trigger(source: str = SOURCE) -> dict[str, Any]:
    [trigger] = properties(source)["triggers"]
    found: dict[str, Any] = trigger["triggerConfig"]
    return found


@pytest.mark.parametrize("name", CHOICES)
def test_a_deploy_without_a_required_value_fails(name: str) -> None:
    without = {key: value for key, value in CHOICES.items() if key != name}
    with pytest.raises(LookupError, match=name):
        rendered(environ=without)


def test_passes_every_setting_to_the_function() -> None:
    assert list(properties()["environmentVariables"]) == list(DEFAULTS)


def test_has_the_defaults_of_the_code() -> None:
    environment = properties()["environmentVariables"]
    assert environment == {**DEFAULTS, **{key: CHOICES[key] for key in CHOICES if key in DEFAULTS}}


def test_reads_every_setting_from_the_environment_variable_of_its_name() -> None:
    chosen = {**CHOICES, **{name: f"value of {name}" for name in DEFAULTS}}
    props = rendered(environ=chosen)["resources"]["signer"]["props"]
    assert props["environmentVariables"] == {name: f"value of {name}" for name in DEFAULTS}


def test_keeps_its_environment_within_4_kb_and_away_from_reserved_names() -> None:
    # Function Compute documents, environment variables: 4 KB in all; the prefix FC_ is reserved.
    environment = properties()["environmentVariables"]
    assert all(isinstance(value, str) for value in environment.values())
    assert not [name for name in environment if name.startswith("FC_")]
    assert len(json.dumps(environment).encode()) <= 2048, "leave room for real values"


def test_names_entry_points_that_exist() -> None:
    props = properties()
    handlers = [props["handler"], props["instanceLifecycleConfig"]["initializer"]["handler"]]
    index = (ROOT / "function" / "index.py").read_text("utf-8")
    for module, name in (handler.split(".") for handler in handlers):
        assert module == "index"
        assert re.search(rf"^def {name}\(", index, re.MULTILINE)


def test_builds_the_bundle_for_its_runtime_first() -> None:
    for runtime in ("python3.10", "python3.12"):
        document = rendered(environ={**CHOICES, "FUNCTION_RUNTIME": runtime})
        signer = document["resources"]["signer"]
        assert signer["actions"]["pre-deploy"] == [
            {"run": f"make bundle RUNTIME={runtime}", "path": "./"}
        ]
        assert signer["props"]["runtime"] == runtime
        assert signer["props"]["code"] == "./build"


def test_has_what_a_first_deploy_needs() -> None:
    document, props = rendered(), properties()
    assert document["edition"] == "3.0.0"
    # Pinned to the version whose source and calls the emulated control plane was held against.
    assert document["resources"]["signer"]["component"] == "fc3@0.1.22"
    assert props["role"] == props["role"].lower() == CHOICES["FUNCTION_ROLE_ARN"]
    assert props["timeout"] == 15
    assert props["instanceLifecycleConfig"]["initializer"]["timeout"] < props["timeout"]
    assert props["internetAccess"] is True
    assert props["memorySize"] % 64 == 0
    # Function Compute documents, instance types: vCPU to GB from 1:1 to 1:4.
    assert 1 <= props["memorySize"] / 1024 / props["cpu"] <= 4
    assert 0 < props["concurrencyConfig"]["reservedConcurrency"] <= 100
    assert props["logConfig"]["project"] == "my-logs"


def test_preflights_reach_the_function() -> None:
    assert http_trigger() == {
        "authType": "anonymous",
        "methods": ["GET", "POST", "HEAD", "DELETE", "OPTIONS"],
    }


def test_its_options_are_a_jwt_check_and_a_custom_domain() -> None:
    assert http_trigger(WITH_OPTIONS)["authType"] == "jwt"
    # OSS signs its callbacks in the header Authorization, and health checks have no token.
    assert http_trigger(WITH_OPTIONS)["authConfig"]["whitelist"] == ["/healthz", "/callback"]
    assert set(http_trigger(WITH_OPTIONS)["methods"]) == set(
        properties(WITH_OPTIONS)["customDomain"]["route"]["methods"]
    )


def test_events_are_off_until_they_are_wanted() -> None:
    assert list(rendered()["resources"]) == ["signer"]


@pytest.mark.parametrize("name", EVENTS)
def test_a_deploy_of_events_without_a_required_value_fails(name: str) -> None:
    without = {key: value for key, value in WITH_EVENTS.items() if key != name}
    with pytest.raises(LookupError, match=name):
        rendered(WITH_OPTIONS, without)


def test_events_have_the_same_code_and_settings_but_a_role_of_their_own() -> None:
    signer, events = (properties(WITH_OPTIONS, name) for name in ("signer", "events"))
    for name in ("region", "runtime", "code", "environmentVariables", "logConfig"):
        assert events[name] == signer[name]
    assert events["functionName"] != signer["functionName"]
    assert events["role"] == events["role"].lower() == EVENTS["EVENTS_ROLE_ARN"]
    assert events["handler"] == "index.object_created"
    assert re.search("^def object_created", (ROOT / "function/index.py").read_text("utf-8"), re.M)
    assert 1 <= events["memorySize"] / 1024 / events["cpu"] <= 4


def test_the_trigger_reports_finished_uploads_below_the_prefix_and_nothing_else() -> None:
    [trigger] = properties(WITH_OPTIONS, "events")["triggers"]
    assert trigger["triggerType"] == "oss"
    assert trigger["invocationRole"] == EVENTS["TRIGGER_ROLE_ARN"]
    assert trigger["sourceArn"] == EVENTS["EVENTS_SOURCE_ARN"]
    assert trigger["triggerConfig"] == {
        "events": ["oss:ObjectCreated:PostObject", "oss:ObjectCreated:CompleteMultipartUpload"],
        "filter": {"key": {"prefix": DEFAULTS["UPLOAD_DIR"], "suffix": ""}},
    }


@needs_schema
def test_the_function_for_events_is_valid_for_the_component() -> None:
    schema = json.loads(SCHEMA.read_text("utf-8"))
    props = properties(WITH_OPTIONS, "events")
    [trigger] = props["triggers"]
    kinds = [(schema, props), (of_trigger(schema, "IOssTriggerConfig"), trigger["triggerConfig"])]
    errors = [e.message for kind, part in kinds for e in Draft7Validator(kind).iter_errors(part)]
    errors += sorted(set(props) - set(schema["properties"]))
    assert errors == []


def of_trigger(schema: dict[str, Any], name: str) -> dict[str, Any]:
    """The schema of one kind of trigger; that of all of them accepts any object."""
    definitions = schema["definitions"]
    return {**definitions[name], "additionalProperties": False, "definitions": definitions}


@needs_schema
@pytest.mark.parametrize("source", [SOURCE, WITH_OPTIONS], ids=["as it is", "with options"])
def test_is_valid_for_the_component(source: str) -> None:
    schema = json.loads(SCHEMA.read_text("utf-8"))
    props = properties(source)
    errors = [error.message for error in Draft7Validator(schema).iter_errors(props)]
    # The schema accepts three mistakes: unknown properties, any trigger, numbers as variables.
    errors += sorted(set(props) - set(schema["properties"]) - {"customDomain"})
    trigger_schema = of_trigger(schema, "IHttpTriggerConfig")
    errors += [
        error.message for error in Draft7Validator(trigger_schema).iter_errors(http_trigger(source))
    ]
    errors += [
        name for name, text in props["environmentVariables"].items() if not isinstance(text, str)
    ]
    assert errors == []
