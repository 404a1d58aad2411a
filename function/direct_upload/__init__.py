"""Direct browser uploads to Alibaba Cloud OSS, signed by a function."""

__version__ = "0.2.0"
