"""The list as a gallery: what a row says, which rows there are, what the selection does, which files may go."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender.connection import opening, snapshots
from kling_omni_addon.blender.host import player, thumbnails
from kling_omni_addon.blender.submissions import row_text, rows, words
from kling_omni_addon.blender.takes import deletion_question
from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import Target
from kling_omni_addon.core.life.lifecycle import Phase
from tests.workshop.arrived import KEY, SERVICE, arrived_in
from tests.workshop.grey_clips import WriteClip
from tests.workshop.layout import Layout

Scene = Any

_HOUR_S = 3600.0


@pytest.fixture
def gallery(
    shot_scene: Scene, tmp_path: Path, write_clip: WriteClip, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Path]:
    """Three clips of an earlier run, none of them on a timeline: the second was made in another .blend file."""
    monkeypatch.setenv("KLING_BASE_URL", SERVICE)
    monkeypatch.setenv("KLING_API_KEY", KEY)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "film.blend"))
    clips = {}
    for number, (name, blend, prompt) in enumerate(
        (("harbor", "film.blend", "Boats leave"), ("fox", "other.blend", "A fox runs"), ("alley", "film.blend", "Rain"))
    ):
        clips[name] = tmp_path / f"{name}.mp4"
        shutil.copy(write_clip(), clips[name])
        target = Target(name=name, blend=str(tmp_path / blend))
        arrived_in(tmp_path / "home", clips[name], target, prompt=prompt, at=1e9 + number)
    opening.session()
    return clips


def names() -> list[str]:
    return [row.name.removeprefix("kob-") for row in rows.the_list().rows]


def select(*wanted: str) -> None:
    for row in rows.the_list().rows:
        row.is_selected = row.name.removeprefix("kob-") in wanted


def test_the_rows_are_those_of_the_scope_with_every_word_that_is_searched_for(gallery: dict[str, Path]) -> None:
    shown: Any = rows.the_list()
    assert names() == ["alley", "fox", "harbor"]
    shown.scope = "THIS_FILE"
    assert names() == ["alley", "harbor"]
    shown.scope, shown.search = "ALL", "RUNS fox"
    assert names() == ["fox"]
    shown.search = "kob-harbor"
    assert names() == ["harbor"]
    shown.search = "fox boats"
    assert names() == []


def test_the_order_is_by_age_by_name_or_by_what_waits_for_a_person(gallery: dict[str, Path], shot_scene: Scene) -> None:
    shown: Any = rows.the_list()
    shown.sort = "NAME"
    assert names() == ["alley", "fox", "harbor"]
    bpy.ops.kling.place_clip(submission_id="kob-alley")
    shown.sort = "STATE"
    assert names() == ["fox", "harbor", "alley"]


def test_what_is_selected_and_active_stays_so_whatever_the_filter_does(gallery: dict[str, Path]) -> None:
    shown: Any = rows.the_list()
    shown.index = 2
    select("harbor", "fox")
    shown.sort = "NAME"
    assert (rows.chosen(), rows.selected()) == ("kob-harbor", ("kob-fox", "kob-harbor"))
    shown.search = "boats"
    assert (rows.chosen(), rows.selected()) == (
        "kob-harbor",
        ("kob-harbor",),
    )  # nothing is done to what is not in sight


def test_without_a_selection_the_active_clip_counts(gallery: dict[str, Path]) -> None:
    assert rows.selected() == ("kob-alley",)
    bpy.ops.kling.select_clips(action="INVERT")
    assert len(rows.selected()) == 3
    bpy.ops.kling.select_clips(action="DESELECT")
    assert rows.selected() == ("kob-alley",)


def test_all_selected_clips_are_placed_and_one_that_cannot_be_stops_no_other(
    gallery: dict[str, Path], shot_scene: Scene
) -> None:
    gallery["fox"].unlink()
    bpy.ops.kling.select_clips(action="SELECT")
    assert bpy.ops.kling.place_selected() == {"FINISHED"}
    snapshots.refresh()
    phases = {each.target.name: each.phase for each in snapshots.submissions()}
    assert phases == {"harbor": Phase.PLACED, "fox": Phase.FETCHED, "alley": Phase.PLACED}


def test_removed_from_the_list_is_what_is_over(gallery: dict[str, Path]) -> None:
    select("fox", "harbor")
    assert bpy.ops.kling.remove_selected() == {"FINISHED"}
    assert names() == ["alley"]
    assert len(snapshots.submissions()) == 3


def test_only_selected_jobs_are_resumed(shot_scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLING_BASE_URL", SERVICE)
    monkeypatch.setenv("KLING_API_KEY", KEY)
    shot_scene.kling.prompt = "never sent"
    session = opening.session()
    held = []
    for name in ("one", "two"):
        shot_scene.kling.shot_name = shot_scene.kling.prompt = name
        bpy.ops.kling.submit()
        held.append(snapshots.submissions()[-1].id)
        session._tell(held[-1], ev.Held(at=1e9, reason="No units.", exit_code=3, scope="submission"))
    snapshots.refresh()
    select(held[0].removeprefix("kob-"))
    assert bpy.ops.kling.resume_selected() == {"FINISHED"}
    assert [session.read(each).is_stopped for each in held] == [False, True]


def test_deleting_takes_clip_and_sidecar_and_leaves_the_record_and_everything_else(gallery: dict[str, Path]) -> None:
    clip = gallery["fox"]
    beside = clip.with_suffix(".json")
    assert beside.exists()
    select("fox")
    assert bpy.ops.kling.delete_clips() == {"FINISHED"}
    assert (clip.exists(), beside.exists()) == (False, False)
    assert gallery["harbor"].exists()
    assert "fox" in names()


def test_a_file_beside_a_clip_that_is_not_its_own_is_not_deleted(gallery: dict[str, Path]) -> None:
    beside = gallery["fox"].with_suffix(".json")
    said = json.loads(beside.read_text())
    beside.write_text(json.dumps(said | {"submission": "somebody else's"}))
    assert bpy.ops.kling.delete_clips(submission_id="kob-fox") == {"FINISHED"}
    assert (gallery["fox"].exists(), beside.exists()) == (False, True)


def test_a_clip_that_this_file_uses_is_not_deleted(gallery: dict[str, Path]) -> None:
    bpy.ops.kling.place_clip(submission_id="kob-fox")
    with pytest.raises(RuntimeError, match="used by this"):
        bpy.ops.kling.delete_clips(submission_id="kob-fox")
    assert gallery["fox"].exists()


def test_another_file_in_the_place_of_a_clip_is_not_deleted(gallery: dict[str, Path]) -> None:
    gallery["fox"].write_bytes(b"somebody's own film")
    bpy.ops.kling.delete_clips(submission_id="kob-fox")
    assert gallery["fox"].read_bytes() == b"somebody's own film"


def test_a_clip_that_is_to_be_placed_is_not_deleted(
    gallery: dict[str, Path], shot_scene: Scene, tmp_path: Path
) -> None:
    clip = tmp_path / "waits.mp4"
    shutil.copy(gallery["fox"], clip)
    target = Target(name="waits", blend=bpy.data.filepath, scene=shot_scene.name)
    submission_id = arrived_in(tmp_path / "home", clip, target)
    snapshots.refresh()
    with pytest.raises(RuntimeError, match="about to be added to the Sequencer"):
        bpy.ops.kling.delete_clips(submission_id=submission_id)
    assert clip.exists()


def test_the_question_before_deleting_is_translated_but_not_the_names_of_files(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deletion_question, "translated", "<{}>".format)
    column: Any = Layout()
    clips = [f"/clips/take {number}.mp4" for number in range(13)]
    deletion_question.draw_question(column, clips, ['"fox" is used by this .blend file.'])
    assert column.labels == [
        "<13 clips are deleted from the disk, for good:>",
        *(f"take {number}.mp4" for number in range(12)),
        "<and 1 more>",
        '<"fox" is used by this .blend file.>',
        "Other .blend files that use these clips will not find them.",  # a whole text, which Blender translates
    ]


def test_a_row_says_length_quality_and_price(gallery: dict[str, Path]) -> None:
    text = row_text.text_of(snapshots.submission("kob-fox"))  # type: ignore[arg-type]
    assert (text.name, text.prompt, text.facts, text.short_facts) == (
        "fox",
        "A fox runs",
        "1080p 5 s · 4.0 units",
        "5 s · 4.0",
    )
    assert text.told == "Text · Pro · 5 s · 4.0 units · other.blend"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "just now"), (59, "just now"), (60, "1 min"), (3599, "59 min"), (3600, "1 h"), (11.9 * 3600, "11 h")],
)
def test_an_age_of_less_than_half_a_day_is_told_in_minutes_and_hours(seconds: float, told: str) -> None:
    assert words.age_of(1e9 - seconds, 1e9) == told


def test_an_older_age_is_told_as_a_day() -> None:
    now = 1e9
    assert words.age_of(now - 30 * _HOUR_S, now) in ("yesterday", "2001-09-07")  # by the zone of this machine
    assert words.age_of(now - 14 * 24 * _HOUR_S, now).startswith("2001-08-2")


def test_thumbnails_are_made_for_rows_that_are_drawn_and_are_bounded_and_freed(
    gallery: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thumbnails, "_MOST_CLIPS", 2)
    clips = [str(clip) for clip in gallery.values()]
    assert [thumbnails.icon_of_clip(clip) for clip in (*clips, str(tmp_path / "gone.mp4"))] == [0, 0, 0, 0]
    thumbnails.load_wanted()
    assert list(thumbnails._kept["clips"]) == clips[1:]  # no icon has a number in background mode
    assert thumbnails.is_missing(str(tmp_path / "gone.mp4"))
    thumbnails.free()
    assert not thumbnails._kept
    assert not thumbnails.is_missing(str(tmp_path / "gone.mp4"))


def test_a_clip_is_played_by_the_player_of_the_preferences(scene: Scene) -> None:
    paths: Any = bpy.context.preferences.filepaths
    clip = Path("/clips/fox.mp4")
    assert player.command_for(clip, "/opt/blender") == ("/opt/blender", "-a", str(clip))
    assert player.command_for(clip, "") == ()
    paths.animation_player_preset, paths.animation_player = "CUSTOM", "/usr/bin/mpv"
    assert player.command_for(clip, "/opt/blender") == ("/usr/bin/mpv", str(clip))


def test_a_clip_is_played_that_is_not_in_the_sequencer(gallery: dict[str, Path], tmp_path: Path) -> None:
    paths: Any = bpy.context.preferences.filepaths
    paths.animation_player_preset, paths.animation_player = "CUSTOM", sys.executable  # ends at once: no Python script
    assert bpy.ops.kling.play_clip(submission_id="kob-fox") == {"FINISHED"}
    player._players.pop().wait(60)
    paths.animation_player = str(tmp_path / "no player")
    with pytest.raises(RuntimeError, match="could not be started"):
        bpy.ops.kling.play_clip(submission_id="kob-fox")
    gallery["fox"].unlink()
    with pytest.raises(RuntimeError, match="not there any more"):
        bpy.ops.kling.play_clip(submission_id="kob-fox")
