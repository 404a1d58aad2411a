"""The hosts that serve keys of callbacks: OSS's and a forger's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from werkzeug import Response

from direct_upload.callbacks import signature
from tests.function.callbacks.reports import FORGED_KEY, KEY, pem
from tests.recorder import Recorded, Recorder, recording, trickling

# As of Ed25519, under a number that no algorithm has.
UNKNOWN_KEY = b"""-----BEGIN PUBLIC KEY-----
MCowBQYDK2V/AyEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
-----END PUBLIC KEY-----
"""


@pytest.fixture(autouse=True)
def patient_and_forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys may arrive late, as on a busy machine, and are not kept from another test."""
    monkeypatch.setattr(signature, "FETCH_SECONDS", 60.0)
    monkeypatch.setattr(signature, "PUBLIC_KEYS", signature.PublicKeys())


@pytest.fixture(scope="module")
def foreign() -> Iterator[Recorder]:
    """A forger's own host, whose key would verify the forgeries."""
    with recording(lambda _: Response(pem(FORGED_KEY))) as recorder:
        yield recorder


@pytest.fixture(scope="module")
def oss(foreign: Recorder) -> Iterator[Recorder]:
    """The host of OSS's keys, which are below /keys/; anything else on it may be forged."""
    documents = {
        "/keys/v1.pem": pem(KEY),
        "/elsewhere/forged.pem": pem(FORGED_KEY),
        "/keys/elliptic.pem": pem(ec.generate_private_key(ec.SECP256R1())),
        "/keys/longest.pem": pem(KEY).ljust(16 * 1024, b"\n"),
        "/keys/long.pem": pem(FORGED_KEY).ljust(16 * 1024 + 1, b"\n"),
        "/keys/unknown.pem": UNKNOWN_KEY,
        "/keys/page.html": b"<html>",
    }

    def respond(recorded: Recorded) -> Response:
        if recorded.target == "/keys/redirect.pem":
            return Response(status=302, headers={"Location": f"{foreign.url}/v1.pem"})
        if recorded.target == "/keys/slow.pem":
            return slow(recorded)
        if recorded.target == "/keys/error.pem":
            return Response(pem(FORGED_KEY), 500)
        if recorded.target in documents:
            return Response(documents[recorded.target])
        return Response(status=404)

    with trickling() as slow, recording(respond) as recorder:
        yield recorder


@pytest.fixture(autouse=True)
def no_earlier_requests(foreign: Recorder, oss: Recorder) -> None:
    foreign.requests.clear()
    oss.requests.clear()
