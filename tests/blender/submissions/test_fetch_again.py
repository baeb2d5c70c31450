"""*Download Again*: a clip whose file was deleted comes back, free, and its strip plays it."""

from __future__ import annotations

from pathlib import Path

import bpy
import pytest

from kling_omni_addon.blender import api
from kling_omni_addon.blender.host import sequencer, thumbnails
from kling_omni_addon.blender.submissions import actions
from kling_omni_addon.blender.timeline import our_strips
from kling_omni_addon.core.life.lifecycle import Phase
from tests.workshop.processes import Rehearsal


def test_a_deleted_clip_comes_back_under_its_strip_and_costs_nothing(
    road: bpy.types.Scene, rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bpy.ops.kling.submit(wait_s=120) == {"FINISHED"}
    (made,) = api.submissions()
    before, content = rehearsal.stats()["creates"], Path(made.clip).read_bytes()
    with pytest.raises(RuntimeError, match="already downloaded"):
        bpy.ops.kling.fetch_again(submission_id=made.id)
    strip = our_strips.find_strip(road, made.id)
    sequencer.set_end(strip, sequencer.end_of(strip) - 10)  # as the artist trimmed it
    shown = (sequencer.start_of(strip), sequencer.length_of(strip))
    Path(made.clip).unlink()
    monkeypatch.setitem(thumbnails._missing, made.clip, 0.0)  # as when the list was drawn without it
    assert actions.actions_of(made)[0] == "kling.fetch_again"

    assert bpy.ops.kling.fetch_again(submission_id=made.id) == {"FINISHED"}
    (back,) = api.wait([made.id], 120)
    api.place_arrived()
    (strip,) = our_strips.find_strips(road, made.id)
    assert (api.submission(made.id).phase, Path(back.clip).read_bytes()) == (Phase.PLACED, content)
    assert Path(bpy.path.abspath(strip.filepath)) == Path(back.clip)
    assert ((sequencer.start_of(strip), sequencer.length_of(strip)), strip.channel) == (shown, 1)
    assert rehearsal.stats()["creates"] == before


def test_a_clip_that_comes_back_to_another_place_is_played_from_there(road: bpy.types.Scene) -> None:
    assert bpy.ops.kling.submit(wait_s=120) == {"FINISHED"}
    (made,) = api.submissions()
    Path(made.clip).rename(Path(made.clip).with_name("mine.mp4"))
    Path(made.clip).mkdir()  # its name is taken
    api.fetch_again(made.id)
    (back,) = api.wait([made.id], 120)
    assert Path(back.clip).is_file()
    assert back.clip != made.clip
    api.place_arrived()
    (strip,) = our_strips.find_strips(road, made.id)
    assert Path(bpy.path.abspath(strip.filepath)) == Path(back.clip)
