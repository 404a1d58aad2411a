"""How the page handles outages, lost responses and refusals, with a scripted service."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect
from werkzeug.wrappers import Request, Response

from tests.browser.scripted import (
    Scripted,
    Step,
    break_off,
    function_error,
    refusal,
    responding,
)
from tests.browser.view import UploadPage, text_file, text_files

pytestmark = pytest.mark.browser

OpenScripted = Callable[..., UploadPage]

EXPIRED = "Invalid according to Policy: Policy expired."


def test_six_small_files_upload_at_a_time(scripted_page: OpenScripted, scripted: Scripted) -> None:
    scripted.gate.clear()
    page = scripted_page()
    page.choose(*text_files(8))
    page.expect_count("uploading", 6)
    page.expect_count("queued", 2)
    page.button("Cancel", "1.txt").click()
    page.expect_state("7.txt", "uploading")
    page.expect_count("uploading", 6)
    scripted.gate.set()
    page.expect_count("done", 7)


def test_posts_the_grant_as_it_is_and_then_the_file_with_the_pinned_type(
    scripted_page: OpenScripted, scripted: Scripted
) -> None:
    scripted.extra_fields = {"policy": "e30=", "callback": ""}
    page = scripted_page()
    page.choose(text_file('a "b" 一.txt', b"bytes", "text/html"))
    page.expect_count("done", 1)
    assert scripted.requested == [
        {"filename": 'a "b" 一.txt', "content_type": "text/html", "size": 5}
    ]
    (posted,) = scripted.posted
    assert list(posted.fields) == ["key", "Content-Type", "policy"]
    assert (posted.name, posted.content_type) == ('a "b" 一.txt', "text/x-pinned")
    assert posted.content == b"bytes"


@pytest.mark.parametrize(
    ("signing", "posting", "reason"),
    [
        pytest.param(
            [responding(function_error(503, "credentials_unavailable", Retry_After="2"))],
            [],
            r"The service is busy or temporarily down\. Trying again in 2 s",
            id="STS outage",
        ),
        pytest.param(
            [responding(Response("<h1>502</h1>", 502, content_type="text/html"))],
            [],
            r"The service is busy or temporarily down\. Trying again",
            id="function outage",
        ),
        pytest.param(
            [break_off],
            [],
            r"The upload service cannot be reached\. Trying again",
            id="no function",
        ),
        pytest.param(
            [],
            [break_off],
            r"The connection to the storage was lost\. Trying again",
            id="connection lost",
        ),
        pytest.param(
            [],
            [responding(refusal(503, "SlowDown"))],
            r"The service is busy or temporarily down\. Trying again",
            id="OSS outage",
        ),
    ],
)
def test_an_outage_is_shown_and_survived(
    scripted_page: OpenScripted,
    scripted: Scripted,
    signing: list[Step],
    posting: list[Step],
    reason: str,
) -> None:
    scripted.signing.extend(signing)
    scripted.posting.extend(posting)
    page = scripted_page()
    page.record()
    page.choose(text_file("a.txt"))
    page.expect_said(reason)
    page.expect_state("a.txt", "done")
    assert len(scripted.objects) == 1


def test_a_long_outage_fails_and_a_manual_retry_posts_to_the_same_key(
    scripted_page: OpenScripted, scripted: Scripted
) -> None:
    scripted.posting.extend([scripted.store_and_break_off] + [break_off] * 3)
    page = scripted_page()
    page.choose(text_file("a.txt"))
    page.expect_state("a.txt", "failed")
    page.expect_message("a.txt", "The connection to the storage was lost. Check your connection")
    page.button("Retry", "a.txt").click()
    page.expect_state("a.txt", "done")
    page.expect_message("a.txt", "Already stored by an earlier attempt")
    assert len(scripted.requested) == 1
    assert list(scripted.objects.values()) == [b"hello"]


def test_without_a_network_it_keeps_trying_until_the_network_is_back(
    scripted_page: OpenScripted,
) -> None:
    page = scripted_page()
    page.page.clock.install()
    page.record()
    page.page.context.set_offline(True)
    page.choose(text_file("a.txt"))
    page.expect_said(r"There is no network\. The upload goes on when it is back\.")
    page.page.clock.fast_forward(60_000)  # with a network it would have given up
    page.expect_state("a.txt", "signing")
    page.page.context.set_offline(False)
    page.expect_state("a.txt", "done")


def test_a_lost_response_does_not_cause_a_second_object(
    scripted_page: OpenScripted, scripted: Scripted
) -> None:
    scripted.posting.append(scripted.store_and_break_off)
    page = scripted_page()
    page.choose(text_file("a.txt"))
    page.expect_state("a.txt", "done")
    page.expect_message("a.txt", "Already stored by an earlier attempt")
    assert len(scripted.posted) == 2
    assert list(scripted.objects) == ["user-dirs/1"]


def test_a_key_that_exists_at_the_first_attempt_is_a_failure(
    scripted_page: OpenScripted, scripted: Scripted
) -> None:
    scripted.posting.append(responding(refusal(409, "FileAlreadyExists")))
    page = scripted_page()
    page.choose(text_file("a.txt"))
    page.expect_state("a.txt", "failed")
    page.expect_message("a.txt", "The storage already has a file with this name. Retry")


@pytest.mark.parametrize(
    "refused",
    [
        pytest.param(refusal(403, "AccessDenied", EXPIRED, "0006-00000213"), id="policy"),
        pytest.param(refusal(403, "SecurityTokenExpired", ec="0002-00000007"), id="token"),
    ],
)
def test_a_grant_refused_as_expired_is_renewed_once_silently(
    scripted_page: OpenScripted, scripted: Scripted, refused: Response
) -> None:
    scripted.posting.append(responding(refused))
    page = scripted_page()
    page.choose(text_file("a.txt"))
    page.expect_state("a.txt", "done")
    assert [posted.fields["key"] for posted in scripted.posted] == ["user-dirs/1", "user-dirs/2"]

    scripted.posting.extend([responding(refused), responding(refused)])
    page.choose(text_file("b.txt"))
    page.expect_state("b.txt", "failed")
    page.expect_message("b.txt", "The permission expired before the upload began.")


def test_a_grant_that_expires_during_a_pause_is_renewed_whatever_the_local_time(
    scripted_page: OpenScripted, scripted: Scripted
) -> None:
    scripted.grant_seconds = 2
    scripted.posting.append(break_off)
    page = scripted_page()
    page.page.evaluate("Date.now = () => 0")
    page.choose(text_file("a.txt"))
    page.expect_state("a.txt", "done")
    # A grant that is late is renewed before the first form, too, so the keys have no fixed numbers.
    first, second = (posted.fields["key"] for posted in scripted.posted)
    assert first != second


CALLBACK = {"callback": "e30="}


def test_the_response_of_the_callback_is_for_the_application(
    scripted_page: OpenScripted, scripted: Scripted
) -> None:
    scripted.extra_fields = CALLBACK
    response = Response(json.dumps({"Status": "OK", "id": 7}), mimetype="application/json")
    scripted.posting.append(responding(response))
    page = scripted_page()
    page.choose(text_file("a.txt"))
    page.expect_state("a.txt", "done", callback="answered")
    expect(page.file("a.txt")).not_to_contain_text("Status")


def test_stored_with_a_failed_callback_is_a_separate_state(
    scripted_page: OpenScripted, scripted: Scripted
) -> None:
    scripted.extra_fields = CALLBACK
    scripted.posting.append(responding(refusal(203, "CallbackFailed", ec="0007-00000203")))
    page = scripted_page()
    page.choose(text_file("a.txt"))
    page.expect_state("a.txt", "done", callback="failed")
    page.expect_message("a.txt", "Stored, but the callback failed")
    expect(page.file("a.txt").get_by_role("link")).to_be_visible()
    expect(page.button("Retry", "a.txt")).to_have_count(0)


@pytest.mark.parametrize(
    ("response", "message"),
    [
        (function_error(401, "unauthorized"), "You are not signed in"),
        (function_error(403, "origin_not_allowed"), "This page is not allowed to upload here"),
        (function_error(404, "not_found"), "no upload service at this address"),
        (function_error(413, "file_too_large"), "The file is too large"),
        (function_error(415, "type_not_allowed"), "Files of this type"),
        (function_error(400, "invalid_request"), "does not accept this file’s name"),
        (function_error(500, "misconfigured"), "not configured correctly"),
        (function_error(418, "constructor"), "Something unexpected happened"),
        (Response("<html>Sign in</html>"), "The response did not come from the upload service"),
        (Response("null"), "The response did not come from the upload service"),
        (Response('{"url": "/", "fields": {"key": null}}'), "The response did not come from"),
        (Response('{"error": {"code": 7}}', 400), "The response did not come from"),
    ],
)
def test_every_refusal_of_the_function_has_a_plain_message(
    scripted_page: OpenScripted, scripted: Scripted, response: Response, message: str
) -> None:
    scripted.signing.append(responding(response))
    page = scripted_page()
    page.choose(text_file("a.txt"))
    page.expect_state("a.txt", "failed")
    page.expect_message("a.txt", message)
    assert scripted.posted == []


@pytest.mark.parametrize(
    ("response", "message"),
    [
        (refusal(403, "SignatureDoesNotMatch"), "did not accept the upload permission"),
        (refusal(403, "AccessDenied", ec="0006-00000227"), "did not accept the upload permission"),
        (refusal(400, "EntityTooLarge"), "The file is too large"),
        (refusal(400, "PublicEndpointForbidden"), "The storage takes no files at this address"),
        (refusal(400, "InvalidArgument", ec="0007-00000008"), "The storage cannot notify the site"),
        (refusal(400, "EntityTooSmall"), "smaller than allowed"),
        (refusal(404, "NoSuchBucket"), "The storage did not accept the file"),
        (Response("<html>not OSS</html>", 400), "The storage did not accept the file"),
        (Response(b"\xff\xfe", 400), "The storage did not accept the file"),
    ],
)
def test_every_refusal_of_oss_has_a_plain_message(
    scripted_page: OpenScripted, scripted: Scripted, response: Response, message: str
) -> None:
    scripted.posting.append(responding(response))
    page = scripted_page()
    page.choose(text_file("a.txt"))
    page.expect_state("a.txt", "failed")
    page.expect_message("a.txt", message)


def test_shows_a_reference_that_the_owner_can_look_up(
    scripted_page: OpenScripted, scripted: Scripted
) -> None:
    scripted.posting.append(
        responding(refusal(403, "AccessDenied", "Not for people.", "0006-00000227"))
    )
    page = scripted_page()
    page.choose(text_file("a.txt"))
    page.expect_message("a.txt", "Reference: AccessDenied 0006-00000227 5C3D9175B6FC201293AD4")


def test_a_deleted_file_is_not_retried(
    scripted_page: OpenScripted, scripted: Scripted, tmp_path: Path
) -> None:
    path = tmp_path / "gone.txt"
    path.write_bytes(b"hello")

    def lose_the_file(request: Request) -> Response:
        path.unlink()
        return break_off(request)

    scripted.posting.append(lose_the_file)
    page = scripted_page()
    page.page.set_input_files("input[type=file]", path)
    page.expect_state("gone.txt", "failed")
    page.expect_message("gone.txt", "The file can no longer be read")
    assert len(scripted.posted) == 1


def test_a_page_without_its_configuration_says_what_is_missing(
    scripted_page: OpenScripted,
) -> None:
    page = scripted_page()
    page.page.route("**/config.json", lambda route: route.fulfill(status=404, body="<html>"))
    page.page.reload()
    expect(page.page.get_by_role("alert")).to_contain_text("config.json")
    page.choose(text_file("a.txt"))
    page.page.unroute("**/config.json")
    page.button("Try again").click()
    page.expect_state("a.txt", "done")
    expect(page.page.locator("#notice")).to_be_hidden()
