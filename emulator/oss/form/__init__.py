"""The form of a PostObject request: its bytes, its parts, its fields, and what they say about
the object."""

from __future__ import annotations

from .attributes import ENCRYPTION, KMS_KEY, Attributes, object_key, read_attributes
from .body import Body
from .fields import Form, finish_form, read_form
from .headers import read_boundary
from .parts import FormParts

__all__ = [
    "ENCRYPTION",
    "KMS_KEY",
    "Attributes",
    "Body",
    "Form",
    "FormParts",
    "finish_form",
    "object_key",
    "read_attributes",
    "read_boundary",
    "read_form",
]
