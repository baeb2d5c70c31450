"""The whole road inside Blender: a scene, two rendered frames, a rehearsal task, a strip."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import cast

import bpy
import pytest

from kling_omni_addon.blender.connection import opening, snapshots
from kling_omni_addon.blender.host import sequencer
from kling_omni_addon.blender.submissions import placing
from kling_omni_addon.blender.timeline import clip_strips, our_strips
from kling_omni_addon.core.life.lifecycle import Phase
from kling_omni_addon.core.life.spending import Bill, bill_of
from kling_omni_addon.core.projects import project_of_folder
from tests.workshop.processes import API_KEY, ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the rehearsal server is stopped by a signal")


def test_two_captured_frames_become_a_strip_where_it_was_meant_to_go(road: bpy.types.Scene, tmp_path: Path) -> None:
    assert bpy.ops.kling.capture_both(engine="WORKBENCH") == {"FINISHED"}
    assert [Path(bpy.path.abspath(p)).parent for p in (road.kling.first_frame, road.kling.end_frame)] == [
        tmp_path / "kling" / "frames"
    ] * 2
    assert bpy.ops.kling.submit(wait_s=120) == {"FINISHED"}
    (submission,) = snapshots.submissions()
    assert submission.phase is Phase.PLACED
    strip = our_strips.find_strip(road, submission.id)
    assert strip is not None
    assert (sequencer.start_of(strip), sequencer.length_of(strip), strip.channel) == (12, 72, 1)
    assert Path(bpy.path.abspath(strip.filepath)) == Path(submission.clip)
    assert Path(submission.clip).parent == tmp_path / "kling" / "clips"


def test_a_clip_whose_file_is_closed_waits_until_it_is_open_again(road: bpy.types.Scene, tmp_path: Path) -> None:
    road.kling.places_clip = True
    assert bpy.ops.kling.submit() == {"FINISHED"}
    (submission_id,) = (s.id for s in snapshots.submissions())
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    opening.session().wait(lambda found: all(s.is_settled for s in found.values()), [submission_id], 120)
    assert placing.place_arrived() == []
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "film.blend"))
    (strip,) = placing.place_arrived()
    assert (strip.frame_start, strip.frame_duration) == (12, 72)
    assert placing.place_arrived() == []


def test_a_clip_for_no_timeline_is_only_fetched(road: bpy.types.Scene) -> None:
    road.kling.places_clip = False
    assert bpy.ops.kling.submit(wait_s=120) == {"FINISHED"}
    (submission,) = snapshots.submissions()
    assert (submission.phase, list(sequencer.strips_of(road))) == (Phase.FETCHED, [])
    assert bpy.ops.kling.place_clip(submission_id=submission.id) == {"FINISHED"}
    assert our_strips.find_strip(road, submission.id) is not None


def test_a_clip_for_no_timeline_is_counted_for_the_file_it_was_asked_for_from(
    road: bpy.types.Scene, tmp_path: Path
) -> None:
    road.kling.places_clip = False
    assert bpy.ops.kling.submit() == {"FINISHED"}
    (off,) = snapshots.submissions()
    road.kling.places_clip, road.kling.prompt = True, "another shot"
    assert bpy.ops.kling.submit() == {"FINISHED"}
    (on,) = (each for each in snapshots.submissions() if each.id != off.id)
    assert (off.target.blend, on.target.blend) == ("", bpy.data.filepath)
    assert bill_of(off) == bill_of(on) == Bill(project=project_of_folder(str(tmp_path)), blend=bpy.data.filepath)


def test_fault_78_a_double_click_makes_one_submission(road: bpy.types.Scene) -> None:
    assert bpy.ops.kling.submit() == {"FINISHED"}
    assert bpy.ops.kling.submit() == {"CANCELLED"}
    assert len(snapshots.submissions()) == 1
    road.kling.prompt = "another shot"
    assert bpy.ops.kling.submit() == {"FINISHED"}
    assert len(snapshots.submissions()) == 2


def test_fault_82_work_pauses_while_blender_is_offline_and_goes_on_after(
    road: bpy.types.Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bpy.ops.kling.submit() == {"FINISHED"}
    monkeypatch.setattr(opening, "offline_reason", lambda: "Blender is set to stay offline")
    opening.follow_online_access()
    assert (opening.is_paused(), opening.running() is not None) == (True, False)
    monkeypatch.setattr(opening, "offline_reason", lambda: "")
    opening.follow_online_access()
    assert (opening.is_paused(), opening.running() is not None) == (False, True)
    (submission,) = snapshots.submissions()
    found = opening.session().wait(lambda states: all(s.is_settled for s in states.values()), [submission.id], 120)
    assert found[submission.id].phase is Phase.FETCHED


def test_fault_75_a_clip_that_was_placed_before_a_crash_is_not_placed_twice(road: bpy.types.Scene) -> None:
    road.kling.places_clip = False
    assert bpy.ops.kling.submit(wait_s=120) == {"FINISHED"}
    (submission,) = snapshots.submissions()
    clip_strips.place_clip(road, Path(submission.clip), frame_start=12, name="shot", submission_id=submission.id)
    # ... and Blender dies before this is recorded
    assert bpy.ops.kling.place_clip(submission_id=submission.id) == {"FINISHED"}
    assert len([strip for strip in sequencer.strips_of(road) if strip.type == "MOVIE"]) == 1


def test_fault_76_a_clip_whose_scene_is_gone_waits(road: bpy.types.Scene) -> None:
    other = bpy.data.scenes.new("Other")
    assert bpy.ops.kling.submit() == {"FINISHED"}
    (submission,) = snapshots.submissions()
    bpy.data.scenes.remove(road)
    opening.session().wait(lambda states: all(s.is_settled for s in states.values()), [submission.id], 120)
    assert placing.place_arrived() == []
    assert "its placeholder strip was deleted" in placing.waits_because(next(iter(snapshots.submissions())))
    with bpy.context.temp_override(scene=other):
        assert bpy.ops.kling.place_clip(submission_id=submission.id) == {"FINISHED"}
    assert our_strips.find_strip(other, submission.id) is not None


def test_fault_74_stopping_is_quick_whatever_runs(road: bpy.types.Scene) -> None:
    """Nothing waits for the network: the threads are told, and what they do not finish a crash would not either."""
    assert bpy.ops.kling.submit() == {"FINISHED"}
    opening.close()
    assert opening.running() is None
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("kling-send")] == []


def test_no_secret_is_saved_in_the_file(road: bpy.types.Scene, tmp_path: Path) -> None:
    bpy.ops.kling.submit(wait_s=120)
    bpy.context.preferences.filepaths.use_file_compression = False
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "film.blend"), compress=False)
    saved = (tmp_path / "film.blend").read_bytes()
    assert b"a cube turns" in saved
    assert API_KEY.encode() not in saved
    assert b"sig=" not in saved


SCRIPT = """
import sys
sys.path.insert(0, {root!r})
import bpy
import kling_omni_addon

bpy.ops.wm.open_mainfile(filepath={blend!r})
kling_omni_addon.register()
shot = bpy.context.scene.kling
shot.prompt = "The camera rises slowly"
shot.mode, shot.duration_s = "std", 3
bpy.ops.kling.capture_both(engine="WORKBENCH")
bpy.ops.kling.submit(wait_s=120)
bpy.ops.wm.save_mainfile()
"""


def test_a_script_without_a_window_does_the_same(road: bpy.types.Scene, tmp_path: Path) -> None:
    """What README shows, in a Blender of its own: the executable where BLENDER names one, else the bpy module."""
    blend = tmp_path / "film.blend"
    script = tmp_path / "generate.py"
    script.write_text(SCRIPT.format(root=str(ROOT), blend=str(blend)))
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=300, check=False, env=os.environ
    )
    assert done.returncode == 0, done.stdout + done.stderr
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    (strip,) = (s for s in sequencer.strips_of(cast("bpy.types.Scene", bpy.context.scene)) if s.type == "MOVIE")
    assert (sequencer.start_of(strip), sequencer.length_of(strip)) == (12, 72)
