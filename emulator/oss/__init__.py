"""An emulator of Alibaba Cloud OSS for form uploads (PostObject), with GET, HEAD and a listing.

It checks signatures, policies, tokens and forms as the documents say; what they leave open is
marked as inferred in refusals.py.
"""

from __future__ import annotations

from .app import Oss

__all__ = ["Oss"]
