"""The whole road twice: a second take goes onto the strip of the first, and everything about it is on disk."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender.connection import snapshots
from kling_omni_addon.blender.host.sequencer import all_strips
from kling_omni_addon.blender.shot.reading import read_request
from kling_omni_addon.blender.takes import takes
from kling_omni_addon.blender.timeline.our_strips import find_strip
from kling_omni_addon.blender.timeline.provenance import clip_of
from kling_omni_addon.core.life.lifecycle import Phase
from tests.workshop.processes import API_KEY, Rehearsal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the rehearsal server is stopped by a signal")

Scene = Any


def strip_of_first_take(scene: Scene) -> Any:
    """The strip of a first take that was asked for, fetched and placed, active."""
    assert bpy.ops.kling.submit(wait_s=120) == {"FINISHED"}
    strip = find_strip(scene, snapshots.submissions()[0].id)
    scene.sequence_editor.active_strip = strip
    return strip


def test_a_second_take_is_shown_where_the_first_was_and_says_what_it_is(road: Scene) -> None:
    strip = strip_of_first_take(road)
    assert bpy.ops.kling.new_take() == {"FINISHED"}
    road.kling.mode, road.frame_current = "pro", 500
    assert bpy.ops.kling.submit(wait_s=120) == {"FINISHED"}
    first, second = snapshots.submissions()
    assert [submission.phase for submission in (first, second)] == [Phase.PLACED] * 2
    assert [strip.type for strip in all_strips(road)] == ["MOVIE"]
    assert clip_of(strip) == Path(second.clip)
    assert (strip["kling_shot"], strip["kling_submission"]) == (first.id, second.id)
    assert (strip["kling_task"], strip["kling_cost"]) == (second.task_id, second.charge_units)
    assert takes.differences(strip, takes.takes_of(strip)[0]) == ("Quality: Pro → Standard",)
    assert bpy.ops.kling.switch_take(step=-1) == {"FINISHED"}
    assert clip_of(strip) == Path(first.clip)
    assert bpy.ops.kling.load_settings() == {"FINISHED"}
    assert read_request(road).mode == "std"


def test_the_favourite_stays_and_the_new_take_is_one_to_switch_to(road: Scene) -> None:
    strip = strip_of_first_take(road)
    bpy.ops.kling.favour_take()
    bpy.ops.kling.new_take()
    road.kling.prompt = "the cube stands still"
    assert bpy.ops.kling.submit(wait_s=120) == {"FINISHED"}
    first, second = snapshots.submissions()
    assert (second.phase, clip_of(strip)) == (Phase.PLACED, Path(first.clip))
    assert [take.submission for take in takes.takes_of(strip)] == [first.id, second.id]


def test_no_secret_and_no_link_is_on_the_strip_beside_the_clip_or_handed_over(
    road: Scene, rehearsal: Rehearsal, tmp_path: Path
) -> None:
    assert bpy.ops.kling.capture_both(engine="WORKBENCH") == {"FINISHED"}
    strip = strip_of_first_take(road)
    film, cut = tmp_path / "film.blend", tmp_path / "cut.otio"
    bpy.ops.wm.save_as_mainfile(filepath=str(film), compress=False)
    assert bpy.ops.kling.export_otio(filepath=str(cut)) == {"FINISHED"}
    beside = clip_of(strip).with_suffix(".json")
    assert json.loads(beside.read_bytes())["wish"]["pictures"][0]["role"] == "first"
    assert json.loads(cut.read_bytes())["tracks"]["children"][0]["children"][-1]["metadata"]["kling_omni"]["task"]
    for path in (film, cut, beside):
        for canary in (API_KEY, rehearsal.url, "sig="):
            assert canary.encode() not in path.read_bytes(), (path.name, canary)
