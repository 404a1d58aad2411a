"""The stored objects of one bucket: how they are kept on disk, and how they are read back."""

from __future__ import annotations

from .reading import get_object, list_objects
from .store import IncomingObject, Record, Store

__all__ = ["IncomingObject", "Record", "Store", "get_object", "list_objects"]
