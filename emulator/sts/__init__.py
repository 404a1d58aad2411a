"""An emulator of STS: AssumeRole, verified, with credentials that expire."""

from __future__ import annotations

from .application import Sts as Sts
