"""Upload grants: what a browser needs to post one form to OSS.

A directory grant lets the client name files below a fresh prefix. A file grant is for one exact
key; OSS cannot demand that a field be absent, so every field that an uploader could abuse is
pinned to a harmless value and sent.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..callbacks import GRANT_METADATA, Scope, callback_field, make_grant_id, to_metadata
from ..credentials import GRANT_MARGIN, Credentials
from ..errors import CredentialsUnavailable, misconfigured
from ..files import MIN_NAME_BYTES, AdmittedFile, shown_name
from ..files.keys import LONGEST, Naming, Template
from ..presets import Preset
from ..settings import Settings
from .post_policy import (
    SIGNERS,
    Condition,
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
    """Makes grants of one preset; safe to share between threads.

    `user` is the caller's name, empty where callers have none; `leaf` is a name that is unused and
    cannot be guessed; `now` is an aware UTC datetime. Raises `Misconfigured` when the settings make
    forms too long for OSS.
    """

    def __init__(self, preset: Preset) -> None:
        settings = preset.settings
        self._preset = preset
        self._url = settings.upload_url + "/"
        self._sign = SIGNERS[settings.signature_version]
        self._prefix = Template(settings.upload_dir)
        self._key = Template(settings.upload_dir + settings.upload_key)
        # What is the same in all grants is written once.
        self._bucket = exactly("bucket", settings.oss_bucket)
        self._directory_fields = _directory_fields(settings)
        self._admit_in_directories(settings.allowed_content_types.directory_types)
        self._file_fields = _file_fields(preset)
        self._file_conditions = ",".join(exactly_each(self._file_fields))
        self._name_room = 0
        self._name_room = self._measure_name_room()

    def _admit_in_directories(self, types: tuple[str, ...]) -> None:
        self._directory_types = types
        conditions = exactly_each(self._directory_fields)
        if types:
            conditions.append(one_of("content-type", types))
        self._directory_conditions = ",".join(conditions)

    def directory_grant(
        self, credentials: Credentials, *, user: str, leaf: str, now: datetime
    ) -> Grant:
        """A grant for names that the client chooses, below the prefix and, if wanted, `leaf`."""
        settings = self._preset.settings
        prefix = self._prefix.fill(Naming(user, now)) + (f"{leaf}/" if settings.unique_dir else "")
        scope = Scope(
            settings.oss_bucket,
            prefix,
            is_directory=True,
            preset=self._preset.name,
            user=user,
            minimum=settings.min_upload_bytes,
            maximum=settings.max_form_bytes,
            content_types=self._directory_types,
        )
        fields = {"key": prefix + "${filename}", **self._directory_fields}
        conditions = [starts_with("key", prefix), self._directory_conditions]
        grant = self._grant(credentials, scope, fields, conditions, now)
        return grant | _classic_members(grant, credentials, prefix)

    def file_grant(
        self, credentials: Credentials, file: AdmittedFile, *, user: str, leaf: str, now: datetime
    ) -> Grant:
        """A grant for one file, under a key that `leaf` makes unique."""
        settings = self._preset.settings
        naming = Naming(user, now, leaf, file.name, file.extension)
        key = self._key.fill(naming)
        shown = shown_name(file.name, self._name_room)
        fields = {
            "key": key,
            "Content-Type": file.content_type,
            "x-oss-content-type": file.content_type,
            "Content-Disposition": f"{settings.content_disposition}; filename*=UTF-8''{shown}",
        }
        conditions = [*exactly_each(fields), self._file_conditions]
        scope = Scope(
            settings.oss_bucket,
            key,
            False,
            self._preset.name,
            user,
            file.minimum,
            file.maximum,
            (file.content_type,),
        )
        fields |= self._file_fields
        grant = self._grant(credentials, scope, fields, conditions, now)
        grant["key"] = key
        return grant

    def _grant(
        self,
        credentials: Credentials,
        scope: Scope,
        fields: dict[str, str],
        conditions: list[Condition],
        now: datetime,
    ) -> Grant:
        """What both kinds have; the conditions cover the fields."""
        server_time = now.timestamp()
        issued = int(server_time)
        expire = self._expire(credentials, server_time)
        expiration = format_expiration(expire)
        if self._preset.settings.grant_secret:
            proof = self._proof(scope, issued=issued, expires=expire)
            fields |= proof
            conditions += exactly_each(proof)
        signed = self._sign(
            [self._bucket, content_length_range(scope.minimum, scope.maximum), *conditions],
            credentials,
            expiration=expiration,
            region=self._preset.settings.oss_region,
            issued=issued,
        )
        return {
            "method": "POST",
            "url": self._url,
            "fields": fields | signed,
            "expires": int(expire - server_time),
            "expire": expire,
            "expiration": expiration,
            "server_time": issued,
            "limits": {
                "min_bytes": scope.minimum,
                "max_bytes": scope.maximum,
                "content_types": list(scope.content_types),
            },
            "preset": scope.preset,
        }

    def _proof(self, scope: Scope, *, issued: int, expires: int) -> dict[str, str]:
        """What will prove to a callback, and to an event, that the upload was granted here."""
        settings = self._preset.settings
        proof: dict[str, str] = {}
        grant_id = make_grant_id(settings.grant_secret, scope, issued=issued, expires=expires)
        if not scope.is_directory:  # the documentation's pages send no metadata
            proof[GRANT_METADATA] = to_metadata(settings.grant_secret, grant_id)
        if settings.callback_url:
            proof["callback"] = callback_field(settings.callback_url, grant_id)
        return proof

    def _expire(self, credentials: Credentials, now: float) -> int:
        """The whole second at which the grant ends, as Unix time.

        OSS accepts a V4 form for at most 7 days after its x-oss-date; POLICY_SECONDS ends sooner.
        """
        ends = now + self._preset.settings.policy_seconds
        if credentials.expiration is not None:
            ends = min(ends, (credentials.expiration - GRANT_MARGIN).timestamp())
        expire = int(ends)
        if expire <= now:
            raise CredentialsUnavailable(
                "The cached credentials expire too soon to sign with.",
                "Try again in a few seconds.",
                {"Retry-After": "5"},
            )
        return expire

    def _measure_name_room(self) -> int:
        """How many bytes an encoded file name may have, so that no form exceeds the limit.

        Prefix, key, metadata and callback have limits of their own, which all together leave no
        room; a list of content types has only this one. Where it is too long, directory grants go
        without the last of the other names that browsers use for the listed types.
        """
        preset, settings = self._preset, self._preset.settings
        credentials = Credentials("x" * 40, "", "x" * LONGEST_TOKEN, None)
        names = {"user": LONGEST.user, "leaf": LONGEST.leaf}
        file = AdmittedFile(LONGEST.name, LONGEST.extension, "x" * 80, 10**10, 10**10)
        problem = f"makes upload forms longer than {MAX_FIELDS_BYTES} bytes"
        listed = settings.allowed_content_types.content_types
        while (
            settings.directory_grants
            and _form_size(self.directory_grant(credentials, **names, now=LONGEST.now))
            > MAX_FIELDS_BYTES
        ):
            if len(self._directory_types) <= len(listed):
                raise misconfigured(
                    f"{preset.path}.types" if preset.path else "ALLOWED_CONTENT_TYPES",
                    problem,
                    "List fewer types, or set DIRECTORY_GRANTS=false: file grants pin one type.",
                )
            self._admit_in_directories(self._directory_types[:-1])
        for_file = _form_size(self.file_grant(credentials, file, **names, now=LONGEST.now))
        # A byte of the name costs itself and, in the policy's Base64, 4/3 of itself, rounded up.
        room = (MAX_FIELDS_BYTES - for_file - 3) * 3 // 7
        if room < MIN_NAME_BYTES:
            hint = "Shorten UPLOAD_DIR, UPLOAD_KEY, CALLBACK_URL or the metadata of the preset."
            raise misconfigured(preset.path or "UPLOAD_DIR", problem, hint)
        return room


def _directory_fields(settings: Settings) -> dict[str, str]:
    """What all directory grants send and pin; the documentation's pages send no more."""
    fields = {"success_action_status": "200"}
    if settings.forbid_overwrite and not settings.unique_dir:
        fields["x-oss-forbid-overwrite"] = "true"
    return fields


def _file_fields(preset: Preset) -> dict[str, str]:
    """What all file grants send and pin."""
    settings = preset.settings
    fields = {
        "success_action_status": "200",
        "x-oss-forbid-overwrite": "true" if settings.forbid_overwrite else None,
        "x-oss-object-acl": settings.object_acl,
        "x-oss-storage-class": settings.storage_class,
        **preset.metadata,
    }
    return {name: value for name, value in fields.items() if value is not None}


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
