"""Clips on the timeline: at the right frame, at their own speed, in nobody's way, and once only."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kling_omni_addon.blender.host.sequencer import new_effect, strips_of
from kling_omni_addon.blender.timeline.channels import free_channels
from kling_omni_addon.blender.timeline.clip_strips import place_clip
from kling_omni_addon.blender.timeline.our_strips import find_strip
from kling_omni_addon.core.errors import ClipUnusable, KlingError
from tests.blender.sound import needs_sound
from tests.workshop.grey_clips import WriteClip

Scene = Any  # the stubs know one Blender, these tests run in several
Strip = Any


@pytest.fixture
def clip(write_clip: WriteClip) -> Path:
    """Two silent seconds at 24 frames a second."""
    return write_clip()


def place(scene: Scene, clip: Path, **changes: Any) -> Any:
    wishes: dict[str, Any] = {"frame_start": 10, "name": "Take 1", "submission_id": "one"}
    return place_clip(scene, clip, **wishes | changes)


def add_card(scene: Scene, *, channel: int, frame_start: int, length: int) -> Strip:
    scene.sequence_editor_create()
    return new_effect(strips_of(scene), "COLOR", name="Card", channel=channel, frame_start=frame_start, length=length)


def span_of(strip: Strip) -> range:
    if hasattr(strip, "left_handle"):
        return range(strip.left_handle, strip.right_handle)
    return range(strip.frame_final_start, strip.frame_final_end)


def shown_at(scene: Scene, frame: int, folder: Path, *, frames: int = 48) -> int:
    """The number of the clip's frame that the timeline shows at a frame of the scene; -1 for none."""
    scene.frame_set(frame)
    scene.render.resolution_x = scene.render.resolution_y = 64
    scene.view_settings.view_transform = "Standard"
    scene.render.filepath = str(folder / "shown.png")
    bpy.ops.render.render(write_still=True, scene=scene.name)
    image: Any = bpy.data.images.load(scene.render.filepath)
    grey: float = image.pixels[0]
    bpy.data.images.remove(image)
    return round(grey * (frames + 1)) - 1


# When it plays, and how fast ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fps", "fps_base", "duration"),
    [
        (24, 1.0, 48),
        (25, 1.0, 50),
        (30, 1.0, 60),
        (60, 1.0, 120),
        (12, 1.0, 24),
        (30, 1.001, 60),
        (24, 1.001, 48),
        (30, 1.5, 40),
    ],
)
def test_a_clip_plays_at_its_own_speed_whatever_the_scenes_rate(
    scene: Scene, clip: Path, tmp_path: Path, fps: int, fps_base: float, duration: int
) -> None:
    scene.render.fps, scene.render.fps_base = fps, fps_base
    placed = place(scene, clip, frame_start=10)
    assert (placed.frame_start, placed.frame_duration) == (10, duration)
    assert [shown_at(scene, frame, tmp_path) for frame in (9, 10, 10 + duration)] == [-1, 0, -1]
    for offset in (1, 2, duration // 3, duration // 2, duration - 2, duration - 1):
        # Blender 4.2 rounds down, later ones to the nearest.
        assert shown_at(scene, 10 + offset, tmp_path) == pytest.approx(offset / (fps / fps_base) * 24, abs=1.01)


def test_five_seconds_last_five_seconds(scene: Scene, write_clip: WriteClip) -> None:
    scene.render.fps = 30
    assert place(scene, write_clip(frames=120)).frame_duration == 150


@pytest.mark.parametrize(("frames", "clip_fps", "duration"), [(45, 30, 36), (7, 30, 6), (1, 60, 1)])
def test_the_length_is_rounded_to_the_nearest_frame_of_the_scene(
    scene: Scene, write_clip: WriteClip, frames: int, clip_fps: int, duration: int
) -> None:
    assert place(scene, write_clip(frames=frames, fps=clip_fps)).frame_duration == duration


@pytest.mark.parametrize("fps", [24, 30])
def test_a_silent_clip_is_one_strip_whatever_the_rate(scene: Scene, clip: Path, fps: int) -> None:
    scene.render.fps = fps
    place(scene, clip)
    assert [(strip.type, len(strip.retiming_keys)) for strip in strips_of(scene)] == [("MOVIE", 0 if fps == 24 else 2)]


@pytest.mark.parametrize("frame_start", [-20, 0, 1, 5000])
def test_a_clip_begins_at_the_asked_frame_also_before_the_first(scene: Scene, clip: Path, frame_start: int) -> None:
    scene.render.fps = 30
    assert place(scene, clip, frame_start=frame_start).frame_start == frame_start
    assert {span_of(strip) for strip in strips_of(scene)} == {range(frame_start, frame_start + 60)}


def test_the_picture_fills_the_frame(scene: Scene, clip: Path, tmp_path: Path) -> None:
    place(scene, clip)
    transform = find_strip(scene, "one").transform
    assert transform.scale_x == scene.render.resolution_y / 64  # 64 pixels high as a file


def test_a_scene_that_is_not_the_active_one_gets_the_clip(scene: Scene, clip: Path) -> None:
    other = bpy.data.scenes.new("Other")
    place(other, clip)
    assert len(strips_of(other)) == 1
    assert len(strips_of(scene)) == 0


# Sound ---------------------------------------------------------------------------------------------------------------


@needs_sound
@pytest.mark.parametrize("fps", [24, 30, 240])  # at 240 the padding after the sound would be a frame
def test_a_clip_with_sound_gets_a_sound_strip_of_the_same_frames(scene: Scene, write_clip: WriteClip, fps: int) -> None:
    scene.render.fps = fps
    clip = write_clip(has_sound=True)
    placed = place(scene, clip, channel=3)
    sound = strips_of(scene)[placed.sound_name]
    assert span_of(sound) == range(10, 10 + 2 * fps)
    assert sound.sound.channels != "INVALID"
    assert (sound.channel, placed.channel) == (3, 4)  # as Blender's own import has them


def test_a_silent_clip_gets_no_sound_strip(scene: Scene, clip: Path) -> None:
    assert place(scene, clip).sound_name is None
    assert len(strips_of(scene)) == 1
    assert len(bpy.data.sounds) == 0


# Where: in nobody's way -----------------------------------------------------------------------------------------------


def test_strips_beside_each_other_share_a_channel(scene: Scene, clip: Path) -> None:
    add_card(scene, channel=1, frame_start=1, length=9)
    add_card(scene, channel=1, frame_start=58, length=9)
    assert place(scene, clip).channel == 1


@pytest.mark.parametrize(("frame_start", "length"), [(1, 10), (57, 1), (20, 5), (1, 100)])
def test_a_channel_that_is_occupied_at_any_frame_is_left_for_the_next(
    scene: Scene, clip: Path, frame_start: int, length: int
) -> None:
    add_card(scene, channel=1, frame_start=frame_start, length=length)
    assert place(scene, clip).channel == 2


def test_the_wished_channel_is_the_lowest_that_is_taken(scene: Scene, clip: Path) -> None:
    assert place(scene, clip, channel=5).channel == 5
    assert place(scene, clip, channel=5, submission_id="two").channel == 6


@needs_sound
def test_a_clip_and_its_sound_stay_together(scene: Scene, write_clip: WriteClip) -> None:
    add_card(scene, channel=2, frame_start=20, length=5)
    assert place(scene, write_clip(has_sound=True)).channel == 4
    assert sorted((strip.type, strip.channel) for strip in strips_of(scene)) == [
        ("COLOR", 2),
        ("MOVIE", 4),
        ("SOUND", 3),
    ]


@pytest.mark.parametrize("quality", ["lock", "mute"])
def test_locked_and_muted_channels_are_avoided(scene: Scene, clip: Path, quality: str) -> None:
    scene.sequence_editor_create()
    setattr(scene.sequence_editor.channels[1], quality, True)
    assert place(scene, clip).channel == 2


@pytest.mark.parametrize("channel", [1, 128, 500])
def test_where_no_channel_is_free_nothing_is_placed(scene: Scene, clip: Path, channel: int) -> None:
    scene.sequence_editor_create()
    for lane in scene.sequence_editor.channels:
        lane.lock = True
    with pytest.raises(KlingError, match="are free at frame 10") as refusal:
        place(scene, clip, channel=channel)
    assert refusal.value.field == "channel"
    assert len(strips_of(scene)) == 0


def test_adjacent_channels_are_found_up_to_blenders_last(scene: Scene) -> None:
    assert free_channels(scene, 1, 50, 3, 126) == 126
    with pytest.raises(KlingError):
        free_channels(scene, 1, 50, 3, 127)


CARDS = st.lists(st.tuples(st.integers(1, 5), st.integers(-40, 80), st.integers(1, 60)), max_size=12)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cards=CARDS, frame_start=st.integers(-60, 60), channel=st.integers(0, 5), fps=st.sampled_from([12, 24, 30]))
def test_nothing_that_was_there_is_moved_or_covered(
    scene: Scene, clip: Path, cards: list[tuple[int, int, int]], frame_start: int, channel: int, fps: int
) -> None:
    timeline = bpy.data.scenes.new("Timeline")
    timeline.render.fps = fps
    for lane, start, length in cards:
        add_card(timeline, channel=lane, frame_start=start, length=length)
    before = {strip.name: (strip.channel, span_of(strip)) for strip in strips_of(timeline)}
    place(timeline, clip, frame_start=frame_start, channel=channel)
    after = {strip.name: (strip.channel, span_of(strip)) for strip in strips_of(timeline)}
    assert after.items() >= before.items()
    ours = [after[name] for name in after.keys() - before.keys()]
    for (lane, span), (other_lane, other_span) in itertools.product(ours, before.values()):
        assert lane != other_lane or not set(span) & set(other_span)
    assert len({lane for lane, _ in ours}) == len(ours)
    bpy.data.scenes.remove(timeline)


def test_selection_and_active_strip_stay_as_they_are(scene: Scene, clip: Path) -> None:
    scene.render.fps = 30
    chosen = add_card(scene, channel=1, frame_start=1, length=50)
    passed_over = add_card(scene, channel=2, frame_start=1, length=50)
    chosen.select, passed_over.select = True, False
    scene.sequence_editor.active_strip = chosen
    place(scene, clip)
    assert [strip.name for strip in strips_of(scene) if strip.select] == [chosen.name]
    assert scene.sequence_editor.active_strip == chosen


# Once only -----------------------------------------------------------------------------------------------------------


def test_the_same_submission_is_placed_once(scene: Scene, clip: Path) -> None:
    scene.render.fps = 30
    first = place(scene, clip)
    count = len(strips_of(scene))
    assert place(scene, clip, frame_start=500, name="Other name") == first
    assert len(strips_of(scene)) == count


def test_a_strip_that_was_moved_and_renamed_is_found_where_it_is_now(scene: Scene, clip: Path) -> None:
    place(scene, clip)
    strip = find_strip(scene, "one")
    strip.name, strip.channel = "Mine", 7
    again = place(scene, clip)
    assert (again.name, again.channel) == ("Mine", 7)


def test_a_strip_inside_a_meta_strip_is_found(scene: Scene, clip: Path) -> None:
    place(scene, clip)
    meta = strips_of(scene).new_meta("Meta", channel=5, frame_start=1)
    find_strip(scene, "one").move_to_meta(meta)
    assert [strip.type for strip in strips_of(scene)] == ["META"]
    assert place(scene, clip).name == "Take 1"
    assert [strip.type for strip in strips_of(scene)] == ["META"]


def test_a_submission_is_known_again_after_the_file_is_loaded(scene: Scene, clip: Path, tmp_path: Path) -> None:
    first = place(scene, clip)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "shot.blend"))
    assert place(bpy.context.scene, clip) == first


def test_a_deleted_strip_can_be_placed_again(scene: Scene, clip: Path) -> None:
    first = place(scene, clip)
    strips_of(scene).remove(find_strip(scene, "one"))
    assert find_strip(scene, "one") is None
    assert place(scene, clip) == first


def test_another_submission_and_another_scene_get_strips_of_their_own(scene: Scene, clip: Path) -> None:
    place(scene, clip)
    place(scene, clip, submission_id="two")
    other = bpy.data.scenes.new("Other")
    place(other, clip)
    assert (len(strips_of(scene)), len(strips_of(other))) == (2, 1)


# Files that cannot be placed ------------------------------------------------------------------------------------------


def box(kind: bytes, content: bytes) -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + kind + content


UNUSABLE: dict[str, tuple[Callable[[bytes], bytes | None], str]] = {
    "missing": (lambda whole: None, "cannot be read"),
    "empty": (lambda whole: b"", "is missing"),
    "a web page": (lambda whole: b"<html>Not found</html>" * 50, "does not begin like an MP4"),
    "cut short": (lambda whole: whole[: len(whole) // 2], "the end of the file is missing"),
    "whole but senseless": (
        lambda whole: box(b"ftyp", b"isom") + box(b"moov", b"") + box(b"mdat", b"x"),
        "cannot decode",
    ),
}


@pytest.mark.parametrize("fault", UNUSABLE)
def test_an_unusable_file_is_refused_and_leaves_nothing_behind(
    scene: Scene, clip: Path, tmp_path: Path, fault: str
) -> None:
    scene.sequence_editor_clear()
    spoil, reason = UNUSABLE[fault]
    spoiled = spoil(clip.read_bytes())
    if spoiled is not None:
        (tmp_path / "clip.mp4").write_bytes(spoiled)
    with pytest.raises(ClipUnusable, match=reason) as refusal:
        place(scene, tmp_path / "clip.mp4")
    assert refusal.value.remedy
    assert scene.sequence_editor is None
    assert [*bpy.data.movieclips, *bpy.data.sounds, *bpy.data.images] == []


def test_a_folder_is_not_a_clip(scene: Scene, tmp_path: Path) -> None:
    with pytest.raises(ClipUnusable):
        place(scene, tmp_path)


def test_looking_into_a_clip_leaves_no_data_behind(scene: Scene, clip: Path) -> None:
    place(scene, clip)
    assert [*bpy.data.movieclips, *bpy.data.sounds, *bpy.data.images] == []


# The file and the window ----------------------------------------------------------------------------------------------


def test_a_project_that_is_moved_with_its_clips_still_shows_them(scene: Scene, clip: Path, tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    (here / "kling").mkdir(parents=True)
    shutil.copy(clip, here / "kling" / "take.mp4")
    bpy.ops.wm.save_as_mainfile(filepath=str(here / "shot.blend"))
    place(scene, here / "kling" / "take.mp4")
    bpy.ops.wm.save_mainfile()
    here.rename(there)
    bpy.ops.wm.open_mainfile(filepath=str(there / "shot.blend"))
    assert shown_at(bpy.context.scene, 20, tmp_path) == 10


@pytest.mark.skipif("sequencer_scene" not in bpy.types.WorkSpace.bl_rna.properties, reason="from 5.0")
def test_workspaces_without_a_timeline_show_this_one_and_the_others_keep_theirs(scene: Scene, clip: Path) -> None:
    other = bpy.data.scenes.new("Other")
    first, *rest = bpy.data.workspaces
    first.sequencer_scene = other
    place(scene, clip)
    assert first.sequencer_scene == other
    assert {workspace.sequencer_scene for workspace in rest} == {scene}
