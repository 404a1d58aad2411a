"""The report of a finished upload: requested in the form, verified, handed to the hook.

`field` writes what a form asks OSS to report; `report` checks what comes back. Applications with a
server of their own use `direct_upload.callbacks.report.accept` only (docs/callbacks.md).
"""

from .field import Callbacks, Scope

__all__ = ["Callbacks", "Scope"]
