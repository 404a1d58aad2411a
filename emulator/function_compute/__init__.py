"""An emulator of Function Compute 3.0: triggers in front of a built-in Python runtime.

`FunctionCompute` is an HTTP trigger, `AsyncCalls` what calls a function for any other.
"""

from __future__ import annotations

from .app import FunctionCompute
from .asynchronous import AsyncCalls
from .instance import Instance

__all__ = ["AsyncCalls", "FunctionCompute", "Instance"]
