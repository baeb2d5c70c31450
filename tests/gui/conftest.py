"""A real windowed Blender, the extension as people get it, and the stories that scripts in the window tell.

``BLENDER_WINDOW`` names one or more executables that open a window, divided as in ``PATH``; every test runs in each
(``.ci/window_blender.sh`` and ``.ci/window_blender_4.3.sh`` give one under Xvfb). Screenshots of every state lie in
``demo/window/<executable>/<story>/`` afterwards.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.workshop.places import ROOT

# In the clone, not in /tmp: the windowed Blender may live in a chroot that sees the clone only.
PICTURES = ROOT / "demo" / "window"
EXECUTABLES = [name for name in os.environ.get("BLENDER_WINDOW", "").split(os.pathsep) if name]

Story: TypeAlias = dict[str, Any]
Tell: TypeAlias = Callable[[str], Story]


@pytest.fixture(scope="session")
def extension() -> Path:
    """The zip, built anew for each process of pytest."""
    folder = PICTURES / "zip" / os.environ.get("PYTEST_XDIST_WORKER", "alone")
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, ".ci/extension.py", "build", "--out", str(folder)], cwd=ROOT, check=True)
    (zipped,) = folder.glob("*.zip")
    return zipped


@pytest.fixture(scope="module", params=EXECUTABLES or [""], ids=lambda executable: Path(executable).stem or "none")
def executable(request: pytest.FixtureRequest) -> str:
    """A Blender that opens a window."""
    if not request.param:
        pytest.skip("BLENDER_WINDOW names no Blender")
    return str(request.param)


@pytest.fixture(scope="module")
def tell(executable: str, extension: Path) -> Tell:
    """Has a script of this folder run in the window, and gives what it told: ``tell("road")`` runs ``window_road.py``.

    Besides what the script puts there, a story says where its files are: ``out``.
    """

    def told(name: str) -> Story:
        out = PICTURES / Path(executable).stem / name
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        script = str(Path(__file__).with_name(f"window_{name}.py"))
        command = [executable, "--factory-startup", "--python", script, "--", str(extension), str(out)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
        assert (out / "story.json").exists(), done.stdout + done.stderr
        story: Story = json.loads((out / "story.json").read_text())
        return story | {"out": str(out)}

    return told
