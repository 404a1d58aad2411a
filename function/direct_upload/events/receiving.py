"""From an event to the hook: each record that reports an upload granted here.

No event is signed: anyone who may call the function could invent one. So the grant id in the
object's metadata has to prove the upload, as it does in a callback.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from ..callbacks import GRANT_METADATA
from ..callbacks.field import WrongGrant, check_grant_id
from ..callbacks.metadata import from_metadata
from ..callbacks.report import hand_over
from ..credentials import Credentials
from ..credentials.function_role import base_credentials
from ..errors import Misconfigured, StorageUnavailable, kind_and_places, misconfigured
from ..hook import Upload
from ..presets import directory_types, presets_for
from ..services import ROOT
from ..settings import Settings, parse_settings
from ..settings.value_files import with_secrets
from .records import NotAnUpload, StoredObject, read_event, read_record

logger = logging.getLogger("direct_upload")


class NotHandled(Exception):
    """Some uploads of an event did not reach the hook, or it failed; the log says which."""


class _Known(NamedTuple):
    settings: Settings
    directory_types: Mapping[str, tuple[str, ...]]  # by preset


class Receiver:
    """Receives events under one environment, which is read at the first; safe to share."""

    def __init__(self, environ: Mapping[str, str], clock: Callable[[], datetime]) -> None:
        self._environ = environ
        self._clock = clock

    def handle(self, event: bytes, context: object) -> None:
        """Hand each upload that an event reports to the hook.

        Raises `NotHandled`, after trying all of them, where the hook failed or OSS did not say what
        the event lacks: Function Compute then calls again with the whole event. What is not an
        upload that was granted here is logged and left alone. `Misconfigured` says that the
        settings permit no event at all.
        """
        known = self._known
        try:
            records = read_event(event)
        except NotAnUpload as reason:
            logger.error("event left alone: %s", reason)
            return
        failed = sum(not self._receive(record, known, context) for record in records)
        if failed:
            raise NotHandled(f"{failed} of {len(records)} records failed; the log says why.")

    def _receive(self, record: Any, known: _Known, context: object) -> bool:
        """Whether the record is done with."""
        key = "a record"
        try:
            stored = read_record(record)
            key = repr(stored.key)
            upload = self._granted(stored, known, context)
        except NotAnUpload as reason:
            logger.info("%s left alone: %s", key, reason)
            return True
        except WrongGrant as reason:
            logger.warning("%s left alone: %s", key, reason)
            return True
        except Misconfigured as reason:
            logger.error("%s left alone: %s %s", key, reason.message, reason.hint)
            return True
        except StorageUnavailable as reason:
            logger.error("%s failed: %s", key, reason.message)
            return False
        try:
            hand_over(upload)
        except Exception as error:
            logger.error("%s failed: the hook raised %s", key, kind_and_places(error))
            return False
        return True

    def _granted(self, stored: StoredObject, known: _Known, context: object) -> Upload:
        """The upload, if it was granted here; else `NotAnUpload` or `WrongGrant`."""
        settings = known.settings
        if stored.bucket != settings.oss_bucket:
            raise NotAnUpload("the bucket is not OSS_BUCKET")
        keys, mime_type, metadata = stored.keys, stored.mime_type, stored.metadata
        if not metadata or (mime_type is None and GRANT_METADATA in metadata):
            key, metadata = self._look_at(stored, settings, context)
            keys, mime_type = [key], metadata.get("content-type")
        if GRANT_METADATA not in metadata:
            raise NotAnUpload("the object has no grant id")
        grant_id = from_metadata(settings.grant_secret, metadata[GRANT_METADATA])
        for key in keys[1:]:
            with suppress(WrongGrant):
                return self._proven(replace(stored, key=key), grant_id, mime_type or "", known)
        return self._proven(replace(stored, key=keys[0]), grant_id, mime_type or "", known)

    def _proven(self, stored: StoredObject, grant_id: str, mime_type: str, known: _Known) -> Upload:
        user, preset = check_grant_id(
            grant_id,
            known.settings.grant_secret,
            bucket=stored.bucket,
            key=stored.key,
            size=stored.size,
            content_type=mime_type,
            directory_types=known.directory_types,
            now=stored.stored_at or self._clock(),  # an event may come after the grant's end
        )
        return Upload(
            bucket=stored.bucket,
            key=stored.key,
            size=stored.size,
            etag=stored.etag,
            mime_type=mime_type,
            width=None,
            height=None,
            user=user,
            preset=preset,
            source="event",
        )

    def _look_at(
        self, stored: StoredObject, settings: Settings, context: object
    ) -> tuple[str, Mapping[str, str]]:
        """The object's key, as OSS knows it, and its headers."""
        from .metadata import head_object  # events usually have all that is needed

        own = base_credentials(context, self._environ)
        credentials = Credentials(
            own.access_key_id, own.access_key_secret, own.security_token or "", None
        )
        for key in stored.keys:
            headers = head_object(settings, credentials, key, self._clock())
            if headers is not None:
                return key, headers
        raise NotAnUpload("there is no such object any more")

    @cached_property
    def _known(self) -> _Known:
        environ = with_secrets(self._environ, ROOT)
        settings = parse_settings(environ)
        logger.setLevel(settings.log_level)
        if not settings.grant_secret:
            hint = "Set the one of the function that makes the grants: it proves what is ours."
            raise misconfigured("GRANT_SECRET", "is missing", hint)
        return _Known(settings, directory_types(presets_for(settings, environ, ROOT)))
