"""A storyboard from the timeline: its seconds add up, and every shot knows where it was cut."""

from __future__ import annotations

from typing import Any

import bpy
import pytest

from kling_omni_addon.blender.host.sequencer import new_effect, strips_of
from kling_omni_addon.blender.shot import judging
from kling_omni_addon.blender.shot.borrowed import KEEP_PATH
from kling_omni_addon.blender.shot.reading import read_request
from kling_omni_addon.core.request import Storyboard
from tests.workshop.shots import add_camera

Scene = Any


def board_of(scene: Scene) -> list[tuple[str, int]]:
    return [(part.prompt, part.duration_s) for part in scene.kling.board]


def add_cards(scene: Scene, *cards: tuple[str, int]) -> None:
    """Colour strips of these names and lengths end to end from frame 1, all selected."""
    scene.sequence_editor_create()
    start = 1
    for name, length in cards:
        card = new_effect(strips_of(scene), "COLOR", name=name, channel=2, frame_start=start, length=length)
        card.select = True
        start += length


def mark(scene: Scene, name: str, frame: int, camera: Any = None) -> None:
    scene.timeline_markers.new(name, frame=frame).camera = camera


def test_selected_strips_become_shots_whose_seconds_add_up(shot_scene: Scene) -> None:
    shot_scene.render.fps = 24
    add_cards(shot_scene, ("She waits", 60), ("She runs", 36), ("She falls", 48))
    assert bpy.ops.kling.shots_from_strips() == {"FINISHED"}
    assert board_of(shot_scene) == [("She waits", 3), ("She runs", 1), ("She falls", 2)]
    request = read_request(shot_scene)
    assert (request.storyboard, request.duration_s, len(request.shots)) == (Storyboard.CUSTOM, 6, 3)
    assert bpy.ops.kling.fix(rule=judging.PANEL_RULE, path=KEEP_PATH) == {"FINISHED"}
    assert not [problem for problem in judging.judge(shot_scene) if problem.is_fault]


def test_a_strip_that_is_called_after_its_file_gives_plain_words(shot_scene: Scene) -> None:
    add_cards(shot_scene, ("board_01_door.png", 96), ("street.mp4.001", 96))
    bpy.ops.kling.shots_from_strips()
    assert [words for words, _ in board_of(shot_scene)] == ["board 01 door", "street"]


def test_strips_that_are_not_selected_and_effects_over_others_are_no_shots(shot_scene: Scene) -> None:
    add_cards(shot_scene, ("One", 48), ("Two", 48), ("Three", 48))
    strips = strips_of(shot_scene)
    new_effect(strips, "SPEED", name="Speed", over=strips["One"], channel=4, frame_start=1, length=48).select = True
    strips["Two"].select = False
    bpy.ops.kling.shots_from_strips()
    assert board_of(shot_scene) == [("One", 2), ("Three", 2)]


def test_nothing_selected_is_nothing_to_board(shot_scene: Scene) -> None:
    assert not bpy.ops.kling.shots_from_strips.poll()


def test_shots_that_are_too_short_for_any_clip_are_made_longer_together(shot_scene: Scene) -> None:
    add_cards(shot_scene, ("Blink", 24), ("Gasp", 12))
    bpy.ops.kling.shots_from_strips()
    assert board_of(shot_scene) == [("Blink", 2), ("Gasp", 1)]


@pytest.mark.parametrize("shots", [[24 * 9, 24 * 9], [24 * 2] * 7])
def test_more_than_one_clip_holds_keeps_every_shot_and_cannot_be_sent_as_one(
    shot_scene: Scene, shots: list[int]
) -> None:
    add_cards(shot_scene, *((f"Shot {number}", frames) for number, frames in enumerate(shots)))
    bpy.ops.kling.shots_from_strips()
    assert [seconds for _, seconds in board_of(shot_scene)] == [frames // 24 for frames in shots]
    assert any(problem.is_fault for problem in judging.judge(shot_scene))


def test_a_marker_without_a_name_of_its_own_is_called_after_its_camera(shot_scene: Scene) -> None:
    shot_scene.frame_start, shot_scene.frame_end = 1, 24 * 9
    mark(shot_scene, "F_01", 1, add_camera(shot_scene, "Wide from the roof"))
    mark(shot_scene, "She turns", 73, add_camera(shot_scene, "Close"))
    mark(shot_scene, "", 145, add_camera(shot_scene, "Over the shoulder"))
    bpy.ops.kling.shots_from_markers()
    assert board_of(shot_scene) == [("Wide from the roof", 3), ("She turns", 3), ("Over the shoulder", 3)]
    assert [part.camera.name for part in shot_scene.kling.board] == [
        "Wide from the roof",
        "Close",
        "Over the shoulder",
    ]
    assert [(part.frame, part.frames) for part in shot_scene.kling.board] == [(1, 72), (73, 72), (145, 72)]


def test_markers_outside_the_frame_range_do_not_count(shot_scene: Scene) -> None:
    shot_scene.frame_start, shot_scene.frame_end = 101, 196
    mark(shot_scene, "Before", 50)
    mark(shot_scene, "After", 197)
    assert not bpy.ops.kling.shots_from_markers.poll()
    mark(shot_scene, "Inside", 130)
    bpy.ops.kling.shots_from_markers()
    assert board_of(shot_scene) == [("Inside", 4)]


def test_a_camera_that_is_deleted_is_forgotten(shot_scene: Scene) -> None:
    mark(shot_scene, "Door", 1, add_camera(shot_scene, "Wide"))
    bpy.ops.kling.shots_from_markers()
    bpy.data.objects.remove(bpy.data.objects["Wide"])
    assert shot_scene.kling.board[0].camera is None
