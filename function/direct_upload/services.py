"""What the routes work with: all that is fixed for one configuration, and one request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .callers import Caller, Callers, callers_for
from .credentials import CredentialsSource, credentials_for
from .grants import GrantMaker
from .http.events import Request
from .presets import Presets, fixed_prefixes, presets_for
from .settings import Settings

if TYPE_CHECKING:
    from .multipart import ResumableUploads

ROOT = Path(__file__).parents[1]
"""Where index.py is, and what `file:NAME` in a setting means."""


class Services(NamedTuple):
    """Made once for a configuration; safe to share between threads."""

    settings: Settings
    presets: Presets
    has_directory_grants: bool  # in any preset
    callers: Callers
    credentials: CredentialsSource
    grants: Mapping[str, GrantMaker]  # by preset
    multipart: ResumableUploads | None  # None where no preset has them
    clock: Callable[[], datetime]


def make_services(
    settings: Settings, environ: Mapping[str, str], clock: Callable[[], datetime]
) -> Services:
    """The services of a configuration; `Misconfigured` where they cannot be made."""
    presets = presets_for(settings, environ, ROOT)
    each = [preset.settings for preset in presets.values()]
    has_multipart = any(one.multipart for one in each)
    credentials = credentials_for(
        settings,
        environ,
        clock,
        prefixes=fixed_prefixes(presets),
        policy_seconds=max(one.policy_seconds for one in each),
        multipart=has_multipart,
    )
    return Services(
        settings=settings,
        presets=presets,
        has_directory_grants=any(one.directory_grants for one in each),
        callers=callers_for(settings, directory=ROOT),
        credentials=credentials,
        grants={name: GrantMaker(preset) for name, preset in presets.items()},
        multipart=_resumable(presets, credentials, clock) if has_multipart else None,
        clock=clock,
    )


def _resumable(
    presets: Presets, credentials: CredentialsSource, clock: Callable[[], datetime]
) -> ResumableUploads:
    from .multipart import ResumableUploads  # costs a cold start time

    return ResumableUploads(presets, credentials, clock)


class Invocation(NamedTuple):
    """One request to a route, with Function Compute's context."""

    request: Request
    context: Any
    caller: Caller  # without a name where AUTH does not apply


def request_id(context: Any) -> str:
    """Function Compute's name for the invocation, which its log has as well."""
    return str(getattr(context, "request_id", ""))
