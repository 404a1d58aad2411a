"""Emulators of Alibaba Cloud's Function Compute, STS and OSS for development and tests.

They check what the real services check, with code of their own: nothing here imports the
function's package, so that a misreading of the documents cannot go unnoticed on both sides.
"""
