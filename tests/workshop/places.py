"""Where things lie: the clone, its tests, the extension under test, and the public samples of the API."""

from __future__ import annotations

from pathlib import Path

import kling_omni_addon

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
EXTENSION = Path(kling_omni_addon.__file__).parents[1]
"""What is tested, with its data and pages: the clone, or what a Blender installed (``.ci/installed_only.py``)."""
