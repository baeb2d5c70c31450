"""Harness 2 as its tests run it: a process of its own, and the tally that it prints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ONLY_POSIX = pytest.mark.skipif(os.name == "nt", reason="kills, forks and freezes are POSIX")
TORTURE = Path(__file__).with_name("torture.py")
KILLS = int(os.environ.get("KLING_KILLS", "60"))
SEED = int(os.environ.get("KLING_SEED", "0"))


def torture(*options: object) -> dict[str, Any]:
    command = [sys.executable, str(TORTURE), *map(str, options)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60 + 4 * KILLS, check=False)
    assert done.stdout, done.stderr
    tally: dict[str, Any] = json.loads(done.stdout)
    return tally
