"""Upload grants: what a browser needs to post one form to OSS.

A directory grant lets the client name files below a fresh prefix. A file grant is for one exact
key; OSS cannot demand that a field be absent, so every field that an uploader could abuse is
pinned to a harmless value and sent.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from ..callbacks import Callbacks, Scope
from ..credentials import GRANT_MARGIN, Credentials
from ..errors import CredentialsUnavailable, Misconfigured
from ..files import MAX_SEGMENT_BYTES, MIN_NAME_BYTES, AdmittedFile, shown_name, user_segment
from ..settings import USER, Settings
from .post_policy import (
    SIGNERS,
    content_length_range,
    exactly,
    exactly_each,
    format_expiration,
    one_of,
    starts_with,
)

# OSS's topic on form uploads allows this much for all fields but the file, names and values.
MAX_FIELDS_BYTES = 8192
# The longest token for which this is promised; longer ones are sent all the same.
LONGEST_TOKEN = 1200

Grant = dict[str, Any]


class GrantMaker:
    """Makes grants under one configuration; safe to share between threads.

    `user` is the caller's name, empty where callers have none; `leaf` is a name that is unused and
    cannot be guessed; `now` is an aware UTC datetime. Raises `Misconfigured` when the settings make
    forms too long for OSS.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._life = timedelta(seconds=settings.policy_seconds)
        self._url = settings.upload_url + "/"
        self._sign = SIGNERS[settings.signature_version]
        self._callbacks = (
            Callbacks(settings.callback_url, settings.grant_secret)
            if settings.callback_url
            else None
        )
        self._directory_types = settings.allowed_content_types.directory_types
        self._name_room = 0
        self._name_room = self._measure_name_room()

    def directory_grant(
        self, credentials: Credentials, *, user: str, leaf: str, now: datetime
    ) -> Grant:
        """A grant for names that the client chooses, below the prefix and, if wanted, `leaf`."""
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
            content_types=self._directory_types,
        )
        grant = self._grant(credentials, scope, pinned, now)
        return grant | _classic_members(grant, credentials, prefix)

    def file_grant(
        self, credentials: Credentials, file: AdmittedFile, *, user: str, leaf: str, now: datetime
    ) -> Grant:
        """A grant for one file, under a key that `leaf` makes unique."""
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
        """What both kinds have; `pinned` fields are sent and become conditions."""
        expiration = self._policy_expiration(credentials, now)
        key = scope.key_or_dir
        if self._callbacks:
            pinned["callback"] = self._callbacks.form_field(scope, issued=now, expires=expiration)
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
            credentials,
            expiration=expiration,
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

        OSS accepts a V4 form for at most 7 days after its x-oss-date; POLICY_SECONDS ends sooner.
        """
        expiration = now + self._life
        if credentials.expiration is not None:
            expiration = min(expiration, credentials.expiration - GRANT_MARGIN)
        expiration = expiration.replace(microsecond=0)
        if expiration <= now:
            raise CredentialsUnavailable(
                "The cached credentials expire too soon to sign with.",
                "Try again in a few seconds.",
                {"Retry-After": "5"},
            )
        return expiration

    def _measure_name_room(self) -> int:
        """How many bytes an encoded file name may have, so that no form exceeds the limit.

        UPLOAD_DIR and the callback have limits of their own that leave room for a name; a list of
        content types has only this one. Where it is too long, directory grants go without the last
        of the other names that browsers use for the listed types.
        """
        now = datetime(2100, 1, 1, tzinfo=timezone.utc)  # ten digits in Unix seconds, as now
        credentials = Credentials("x" * 40, "", "x" * LONGEST_TOKEN, None)
        file = AdmittedFile("", "x" * 16, content_type="x" * 80, minimum=10**10, maximum=10**10)
        names = {"user": "x" * MAX_SEGMENT_BYTES, "leaf": "x" * 32}
        listed = self._settings.allowed_content_types.content_types
        while (
            self._settings.directory_grants
            and _form_size(self.directory_grant(credentials, **names, now=now)) > MAX_FIELDS_BYTES
        ):
            if len(self._directory_types) <= len(listed):
                raise Misconfigured(
                    "ALLOWED_CONTENT_TYPES makes upload forms longer than "
                    f"{MAX_FIELDS_BYTES} bytes.",
                    "List fewer types, or set DIRECTORY_GRANTS=false: file grants pin one type.",
                )
            self._directory_types = self._directory_types[:-1]
        for_file = _form_size(self.file_grant(credentials, file, **names, now=now))
        # A byte of the name costs itself and, in the policy's Base64, 4/3 of itself, rounded up.
        room = (MAX_FIELDS_BYTES - for_file - 3) * 3 // 7
        if room < MIN_NAME_BYTES:
            raise Misconfigured(
                f"The settings make upload forms longer than {MAX_FIELDS_BYTES} bytes.",
                "Shorten UPLOAD_DIR or CALLBACK_URL.",
            )
        return room


def _form_size(grant: Grant) -> int:
    return sum(len(name.encode()) + len(value.encode()) for name, value in grant["fields"].items())


def _classic_members(grant: Grant, credentials: Credentials, prefix: str) -> Grant:
    """The flat names that the pages of OSS's own topics read, which build the form themselves."""
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
