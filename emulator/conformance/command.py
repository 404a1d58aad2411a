"""Try the conformance rows on an endpoint: `python -m emulator.conformance URL`.

URL is the bucket's own address, http://<bucket>.<endpoint> or http://127.0.0.1:9001. Rows with
truncated bodies need http. Use a scratch bucket that is private, has a CORS rule, no versioning and
no default encryption; the command leaves small objects under conformance/ in it, some in archive
classes, which have a minimum duration. The environment names the bucket and the keys:

  CONFORMANCE_BUCKET, CONFORMANCE_REGION
  CONFORMANCE_ACCESS_KEY_ID, CONFORMANCE_ACCESS_KEY_SECRET         a permanent key
  CONFORMANCE_<KIND>_ACCESS_KEY_ID, _ACCESS_KEY_SECRET, _SECURITY_TOKEN   further keys:
    TEMPORARY  from AssumeRole, allowed to put objects under conformance/, and nothing else
    LIMITED    from AssumeRole, with a session policy that does not allow that
    EXPIRED    from AssumeRole, past its expiration
    DISABLED   a permanent key that was disabled

Rows whose key is not given are reported as not run. The exit status is 1 if any response
differs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from ..keyring import AccessKey
from ..server import utc_now
from .recipe import Target
from .rows import Row, differences, load_rows, try_row

FURTHER_KINDS = ("temporary", "limited", "expired", "disabled")


def read_target(url: str, environment: Mapping[str, str]) -> Target:
    """The target that the environment describes; KeyError names a missing variable."""
    keys = {"permanent": _read_key("CONFORMANCE_", environment)}
    for kind in FURTHER_KINDS:
        prefix = f"CONFORMANCE_{kind.upper()}_"
        if f"{prefix}ACCESS_KEY_ID" in environment:
            keys[kind] = _read_key(prefix, environment)
    return Target(
        host=urlsplit(url).netloc,
        bucket=environment["CONFORMANCE_BUCKET"],
        region=environment["CONFORMANCE_REGION"],
        keys=keys,
    )


def _read_key(prefix: str, environment: Mapping[str, str]) -> AccessKey:
    return AccessKey(
        environment[f"{prefix}ACCESS_KEY_ID"],
        environment[f"{prefix}ACCESS_KEY_SECRET"],
        environment.get(f"{prefix}SECURITY_TOKEN"),
    )


def run_rows(
    rows: Sequence[Row], url: str, target: Target, *, clock: Callable[[], datetime]
) -> tuple[list[str], int]:
    """A line for each row that differs or is not run, a summary, and how many rows differ."""
    lines, differing, not_run = [], 0, 0
    for row in rows:
        kind = row.recipe.get("credentials", "permanent")
        if row.switches or kind not in target.keys:
            reason = "applies only to the emulator" if row.switches else f"needs {kind} credentials"
            lines.append(f"not run  {row.name}: {reason}")
            not_run += 1
            continue
        problems = differences(row, try_row(row, url, target, now=clock()))
        if problems:
            lines.append(f"differs  {row.name} [{row.evidence}]: {'; '.join(problems)}")
            differing += 1
    lines.append(f"{len(rows)} rows, {differing} differ, {not_run} not run")
    return lines, differing


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    if len(arguments) != 1:
        print(__doc__)
        return 2
    try:
        target = read_target(arguments[0], environment)
    except KeyError as error:
        print(f"Set {error.args[0]} in the environment.\n\n{__doc__}")
        return 2
    lines, differing = run_rows(load_rows(), arguments[0], target, clock=utc_now)
    print("\n".join(lines))
    return 1 if differing else 0
