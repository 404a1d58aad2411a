"""An emulated bucket on a free port, with the key, the clock and the log that tests need."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

from emulator.keyring import AccessKey, KeyRing
from emulator.oss import Oss
from emulator.oss.switches import NO_SWITCHES, Switches
from emulator.server import Server
from tests.emulator.client import Reply, form, send, signed_fields

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=timezone.utc)
KEY = AccessKey("LTAItests", "secret-of-the-tests")
ORIGIN = "http://localhost:9003"


@dataclass
class Bucket:
    """A running bucket with its data folder and its log."""

    url: str
    directory: Path
    keys: KeyRing
    log: list[str] = field(default_factory=list)

    def post(
        self,
        object_key: str = "a.txt",
        content: bytes = b"content",
        *,
        access_key: AccessKey = KEY,
        conditions: Sequence[object] = (),
        fields: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        now: datetime = NOW,
    ) -> Reply:
        signed = signed_fields(
            access_key, now=now, object_key=object_key, conditions=conditions, fields=fields
        )
        return send(self.url, body=form(signed, content), headers=headers)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Reply:
        return send(self.url, "GET", path, headers=headers)

    def files(self) -> list[str]:
        """The subfolder of each file in the data folder."""
        found = (path for path in self.directory.rglob("*") if path.is_file())
        return sorted(path.parent.name for path in found)


@contextmanager
def running_bucket(
    directory: Path,
    *,
    allowed_origins: Sequence[str] = (ORIGIN,),
    switches: Switches = NO_SWITCHES,
    private_objects: bool = False,
    clock: Callable[[], datetime] = lambda: NOW,
    notify: Callable[[bytes, str], None] | None = None,
) -> Iterator[Bucket]:
    keys, log = KeyRing([KEY]), list[str]()
    oss = Oss(
        "post-test",
        "cn-hangzhou",
        directory,
        keys,
        allowed_origins,
        clock=clock,
        log=log.append,
        switches=switches,
        private_objects=private_objects,
        notify=notify,
    )
    with Server(oss) as server:
        yield Bucket(server.url, directory, keys, log)
