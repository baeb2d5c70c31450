"""Doubts about frames that were rendered: two cameras, another length than the clip's, fewer pixels than the clip's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender.panels import generate
from kling_omni_addon.blender.shot import judging
from kling_omni_addon.blender.shot.properties import Rendered, put_picture
from tests.workshop.layout import press
from tests.workshop.pixels import paint

Scene = Any

_HD = (1920, 1080)


@pytest.fixture
def film(shot_scene: Scene) -> Scene:
    """24 frames a second, a clip of five seconds in Pro quality, which is 1080p."""
    shot_scene.render.fps = 24
    shot = shot_scene.kling
    shot.prompt, shot.mode, shot.duration_s = "a cube turns", "pro", 5
    return shot_scene


def take(
    scene: Scene, folder: Path, first: int, end: int, *, cameras: tuple[str, str] = ("Cam1",) * 2, size: Any = _HD
) -> None:
    """Frames as a capture leaves them."""
    picture = str(paint(folder / "frame.png", (640, 360), 0.5))
    for role, frame, camera in (("FIRST", first, cameras[0]), ("END", end, cameras[1])):
        put_picture(scene, role, picture, "", Rendered(camera=camera, frame=frame, size=size))


def doubts(scene: Scene) -> list[str]:
    """What is kept for the panel, without having to judge again."""
    found = judging.problems(scene) or ()
    assert not any(problem.is_fault for problem in found)
    return [problem.message for problem in found if problem.rule == judging.PANEL_RULE]


def test_two_cameras_are_told(film: Scene, tmp_path: Path) -> None:
    take(film, tmp_path, 1, 250, cameras=("Cam1", "Cam3"))
    said = 'The first frame is from the camera "Cam1", the end frame from "Cam3". Kling makes one move between the two.'
    assert doubts(film) == [said]


def test_a_storyboard_has_cuts_for_its_cameras(film: Scene, tmp_path: Path) -> None:
    take(film, tmp_path, 1, 120, cameras=("Cam1", "Cam3"))
    film.kling.kind, film.kling.cutter = "BOARD_FRAMES", "AUTOMATIC"
    assert doubts(film) == []


def test_a_frame_that_is_replaced_is_from_no_camera(film: Scene, tmp_path: Path) -> None:
    take(film, tmp_path, 1, 250, cameras=("Cam1", "Cam3"))
    film.kling.end_frame = film.kling.first_frame
    assert doubts(film) == []


@pytest.mark.parametrize(
    ("first", "end", "seconds"), [(1, 250, 10), (250, 1, 10), (101, 340, 10), (1, 84, 4), (1, 371, 15)]
)
def test_a_span_of_another_length_offers_the_nearest_that_the_model_makes(
    film: Scene, tmp_path: Path, first: int, end: int, seconds: int
) -> None:
    take(film, tmp_path, first, end)
    lasts = (abs(end - first) + 1) / 24
    assert doubts(film) == [f"From frame {first} to frame {end} the scene lasts {lasts:.1f} s; the clip lasts 5 s."]
    press(generate.draw_generate, "kling.fix")
    assert (film.kling.duration_s, doubts(film)) == (seconds, [])


@pytest.mark.parametrize("end", [109, 120, 121, 131])
def test_a_span_that_is_as_long_as_the_clip_to_half_a_second_is_quiet(film: Scene, tmp_path: Path, end: int) -> None:
    take(film, tmp_path, 1, end)
    assert doubts(film) == []


@pytest.mark.parametrize(("end", "lasts"), [(500, "20.8"), (24, "1.0")])
def test_a_span_that_no_clip_lasts_is_told_without_an_offer(film: Scene, tmp_path: Path, end: int, lasts: str) -> None:
    take(film, tmp_path, 1, end)
    assert doubts(film) == [f"From frame 1 to frame {end} the scene lasts {lasts} s; Kling 3.0 Omni makes 3 to 15 s."]
    assert all(problem.remedy is None for problem in judging.problems(film) or ())


def test_two_frames_of_one_moment_are_no_span(film: Scene, tmp_path: Path) -> None:
    take(film, tmp_path, 40, 40)
    assert doubts(film) == []


def test_a_clip_that_plays_frame_for_frame_has_its_own_rate(film: Scene, tmp_path: Path) -> None:
    film.render.fps = 48
    take(film, tmp_path, 1, 120)
    assert doubts(film) != []
    film.kling.timing = "FRAMES"
    assert doubts(film) == []


def test_a_clip_that_is_stretched_to_its_place_may_have_any_length(film: Scene, tmp_path: Path) -> None:
    take(film, tmp_path, 1, 250)
    film.kling.fit_start, film.kling.fit_frames = film.frame_current, 100
    judging.judge(film)
    assert doubts(film) == []


@pytest.mark.parametrize(
    ("size", "mode", "said"),
    [
        ((640, 360), "pro", "The first frame is 640 x 360; the clip is 1920 x 1080."),
        ((360, 640), "std", "The first frame is 360 x 640; the clip is 720 x 1280."),
        ((1280, 720), "pro", "The first frame is 1280 x 720; the clip is 1920 x 1080."),
        ((1280, 720), "std", ""),
        ((1920, 804), "pro", ""),
        ((1920, 1080), "pro", ""),
    ],
)
def test_a_render_that_is_smaller_than_the_clip_is_told_with_where_to_change_it(
    film: Scene, tmp_path: Path, size: Any, mode: str, said: str
) -> None:
    film.kling.mode = mode
    take(film, tmp_path, 1, 120, size=size)
    way = "Raise Resolution in Output Properties and capture again."
    assert doubts(film) == ([f"{said} {way}"] if said else [])


def test_a_picture_that_was_not_rendered_for_the_shot_is_left_alone(film: Scene, tmp_path: Path) -> None:
    put_picture(film, "FIRST", str(paint(tmp_path / "photo.png", (400, 300), 0.5)), "photo.png")
    assert doubts(film) == []


def test_opening_the_file_again_keeps_what_the_frames_were_rendered_of(film: Scene, tmp_path: Path) -> None:
    take(film, tmp_path, 1, 250, cameras=("Cam1", "Cam3"))
    said = doubts(film)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "film.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "film.blend"))
    assert doubts(bpy.context.scene) == said
