"""The routes that give grants, one or many, and say what may be uploaded."""

from __future__ import annotations

import logging
import os
from typing import Any

from .credentials import Credentials
from .errors import FileTooLarge, InvalidRequest, NotFound, Refusal, error_document
from .files import (
    MAX_BODY_BYTES,
    AdmittedFile,
    File,
    file_from_members,
    file_from_query,
    parse_body,
)
from .grants import LONGEST_TOKEN, Grant, GrantMaker
from .presets import Preset, choose_preset, name_in_json, name_in_query
from .services import Invocation, Services, request_id

logger = logging.getLogger("direct_upload")

MULTIPART_THRESHOLD = 100 * 1024**2  # bytes above which Uppy, too, uploads in parts
MAX_FILES = 100
MAX_BATCH_BYTES = 128 * 1024

_FILES = f'Send {{"files": [{{"filename": "a.jpg"}}, ...]}} with 1 to {MAX_FILES} files.'

Wanted = tuple[GrantMaker, AdmittedFile]


def limits(services: Services, call: Invocation) -> dict[str, Any]:
    """`GET /limits`: what may be uploaded with a preset."""
    preset = _preset(services, call, name_in_query(call.request.query))
    settings = preset.settings
    multipart = {"threshold": MULTIPART_THRESHOLD, "max_bytes": settings.max_upload_bytes}
    return {
        "preset": preset.name,
        "min_bytes": settings.min_upload_bytes,
        "max_bytes": settings.max_form_bytes,
        "content_types": list(settings.allowed_content_types.content_types),
        "accept": settings.allowed_content_types.accept,
        "directory_grants": settings.directory_grants,
        "multipart": multipart if settings.multipart else None,
    }


def directory_grant(services: Services, call: Invocation) -> Grant:
    """`GET /`: a grant for names that the client chooses."""
    preset = _preset(services, call, name_in_query(call.request.query))
    if not preset.settings.directory_grants:
        raise NotFound(
            f"Directory grants are switched off for the preset {preset.name}.",
            "Use POST /sign for each file.",
        )
    credentials = _credentials(services, call)
    grant = services.grants[preset.name].directory_grant(
        credentials, user=call.caller.user, leaf=_leaf(), now=services.clock()
    )
    _log_grant(grant["dir"], call)
    return grant


def companion_parameters(services: Services, call: Invocation) -> Grant:
    """`GET /s3/params`: a grant for one file, as Companion clients request it."""
    query = call.request.query
    preset = _preset(services, call, name_in_query(query))
    (grant,) = _grant_each(services, call, [_admit(services, preset, file_from_query(query))])
    return grant


def sign(services: Services, call: Invocation) -> Grant:
    """`POST /sign`: a grant for one file, or a list of them."""
    body = call.request.body
    members = parse_body(body, MAX_BATCH_BYTES)
    name = name_in_json(members) or name_in_query(call.request.query)
    if "files" in members:
        return {"grants": _batch(services, call, members["files"], name)}
    if len(body) > MAX_BODY_BYTES:
        raise InvalidRequest(f"The body is larger than {MAX_BODY_BYTES} bytes.", _FILES)
    preset = _preset(services, call, name)
    (grant,) = _grant_each(services, call, [_admit(services, preset, file_from_members(members))])
    return grant


def _batch(services: Services, call: Invocation, files: object, name: str) -> list[Any]:
    """A grant for each file, in order, or what is wrong with that file."""
    if not isinstance(files, list) or not 1 <= len(files) <= MAX_FILES:
        raise InvalidRequest(f"files is not a list of 1 to {MAX_FILES} files.", _FILES)
    if name:
        _preset(services, call, name)  # wrong for all files, so it is the request that is refused
    results: list[Any] = []
    wanted: list[Wanted] = []
    for number, members in enumerate(files, start=1):
        try:
            wanted.append(_wanted(services, call, members, name))
            results.append(None)
        except Refusal as refusal:
            logger.info("file %d: %s, %s", number, refusal.code, refusal.message)
            results.append(error_document(refusal, request_id(call.context)))
    grants = iter(_grant_each(services, call, wanted) if wanted else ())
    return [next(grants) if result is None else result for result in results]


def _wanted(services: Services, call: Invocation, members: object, name: str) -> Wanted:
    if not isinstance(members, dict):
        raise InvalidRequest("The file is not a JSON object.", _FILES)
    preset = _preset(services, call, name_in_json(members) or name)
    return _admit(services, preset, file_from_members(members))


def _preset(services: Services, call: Invocation, name: str) -> Preset:
    return choose_preset(services.presets, name, call.caller)


def _admit(services: Services, preset: Preset, file: File) -> Wanted:
    settings = preset.settings
    maximum = settings.max_form_bytes
    try:
        admitted = settings.allowed_content_types.admit(
            file, minimum=settings.min_upload_bytes, maximum=maximum
        )
    except FileTooLarge:
        if file.size is None or file.size > settings.max_upload_bytes:
            raise
        raise FileTooLarge(
            f"A form carries at most {maximum} bytes.",
            "Upload larger files in parts, through POST /s3/multipart.",
        ) from None
    return services.grants[preset.name], admitted


def _grant_each(services: Services, call: Invocation, wanted: list[Wanted]) -> list[Grant]:
    """Grants for admitted files: one look at the credentials and at the clock for all."""
    credentials = _credentials(services, call)
    user, now = call.caller.user, services.clock()
    grants = []
    for maker, file in wanted:
        grant = maker.file_grant(credentials, file, user=user, leaf=_leaf(), now=now)
        _log_grant(grant["key"], call)
        grants.append(grant)
    return grants


def _credentials(services: Services, call: Invocation) -> Credentials:
    credentials = services.credentials.get(call.context)
    if (length := len(credentials.security_token)) > LONGEST_TOKEN:
        logger.warning(
            "The security token has %d characters; forms certainly fit with %d.",
            length,
            LONGEST_TOKEN,
        )
    return credentials


def _leaf() -> str:
    """128 unguessable random bits, so that no uploader can reach another's object."""
    return os.urandom(16).hex()


def _log_grant(key_or_dir: str, call: Invocation) -> None:
    """Who may put what where, so that an object can be traced to its uploader."""
    logger.debug("granted %r to %r", key_or_dir, call.caller.user or "anyone")
