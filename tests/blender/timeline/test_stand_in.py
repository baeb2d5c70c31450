"""A strip from the first moment: it stands in for the clip, goes through an artist's hands, and becomes the clip."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender.connection import opening, snapshots
from kling_omni_addon.blender.host import identity
from kling_omni_addon.blender.host.sequencer import all_strips, end_of, length_of, new_effect, start_of, strips_of
from kling_omni_addon.blender.panels import forecast
from kling_omni_addon.blender.shot.reading import read_request
from kling_omni_addon.blender.submissions import actions, overlay, placing, words
from kling_omni_addon.blender.timeline import stand_in
from kling_omni_addon.blender.timeline.channels import free_channels
from kling_omni_addon.blender.timeline.our_strips import find_strip
from kling_omni_addon.core.life.lifecycle import Phase, Submission
from kling_omni_addon.core.translation import LANGUAGES, catalog

Scene = Any  # the stubs know one Blender, these tests run in several
Strip = Any

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the rehearsal server is stopped by a signal")


def the_scene() -> Scene:
    """The open one: undo makes it anew."""
    return bpy.context.scene


def submit() -> Submission:
    assert bpy.ops.kling.submit() == {"FINISHED"}
    return snapshots.submissions()[-1]


def fetched(submission: Submission) -> Submission:
    found = opening.session().wait(lambda states: all(s.is_settled for s in states.values()), [submission.id], 120)
    assert found[submission.id].phase is Phase.FETCHED
    snapshots.refresh()
    return found[submission.id]


def now(submission: Submission) -> Submission:
    snapshots.refresh()
    return next(s for s in snapshots.submissions() if s.id == submission.id)


def test_submitting_puts_a_stand_in_of_the_planned_length_on_a_free_channel(road: Scene, tmp_path: Path) -> None:
    road.render.fps = 30
    road.kling.shot_name = "Alley"
    road.sequence_editor_create()
    new_effect(strips_of(road), "COLOR", name="Card", channel=1, frame_start=1, length=40)
    submission = submit()
    strip = find_strip(road, submission.id)
    assert (strip.name, strip.channel, start_of(strip), length_of(strip)) == ("Alley", 2, 12, 90)
    assert stand_in.is_stand_in(strip)
    assert Path(bpy.path.abspath(strip.filepath)) == tmp_path / "kling" / "clips" / "stand_in.mp4"
    assert not [s for s in all_strips(road) if s.select and s != strips_of(road)["Card"]]


def test_a_stand_in_that_was_moved_and_renamed_in_a_renamed_scene_becomes_the_clip(road: Scene) -> None:
    submission = submit()
    strip, road.name = find_strip(road, submission.id), "Another Name"
    strip.name, strip.channel = "Mine", 6
    fetched(submission)
    (placed,) = placing.place_arrived()
    assert (placed.name, placed.channel, placed.frame_start, placed.frame_duration) == ("Mine", 6, 12, 72)
    assert (now(submission).phase, now(submission).strip) == (Phase.PLACED, "Mine")
    assert not stand_in.is_stand_in(find_strip(road, submission.id))
    assert placing.place_arrived() == []


def test_a_clip_whose_stand_in_was_deleted_waits_says_so_and_can_be_placed(road: Scene) -> None:
    submission = submit()
    strips_of(road).remove(find_strip(road, submission.id))
    fetched(submission)
    assert placing.place_arrived() == []
    assert words.account_of(now(submission), ()).startswith(
        "Downloaded, but its placeholder strip was deleted. Press Add to Sequencer."
    )
    assert bpy.ops.kling.place_clip(submission_id=submission.id) == {"FINISHED"}
    assert start_of(find_strip(road, submission.id)) == 12


def test_a_stand_in_that_was_cut_becomes_the_clip_in_all_its_pieces(road: Scene) -> None:
    submission = submit()
    find_strip(road, submission.id).split(40, "SOFT")
    fetched(submission)
    assert len(placing.place_arrived()) == 1
    spans = sorted((start_of(s), end_of(s)) for s in all_strips(road) if s.type == "MOVIE")
    assert spans == [(12, 40), (40, 84)]
    assert not any(stand_in.is_stand_in(s) for s in all_strips(road))


def test_undo_takes_the_strip_and_never_the_submission(road: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stand_in, "push_undo", lambda message: bpy.ops.ed.undo_push(message=message))
    bpy.ops.ed.undo_push(message="Before")
    submission = submit()
    fetched(submission)
    placing.place_arrived()

    def kinds() -> list[bool]:
        return [stand_in.is_stand_in(strip) for strip in all_strips(the_scene())]

    def told() -> tuple[str, str, bool]:
        """State, sentence, and whether Place is the first thing offered."""
        one = now(submission)
        sentence, _, _cost = words.account_of(one, ()).partition(" Rehearsal is free")
        return words.state_of(one), sentence, actions.actions_of(one)[0] == "kling.place_clip"

    assert kinds() == [False]
    bpy.ops.ed.undo()
    assert (kinds(), placing.place_arrived()) == ([True], [])
    assert told() == (
        "Clip Ready",
        "Undo removed this clip from its strip. Press Add to Sequencer to put it back.",
        True,
    )
    bpy.ops.ed.undo()
    assert (kinds(), now(submission).phase) == ([], Phase.PLACED)
    assert told() == ("Clip Ready", "Undo removed the strip of this clip. Press Add to Sequencer to put it back.", True)
    bpy.ops.ed.redo()
    bpy.ops.ed.redo()
    assert kinds() == [False]
    assert told() == ("In Sequencer", 'In the Sequencer as "Scene": 72 frames, 3.00 s.', False)


def test_a_strip_that_was_deleted_is_not_said_to_be_undone_and_the_clip_can_be_placed_again(road: Scene) -> None:
    submission = submit()
    fetched(submission)
    placing.place_arrived()
    strips_of(road).remove(find_strip(road, submission.id))
    stand_in.look_again()
    told = words.account_of(now(submission), ())
    assert told.startswith(
        "Downloaded. No strip in this .blend file shows this clip. Press Add to Sequencer to put it back."
    )
    assert actions.actions_of(now(submission))[0] == "kling.place_clip"
    assert "kling.reveal_strip" not in actions.actions_of(now(submission))
    assert bpy.ops.kling.place_clip(submission_id=submission.id) == {"FINISHED"}
    assert words.account_of(now(submission), ()).startswith('In the Sequencer as "Scene"')


def test_a_clip_on_the_timeline_of_another_file_is_told_with_that_file(road: Scene) -> None:
    submission = submit()
    fetched(submission)
    placing.place_arrived()
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert words.state_of(now(submission)) == "In Another File"
    assert words.account_of(now(submission), ()).startswith('In the Sequencer of "film.blend" as "Scene".')


def test_a_stand_in_that_undo_brought_back_can_be_filled_again(road: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stand_in, "push_undo", lambda message: bpy.ops.ed.undo_push(message=message))
    submission = submit()
    fetched(submission)
    placing.place_arrived()
    bpy.ops.ed.undo()
    assert bpy.ops.kling.place_clip(submission_id=submission.id) == {"FINISHED"}
    assert [stand_in.is_stand_in(strip) for strip in all_strips(the_scene())] == [False]


def test_a_submission_that_was_given_up_says_so_on_its_stand_in_which_can_be_removed(road: Scene) -> None:
    submission = submit()
    bpy.ops.kling.stop_waiting(submission_id=submission.id)
    assert overlay.state_of(now(submission)) == "Stopped"
    assert find_strip(road, submission.id) is not None
    assert bpy.ops.kling.remove_stand_in(submission_id=submission.id) == {"FINISHED"}
    assert find_strip(road, submission.id) is None
    with pytest.raises(RuntimeError, match="No placeholder strip"):
        bpy.ops.kling.remove_stand_in(submission_id=submission.id)


def test_a_clip_that_goes_to_no_timeline_has_no_stand_in(road: Scene) -> None:
    road.kling.places_clip = False
    assert (submit().target.has_stand_in, list(strips_of(road))) == (False, [])


def test_where_there_is_no_room_nothing_is_submitted(road: Scene) -> None:
    road.sequence_editor_create()
    for lane in road.sequence_editor.channels:
        lane.lock = True
    with pytest.raises(RuntimeError, match="channels from 1 up are free"):
        bpy.ops.kling.submit()
    assert snapshots.submissions() == ()


def test_a_stand_in_that_cannot_be_made_does_not_look_like_a_shot_that_was_not_sent(
    road: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is told that it failed presses the button once more, and pays twice."""

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("Blender could not add the strip")

    monkeypatch.setattr(stand_in, "new_stand_in", fails)
    assert bpy.ops.kling.submit(wait_s=120) == {"FINISHED"}
    (submission,) = snapshots.submissions()
    assert submission.phase is Phase.FETCHED
    assert "its placeholder strip was deleted" in placing.waits_because(submission)


@pytest.mark.parametrize(("timing", "length", "fps"), [("SPEED", 90, 30), ("FRAMES", 72, 30), ("CONFORM", 72, 24)])
def test_the_stand_in_is_planned_as_the_clip_then_plays(road: Scene, timing: str, length: int, fps: int) -> None:
    road.render.fps = 30
    road.kling.timing = timing
    said = forecast.outcome(road, read_request(road))
    assert f"({length} frames" in said
    assert ("Changes the scene from 30 to 24 fps" in said) == (timing == "CONFORM")
    submission = submit()
    assert length_of(find_strip(road, submission.id)) == length
    fetched(submission)
    placing.place_arrived()
    assert (length_of(find_strip(road, submission.id)), road.render.fps) == (length, fps)
    told = words.account_of(now(submission), ())
    assert told.startswith(f'In the Sequencer as "Scene": {length} frames, {length / fps:.2f} s.')


def test_an_artists_own_strip_can_play_the_clip(road: Scene) -> None:
    road.kling.places_clip = False
    submission = fetched(submit())
    road.sequence_editor_create()
    strip = strips_of(road).new_movie("Animatic", submission.clip, 3, 100)
    road.sequence_editor.active_strip = strip
    assert bpy.ops.kling.replace_strip(submission_id=submission.id) == {"FINISHED"}
    assert (find_strip(road, submission.id).name, now(submission).phase) == ("Animatic", Phase.PLACED)


def test_without_an_active_movie_strip_replacing_says_what_to_click(road: Scene) -> None:
    road.sequence_editor_create()
    with pytest.raises(RuntimeError, match="Select a movie strip"):
        bpy.ops.kling.replace_strip(submission_id="any")


def test_a_file_that_is_not_open_is_named(road: Scene) -> None:
    submission = submit()
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert (
        placing.waits_because(fetched(submission))
        == "Downloaded. The clip belongs to film.blend; open that file to add it."
    )


def test_the_open_file_is_known_under_another_spelling_of_its_path(road: Scene) -> None:
    """A second name of the same file stands for what Windows and macOS take for one."""
    here = Path(bpy.data.filepath)
    other = here.with_name(here.name.upper())
    assert not identity.is_this_file(str(other))
    identity.forget_file()
    os.link(here, other)
    assert identity.is_this_file(str(other))
    assert not identity.is_this_file(str(here.with_name("another.blend")))


def test_a_drive_letter_of_a_share_is_the_share(road: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    here = Path(bpy.data.filepath)
    share = here.parent / "share"
    share.symlink_to(here.parent)
    bpy.ops.wm.save_as_mainfile(filepath=str(share / here.name))
    monkeypatch.setattr(identity, "_HAS_DRIVES", True)
    identity.forget_file()
    assert identity.this_file() == str(here)
    assert identity.is_this_file(str(here))
    assert identity.is_this_file(str(share / here.name))


def test_the_film_is_found_also_where_the_clip_folder_cannot_be_written(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    scene.sequence_editor_create()
    channel = free_channels(scene, 1, 50, 1, 1)
    wishes: dict[str, Any] = {"name": "Alley", "submission_id": "one", "channel": channel, "frame_start": 1}
    strip = stand_in.new_stand_in(scene, tmp_path / "file", length=49, **wishes)
    assert Path(bpy.path.abspath(strip.filepath)).is_file()


def test_a_file_that_was_saved_under_another_name_keeps_its_claim(road: Scene, tmp_path: Path) -> None:
    submission = submit()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "film_v2.blend"))
    fetched(submission)
    assert len(placing.place_arrived()) == 1


def test_a_file_that_was_not_saved_after_the_clip_came_gets_it_again(road: Scene, tmp_path: Path) -> None:
    submission = submit()
    bpy.ops.wm.save_mainfile()
    fetched(submission)
    assert len(placing.place_arrived()) == 1
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "film.blend"))  # as after a crash
    assert stand_in.is_stand_in(find_strip(the_scene(), submission.id))
    assert len(placing.place_arrived()) == 1
    assert not stand_in.is_stand_in(find_strip(the_scene(), submission.id))


def test_a_broken_file_is_told_once_and_stops_no_other_clip(road: Scene) -> None:
    broken = submit()
    road.frame_current = 200
    whole = submit()
    Path(fetched(broken).clip).write_bytes(b"<html>")
    fetched(whole)
    assert [placed.frame_start for placed in placing.place_arrived()] == [200]
    assert "cannot be added to the Sequencer" in placing.waits_because(now(broken))
    assert stand_in.is_stand_in(find_strip(road, broken.id))


@pytest.mark.parametrize(
    ("phase", "told"),
    [
        (Phase.INTENDED, "Queued"),
        (Phase.PARKED, "No Response"),
        (Phase.FAILED, "Failed: Kling refused the prompt"),
        (Phase.PLACED, "Clip Ready"),
    ],
)
def test_a_stand_in_says_how_its_clip_is_doing(
    road: Scene, monkeypatch: pytest.MonkeyPatch, phase: Phase, told: str
) -> None:
    monkeypatch.setattr(snapshots, "moved", lambda _: (0, 0))
    submission = replace(submit(), phase=phase, problem="Kling refused the prompt")
    assert overlay.state_of(submission) == told


def test_an_upload_and_a_download_show_how_far_they_are(road: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    submission = replace(submit(), phase=Phase.READY)
    monkeypatch.setattr(snapshots, "moved", lambda _: (0, 0))
    assert overlay.state_of(submission) == "Downloading"
    monkeypatch.setattr(snapshots, "moved", lambda _: (25_000_000, 40_000_000))
    assert overlay.state_of(submission) == "Downloading · 25 of 40 MB"
    for language in LANGUAGES:
        assert not {"Downloading", "of"} & set(catalog(language).translated(overlay.state_of(submission)).split())


def test_a_stand_in_that_this_machine_knows_nothing_of_says_so() -> None:
    assert overlay.state_of(None) == "Started on another computer"


def test_a_locked_strip_becomes_the_clip_too(road: Scene) -> None:
    road.render.fps = 30
    submission = submit()
    find_strip(road, submission.id).lock = True
    fetched(submission)
    (placed,) = placing.place_arrived()
    assert (placed.frame_duration, len(find_strip(road, submission.id).retiming_keys)) == (90, 2)
