"""*Choose Folder* and ``api.send_clip_to``: a clip goes elsewhere; and a project that was moved takes its clips along
(item 11.6).
"""

from __future__ import annotations

import shutil
from pathlib import Path

import bpy
import pytest

from kling_omni_addon.blender import api
from kling_omni_addon.blender.connection import snapshots
from kling_omni_addon.blender.host.sequencer import all_strips
from kling_omni_addon.blender.panels import submissions as panel
from kling_omni_addon.blender.submissions import actions, rows
from kling_omni_addon.blender.timeline import our_strips
from kling_omni_addon.core.errors import ArgumentsInvalid
from kling_omni_addon.core.life.lifecycle import Phase
from tests.workshop.layout import Layout


def told() -> str:
    layout = Layout()
    panel.draw_submissions(layout, bpy.context)  # type: ignore[arg-type]
    return layout.text.replace(" ", "")  # lines are wrapped anywhere in a long path


def test_choose_folder_sends_a_clip_elsewhere_and_it_is_placed_from_there(
    road: bpy.types.Scene, tmp_path: Path
) -> None:
    submission = api.submit(road)
    assert "kling.choose_folder" in actions.actions_of(submission)
    elsewhere = tmp_path / "elsewhere"
    assert bpy.ops.kling.choose_folder(submission_id=submission.id, directory=str(elsewhere)) == {"FINISHED"}
    (done,) = api.wait([submission.id], 120)
    assert Path(done.clip).parent == elsewhere
    assert "kling.choose_folder" not in actions.actions_of(done)
    api.place(done.id)
    strip = our_strips.find_strip(road, done.id)
    assert Path(bpy.path.abspath(strip.filepath)) == Path(done.clip)
    with pytest.raises(RuntimeError, match="already downloaded"):
        bpy.ops.kling.choose_folder(submission_id=submission.id, directory=str(tmp_path))


def test_a_path_beside_the_file_is_understood_and_a_folder_that_takes_nothing_is_refused(
    road: bpy.types.Scene, tmp_path: Path
) -> None:
    submission = api.submit(road)
    assert api.send_clip_to(submission.id, "//mine").target.folder == str(tmp_path / "mine")
    with pytest.raises(ArgumentsInvalid, match="Clips cannot be saved in"):
        api.send_clip_to(submission.id, "//film.blend")
    assert api.submission(submission.id).target.folder == str(tmp_path / "mine")


def test_a_file_where_the_folder_should_be_is_told_before_anything_is_sent(
    road: bpy.types.Scene, tmp_path: Path
) -> None:
    (tmp_path / "kling").write_bytes(b"")
    with pytest.raises(RuntimeError, match=r"Clips cannot be saved in .*Nothing was sent\."):
        bpy.ops.kling.submit()
    assert api.submissions() == ()
    assert list(all_strips(road)) == []


def test_the_clips_of_a_project_that_was_moved_go_to_its_new_place(road: bpy.types.Scene, tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    bpy.ops.wm.save_as_mainfile(filepath=str(before / "film.blend"))
    submission = api.submit(road)
    assert submission.target.folder == str(before / "kling" / "clips")
    bpy.ops.wm.save_mainfile()
    shutil.move(before, after)
    bpy.ops.wm.open_mainfile(filepath=str(after / "film.blend"))
    (done,) = api.wait([submission.id], 120)
    assert Path(done.clip).parent == after / "kling" / "clips"
    assert not before.exists()
    (strip,) = api.place_arrived()
    assert strip.frame_start == 12


def test_a_clip_that_is_not_where_it_was_meant_to_be_says_so_in_the_panel(
    road: bpy.types.Scene, tmp_path: Path
) -> None:
    road.kling.places_clip = False
    submission = api.submit(road)
    shutil.rmtree(tmp_path / "kling")
    (tmp_path / "kling").write_bytes(b"")
    (done,) = api.wait([submission.id], 120)
    assert (done.phase, Path(done.clip).parent) == (Phase.FETCHED, tmp_path / "home" / "clips")
    snapshots.refresh()
    rows.show()
    assert f'Theclipisin"{tmp_path / "home" / "clips"}"instead.' in told()
