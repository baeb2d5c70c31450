"""A prompt that was taken from a marker's name or from the last shot is not sent before somebody has seen it."""

from __future__ import annotations

from typing import Any

import bpy
import pytest

from kling_omni_addon.blender import api
from kling_omni_addon.blender.next_shots.follow import begin
from kling_omni_addon.blender.panels import generate
from kling_omni_addon.blender.shot import judging
from kling_omni_addon.blender.shot.borrowed import KEEP_PATH
from tests.workshop.layout import press
from tests.workshop.shots import add_camera

Scene = Any

_LAST = "The prompt was copied from the last shot. Edit it, or press Keep."


@pytest.fixture
def next_shot(shot_scene: Scene) -> Scene:
    """A shot from the prompt alone, whose prompt is still that of the shot before."""
    shot_scene.kling.prompt = "she runs on"
    begin(shot_scene.kling, "TEXT")
    assert faults(shot_scene) == [_LAST]
    return shot_scene


def faults(scene: Scene) -> list[str]:
    return [problem.message for problem in judging.judge(scene) if problem.is_fault]


def mark(scene: Scene, *markers: tuple[str, int, Any]) -> None:
    scene.frame_start, scene.frame_end = 1, 24 * 9
    for name, frame, camera in markers:
        scene.timeline_markers.new(name, frame=frame).camera = camera
    assert bpy.ops.kling.shots_from_markers() == {"FINISHED"}


def test_a_click_keeps_the_last_shots_prompt(next_shot: Scene) -> None:
    press(generate.draw_generate, "kling.fix")
    assert (next_shot.kling.prompt, faults(next_shot)) == ("she runs on", [])


def test_an_edit_is_enough(next_shot: Scene) -> None:
    bpy.ops.kling.insert_name(text="fast")
    assert (next_shot.kling.prompt, faults(next_shot)) == ("she runs on fast", [])


def test_a_script_that_sets_the_prompt_goes_on_also_with_the_same_words(next_shot: Scene) -> None:
    with pytest.raises(api.RequestInvalid, match="press Keep"):
        api.submit(next_shot)
    assert not api.submissions()
    next_shot.kling.words = "she runs on"
    assert faults(next_shot) == []


def test_a_prompt_in_a_text_is_edited_there(next_shot: Scene) -> None:
    bpy.ops.kling.prompt_to_text()
    assert faults(next_shot) == [_LAST]
    next_shot.kling.prompt_text.write(" and falls")
    assert judging.judge_edited()
    assert not [problem for problem in judging.problems(next_shot) or () if problem.is_fault]


def test_an_empty_prompt_is_nobodys(shot_scene: Scene) -> None:
    begin(shot_scene.kling, "TEXT")
    assert KEEP_PATH not in [problem.path for problem in judging.judge(shot_scene)]


def test_a_file_that_is_opened_again_still_asks(next_shot: Scene, tmp_path: Any) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "film.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "film.blend"))
    assert faults(bpy.context.scene) == [_LAST]


def test_a_marker_that_gave_a_prompt_is_named(shot_scene: Scene) -> None:
    mark(shot_scene, ("sh010", 1, None))
    assert faults(shot_scene) == ['The prompt of shot 1 was copied from the marker "sh010". Edit it, or press Keep.']
    shot_scene.kling.board[0].prompt = "She opens the door"
    assert (shot_scene.kling.board[0].name, faults(shot_scene)) == ("sh010", [])


def test_so_is_a_camera(shot_scene: Scene) -> None:
    mark(shot_scene, ("F_01", 1, add_camera(shot_scene, "Close")))
    assert faults(shot_scene) == ['The prompt of shot 1 was copied from the camera "Close". Edit it, or press Keep.']


def test_of_several_those_are_named_that_nobody_has_seen_and_one_click_keeps_them(shot_scene: Scene) -> None:
    mark(shot_scene, ("sh010", 1, None), ("sh020", 73, None), ("sh030", 145, None))
    shot_scene.kling.board[1].prompt = "She opens the door"
    assert faults(shot_scene) == [
        "The prompts of shots 1, 3 are only names of markers, cameras or strips. Edit them, or press Keep."
    ]
    press(generate.draw_generate, "kling.fix")
    assert faults(shot_scene) == []
    assert [part.prompt for part in shot_scene.kling.board] == ["sh010", "She opens the door", "sh030"]
