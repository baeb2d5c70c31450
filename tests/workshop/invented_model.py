"""A model that nobody makes, added to a copy of the package as data alone: no line of code is another.

``kling-invented`` makes clips of 4 to 40 seconds, where the service allows 2, in a mode of its own, ``8k``; with it
comes the aspect ratio 2:1.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.workshop.places import EXTENSION, ROOT

MODEL, MODE, RATIO, SHORTEST_S, LONGEST_S = "kling-invented", "8k", "2:1", 4, 40
_LENGTHS = list(range(SHORTEST_S, LONGEST_S + 1))
_LIMITS: dict[str, Any] = {
    "label": "Kling Invented",
    "number": 999,
    "names": {"legacy": MODEL, "new": "kling-9-omni"},
    "modes": [MODE],
    "aspect_ratios": ["16:9", "9:16", "1:1", RATIO],
    "storyboards": [],
    "has_sound": False,
    "element_kinds": [],
    "pictures_with_end_frame": None,
    "elements_with_first_frame": 0,
    "elements_with_both_frames": 0,
    "input_video_s": [3, 20],
    "durations_s": dict.fromkeys(("text", "first_frame", "frames", "references", "feature"), _LENGTHS),
}


def copied_package(folder: Path) -> Path:
    """The package and its data as they are, elsewhere."""
    for name in ("kling_omni_addon", "schemas"):
        shutil.copytree(EXTENSION / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def add_the_model(package: Path) -> None:
    """What somebody writes into the data who adds a model."""
    for path in (package / "schemas").glob("capability.*.json"):
        _edit(path, _add_limits)
    _edit(package / "schemas" / "prices.json", _add_price)


def _add_limits(profile: dict[str, Any]) -> None:
    profile["aspect_ratios"].append(RATIO)
    profile["modes"].append(MODE)
    profile["mode_resolutions"][MODE] = "8k"
    profile["mode_labels"][MODE], profile["mode_lines"][MODE] = "8K", 4320
    profile["duration_s"] = [2, LONGEST_S]
    profile["models"][MODEL] = _LIMITS


def _add_price(prices: dict[str, Any]) -> None:
    prices["units_per_second"][MODEL] = {MODE: {"silent": "6.5"}}


def _edit(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    data = json.loads(path.read_text("utf-8"))
    change(data)
    path.write_text(json.dumps(data), "utf-8")


def told_by(story: Path, package: Path, *more: Path) -> dict[str, Any]:
    """What a story says that runs in a process of its own, on that copy of the package."""
    environment = os.environ | {"PYTHONPATH": f"{package}{os.pathsep}{ROOT}", "KLING_HOME": str(package / "home")}
    command: list[str | Path] = [sys.executable, story, package / "told.json", *more]
    child = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert child.returncode == 0, child.stderr
    told: dict[str, Any] = json.loads((package / "told.json").read_text("utf-8"))
    assert Path(told["package"]).is_relative_to(package)
    return told
