"""Upload grants: what a browser needs to post one form to OSS.

A directory grant lets the client name files below a fresh prefix. A file grant is for one exact
key; OSS cannot demand that a field be absent, so every field that an uploader could abuse is
pinned to a harmless value and sent.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from .callback_field import Callbacks
from .credentials import GRANT_MARGIN, Credentials
from .errors import CredentialsUnavailable
from .files import AdmittedFile, shown_name
from .policy import (
    content_length_range,
    exactly,
    exactly_each,
    format_expiration,
    one_of,
    starts_with,
)
from .scope import Scope
from .settings import USER, Settings
from .signing import SIGNERS
from .users import user_segment

Grant = dict[str, Any]


class GrantMaker:
    """Makes grants under one configuration; encoded file names get `name_room` bytes.

    `user` is whom a grant is for, empty where nobody is known; `leaf` is a name that nobody has
    used or can guess; `now` is an aware UTC datetime.
    """

    def __init__(self, settings: Settings, *, name_room: int) -> None:
        self._settings = settings
        self._name_room = name_room
        self._life = timedelta(seconds=settings.policy_seconds)
        self._url = settings.upload_url + "/"
        self._sign = SIGNERS[settings.signature_version]
        self._listed_types = settings.allowed_content_types if settings.content_types_set else ()
        self._callbacks = (
            Callbacks(settings.callback_url, settings.grant_secret)
            if settings.callback_url
            else None
        )

    def directory_grant(
        self, credentials: Credentials, *, user: str, leaf: str, now: datetime
    ) -> Grant:
        """A grant for names of the client's choice below the prefix (and `leaf`, if wanted)."""
        settings = self._settings
        prefix = self._prefix(user) + (f"{leaf}/" if settings.unique_dir else "")
        pinned = {"success_action_status": "200"}
        if settings.forbid_overwrite and not settings.unique_dir:
            pinned["x-oss-forbid-overwrite"] = "true"
        scope = Scope(
            settings.oss_bucket,
            prefix,
            is_directory=True,
            user=user,
            minimum=settings.min_upload_bytes,
            maximum=settings.max_upload_bytes,
            content_types=self._listed_types,
        )
        grant = self._grant(credentials, scope, pinned, now)
        return grant | _classic_members(grant, credentials, prefix)

    def file_grant(
        self, credentials: Credentials, file: AdmittedFile, *, user: str, leaf: str, now: datetime
    ) -> Grant:
        """A grant for one file, under a key of our own making."""
        settings = self._settings
        key = f"{self._prefix(user)}{leaf}{file.extension and '.' + file.extension}"
        shown = shown_name(file.name, self._name_room)
        pinned = {
            "Content-Type": file.content_type,
            "x-oss-content-type": file.content_type,
            "Content-Disposition": f"attachment; filename*=UTF-8''{shown}",
            "success_action_status": "200",
        }
        if settings.forbid_overwrite:
            pinned["x-oss-forbid-overwrite"] = "true"
        if settings.object_acl:
            pinned["x-oss-object-acl"] = settings.object_acl
        scope = Scope(
            settings.oss_bucket,
            key,
            is_directory=False,
            user=user,
            minimum=file.minimum,
            maximum=file.maximum,
            content_types=(file.content_type,),
        )
        return self._grant(credentials, scope, pinned, now) | {"key": key}

    def _prefix(self, user: str) -> str:
        prefix = self._settings.upload_dir
        return prefix.replace(USER, user_segment(user)) if user else prefix

    def _grant(
        self, credentials: Credentials, scope: Scope, pinned: dict[str, str], now: datetime
    ) -> Grant:
        """What both kinds have; `pinned` are fields that are conditions, too."""
        expiration = self._policy_expiration(credentials, now)
        key = scope.key_or_dir
        if self._callbacks:
            pinned["callback"] = self._callbacks.field(scope, issued=now, expires=expiration)
        conditions = [
            exactly("bucket", scope.bucket),
            content_length_range(scope.minimum, scope.maximum),
            starts_with("key", key) if scope.is_directory else exactly("key", key),
            *exactly_each(pinned),
        ]
        if scope.is_directory and scope.content_types:
            conditions.append(one_of("content-type", scope.content_types))
        signed = self._sign(
            conditions,
            expiration=expiration,
            access_key_id=credentials.access_key_id,
            access_key_secret=credentials.access_key_secret,
            security_token=credentials.security_token,
            region=self._settings.oss_region,
            now=now,
        )
        server_time = now.timestamp()
        expire = int(expiration.timestamp())
        return {
            "method": "POST",
            "url": self._url,
            "fields": {
                "key": key + "${filename}" if scope.is_directory else key,
                **pinned,
                **signed,
            },
            "expires": int(expire - server_time),
            "expire": expire,
            "expiration": format_expiration(expiration),
            "server_time": int(server_time),
            "limits": {
                "min_bytes": scope.minimum,
                "max_bytes": scope.maximum,
                "content_types": list(scope.content_types),
            },
        }

    def _policy_expiration(self, credentials: Credentials, now: datetime) -> datetime:
        """The whole second at which the grant ends.

        OSS takes a V4 form for 7 days after its x-oss-date at most; POLICY_SECONDS ends sooner.
        """
        expiration = now + self._life
        if credentials.expiration is not None:
            expiration = min(expiration, credentials.expiration - GRANT_MARGIN)
        expiration = expiration.replace(microsecond=0)
        if expiration <= now:
            raise CredentialsUnavailable(
                "The credentials in hand end too soon to sign with.",
                "Try again in a few seconds.",
                {"Retry-After": "5"},
            )
        return expiration


def _classic_members(grant: Grant, credentials: Credentials, prefix: str) -> Grant:
    """The flat names that the pages of OSS's own topics read; they build the form themselves."""
    fields = grant["fields"]
    classic = {
        "accessid": credentials.access_key_id,
        "host": grant["url"].removesuffix("/"),
        "policy": fields["policy"],
        "signature": fields.get("x-oss-signature") or fields["Signature"],
        "dir": prefix,
        "security_token": credentials.security_token,
        # Never absent: those pages would post the text "undefined".
        "callback": fields.get("callback", ""),
    }
    if "x-oss-signature" in fields:
        version = fields["x-oss-signature-version"]
        classic |= {
            "x_oss_signature_version": version,
            "version": version,
            "x_oss_credential": fields["x-oss-credential"],
            "x_oss_date": fields["x-oss-date"],
        }
    return classic
