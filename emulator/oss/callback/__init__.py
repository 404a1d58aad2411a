"""The callback: the form field that requests it, where it may go, what it sends, and the call."""

from __future__ import annotations

from .address import Resolve, check_addresses, resolve_host
from .field import Callback, read_callback, read_variables
from .sending import PUBLIC_KEY_PATH, CallbackKey, CallbackResponse, call_back

__all__ = [
    "PUBLIC_KEY_PATH",
    "Callback",
    "CallbackKey",
    "CallbackResponse",
    "Resolve",
    "call_back",
    "check_addresses",
    "read_callback",
    "read_variables",
    "resolve_host",
]
