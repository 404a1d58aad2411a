"""Rows for what the cost of a grant does not depend on; they need the bench's own environment."""

from __future__ import annotations

import base64
import itertools
import json
import time
from collections.abc import Iterable
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .requests import FUNCTION_ROLE, ORIGIN, event
from .rounds import Measure, measure
from .rows import handler

JWT = {
    **FUNCTION_ROLE,
    "AUTH": "jwt",
    "JWT_ISSUER": "https://id.example.com",
    "JWT_AUDIENCE": "uploads",
    "UPLOAD_DIR": "uploads/{user}/",
}
MANY = 1000


def growth_rows() -> dict[str, tuple[Measure, Measure]]:
    """By what grows: the row with one, and the row with many."""
    key = Ed25519PrivateKey.generate()
    few, many = _jwks([key]), _jwks([key, *(Ed25519PrivateKey.generate() for _ in range(MANY - 1))])
    one = [_event(key, "user-0")]
    users = [_event(key, f"user-{number}") for number in range(MANY)]
    origins = [f"https://site-{number}.example.com" for number in range(MANY - 1)]
    request = event("GET", "/")
    return {
        "origins in ALLOWED_ORIGINS": (
            _row(FUNCTION_ROLE, [request]),
            _row({**FUNCTION_ROLE, "ALLOWED_ORIGINS": ",".join([*origins, ORIGIN])}, [request]),
        ),
        "keys in JWT_JWKS": (
            _row({**JWT, "JWT_JWKS": few}, one),
            _row({**JWT, "JWT_JWKS": many}, one),
        ),
        "users in turn": (
            _row({**JWT, "JWT_JWKS": few}, one),
            _row({**JWT, "JWT_JWKS": few}, users),
        ),
        "presets": (
            _row({**FUNCTION_ROLE, "UPLOAD_PRESETS": _presets(1)}, [request]),
            _row({**FUNCTION_ROLE, "UPLOAD_PRESETS": _presets(MANY)}, [request]),
        ),
    }


def _presets(count: int) -> str:
    others = {f"preset-{number}": {"dir": f"preset-{number}/"} for number in range(1, count)}
    return json.dumps({"default": {}, **others})


def memory_growth(users: int) -> tuple[int, int]:
    """Bytes in memory after a hundredth of this many distinct users, and after all of them.

    Each user gets a grant below their own prefix. Tokens are left out: checking one keeps nothing,
    and would take most of the time.
    """
    from direct_upload.app import utc_now
    from direct_upload.callers import Caller
    from direct_upload.http.events import parse_event
    from direct_upload.routes import find_route
    from direct_upload.services import Invocation, make_services
    from direct_upload.settings import parse_settings

    environ = {**JWT, "JWT_JWKS": _jwks([Ed25519PrivateKey.generate()])}
    services = make_services(parse_settings(environ), environ, utc_now)
    request = parse_event(event("GET", "/"))
    route = find_route(request)
    early = 0
    for number in range(users):
        route.serve(services, Invocation(request, None, Caller(f"user-{number}@example.com")))
        if number == users // 100:
            early = _resident()
    return early, _resident()


def _resident() -> int:
    status = Path("/proc/self/status").read_text("utf-8")
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024


def _row(environ: dict[str, str], events: Iterable[bytes]) -> Measure:
    function, turn = handler(environ), itertools.cycle(events)
    return measure(lambda: function(next(turn)))


def _event(key: Ed25519PrivateKey, user: str) -> bytes:
    claims = {
        "iss": JWT["JWT_ISSUER"],
        "aud": JWT["JWT_AUDIENCE"],
        "sub": user,
        "exp": int(time.time()) + 86400,
    }
    token = jwt.encode(claims, key, algorithm="EdDSA", headers={"kid": "key-0"})
    return event("GET", "/", Authorization=f"Bearer {token}")


def _jwks(keys: list[Ed25519PrivateKey]) -> str:
    return json.dumps(
        {
            "keys": [
                {"kty": "OKP", "crv": "Ed25519", "kid": f"key-{number}", "x": _public(key)}
                for number, key in enumerate(keys)
            ]
        }
    )


def _public(key: Ed25519PrivateKey) -> str:
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
