"""Where the evidence about OSS conflicts, or differs between accounts, a switch chooses.

Without switches the emulator takes the stricter reading: what it accepts should never surprise on a
real bucket. docs/inferred-facts.md has the evidence about each.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any


def _off(meaning: str) -> Any:
    """A switch that is off by default; `meaning` completes "on: ..."."""
    return field(default=False, metadata={"meaning": meaning})


@dataclass(frozen=True)
class Switches:
    """What one emulated bucket does differently; the names are those of `--oss`, with hyphens."""

    accept_trailing_fields: bool = _off("accept fields after the file, such as `submit`")
    accept_transfer_encoding: bool = _off("accept Content-Transfer-Encoding in parts")
    accept_unquoted_names: bool = _off("accept `name=key` without quotes in a part")
    accept_quoted_boundary: bool = _off('accept `boundary="..."` in Content-Type')
    accept_charset_first: bool = _off("accept `charset` before `boundary` in Content-Type")
    accept_preamble: bool = _off("accept a line break, or text, before the first boundary")
    accept_uncovered_token: bool = _off("accept a security token that the V4 policy does not pin")
    refuse_v1: bool = _off("refuse V1 signatures, as accounts and buckets new since 2025 do")
    refuse_loopback_callbacks: bool = _off("refuse callbacks to this machine, as OSS does")
    http10_callbacks: bool = _off("send callbacks by HTTP/1.0, with no port in Host")
    uuid_etag: bool = _off("make ETags that are not the MD5 of the file")
    events_without_metadata: bool = _off("send events without objectMeta, as older pages show them")
    new_account: bool = _off(
        "refuse uploads and downloads at default endpoints, as mainland regions do for accounts"
        " that activated OSS on or after 2025-03-20; only the name given with --host, standing for"
        " a custom domain, goes on working"
    )


NO_SWITCHES = Switches()


def meanings() -> dict[str, str]:
    """What each switch does, by its name on the command line."""
    return {item.name.replace("_", "-"): item.metadata["meaning"] for item in fields(Switches)}


def switched_on(names: list[str]) -> Switches:
    """The switches with these command-line names on, and all others off."""
    return Switches(**{name.replace("-", "_"): True for name in names})


def offer(name: str) -> str:
    """The end of a hint about something that only the real service can settle."""
    return (
        " Whether OSS refuses this is not settled; to accept it here, start"
        f" local_server.py with --oss {name}."
    )
