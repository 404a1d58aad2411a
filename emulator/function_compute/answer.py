"""The HTTP answer of a function, or the refusal that takes its place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; `dropped` are the function's headers that may not be set."""

    status: int
    headers: dict[str, str]
    body: bytes
    dropped: tuple[str, ...] = ()
    cause: str = ""  # for the log: why this is an error


@dataclass(eq=False)  # an exception is only itself
class Refused(Exception):
    """What the gateway refuses by itself, before or after the function ran."""

    status: int
    code: str
    message: str
