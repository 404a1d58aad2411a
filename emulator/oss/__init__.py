"""An emulator of Alibaba Cloud OSS for form uploads (PostObject) and multipart uploads, which can
also be read, listed, copied and deleted.

It checks signatures, policies, tokens and forms as documented; where the documents say nothing,
`errors/refusals/` marks the behaviour as inferred.
"""

from __future__ import annotations

from .app import Oss

__all__ = ["Oss"]
