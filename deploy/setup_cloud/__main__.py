"""make setup-cloud [CREATE_BUCKET=1]"""

from __future__ import annotations

import argparse
import os
import sys

from ..dotenv import ROOT, read_environment  # first: it puts the function's code on the path

# isort: split
from direct_upload.errors import Misconfigured

from .script import commands


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Print the script that prepares an account.")
    parser.add_argument("--create-bucket", action="store_true", help="if it does not exist")
    options = parser.parse_args(arguments)
    try:
        environ = read_environment(ROOT, os.environ)
        script = list(commands(environ, create_bucket=options.create_bucket))
    except Misconfigured as error:
        print(f"setup-cloud: {error.message} {error.hint}", file=sys.stderr)
        return 1
    print("\n".join(script))
    return 0


if __name__ == "__main__":
    sys.exit(main())
