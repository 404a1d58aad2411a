"""What a person gets who saves an uploaded file under the name that comes with it."""

from __future__ import annotations

import unicodedata


def saved_extension(shown: str) -> str:
    """The extension of the saved file, in lower case; empty where it has none.

    Browsers drop characters that cannot be seen and white space but U+0020; file systems ignore
    dots and spaces at the end. Then the end counts.
    """
    saved = "".join(c for c in shown if unicodedata.category(c)[0] not in "CZ" or c == " ")
    _, dot, end = saved.rstrip(". ").rpartition(".")
    return end.lower() if dot else ""
