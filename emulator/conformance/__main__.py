"""`python -m emulator.conformance URL`; see command.py for usage."""

from __future__ import annotations

import os
import sys

from .command import main

sys.exit(main(sys.argv[1:], os.environ))
