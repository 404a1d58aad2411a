"""What events of OSS need of the cloud: a role of the function that gets them, and one of OSS.

Wanted where .env has a part of it; then all of it has to fit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from direct_upload.errors import misconfigured
from direct_upload.settings import Settings

from .names import value

SWITCHES = ("EVENTS_ROLE_ARN", "TRIGGER_ROLE_ARN", "EVENTS_SOURCE_ARN")


def event_values(
    environ: Mapping[str, str], settings: Settings, prefixes: Sequence[str]
) -> dict[str, str]:
    """The values of both roles and of the trigger; empty where there are no events.

    Raises `Misconfigured` where OSS could never call the function, or prove nothing to it.
    """
    if not any(environ.get(name, "").strip() for name in SWITCHES):
        return {}
    names = ("EVENTS_ROLE_ARN", "TRIGGER_ROLE_ARN", "EVENTS_FUNCTION_NAME", "EVENTS_PREFIX")
    values = {name: value(environ, name) for name in names}
    account = _check_roles(values, value(environ, "FUNCTION_ROLE_ARN"), settings.upload_role_arn)
    if not settings.grant_secret:
        raise misconfigured("GRANT_SECRET", "is missing", "Events need it: it proves an upload.")
    if values["EVENTS_FUNCTION_NAME"] == value(environ, "FUNCTION_NAME"):
        hint = "Events need a function of their own: choose another name."
        raise misconfigured("EVENTS_FUNCTION_NAME", "is the name of the other function", hint)
    region = value(environ, "FUNCTION_REGION")
    if settings.oss_region != region:
        hint = "OSS calls functions in the bucket's own region only."
        raise misconfigured("FUNCTION_REGION", "is not the region of the bucket", hint)
    source = f"acs:oss:{region}:{account}:{settings.oss_bucket}"
    if environ.get("EVENTS_SOURCE_ARN", "").strip() != source:
        raise misconfigured("EVENTS_SOURCE_ARN", "is not the bucket's", f"Write {source}")
    if not all(prefix.startswith(values["EVENTS_PREFIX"]) for prefix in prefixes):
        hint = f"A trigger watches one prefix; keys begin with {', '.join(prefixes)}"
        raise misconfigured("EVENTS_PREFIX", "is not what all keys begin with", hint)
    return values


def _check_roles(values: Mapping[str, str], function_role: str, upload_role: str) -> str:
    """The account of all roles, of which each has to be one of its own."""
    account = function_role.split(":")[3]
    taken = {function_role, upload_role.lower()}  # RAM ignores the case of names
    for name in ("EVENTS_ROLE_ARN", "TRIGGER_ROLE_ARN"):
        if values[name].split(":")[3] != account:
            hint = "The commands create all roles with one access key: use one account."
            raise misconfigured(name, "is in another account than FUNCTION_ROLE_ARN", hint)
        if values[name] in taken:
            hint = "Name a role that has only its own rights."
            raise misconfigured(name, "is the role of something else", hint)
        taken.add(values[name])
    return account
