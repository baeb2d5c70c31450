"""Capturing in a real windowed Blender: the 3D view as it stands, the frame overlay, strips.

``BLENDER_WINDOW`` names an executable that opens a window (``.ci/window_blender.sh`` gives one under Xvfb).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kling_omni_addon.core.media import picture_facts

ROOT = Path(__file__).resolve().parents[2]
# In the clone, not in /tmp: the windowed Blender may live in a chroot that sees the clone only.
OUT = ROOT / "demo" / "capture"

pytestmark = pytest.mark.skipif(not os.environ.get("BLENDER_WINDOW"), reason="BLENDER_WINDOW names no Blender")


@pytest.fixture(scope="module")
def story() -> Any:
    """What happened in the window, told by the script that ran there."""
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    subprocess.run([sys.executable, ".ci/extension.py", "build", "--out", str(OUT)], cwd=ROOT, check=True)
    (extension,) = OUT.glob("*.zip")
    script = str(Path(__file__).with_name("window_capture.py"))
    command = [os.environ["BLENDER_WINDOW"], "--factory-startup", "--python", script, "--", str(extension), str(OUT)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert (OUT / "story.json").exists(), done.stdout + done.stderr
    return json.loads((OUT / "story.json").read_text())


def size_of(name: str) -> tuple[int, int]:
    path = OUT / name
    with path.open("rb") as stream:
        facts = picture_facts(stream, path.stat().st_size)
    return facts.width, facts.height


def test_every_picture_is_taken_without_an_error(story: Any) -> None:
    assert (story["error"], story["draw_errors"]) == ("", [])
    assert story["steps"][-1] == "disabled"


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("view_free.jpg", (1280, 720)),
        ("view_free_overlays.jpg", (1280, 720)),
        ("view_free_upright.jpg", (720, 1280)),
        ("view_camera.jpg", (1280, 720)),
        ("strip.png", (1280, 720)),
    ],
)
def test_a_picture_has_its_legal_size(story: Any, name: str, size: tuple[int, int]) -> None:
    assert size_of(name) == size


def test_no_capture_changes_a_setting_of_the_scene_or_the_view(story: Any) -> None:
    assert story["changed"] == {name: [] for name in story["changed"]}
    assert set(story["changed"]) >= {"view_free", "view_camera", "render_camera", "refusal", "strip"}


def test_a_view_rendered_by_cycles_is_refused_with_the_way_out(story: Any) -> None:
    assert "Material Preview" in story["refusal"]


def test_a_picture_is_one_step_of_undo(story: Any) -> None:
    before, undone, redone = story["undo"]
    assert (undone, redone) == (before - 1, before)
