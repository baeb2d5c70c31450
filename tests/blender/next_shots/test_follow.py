"""One shot after another: the next one begins with exactly what the last one ended with."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender.connection import clip_links, online, opening
from kling_omni_addon.blender.connection.questions import Question
from kling_omni_addon.blender.host.sequencer import length_of, start_of, strips_of
from kling_omni_addon.blender.next_shots import follow
from kling_omni_addon.blender.panels import prompt, sources
from kling_omni_addon.blender.shot import judging
from kling_omni_addon.blender.shot.properties import put_picture
from kling_omni_addon.blender.shot.reading import read_request, read_target
from kling_omni_addon.blender.timeline.clip_strips import place_clip
from kling_omni_addon.core.errors import RequestInvalid
from kling_omni_addon.core.protocol import TaskReport
from kling_omni_addon.core.request import Role
from kling_omni_addon.work.errand import Errand
from tests.workshop.grey_clips import WriteClip, grey_of, set_movie_output
from tests.workshop.layout import Layout
from tests.workshop.pixels import red_of

Scene = Any

_SIZE = (360, 320)
_FRAMES = 12
_SQUARE = 10


@pytest.fixture(scope="module")
def noise_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve frames of coloured squares, no two alike: any loss, shift or scaling shows."""
    folder = tmp_path_factory.mktemp("noise")
    film: Any = bpy.data.scenes.new("Noise")
    film.sequence_editor_create()
    film.frame_end, film.render.fps, film.view_settings.view_transform = _FRAMES, 24, "Standard"
    dice = random.Random(1)
    for number in range(_FRAMES):
        strips_of(film).new_image(str(number), str(_paint_squares(folder / f"{number}.png", dice)), 1, 1 + number)
    set_movie_output(film.render, folder / "noise.mp4", has_sound=False)
    film.render.resolution_x, film.render.resolution_y = _SIZE
    film.render.ffmpeg.constant_rate_factor = "HIGH"
    bpy.ops.render.render(animation=True, scene=film.name)
    bpy.data.scenes.remove(film)
    return folder / "noise.mp4"


def _paint_squares(path: Path, dice: random.Random) -> Path:
    image: Any = bpy.data.images.new("Squares", *_SIZE, alpha=False)
    pixels: list[float] = []
    for _ in range(_SIZE[1] // _SQUARE):
        colours = [[dice.random(), dice.random(), dice.random(), 1.0] * _SQUARE for _ in range(_SIZE[0] // _SQUARE)]
        pixels += [value for colour in colours for value in colour] * _SQUARE
    image.pixels = pixels
    image.filepath_raw, image.file_format = str(path), "PNG"
    image.save()
    bpy.data.images.remove(image)
    return path


def pixels_of(path: str | Path) -> list[int]:
    """Every pixel of a picture, or of a movie's first frame, as Blender's image loader decodes it: from 0 to 255."""
    image: Any = bpy.data.images.load(str(path), check_existing=False)
    found = [round(value * 255) for value in image.pixels[:]]
    bpy.data.images.remove(image)
    return found


def shown_at(scene: Scene, frame: int, path: Path) -> list[int]:
    """What the timeline itself shows at a frame, one pixel of the file for each."""
    scene.frame_set(frame)
    scene.render.resolution_x, scene.render.resolution_y = _SIZE
    scene.view_settings.view_transform = "Standard"
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True, scene=scene.name)
    return pixels_of(path)


def put_clip(scene: Scene, clip: Path, *, frame_start: int = 11, name: str = "alley_03") -> Any:
    place_clip(scene, clip, frame_start=frame_start, name=name, submission_id=f"kob-{name}")
    strip = strips_of(scene)[name]
    scene.sequence_editor.active_strip = strip
    return strip


def test_the_next_shot_begins_with_the_very_pixels_that_the_last_one_ends_with(
    shot_scene: Scene, noise_clip: Path, tmp_path: Path
) -> None:
    shot_scene.view_settings.view_transform = "AgX"
    shot_scene.render.resolution_x, shot_scene.render.resolution_y = _SIZE
    put_clip(shot_scene, noise_clip)
    shot_scene.render.resolution_x = 1920  # what the timeline is rendered at is no matter of the file's
    assert bpy.ops.kling.continue_strip() == {"FINISHED"}
    first_frame = shot_scene.kling.first_frame
    assert first_frame.endswith(".png")
    last, before = (shown_at(shot_scene, frame, tmp_path / "shown.png") for frame in (22, 21))
    assert pixels_of(first_frame) == last
    assert sum(abs(a - b) > 100 for a, b in zip(last, before, strict=True)) > len(last) / 10


def test_a_strips_first_frame_is_what_blender_decodes_of_the_file(shot_scene: Scene, noise_clip: Path) -> None:
    put_clip(shot_scene, noise_clip)
    assert bpy.ops.kling.precede_strip() == {"FINISHED"}
    assert pixels_of(shot_scene.kling.end_frame) == pixels_of(noise_clip)


@pytest.mark.parametrize("fps", [24, 25, 30, 60])
def test_the_last_frame_is_the_files_last_whatever_the_scenes_rate(
    shot_scene: Scene, write_clip: WriteClip, fps: int
) -> None:
    shot_scene.render.fps = fps
    put_clip(shot_scene, write_clip())
    assert bpy.ops.kling.continue_strip() == {"FINISHED"}
    assert red_of(Path(shot_scene.kling.first_frame)) == pytest.approx(grey_of(47), abs=0.009)


def test_the_next_shot_is_set_up_right_behind_the_strip(shot_scene: Scene, write_clip: WriteClip) -> None:
    shot = shot_scene.kling
    shot.prompt = "she runs on"
    for role in ("FIRST", "END"):
        put_picture(shot_scene, role, "/old.png", "")
    put_clip(shot_scene, write_clip(), frame_start=11)
    assert bpy.ops.kling.continue_strip() == {"FINISHED"}
    request, target = read_request(shot_scene), read_target(shot_scene)
    assert [picture.role for picture in request.pictures] == [Role.FIRST]
    assert (shot.kind, shot.end_frame, shot.prompt) == ("FIRST", "", "she runs on")
    assert shot.first_origin == "alley_03, frame 58"
    assert (target.frame_start, target.name, target.fit_frames) == (59, "alley_03 next", 0)


def test_the_shot_before_ends_with_the_strips_first_frame_and_where_the_strip_begins(
    shot_scene: Scene, write_clip: WriteClip
) -> None:
    shot_scene.render.fps = 25
    shot_scene.kling.duration_s = 3
    put_clip(shot_scene, write_clip(), frame_start=101)
    assert bpy.ops.kling.precede_strip() == {"FINISHED"}
    assert red_of(Path(shot_scene.kling.end_frame)) == pytest.approx(grey_of(0), abs=0.009)
    target = read_target(shot_scene)
    assert (target.frame_start, target.fit_frames, target.name) == (26, 75, "alley_03 previous")
    (asked,) = (problem for problem in judging.judge(shot_scene) if problem.path == "first_frame")
    assert asked.message == "There is no first frame yet. Capture one, or select an image."


def test_a_strip_whose_file_is_gone_changes_nothing(shot_scene: Scene, write_clip: WriteClip, tmp_path: Path) -> None:
    put_clip(shot_scene, write_clip()).filepath = str(tmp_path / "gone.mp4")
    shot_scene.frame_set(5)
    with pytest.raises(RuntimeError, match=r"gone\.mp4 cannot be read"):
        bpy.ops.kling.continue_strip()
    assert not shot_scene.kling.is_property_set("kind")
    assert (shot_scene.frame_current, shot_scene.kling.shot_name) == (5, "")


def test_without_a_picture_strip_there_is_nothing_to_go_on_from(shot_scene: Scene) -> None:
    assert not bpy.ops.kling.continue_strip.poll()
    assert not bpy.ops.kling.precede_strip.poll()


@pytest.mark.parametrize("operator", ["continue_strip", "precede_strip", "bridge_gap", "use_clip", "shots_from_strips"])
def test_setting_a_shot_up_is_one_undo_step(shot_scene: Scene, operator: str) -> None:
    assert "UNDO" in getattr(bpy.types, f"KLING_OT_{operator}").bl_options


def test_the_strips_menu_offers_what_can_be_made_from_it(shot_scene: Scene, write_clip: WriteClip) -> None:
    put_clip(shot_scene, write_clip())
    layout = Layout()
    menu = type("Drawn", (), {"layout": layout})()
    bpy.types.KLING_MT_strip.draw(menu, bpy.context)
    drawn = [name for name, _ in layout.buttons]
    assert drawn[:3] == ["kling.continue_strip", "kling.precede_strip", "kling.bridge_gap"]
    assert "Edit This Clip" in layout.labels
    edit = next(button for name, button in layout.buttons if name == "kling.use_clip")
    assert (edit.submission_id, edit.use) == ("kob-alley_03", "EDIT")


def test_a_strip_that_is_not_a_clip_of_ours_has_no_clip_actions(shot_scene: Scene, write_clip: WriteClip) -> None:
    del put_clip(shot_scene, write_clip())["kling_submission"]
    layout = Layout()
    bpy.types.KLING_MT_strip.draw(type("Drawn", (), {"layout": layout})(), bpy.context)
    assert "Edit This Clip" not in layout.labels


def test_the_video_panel_shows_which_clip_is_used_and_forgets_it_by_a_click(shot_scene: Scene) -> None:
    shot = shot_scene.kling
    shot.kind, shot.video_of, shot.video_origin = "NEXT", "kob-1", "alley_02"
    layout = Layout()
    sources.draw_video(layout, bpy.context)  # type: ignore[arg-type]
    assert 'Clip "alley_02"' in layout.text
    assert "@video" in list(prompt.names_of(shot))
    assert bpy.ops.kling.clear_clip() == {"FINISHED"}
    assert (shot.video_of, shot.video_origin) == ("", "")


def test_while_blender_is_offline_no_link_is_asked_for(shot_scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(online, "offline_reason", lambda: "Blender is set to stay offline")
    assert not bpy.ops.kling.use_clip.poll()
    clip_links.ask("kob-1")
    assert (clip_links.trouble_of("kob-1"), opening.running() is not None) == ("Blender is set to stay offline", False)


_DATED = "Kling has accepted videos of more than 10 s since 2026-06-17. Select the late profile."


@pytest.mark.parametrize(
    ("profile", "seconds", "words"),
    [
        ("seed", 10.04, ""),
        ("seed", 15.04, f"accepts 3 to 10 s. Use Continue from Last Frame instead. {_DATED}"),
        ("late", 15.04, ""),
        ("late", 15.6, "accepts 3 to 15.5 s. Use Continue from Last Frame instead."),
    ],
)
def test_a_clip_that_is_too_long_to_be_a_video_is_told_before_anything_is_sent(
    shot_scene: Scene, monkeypatch: pytest.MonkeyPatch, profile: str, seconds: float, words: str
) -> None:
    monkeypatch.setenv("KLING_PROFILE", profile)
    report = TaskReport(task_id="1", link="https://kling.example/a.mp4?sig=1", duration_s=seconds)
    answered: Question[TaskReport] = Question()
    answered.ask(lambda: Errand(lambda: report))
    monkeypatch.setitem(clip_links._asked, "kob-1", answered)
    shot = shot_scene.kling
    shot.kind, shot.prompt, shot.video_of = "NEXT", "she runs on", "kob-1"
    told = [problem.message for problem in judging.judge(shot_scene) if problem.is_fault]
    assert told == ([f"The video lasts {seconds} s. Kling 3.0 Omni {words}"] if words else [])
    if words:
        with pytest.raises(RequestInvalid):
            judging.require_complete(shot_scene)


def test_the_playhead_goes_behind_the_strip_in_a_timeline_of_another_scene(
    shot_scene: Scene, write_clip: WriteClip
) -> None:
    timeline: Any = bpy.data.scenes.new("Edit")
    strip = put_clip(timeline, write_clip(), frame_start=31)
    follow.follow_strip(shot_scene, timeline, strip)
    assert (shot_scene.frame_current, timeline.frame_current) == (start_of(strip) + length_of(strip),) * 2
