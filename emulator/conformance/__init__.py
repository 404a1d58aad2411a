"""What OSS accepts and refuses, as rows of data, and the command that tries them on an endpoint.

The rows in tests/conformance/*.json are recipes, changes to a valid form upload, each with the
response to expect and how certain that is: documented, live or inferred. The emulator must give
every response; run against a bucket in the cloud, the rows settle what is inferred.
"""
