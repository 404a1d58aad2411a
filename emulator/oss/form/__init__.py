"""What an upload carries: the bytes of its body, the parts and fields of a form, and what these,
or headers, say about the object."""

from __future__ import annotations

from .attributes import (
    ENCRYPTION,
    KMS_KEY,
    Attributes,
    checked_key,
    collect_attributes,
    object_key,
    read_attributes,
)
from .body import MAX_BODY_BYTES, Body
from .fields import Form, finish_form, read_form
from .headers import read_boundary
from .parts import FormParts

__all__ = [
    "ENCRYPTION",
    "KMS_KEY",
    "MAX_BODY_BYTES",
    "Attributes",
    "Body",
    "Form",
    "FormParts",
    "checked_key",
    "collect_attributes",
    "finish_form",
    "object_key",
    "read_attributes",
    "read_boundary",
    "read_form",
]
