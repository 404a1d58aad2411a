"""Everything that the emulated OSS refuses, and the XML that says so.

A rule raises `Refused` with a row of the table `refusals` and a hint for the developer.
"""

from __future__ import annotations

from . import refusals
from .refusals import Refusal
from .refused import Refused, error_xml, one_line, printable

__all__ = ["Refusal", "Refused", "error_xml", "one_line", "printable", "refusals"]
