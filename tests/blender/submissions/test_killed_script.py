"""A farm runs a script, kills it at any moment and runs it again, here or on another machine: one task, one clip, one
strip.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender.host import sequencer
from tests.workshop.processes import API_KEY, KILLED, Rehearsal, running

SCRIPT = Path(__file__).with_name("killed_script.py")
MOMENTS = (
    *("after-Intended", "mid-body", "after-Sent", "last-byte-gone", "answer-read"),
    *("before-Accepted", "after-Succeeded", "mid-download", "after-rename", "after-Fetched"),
)
ELSEWHERE = frozenset({"after-Sent", "answer-read", "after-Fetched"})
"""Moments after which another machine takes the shot over, with a job history of its own."""


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    with running(tmp_path_factory.mktemp("server"), submitted_s=0.1, processing_s=0.1) as server:
        yield server


def ran(moment: str, film: Path, home: Path, rehearsal: Rehearsal) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KLING_")}
    own = {"KLING_HOME": str(home), "KLING_BASE_URL": rehearsal.url, "KLING_API_KEY": API_KEY}
    return subprocess.run(
        [sys.executable, str(SCRIPT), moment, str(film)],
        env=kept | own | {"KLING_LOOK_WINDOW_S": "5"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_at_any_moment_and_run_again_there_is_one_task_one_clip_and_one_strip(
    moment: str, rehearsal: Rehearsal, tmp_path: Path
) -> None:
    film, before = tmp_path / f"{moment}.blend", rehearsal.stats()["creates"]
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(film))
    assert ran(moment, film, tmp_path / "home", rehearsal).returncode == KILLED
    home = tmp_path / ("another home" if moment in ELSEWHERE else "home")
    tries = [ran("-", film, home, rehearsal)]
    if tries[-1].returncode:  # the kill took the request with it: whoever asks again sends it again
        tries.append(ran("-", film, home, rehearsal))
    assert tries[-1].returncode == 0, tries[-1].stderr
    bpy.ops.wm.open_mainfile(filepath=str(film))
    scene: Any = bpy.context.scene
    strips = [strip for strip in sequencer.strips_of(scene) if strip.type == "MOVIE"]
    assert len({strip.filepath for strip in strips}) == len(strips) == 1
    assert Path(bpy.path.abspath(strips[0].filepath)).is_file()
    assert rehearsal.stats()["creates"] == before + 1
