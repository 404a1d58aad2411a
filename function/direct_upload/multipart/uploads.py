"""The six routes of resumable uploads, as clients of Uppy's Companion call them.

The function begins and completes each upload itself; the browser only puts parts, each by a URL
that is signed for its number and its exact length. So nobody can store more than was declared, or
under another key or type. Each step checks the caller, the ticket and the preset anew.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from ..callbacks import GRANT_METADATA, Scope, callback_field, make_grant_id, to_metadata
from ..callers import Caller
from ..credentials import CredentialsSource
from ..errors import (
    InvalidRequest,
    NotFound,
    UploadIncomplete,
    UploadNotFound,
)
from ..files import AdmittedFile, File, file_from_members, parse_body, shown_name
from ..files.keys import Naming, Template
from ..http.events import Request
from ..presets import Preset, Presets, choose_preset, name_in_json, name_in_query
from .oss import Bucket, Completed, KeyTaken, NoSuchUpload, PartChanged, Session
from .parts import MIN_PART_SECONDS, part_number, part_url, require_all, url_seconds
from .responses import Part
from .tickets import Ticket, part_size, read_ticket, write_ticket

logger = logging.getLogger("direct_upload")

MAX_BATCH = 100
MAX_NAME_BYTES = 1024  # of a shown name, encoded: 80 characters of 12

_SIZE = (
    'Send the file\'s size in bytes as "size". With Uppy: '
    'uppy.on("file-added", (file) => uppy.setFileMeta(file.id, { size: file.size }))'
)


class ResumableUploads:
    """The routes under one configuration; safe to share between threads.

    Each takes a request, its caller and Function Compute's context.
    """

    def __init__(
        self, presets: Presets, credentials: CredentialsSource, clock: Callable[[], datetime]
    ) -> None:
        self._presets = presets
        self._credentials = credentials
        self._clock = clock
        # What no preset changes.
        settings = next(iter(presets.values())).settings
        self._bucket = Bucket(settings.oss_bucket, settings.oss_region, settings.oss_endpoint)
        self._public_origin = settings.upload_url
        self._secret = settings.grant_secret
        self._seconds = settings.multipart_seconds
        self._callback_url = settings.callback_url

    def create(self, request: Request, caller: Caller, context: object) -> dict[str, Any]:
        """`POST /s3/multipart`: begin the upload of one file."""
        members = parse_body(request.body)
        name = name_in_json(members) or name_in_query(request.query)
        preset = choose_preset(self._presets, name, caller)
        settings = preset.settings
        if not settings.multipart:
            raise NotFound(
                f"Resumable uploads are switched off for the preset {preset.name}.",
                "Use POST /sign for this file.",
            )
        file = settings.allowed_content_types.admit(
            _declared(members),
            minimum=max(settings.min_upload_bytes, 1),  # no file without bytes has parts
            maximum=settings.max_upload_bytes,
        )
        now = self._clock()
        naming = Naming(caller.user, now, os.urandom(16).hex(), file.name, file.extension)
        key = Template(settings.upload_dir + settings.upload_key).fill(naming)
        session = Session(self._credentials.get(context), now)
        ticket = Ticket(
            oss_id="",
            key=key,
            size=file.maximum,
            part_size=part_size(file.maximum),
            content_type=file.content_type,
            preset=preset.name,
            user=caller.user,
            end=int(now.timestamp()) + self._seconds,
        )
        grant_id = self._grant_id(ticket, issued=now, seconds=self._seconds)
        headers = _headers(preset, file) | {GRANT_METADATA: to_metadata(self._secret, grant_id)}
        ticket = ticket._replace(oss_id=self._bucket.initiate(session, key, headers))
        logger.debug("began %r for %r", key, caller.user or "anyone")
        return {
            "key": key,
            "uploadId": write_ticket(ticket, self._secret, self._bucket.name),
            "partSize": ticket.part_size,
            "parts": ticket.parts,
            "contentType": ticket.content_type,
            "expires": self._seconds,
        }

    def sign_part(self, request: Request, caller: Caller, context: object) -> dict[str, Any]:
        """`GET /s3/multipart/{uploadId}/{partNumber}`: a URL that takes one part."""
        ticket, preset = self._open(request, caller)
        number = part_number(request.path.split("/", 4)[4], ticket)
        urls, seconds = self._sign(ticket, preset, [number], context)
        return {
            "url": urls[str(number)],
            "expires": seconds,
            "method": "PUT",
            "size": ticket.length(number),
        }

    def sign_batch(self, request: Request, caller: Caller, context: object) -> dict[str, Any]:
        """`GET /s3/multipart/{uploadId}/batch`: URLs for several parts."""
        ticket, preset = self._open(request, caller)
        texts = request.query.get("partNumbers", "").split(",", MAX_BATCH)
        if len(texts) > MAX_BATCH:
            raise InvalidRequest(
                f"partNumbers has more than {MAX_BATCH} numbers.", "Request the rest afterwards."
            )
        numbers = [part_number(text, ticket) for text in texts]
        urls, seconds = self._sign(ticket, preset, numbers, context)
        return {"presignedUrls": urls, "expires": seconds}

    def list_parts(self, request: Request, caller: Caller, context: object) -> list[dict[str, Any]]:
        """`GET /s3/multipart/{uploadId}`: the parts that are there."""
        ticket, _ = self._open(request, caller)
        return [
            {"PartNumber": part.number, "Size": part.size, "ETag": part.etag}
            for part in self._list(self._session(context), ticket)
        ]

    def complete(self, request: Request, caller: Caller, context: object) -> dict[str, Any]:
        """`POST /s3/multipart/{uploadId}/complete`: make the object, of all its parts.

        What the client says of the parts is not looked at. Repeating it is harmless: a key is
        unique, so an object under it can only be this upload's.
        """
        ticket, preset = self._open(request, caller)
        session = self._session(context)
        try:
            parts = require_all(ticket, self._bucket.list_parts(session, ticket.key, ticket.oss_id))
            headers = self._completion_headers(ticket, preset, session.now)
            done = self._bucket.complete(session, ticket.key, ticket.oss_id, parts, headers)
        except (NoSuchUpload, KeyTaken):
            if not self._bucket.holds(session, ticket.key):
                raise _not_found() from None
            done = Completed(None, None)
        except PartChanged:
            raise UploadIncomplete(
                "A part was sent again while the upload was being completed.",
                "Complete it once more.",
            ) from None
        found = {"key": ticket.key, "size": ticket.size, "user": ticket.user}
        logger.info(json.dumps({"event": "multipart_completed", **found, "preset": preset.name}))
        return {
            "location": f"{self._public_origin}/{quote(ticket.key)}",
            "key": ticket.key,
            "size": ticket.size,
            "etag": done.etag,
            "preset": ticket.preset,
            "callback": done.callback,
        }

    def delete(self, request: Request, caller: Caller, context: object) -> dict[str, Any]:
        """`DELETE /s3/multipart/{uploadId}`: remove the parts; an object that is there stays."""
        ticket, _ = self._open(request, caller)
        try:
            self._bucket.abort(self._session(context), ticket.key, ticket.oss_id)
        except NoSuchUpload:
            logger.debug("nothing is left of %r", ticket.key)
        return {}

    def _open(self, request: Request, caller: Caller) -> tuple[Ticket, Preset]:
        """The upload that the path names, if it is the caller's, and its preset."""
        ticket = read_ticket(
            request.path.split("/", 4)[3],
            self._secret,
            bucket=self._bucket.name,
            key=request.query.get("key", ""),
            user=caller.user,
            now=self._clock(),
        )
        if (
            ticket is None
            or ticket.preset not in self._presets
            or not self._presets[ticket.preset].settings.multipart
        ):
            raise _not_found()
        return ticket, choose_preset(self._presets, ticket.preset, caller)

    def _session(self, context: object) -> Session:
        return Session(self._credentials.get(context), self._clock())

    def _list(self, session: Session, ticket: Ticket) -> list[Part]:
        try:
            return self._bucket.list_parts(session, ticket.key, ticket.oss_id)
        except NoSuchUpload:
            raise _not_found() from None

    def _sign(
        self, ticket: Ticket, preset: Preset, numbers: list[int], context: object
    ) -> tuple[dict[str, str], int]:
        """The URLs of these parts, by number, and the seconds that they live."""
        credentials, now = self._credentials.get(context), self._clock()
        seconds = url_seconds(preset.settings.policy_seconds, ticket, credentials, now)
        origin = self._public_origin
        urls = {
            str(number): part_url(
                self._bucket, ticket, number, credentials, origin=origin, now=now, seconds=seconds
            )
            for number in numbers
        }
        return urls, seconds

    def _completion_headers(
        self, ticket: Ticket, preset: Preset, now: datetime
    ) -> Mapping[str, str]:
        """What only counts when the object is made: overwriting, ACL and callback."""
        settings = preset.settings
        headers = {}
        if settings.forbid_overwrite:
            headers["x-oss-forbid-overwrite"] = "true"
        if settings.object_acl is not None:
            headers["x-oss-object-acl"] = settings.object_acl
        if self._callback_url:
            grant_id = self._grant_id(ticket, issued=now, seconds=MIN_PART_SECONDS)
            headers["x-oss-callback"] = callback_field(self._callback_url, grant_id)
        return headers

    def _grant_id(self, ticket: Ticket, *, issued: datetime, seconds: int) -> str:
        scope = Scope(
            self._bucket.name,
            ticket.key,
            is_directory=False,
            preset=ticket.preset,
            user=ticket.user,
            minimum=0,  # so that the ID is no longer than a form's; all parts are checked
            maximum=ticket.size,
            content_types=(ticket.content_type,),
        )
        begin = int(issued.timestamp())
        return make_grant_id(self._secret, scope, issued=begin, expires=begin + seconds)


def _declared(members: Mapping[str, Any]) -> File:
    """The file that a client declares: Uppy sends `type`, and the size in its metadata as text."""
    metadata = members.get("metadata")
    size = members.get("size")
    if size is None and isinstance(metadata, dict):
        size = metadata.get("size")
    if isinstance(size, str) and re.fullmatch("[0-9]{1,20}", size):
        size = int(size)
    file = file_from_members(
        {
            "filename": members.get("filename"),
            "content_type": members.get("content_type") or members.get("type"),
            "size": size,
        }
    )
    if file.size is None:
        raise InvalidRequest("size is missing.", _SIZE)
    return file


def _headers(preset: Preset, file: AdmittedFile) -> dict[str, str]:
    """What the object gets, no matter who puts its parts."""
    settings = preset.settings
    shown = shown_name(file.name, MAX_NAME_BYTES)
    headers = {
        "content-type": file.content_type,
        "content-disposition": f"{settings.content_disposition}; filename*=UTF-8''{shown}",
        "x-oss-forbid-overwrite": "true" if settings.forbid_overwrite else None,
        "x-oss-storage-class": settings.storage_class,
        **preset.metadata,
    }
    return {name: value for name, value in headers.items() if value is not None}


def _not_found() -> UploadNotFound:
    return UploadNotFound(
        "There is no such upload: it has ended or been deleted, or it is for another key or user.",
        "Begin a new one with POST /s3/multipart, and send its key with each step.",
    )
