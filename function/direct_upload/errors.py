"""Everything that the function refuses, one class per error code of the HTTP interface.

UploadError
    InvalidRequest          400
    Unauthorized            401
    OriginNotAllowed        403
    CallbackRefused         403
    NotFound                404
    MethodNotAllowed        405
    FileTooLarge            413
    TypeNotAllowed          415
    Misconfigured           500
    InternalError           500
    CredentialsUnavailable  503

`app` turns them into answers, in one place. What they say goes to the caller, so they hold no
secret and nothing of the configuration beyond the names of settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar


class UploadError(Exception):
    """A refusal: `message` says what is wrong, `hint` what to do about it."""

    code: ClassVar[str]
    status: ClassVar[int]

    def __init__(self, message: str, hint: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.headers = dict(headers or {})


class InvalidRequest(UploadError):
    """The query or the body is not what the route takes."""

    code = "invalid_request"
    status = 400


class Unauthorized(UploadError):
    """The caller did not prove who they are; never says which check failed."""

    code = "unauthorized"
    status = 401


class OriginNotAllowed(UploadError):
    """A browser asked on behalf of a page that `ALLOWED_ORIGINS` does not name."""

    code = "origin_not_allowed"
    status = 403


class CallbackRefused(UploadError):
    """A callback that OSS did not sign, or that matches no grant of ours."""

    code = "callback_refused"
    status = 403


class NotFound(UploadError):
    """No such route."""

    code = "not_found"
    status = 404


class MethodNotAllowed(UploadError):
    """The route exists, for other methods."""

    code = "method_not_allowed"
    status = 405


class FileTooLarge(UploadError):
    """The declared size exceeds `MAX_UPLOAD_BYTES`."""

    code = "file_too_large"
    status = 413


class TypeNotAllowed(UploadError):
    """The file's type is not in `ALLOWED_CONTENT_TYPES`."""

    code = "type_not_allowed"
    status = 415


class Misconfigured(UploadError):
    """A setting is wrong or missing; the log names it."""

    code = "misconfigured"
    status = 500


class InternalError(UploadError):
    """A defect of this project: whatever no other class foresaw."""

    code = "internal_error"
    status = 500


class CredentialsUnavailable(UploadError):
    """STS gave no credentials and none in hand are good enough; it may soon."""

    code = "credentials_unavailable"
    status = 503
