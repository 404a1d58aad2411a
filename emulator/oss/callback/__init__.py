"""The callback: the form field that requests it, the body that it sends, and the call itself."""

from __future__ import annotations

from .field import Callback, read_callback
from .sending import PUBLIC_KEY_PATH, CallbackKey, CallbackResponse, call_back

__all__ = [
    "PUBLIC_KEY_PATH",
    "Callback",
    "CallbackKey",
    "CallbackResponse",
    "call_back",
    "read_callback",
]
