"""An emulator of Function Compute's control plane: what the component fc3 of Serverless Devs calls.

It takes code and settings, checks their limits and signatures, and hands each function on.
"""

from __future__ import annotations

from .app import ControlPlane
from .functions import TEMPORARY_BUCKET_HOST, Function

__all__ = ["TEMPORARY_BUCKET_HOST", "ControlPlane", "Function"]
