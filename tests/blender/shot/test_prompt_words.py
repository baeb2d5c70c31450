"""Words for the prompt: from the menus, and from the scene's own camera, which is left as it was."""

from __future__ import annotations

from math import radians
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender.panels import tab
from kling_omni_addon.blender.shot import prompt_words
from kling_omni_addon.blender.shot.camera_reading import Span, span_of, told_camera
from kling_omni_addon.blender.shot.properties import Rendered, put_picture
from kling_omni_addon.core.errors import CaptureFailed
from kling_omni_addon.core.prompt_words import groups
from tests.workshop.layout import Layout
from tests.workshop.settings_dump import everything_in
from tests.workshop.shots import add_camera, add_cube

Scene = Any


@pytest.fixture
def filmed(shot_scene: Scene) -> Scene:
    """A camera ten away from a cube, which comes nearer from frame 1 to 121, at 24 frames a second."""
    shot_scene.render.fps, shot_scene.render.fps_base = 24, 1.0
    shot_scene.frame_start, shot_scene.frame_end = 1, 121
    shot_scene.frame_set(1)
    add_cube(shot_scene)
    shot_scene.camera = add_camera(shot_scene, "Cam1")
    shot_scene.camera.data.lens = 35
    keyed(shot_scene.camera, "location", {1: (0, -10, 0), 121: (0, -6, 0)})
    shot_scene.kling.kind, shot_scene.kling.duration_s = "FRAMES", 5
    return shot_scene


def keyed(owner: Any, channel: str, values: dict[int, Any]) -> None:
    for frame, value in values.items():
        setattr(owner, channel, value)
        owner.keyframe_insert(channel, frame=frame)


def words_of(scene: Scene) -> str:
    return told_camera(bpy.context, scene, span_of(scene)).words


# --- menus


def test_a_click_in_a_menu_adds_its_words_and_a_second_one_changes_nothing(shot_scene: Scene) -> None:
    shot_scene.kling.prompt = "A fox runs."
    assert bpy.ops.kling.insert_words(text="low angle") == {"FINISHED"}
    assert bpy.ops.kling.insert_words(text="rim light") == {"FINISHED"}
    assert bpy.ops.kling.insert_words(text="low angle") == {"CANCELLED"}
    assert shot_scene.kling.prompt == "A fox runs. Low angle, rim light"


def test_words_go_where_the_prompt_is(shot_scene: Scene) -> None:
    shot, text = shot_scene.kling, bpy.data.texts.new("Words")
    text.from_string("A fox\nruns\n")
    shot.prompt_text = text
    bpy.ops.kling.insert_words(text="at dawn")
    assert text.as_string() == "A fox\nruns, at dawn"
    shot.kind, shot.board_index = "STORYBOARD", 1
    for _ in range(2):
        shot.board.add()
    bpy.ops.kling.insert_words(text="at dawn")
    assert [part.prompt for part in shot.board] == ["", "At dawn"]


@pytest.mark.parametrize(("kind", "most"), [("TEXT", 2500), ("STORYBOARD", 512)])
def test_no_more_is_written_than_kling_reads(shot_scene: Scene, kind: str, most: int) -> None:
    shot = shot_scene.kling
    shot.kind = kind
    holder = shot.board.add() if kind == "STORYBOARD" else shot
    holder.prompt = "x" * (most - 5)
    with pytest.raises(RuntimeError, match=f"Kling reads at most {most:,}"):
        bpy.ops.kling.insert_words(text="at dawn")
    assert holder.prompt == "x" * (most - 5)


def test_every_entry_has_a_button_in_a_menu_that_the_first_menu_opens(shot_scene: Scene) -> None:
    drawn = Layout()
    prompt_words.KLING_MT_prompt_words.draw(type("Menu", (), {"layout": drawn})(), None)
    assert [name for name, _ in drawn.buttons] == ["kling.describe_camera"]
    for group in groups():
        assert group.label in drawn.labels
        menu = getattr(bpy.types, f"KLING_MT_{group.name}_words")
        entries = Layout()
        menu.draw(type("Menu", (), {"layout": entries, "group": group})(), None)
        assert [button.text for _, button in entries.buttons] == [entry.words for entry in group.entries]


@pytest.mark.parametrize("kind", ["TEXT", "FRAMES", "EDIT", "STORYBOARD", "BOARD_FRAMES"])
def test_the_menu_is_beside_every_prompt(shot_scene: Scene, kind: str) -> None:
    shot_scene.kling.kind = kind
    menus: list[str] = []
    layout: Any = Layout()
    layout.menu = lambda name, **_: menus.append(name)
    tab.draw_shot(layout, bpy.context)
    assert menus.count("KLING_MT_prompt_words") == 1


# --- the camera


def test_the_camera_is_described_at_the_end_of_the_prompt(filmed: Scene) -> None:
    filmed.kling.prompt = "A fox runs."
    assert bpy.ops.kling.describe_camera() == {"FINISHED"}
    assert filmed.kling.prompt == "A fox runs. Dolly in, 35 mm, eye level"


def test_a_described_camera_is_not_described_twice(filmed: Scene) -> None:
    for _ in range(2):
        bpy.ops.kling.describe_camera()
    assert filmed.kling.prompt == "Dolly in, 35 mm, eye level"


def test_the_frames_can_be_given(filmed: Scene) -> None:
    bpy.ops.kling.describe_camera(first=121, last=1)
    assert filmed.kling.prompt == "Dolly out, 35 mm, eye level"


def test_parents_constraints_and_lenses_count(filmed: Scene) -> None:
    """An arm that turns with the camera on it, and the camera keeps its eye on the cube."""
    arm = bpy.data.objects.new("Arm", None)
    filmed.collection.objects.link(arm)
    filmed.camera.animation_data_clear()
    filmed.camera.location, filmed.camera.parent = (0, -10, 5), arm
    filmed.camera.constraints.new("TRACK_TO").target = filmed.objects["Cube"]
    keyed(arm, "rotation_euler", {1: (0, 0, 0), 121: (0, 0, radians(90))})
    keyed(filmed.camera.data, "lens", {1: 35, 121: 70})
    assert words_of(filmed) == "orbit right around the subject, zoom in, 35 to 70 mm, high angle"


def test_the_pace_is_of_the_clip_and_not_of_the_scene(filmed: Scene) -> None:
    filmed.kling.duration_s = 15
    assert words_of(filmed).startswith("slow dolly in")


def test_a_focused_camera_counts_in_distances_to_its_focus(filmed: Scene) -> None:
    filmed.camera.data.dof.use_dof, filmed.camera.data.dof.focus_distance = True, 1000
    assert words_of(filmed).startswith("static camera")


def test_cameras_without_a_lens_are_told_without_one(filmed: Scene) -> None:
    filmed.camera.data.type = "ORTHO"
    assert words_of(filmed) == "dolly in, eye level"


def test_where_another_camera_takes_over_the_first_one_is_told(filmed: Scene) -> None:
    other = add_camera(filmed, "Cam2", x=50)
    for frame, camera in ((1, filmed.camera), (61, other)):
        filmed.timeline_markers.new("cut", frame=frame).camera = camera
    told = told_camera(bpy.context, filmed, span_of(filmed))
    assert (told.camera, told.span.last) == ("Cam1", 60)
    assert told.span.seconds == pytest.approx(2.48, abs=0.01)
    assert told.words.startswith("dolly in")


def test_without_a_camera_there_is_nothing_to_describe(filmed: Scene) -> None:
    filmed.camera = None
    assert not bpy.ops.kling.describe_camera.poll()
    with pytest.raises(CaptureFailed, match="has no camera at frame 1"):
        told_camera(bpy.context, filmed, Span(first=1, last=9, seconds=1))


def test_reading_leaves_the_scene_as_it_was(filmed: Scene) -> None:
    for frame, camera in ((1, add_camera(filmed, "Cam2")), (100, filmed.camera)):
        filmed.timeline_markers.new("cut", frame=frame).camera = camera
    mine = filmed.camera
    filmed.frame_set(33, subframe=0.25)
    filmed.camera = mine  # not the one that the marker binds
    mine.location.x = 7  # not keyed
    before = everything_in(filmed)
    told_camera(bpy.context, filmed, span_of(filmed))
    assert everything_in(filmed) == before
    assert (filmed.frame_current, filmed.frame_subframe, filmed.camera) == (33, 0.25, mine)
    assert mine.location.x == 7


# --- which frames


def test_frames_that_the_camera_took_are_the_ends_of_the_shot(filmed: Scene) -> None:
    put_picture(filmed, "FIRST", "/1.png", "Cam1, frame 90", Rendered(frame=90, size=(640, 360), camera="Cam1"))
    put_picture(filmed, "END", "/2.png", "Cam1, frame -5", Rendered(frame=-5, size=(640, 360), camera="Cam1"))
    assert span_of(filmed) == Span(first=90, last=-5, seconds=5)


@pytest.mark.parametrize("rendered", [None, Rendered(frame=12, size=(640, 360))], ids=["file", "view"])
def test_frames_from_elsewhere_say_nothing_of_the_camera(filmed: Scene, rendered: Rendered | None) -> None:
    put_picture(filmed, "FIRST", "/1.png", "from elsewhere", rendered)
    assert span_of(filmed) == Span(first=1, last=121, seconds=5)


@pytest.mark.parametrize("kind", ["TEXT", "FIRST", "REFERENCES", "STORYBOARD"])
def test_a_shot_without_an_end_frame_is_as_long_as_its_clip(filmed: Scene, kind: str) -> None:
    filmed.kling.kind = kind
    filmed.frame_current = 41
    assert span_of(filmed) == Span(first=41, last=161, seconds=5)


def test_a_captured_first_frame_is_where_the_clip_begins(filmed: Scene) -> None:
    filmed.kling.kind = "FIRST"
    put_picture(filmed, "FIRST", "/1.png", "Cam1, frame 10", Rendered(frame=10, size=(640, 360), camera="Cam1"))
    assert span_of(filmed) == Span(first=10, last=130, seconds=5)


def test_a_shot_of_a_storyboard_has_its_own_frames_and_camera(filmed: Scene) -> None:
    shot, other = filmed.kling, add_camera(filmed, "Cam2")
    shot.kind, shot.board_index = "STORYBOARD", 1
    for seconds in (2, 3):
        shot.board.add().duration_s = seconds
    assert span_of(filmed) == Span(first=49, last=121, seconds=3)
    shot.board[1].frame, shot.board[1].frames, shot.board[1].camera = 200, 24, other
    assert span_of(filmed) == Span(first=200, last=223, seconds=3, camera=other)
    assert words_of(filmed) == "static camera, 50 mm, eye level"
