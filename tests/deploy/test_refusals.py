"""The doctor knows what each refusal of the emulated OSS means, and what cures it."""

from __future__ import annotations

import pytest

from deploy.diagnosis.grant import REDEPLOY
from deploy.diagnosis.refusals import BY_CODE, BY_EC, BY_START, cure
from emulator.oss.errors import refusals
from emulator.oss.errors.refusals import Refusal

# What only reading or copying can meet.
OF_READING = {"NO_SUCH_KEY", "INVALID_RANGE", "PRECONDITION_FAILED", "COPY_SOURCE"}
TABLE = {
    name: row
    for name, row in vars(refusals).items()
    if isinstance(row, Refusal) and name not in OF_READING and not name.startswith("_")
}


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
def test_every_refusal_of_a_form_has_a_cure(row: Refusal) -> None:
    assert "Look up" not in cure(row.code, row.ec)


@pytest.mark.parametrize(
    ("code", "ec", "words"),
    [
        ("PublicEndpointForbidden", "0048-00000401", "set UPLOAD_URL"),
        ("PublicEndpointForbidden", "", "set UPLOAD_URL"),
        ("InvalidArgument", "0007-00000007", "cannot resolve the host in CALLBACK_URL"),
        ("InvalidArgument", "0007-00000008", "private address"),
        ("InvalidArgument", "0007-00000105", "does not take the callback field"),
        ("InvalidArgument", "0002-00000709", "a field of the signature"),
        ("InvalidArgument", "", "the value of a field"),
        ("SignatureDoesNotMatch", "0002-00000705", "OSS_REGION"),
        ("AccessDenied", "0006-00000213", "POLICY_SECONDS"),
        ("AccessDenied", "0002-00000080", "SIGNATURE_VERSION=v4"),
        ("AccessDenied", "0003-00000399", "Compare the two roles"),
        ("CallbackFailed", "0007-00000202", "longer than 5 s"),
        ("MalformedPOSTRequest", "0006-00000104", "no CDN, proxy or firewall"),
    ],
)
def test_the_ec_decides_before_the_code(code: str, ec: str, words: str) -> None:
    assert words in cure(code, ec)


def test_what_is_unknown_can_be_looked_up() -> None:
    address = "https://api.aliyun.com/troubleshoot?q="
    assert cure("Teapot", "0099-00000001").endswith(address + "0099-00000001")
    assert cure("Teapot", "").endswith(address + "Teapot")


def test_no_cure_is_for_what_oss_never_says() -> None:
    codes, ecs = {row.code for row in TABLE.values()}, {row.ec for row in TABLE.values()}
    assert set(BY_EC) <= ecs
    assert all(any(ec.startswith(start) for ec in ecs) for start in BY_START)
    # Documented for uploads to a bucket that encrypts; the emulator has no such bucket.
    assert set(BY_CODE) - codes == {"KmsServiceNotEnabled"}


def test_every_cure_is_a_sentence() -> None:
    for hint in (*BY_EC.values(), *BY_START.values(), *BY_CODE.values(), REDEPLOY):
        assert hint.endswith(".")
