"""An emulator of Function Compute 3.0: an HTTP trigger in front of a built-in Python runtime."""

from __future__ import annotations

from .app import FunctionCompute

__all__ = ["FunctionCompute"]
