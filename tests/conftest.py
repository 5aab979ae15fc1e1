"""Lets tests import what stands beside them as `tests.…`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))  # behind the installed package, which is what is tested
