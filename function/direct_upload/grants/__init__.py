"""Upload grants: signed POST policies, and the form that a browser posts with one.

A directory grant lets the client choose names below a prefix; a file grant is for one exact key.
"""

from .maker import LONGEST_TOKEN, Grant, GrantMaker

__all__ = ["LONGEST_TOKEN", "Grant", "GrantMaker"]
