"""Frame truth: what the timeline shows and sounds like, told by rendering it and reading the frames and the beeps.

Frame ``k`` of a clip of ``N`` frames that lasts ``n`` frames of the scene belongs at ``k * n / N`` from its start. So
at the scene's frame ``i`` one of the two frames around ``i * N / n`` is to be seen, and never any other.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import ceil, floor
from pathlib import Path
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender.host.sequencer import (
    can_retime_sound,
    end_of,
    length_of,
    set_end,
    set_start,
    start_of,
    strips_of,
)
from kling_omni_addon.blender.timeline.clip_strips import place_clip, replace_source
from kling_omni_addon.blender.timeline.our_strips import find_strip
from tests.blender.sound import HAS_SOUND
from tests.workshop.coded_clip import HEIGHT, WIDTH, heard_beeps, shown_frames, write_coded_clip
from tests.workshop.rehearsal_code import rehearsal_frames, write_rehearsal_clip

Scene = Any  # the stubs know one Blender, these tests run in several
Strip = Any

START = 10
RATES = {
    "23.976": (24, 1.001),
    "24": (24, 1.0),
    "25": (25, 1.0),
    "29.97": (30, 1.001),
    "30": (30, 1.0),
    "50": (50, 1.0),
    "60": (60, 1.0),
}
Write = Callable[[int], Path]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Write:
    """Writes the coded clip of so many seconds at 24 frames a second, with sound where Blender has it."""
    folder = tmp_path_factory.mktemp("coded")
    return lambda seconds: write_coded_clip(folder, frames=24 * seconds, has_sound=HAS_SOUND)


def set_rate(scene: Scene, rate: str) -> float:
    scene.render.resolution_x, scene.render.resolution_y = WIDTH, HEIGHT
    scene.render.fps, scene.render.fps_base = RATES[rate]
    return float(scene.render.fps / scene.render.fps_base)


def place(scene: Scene, clip: Path, **wishes: Any) -> Strip:
    place_clip(scene, clip, frame_start=START, name="Clip", submission_id="one", **wishes)
    return find_strip(scene, "one")


def seen(scene: Scene, strip: Strip, folder: Path) -> list[int]:
    return shown_frames(scene, start_of(strip), end_of(strip) - 1, folder)


def belonging(frames: int, length: int) -> list[set[int]]:
    """For each frame of the scene, the frames of the clip that may be seen there."""
    exact = [Fraction(index * frames, length) for index in range(length)]
    return [{floor(place), min(ceil(place), frames - 1)} for place in exact]


def assert_every_frame_where_it_belongs(shown: list[int], frames: int) -> None:
    wrong = {
        i: n for i, (n, right) in enumerate(zip(shown, belonging(frames, len(shown)), strict=True)) if n not in right
    }
    assert wrong == {}
    assert shown == sorted(shown)
    if len(shown) >= frames:
        assert set(shown) == set(range(frames)), "a frame is left out"


@pytest.mark.parametrize("seconds", [5, 10])
@pytest.mark.parametrize("rate", RATES)
def test_at_its_own_speed_every_frame_of_a_clip_is_where_it_belongs_and_the_sound_with_it(
    scene: Scene, written: Write, tmp_path: Path, rate: str, seconds: int
) -> None:
    fps = set_rate(scene, rate)
    strip = place(scene, written(seconds))
    assert length_of(strip) == round(seconds * fps)
    assert_every_frame_where_it_belongs(seen(scene, strip, tmp_path), 24 * seconds)
    if HAS_SOUND:
        assert heard_beeps(scene, tmp_path) == pytest.approx([START + k * fps for k in range(seconds)], abs=1)


@pytest.mark.parametrize("seconds", [5, 10])
@pytest.mark.parametrize("rate", RATES)
def test_frame_for_frame_every_frame_of_the_scene_shows_the_next_of_the_clip_with_its_sound(
    scene: Scene, written: Write, tmp_path: Path, rate: str, seconds: int
) -> None:
    fps = set_rate(scene, rate)
    strip = place(scene, written(seconds), timing="frames")
    assert seen(scene, strip, tmp_path) == list(range(24 * seconds))
    if can_retime_sound():
        assert heard_beeps(scene, tmp_path) == pytest.approx([START + 24 * k for k in range(seconds)], abs=1)
    elif HAS_SOUND:  # it begins in step, keeps its own speed and ends with the picture
        beeps = [START + fps * k for k in range(seconds) if fps * k < 24 * seconds]
        assert heard_beeps(scene, tmp_path) == pytest.approx(beeps, abs=1)


def test_conforming_gives_the_scene_the_clips_rate(scene: Scene, written: Write, tmp_path: Path) -> None:
    set_rate(scene, "29.97")
    strip = place(scene, written(5), timing="conform")
    assert (scene.render.fps, scene.render.fps_base) == (24, 1.0)
    assert seen(scene, strip, tmp_path) == list(range(120))


@pytest.mark.parametrize("length", [97, 120, 131, 211])
def test_a_clip_that_is_to_fill_a_gap_fills_it_from_its_first_to_its_last_frame(
    scene: Scene, written: Write, tmp_path: Path, length: int
) -> None:
    set_rate(scene, "25")
    strip = place(scene, written(5), fit_frames=length)
    assert length_of(strip) == length
    shown = seen(scene, strip, tmp_path)
    assert_every_frame_where_it_belongs(shown, 120)
    assert shown[0] == 0
    assert shown[-1] >= 118


@pytest.mark.parametrize("rate", ["25", "30", "60"])
def test_trimming_a_clip_moves_no_frame_and_no_sound(scene: Scene, written: Write, tmp_path: Path, rate: str) -> None:
    set_rate(scene, rate)
    strip = place(scene, written(5))
    whole = seen(scene, strip, tmp_path)
    sounds = [strip, *(s for s in strips_of(scene) if s.type == "SOUND")]
    for each in sounds:
        set_start(each, START + 37)
        set_end(each, START + 101)
    assert seen(scene, strip, tmp_path) == whole[37:101]
    if HAS_SOUND:
        fps = scene.render.fps
        beeps = [START + k * fps for k in range(5) if 37 < k * fps < 101]
        assert [beep for beep in heard_beeps(scene, tmp_path) if beep > START + 38] == pytest.approx(beeps, abs=1)


def test_a_cross_sees_the_clip_at_its_own_speed(scene: Scene, written: Write, tmp_path: Path) -> None:
    """What a Speed effect cannot do: a transition takes its pictures from the strip below the effect."""
    set_rate(scene, "30")
    strip = place(scene, written(5))
    whole = seen(scene, strip, tmp_path)
    other = place_clip(scene, written(5), frame_start=START + 100, name="Other", submission_id="two", channel=6)
    strips = strips_of(scene)
    inputs = strips.bl_rna.functions["new_effect"].parameters
    first, second = ("input1", "input2") if "input1" in inputs else ("seq1", "seq2")
    extent = {"length": 50} if "length" in inputs else {"frame_end": START + 150}
    cross = strips.new_effect(
        name="Cross",
        type="CROSS",
        channel=20,
        frame_start=START + 100,
        **extent,
        **{first: strip, second: find_strip(scene, "two")},
    )
    cross.use_default_fade, cross.effect_fader = False, 0.0
    assert other.channel != strip.channel
    assert shown_frames(scene, START + 100, START + 149, tmp_path) == whole[100:]


def test_a_clip_of_the_rehearsal_says_by_itself_that_every_frame_and_beep_is_in_its_place(
    scene: Scene, tmp_path: Path
) -> None:
    clip, spec = write_rehearsal_clip(tmp_path, seconds=3)
    scene.render.resolution_x, scene.render.resolution_y = spec.width, spec.height
    scene.render.fps = 30
    strip = place(scene, clip)
    assert length_of(strip) == 90
    shown = rehearsal_frames(scene, start_of(strip), end_of(strip) - 1, tmp_path / "shown", spec)
    assert_every_frame_where_it_belongs(shown, 72)
    if HAS_SOUND:
        assert heard_beeps(scene, tmp_path) == pytest.approx([START, START + 30, START + 60], abs=1)


def test_the_files_own_length_decides_not_the_promised_one(scene: Scene, written: Write, tmp_path: Path) -> None:
    set_rate(scene, "30")
    strip = place(scene, written(5))
    folder = tmp_path / "short"
    folder.mkdir()
    replace_source(strip, scene, write_coded_clip(folder, frames=121))
    assert length_of(strip) == round(121 / 24 * 30)
    assert_every_frame_where_it_belongs(seen(scene, strip, tmp_path), 121)


def test_changing_the_speed_in_another_scene_leaves_what_is_shown_and_edited_as_it_is(
    scene: Scene, written: Write, tmp_path: Path
) -> None:
    window = bpy.context.window_manager.windows[0]
    scene.view_layers.new("Second")
    window.view_layer = scene.view_layers["Second"]
    mesh = bpy.data.objects.new("Mesh", bpy.data.meshes.new("Mesh"))
    scene.collection.objects.link(mesh)
    window.view_layer.objects.active = mesh
    bpy.ops.object.mode_set(mode="EDIT")
    areas = [area.ui_type for area in window.screen.areas]
    other = bpy.data.scenes.new("Other")
    set_rate(other, "30")
    strip = place(other, written(5))
    assert_every_frame_where_it_belongs(seen(other, strip, tmp_path), 120)
    assert (window.scene, window.view_layer.name, mesh.mode) == (scene, "Second", "EDIT")
    assert [area.ui_type for area in window.screen.areas] == areas
