"""The stored objects of one bucket: how they are kept on disk, and how they are read back."""

from __future__ import annotations

from .reading import PAGE_SECURITY, get_object, listing_page, listing_xml, select
from .store import IncomingObject, Record, Store

__all__ = [
    "PAGE_SECURITY",
    "IncomingObject",
    "Record",
    "Store",
    "get_object",
    "listing_page",
    "listing_xml",
    "select",
]
