"""The report of a finished upload: requested in the form, verified, handed to the hook.

`field` writes what a form asks OSS to report, `metadata` what an object carries to its event, and
`report` checks a callback. Applications with a server of their own use only
`direct_upload.callbacks.report.accept` (docs/callbacks.md).
"""

from .field import Scope, callback_field, make_grant_id
from .metadata import GRANT_METADATA, to_metadata

__all__ = ["GRANT_METADATA", "Scope", "callback_field", "make_grant_id", "to_metadata"]
