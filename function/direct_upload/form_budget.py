"""Keeps upload forms within the size that OSS promises to take."""

from __future__ import annotations

from datetime import datetime, timezone

from .credentials import Credentials
from .errors import Misconfigured
from .files import AdmittedFile
from .grants import Grant, GrantMaker
from .settings import Settings
from .users import MAX_SEGMENT_BYTES

# OSS's topic on form uploads allows this much for all fields but the file, names and values.
MAX_FIELDS_BYTES = 8192
# The longest token that this is promised for; longer ones are sent all the same.
LONGEST_TOKEN = 1200


def grant_maker(settings: Settings) -> GrantMaker:
    """A maker whose forms never exceed the limit: shown names take what the settings leave.

    UPLOAD_DIR and the callback have limits of their own that leave room for a name; a list of
    content types has none but this.
    """
    maker = GrantMaker(settings, name_room=0)
    now = datetime(2000, 1, 1, tzinfo=timezone.utc)
    credentials = Credentials("x" * 40, "", "x" * LONGEST_TOKEN, None)
    file = AdmittedFile("", "x" * 16, content_type="x" * 80, minimum=10**10, maximum=10**10)
    user = "x" * MAX_SEGMENT_BYTES
    leaf = "x" * 32
    for_directory = _size(maker.directory_grant(credentials, user=user, leaf=leaf, now=now))
    if settings.directory_grants and for_directory > MAX_FIELDS_BYTES:
        raise Misconfigured(
            f"ALLOWED_CONTENT_TYPES makes upload forms longer than {MAX_FIELDS_BYTES} bytes.",
            "List fewer types, or set DIRECTORY_GRANTS=false: file grants pin one type.",
        )
    for_file = _size(maker.file_grant(credentials, file, user=user, leaf=leaf, now=now))
    # A byte of the name costs itself and, in the policy's Base64, 4/3 of itself.
    return GrantMaker(settings, name_room=(MAX_FIELDS_BYTES - for_file) * 3 // 7)


def _size(grant: Grant) -> int:
    return sum(len(name.encode()) + len(value.encode()) for name, value in grant["fields"].items())
