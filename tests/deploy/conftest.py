"""What tests of the deployment share."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# `python deploy/bundle.py` puts the script's folder first, too.
sys.path.insert(0, str(ROOT / "deploy"))
