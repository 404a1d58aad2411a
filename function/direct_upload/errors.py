"""Why a request is refused: one class for each error code of the HTTP interface.

Refusal
    InvalidRequest          400
    Unauthorized            401
    OriginNotAllowed        403
    PresetNotAllowed        403
    CallbackRefused         403
    NotFound                404
    UploadNotFound          404
    MethodNotAllowed        405
    UploadIncomplete        409
    FileTooLarge            413
    TypeNotAllowed          415
    Misconfigured           500
    InternalError           500
    CredentialsUnavailable  503
    KeysUnavailable         503
    StorageUnavailable      503

`app` turns them into responses, in one place. The caller reads what they say, so they contain no
secret; of settings, only names and public limits.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from typing import Any, ClassVar


class Refusal(Exception):
    """A refusal: `message` says what is wrong, `hint` what to do about it."""

    code: ClassVar[str]
    status: ClassVar[int]

    def __init__(self, message: str, hint: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.headers = dict(headers or {})


class InvalidRequest(Refusal):
    """The event, the query or the body is not what the route takes."""

    code = "invalid_request"
    status = 400


class Unauthorized(Refusal):
    """The caller has no valid token; never says which check failed."""

    code = "unauthorized"
    status = 401


class OriginNotAllowed(Refusal):
    """A browser sent the request for a page that `ALLOWED_ORIGINS` does not name."""

    code = "origin_not_allowed"
    status = 403


class PresetNotAllowed(Refusal):
    """The caller's token lacks a claim that the preset's `allow` requires."""

    code = "preset_not_allowed"
    status = 403


class CallbackRefused(Refusal):
    """A callback that OSS did not sign, or that matches no grant of ours."""

    code = "callback_refused"
    status = 403


class NotFound(Refusal):
    """No such route."""

    code = "not_found"
    status = 404


class UploadNotFound(Refusal):
    """There is no such resumable upload: ended, deleted, altered, or another's."""

    code = "upload_not_found"
    status = 404


class MethodNotAllowed(Refusal):
    """The route exists, for other methods."""

    code = "method_not_allowed"
    status = 405


class UploadIncomplete(Refusal):
    """A resumable upload lacks a part, so it cannot be completed yet."""

    code = "upload_incomplete"
    status = 409


class FileTooLarge(Refusal):
    """The declared size exceeds `MAX_UPLOAD_BYTES`."""

    code = "file_too_large"
    status = 413


class TypeNotAllowed(Refusal):
    """The file's type is not in `ALLOWED_CONTENT_TYPES`."""

    code = "type_not_allowed"
    status = 415


class Misconfigured(Refusal):
    """A setting is wrong or missing; the log names it."""

    code = "misconfigured"
    status = 500


class InternalError(Refusal):
    """A defect of this project: an exception of any other kind."""

    code = "internal_error"
    status = 500


class CredentialsUnavailable(Refusal):
    """No usable credentials: STS fails or refuses. A later request may succeed."""

    code = "credentials_unavailable"
    status = 503


class KeysUnavailable(Refusal):
    """The keys of callers' tokens cannot be fetched. A later request may succeed."""

    code = "keys_unavailable"
    status = 503


class StorageUnavailable(Refusal):
    """OSS does not respond, or not as OSS does. A later request may succeed."""

    code = "storage_unavailable"
    status = 503


def misconfigured(setting: str, problem: str, hint: str) -> Misconfigured:
    """The error for a setting: it names the setting and never shows its value."""
    return Misconfigured(f"The setting {setting} {problem}.", hint)


def kind_and_places(error: Exception) -> str:
    """An exception for the log: names and lines, as its text may quote what must not be there."""
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(error).__name__} in {places}"


def error_document(refusal: Refusal, request_id: str) -> dict[str, Any]:
    """What the caller reads of a refusal."""
    return {
        "error": {
            "code": refusal.code,
            "message": refusal.message,
            "hint": refusal.hint,
            "request_id": request_id,
        },
        # Once more where several upload libraries look for it.
        "message": refusal.message,
    }
