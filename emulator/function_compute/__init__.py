"""An emulator of Function Compute 3.0: triggers in front of a built-in Python runtime.

`FunctionCompute` is an HTTP trigger; `AsyncCalls` calls a function for any other trigger.
"""

from __future__ import annotations

from .app import FunctionCompute
from .asynchronous import AsyncCalls
from .context import FUNCTION_ROLE_LIFE
from .instance import Instance

__all__ = ["FUNCTION_ROLE_LIFE", "AsyncCalls", "FunctionCompute", "Instance"]
