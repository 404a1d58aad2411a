"""What OSS accepts and refuses, as rows of data, and the runner that tries them on an endpoint.

The rows lie in tests/conformance/*.json. Each is a recipe, changes to a valid form upload, with
the answer it should get and how sure that is: documented, live or inferred. The emulator must
give every answer; run against a bucket in the cloud, the rows settle what is inferred.
"""
