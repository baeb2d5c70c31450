"""Rendering while our threads poll and download: an operator in an overridden context would crash Blender then."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.workshop.places import ROOT

STORY = Path(__file__).with_name("rendering_beside_threads.py")


def test_renders_go_on_while_other_threads_run_python() -> None:
    done = subprocess.run([sys.executable, STORY], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
