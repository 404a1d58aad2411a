"""Multipart uploads: initiate, upload parts, list, complete and abort, each signed with V4."""

from __future__ import annotations

from .call import Call
from .operations import is_multipart, serve_multipart

__all__ = ["Call", "is_multipart", "serve_multipart"]
