"""What one emulated bucket is set up with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ..keyring import KeyRing
from .callback import CallbackKey


@dataclass(frozen=True)
class Settings:
    """The three switches decide where the documents contradict each other or are silent."""

    bucket: str
    region: str
    keys: KeyRing
    clock: Callable[[], datetime]
    log: Callable[[str], None]
    accept_trailing_fields: bool  # the PostObject page's own sample has `submit` after `file`
    accept_uncovered_token: bool  # whether V4 demands a condition for the token is inferred
    accept_v1: bool  # new accounts and buckets may have V1 switched off since 2025
    callback_key: CallbackKey
    public_url: str | None  # where a callback's receiver finds us; None: where the form went
