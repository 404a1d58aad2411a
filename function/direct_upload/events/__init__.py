"""Events of OSS about stored objects, as the handler of an OSS trigger gets them.

Loaded only by that handler. `records` reads an event, `metadata` reads from OSS what it lacks, and
`receiving` finds the uploads that were granted here and hands them to the hook.
"""

from .receiving import Receiver

__all__ = ["Receiver"]
