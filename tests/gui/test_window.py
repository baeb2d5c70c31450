"""The installed zip in a real windowed Blender: panels drawn by Blender itself, the road by a person's clicks.

``BLENDER_WINDOW`` names an executable that opens a window (``.ci/window_blender.sh`` gives one under Xvfb). Screenshots
of every state go to ``KLING_SCREENSHOTS``, if that is set.
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

ROOT = Path(__file__).resolve().parents[2]
# In the clone, not in /tmp: the windowed Blender may live in a chroot that sees the clone only.
PICTURES = ROOT / "demo" / "window"

pytestmark = pytest.mark.skipif(not os.environ.get("BLENDER_WINDOW"), reason="BLENDER_WINDOW names no Blender")


@pytest.fixture(scope="module")
def extension() -> Path:
    """The zip, built anew."""
    shutil.rmtree(PICTURES, ignore_errors=True)
    PICTURES.mkdir(parents=True)
    subprocess.run([sys.executable, ".ci/extension.py", "build", "--out", str(PICTURES)], cwd=ROOT, check=True)
    (zipped,) = PICTURES.glob("*.zip")
    return zipped


@pytest.fixture(scope="module")
def story(extension: Path) -> Any:
    """What happened on the road from a frame to a strip, told by the script that ran in the window."""
    return told("window_road.py", extension, PICTURES)


@pytest.fixture(scope="module")
def kinds(extension: Path) -> Any:
    """What happened while every kind of shot was shown."""
    return told("window_kinds.py", extension, PICTURES / "kinds")


def told(script: str, extension: Path, out: Path) -> Any:
    out.mkdir(exist_ok=True)
    here = str(Path(__file__).with_name(script))
    command = [os.environ["BLENDER_WINDOW"], "--factory-startup", "--python", here, "--", str(extension), str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert (out / "story.json").exists(), done.stdout + done.stderr
    if os.environ.get("KLING_SCREENSHOTS"):
        shutil.copytree(PICTURES, os.environ["KLING_SCREENSHOTS"], dirs_exist_ok=True)
    return json.loads((out / "story.json").read_text())


def test_the_road_is_taken_without_an_error(story: Any) -> None:
    assert story["error"] == ""
    assert story["steps"][-1] == "disabled"


def test_the_clip_is_on_the_timeline_at_the_current_frame(story: Any) -> None:
    assert [strip[1:] for strip in story["strips"]] == [["MOVIE", 1, 1]]


def test_blender_drew_every_panel_without_complaint(story: Any) -> None:
    assert story["draw_errors"] == []
    assert set(story["drawn"]) >= {"shot", "prompt", "frames", "output", "generate", "submissions"}


def test_blender_drew_every_kind_of_shot_without_complaint(kinds: Any) -> None:
    assert (kinds["error"], kinds["draw_errors"]) == ("", [])
    assert set(kinds["drawn"]) >= {"video", "storyboard", "references", "frames"}
    assert kinds["steps"][-1] == "preferences"


def test_disabling_leaves_no_class_behind(story: Any) -> None:
    assert story["left"] == []


def test_fault_71_undo_takes_back_the_strip_but_no_submission_and_sends_nothing(story: Any) -> None:
    before, undone, redone = story["undo"]
    assert (undone, redone) == (0, before)
    assert story["submissions"] == ["placed"]
