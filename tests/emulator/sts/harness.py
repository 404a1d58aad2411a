"""An emulated STS on a free port, called by the real SDK."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from alibabacloud_sts20150401.client import Client
from alibabacloud_sts20150401.models import AssumeRoleRequest
from alibabacloud_tea_openapi.models import Config
from darabonba.runtime import RuntimeOptions

from emulator.keyring import AccessKey, KeyRing
from emulator.server import Server
from emulator.sts import Sts
from tests.emulator.client import SOCKET_SECONDS

ROLE = "acs:ram::1234567890123456:role/oss-uploader"
BASE = AccessKey("LTAIbase", "base-secret")
POLICY = json.dumps(
    {
        "Version": "1",
        "Statement": [
            {"Effect": "Allow", "Action": "oss:PutObject", "Resource": "acs:oss:*:*:b/文 +~*'()/*"}
        ],
    },
    ensure_ascii=False,
)


@dataclass
class Harness:
    """One emulated STS; its clock is fixed, near the real time that the SDK signs with."""

    now: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    keys: KeyRing = field(default_factory=lambda: KeyRing([BASE]))
    log: list[str] = field(default_factory=list)
    sts: Sts = field(init=False)
    port: int = 0

    def __post_init__(self) -> None:
        self.sts = Sts(ROLE, self.keys, clock=lambda: self.now, log=self.log.append)

    def client(self, key: AccessKey = BASE) -> Any:
        return Client(
            Config(
                access_key_id=key.access_key_id,
                access_key_secret=key.access_key_secret,
                security_token=key.security_token,
                endpoint=f"127.0.0.1:{self.port}",
                protocol="HTTP",
            )
        )

    def assume_role(self, key: AccessKey = BASE, **parameters: Any) -> Any:
        return assume_role(self.client(key), **parameters)


@contextmanager
def running_sts() -> Iterator[Harness]:
    harness = Harness()
    with Server(harness.sts) as server:
        harness.port = server.port
        yield harness


def assume_role(
    client: Any, *, read_timeout: int = 1000 * SOCKET_SECONDS, **parameters: Any
) -> Any:
    """The body of the SDK's response; `read_timeout` in milliseconds."""
    request = AssumeRoleRequest(
        **{"role_arn": ROLE, "role_session_name": "upload", "policy": POLICY, **parameters}
    )
    options = RuntimeOptions(read_timeout=read_timeout)
    return client.assume_role_with_options(request, options).body
