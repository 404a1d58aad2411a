"""An emulator of STS: AssumeRole, fully verified, with credentials that expire."""

from __future__ import annotations

from .app import Sts

__all__ = ["Sts"]
