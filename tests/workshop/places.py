"""Where things lie: the clone, its tests, and the public samples of the API."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
