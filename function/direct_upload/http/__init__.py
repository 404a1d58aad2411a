"""HTTP as Function Compute speaks it: events in and out, the origins of pages, calls to others.

Knows nothing of uploads.
"""
