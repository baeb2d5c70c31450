"""A gap between two clips is filled by one that begins, ends and lasts exactly as it has to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender.host.sequencer import new_effect, strips_of
from kling_omni_addon.blender.next_shots import bridge
from kling_omni_addon.blender.panels import output
from kling_omni_addon.blender.shot.reading import read_request, read_target
from kling_omni_addon.core.errors import KlingError
from kling_omni_addon.core.request import Role
from tests.workshop.grey_clips import WriteClip, grey_of
from tests.workshop.layout import Layout
from tests.workshop.pixels import red_of

Scene = Any


@pytest.fixture
def film(shot_scene: Scene, write_clip: WriteClip) -> Scene:
    """24 fps; a clip at frames 1 to 48, and one on another channel from frame 145 on: a gap of four seconds."""
    shot_scene.render.fps = 24
    add(shot_scene, write_clip(), name="Left", channel=1, frame_start=1)
    add(shot_scene, write_clip(), name="Right", channel=3, frame_start=145)
    return shot_scene


def add(scene: Scene, clip: Path, *, name: str, channel: int, frame_start: int) -> Any:
    scene.sequence_editor_create()
    strip = strips_of(scene).new_movie(name, str(clip), channel, frame_start)
    strip.select = False
    return strip


def move(strip: Any, frame: int) -> None:
    setattr(strip, "content_start" if hasattr(strip, "content_start") else "frame_start", frame)


def bridged(scene: Scene) -> tuple[int, int, int]:
    """Where the clip goes, what it is stretched to, and how many seconds are asked for."""
    assert bpy.ops.kling.bridge_gap() == {"FINISHED"}
    target = read_target(scene)
    return target.frame_start, target.fit_frames, read_request(scene).duration_s


@pytest.mark.parametrize("playhead", [49, 90, 144])
def test_the_gap_that_the_playhead_stands_in_is_filled_to_the_frame(film: Scene, playhead: int) -> None:
    film.frame_current = playhead
    assert bridged(film) == (49, 96, 4)


def test_the_clip_goes_from_the_last_frame_of_the_left_to_the_first_of_the_right(film: Scene) -> None:
    film.frame_current = 60
    bridged(film)
    request = read_request(film)
    found = {picture.role: red_of(Path(picture.source)) for picture in request.pictures}
    wanted = {Role.FIRST: pytest.approx(grey_of(47), abs=0.009), Role.END: pytest.approx(grey_of(0), abs=0.009)}
    assert found == wanted
    assert (film.kling.kind, film.kling.first_origin, film.kling.end_origin) == (
        "FRAMES",
        "Left, frame 48",
        "Right, frame 145",
    )


def test_two_selected_strips_count_wherever_the_playhead_is(film: Scene, write_clip: WriteClip) -> None:
    later = add(film, write_clip(), name="Later", channel=1, frame_start=400)
    strips_of(film)["Right"].select = later.select = True
    film.frame_current = 1
    assert bridged(film) == (193, 207, 9)


@pytest.mark.parametrize(
    ("fps", "frame", "length", "seconds"),
    [(24, 145, 96, 4), (24, 146, 97, 5), (25, 145, 96, 4), (30, 139, 90, 3), (30, 140, 91, 4), (24, 85, 36, 3)],
)
def test_the_clip_is_the_shortest_that_is_not_shorter_than_the_gap(
    film: Scene, fps: int, frame: int, length: int, seconds: int
) -> None:
    film.render.fps = fps
    move(strips_of(film)["Right"], frame)
    film.frame_current = 60
    assert bridged(film) == (49, length, seconds)


@pytest.mark.parametrize(
    ("frame", "said"),
    [(49 + 24 * 15 + 1, "at most 15 s"), (49 + 35, "at least 1.5 s apart"), (49, "no gap between"), (30, "no gap")],
)
def test_a_gap_that_no_clip_can_fill_is_told_and_nothing_is_set_up(film: Scene, frame: int, said: str) -> None:
    left, right = strips_of(film)["Left"], strips_of(film)["Right"]
    move(right, frame)
    left.select = right.select = True
    with pytest.raises(RuntimeError, match=said):
        bpy.ops.kling.bridge_gap()
    assert (film.kling.first_frame, film.kling.fit_frames) == ("", 0)


@pytest.mark.parametrize("playhead", [1, 48, 145, 300])
def test_outside_a_gap_the_remedy_is_told(film: Scene, playhead: int) -> None:
    film.frame_current = playhead
    with pytest.raises(RuntimeError, match="Select the two strips, or move the playhead between them"):
        bpy.ops.kling.bridge_gap()


def test_sounds_titles_and_muted_strips_are_no_ends_of_a_gap(film: Scene, write_clip: WriteClip) -> None:
    new_effect(strips_of(film), "COLOR", name="Title", channel=5, frame_start=60, length=20)
    add(film, write_clip(), name="Muted", channel=6, frame_start=60).mute = True
    film.frame_current = 70
    assert bridged(film)[0] == 49


def test_o1_fills_a_gap_of_six_seconds_with_the_lengths_that_it_makes_of_two_frames(film: Scene) -> None:
    assert bridge.clip_length(6.0, "kling-video-o1") in range(6, 11)
    with pytest.raises(KlingError, match="at most 10 s"):
        bridge.clip_length(11.0, "kling-video-o1")


def test_the_panel_says_that_the_clip_is_stretched_and_a_click_keeps_its_length(film: Scene) -> None:
    film.frame_current = 60
    bridged(film)
    layout = Layout()
    output.draw_output(layout, bpy.context)  # type: ignore[arg-type]
    assert "Stretched to Fit 96 Frames" in layout.text
    assert bpy.ops.kling.keep_length() == {"FINISHED"}
    assert read_target(film).fit_frames == 0


def test_with_the_playhead_elsewhere_the_next_clip_keeps_its_own_length(film: Scene) -> None:
    film.frame_current = 60
    bridged(film)
    film.frame_current = 500
    assert read_target(film).fit_frames == 0
