"""An emulator of Function Compute 3.0: an HTTP trigger in front of a built-in Python runtime."""

from __future__ import annotations

from .app import FunctionCompute
from .instance import Instance

__all__ = ["FunctionCompute", "Instance"]
