"""The one error of a build."""

from __future__ import annotations


class BundleError(Exception):
    """The bundle cannot be made; the message says why and what to do."""
