"""Camera to Keyframes: a picture at every marker, in the order of the clip; and what is said where that cannot be."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

import kling_omni_addon
from kling_omni_addon.blender.panels import frames, generate, output, tab
from kling_omni_addon.blender.panels.prompt import names_of
from kling_omni_addon.blender.shot import judging
from kling_omni_addon.blender.shot.reading import read_request
from kling_omni_addon.blender.takes.load_settings import load_settings
from kling_omni_addon.core.provenance import wish_of
from kling_omni_addon.core.request import Role
from tests.workshop.layout import Layout, press
from tests.workshop.pixels import red_of, size_of
from tests.workshop.shots import Scene, add_camera, set_up_shot

kling: Any = bpy.ops.kling


@pytest.fixture
def film(scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """A shot from frame 1 to 21 whose model is Kling 4.0, for somebody who chose what a relay documents."""
    for name in [name for name in os.environ if name.startswith("KLING_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("KLING_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KLING_DIALECT", "new")
    monkeypatch.setenv("KLING_RELAYED_MODELS", "1")
    kling_omni_addon.register()
    set_up_shot(scene)
    scene.frame_start, scene.frame_end = 1, 21
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "film.blend"))
    scene.kling.prompt, scene.kling.model = "a cube goes by", "kling-4.0"
    yield scene
    kling_omni_addon.unregister()


def mark(scene: Scene, *frames: int) -> None:
    for frame in frames:
        scene.timeline_markers.new(str(frame), frame=frame)


def middle_frame(scene: Scene) -> Path:
    return Path(bpy.path.abspath(scene.kling.middle_frames[0].path))


def origins(scene: Scene) -> list[str]:
    shot = scene.kling
    return [shot.first_origin, *(frame.origin for frame in shot.middle_frames), shot.end_origin]


def at(*frames: int) -> list[str]:
    return [f"Front, frame {frame}" for frame in frames]


def faults(scene: Scene) -> list[str]:
    return [problem.message for problem in judging.judge(scene) if problem.is_fault]


def drawn(draw: Any) -> Layout:
    layout = Layout()
    draw(layout, bpy.context)
    return layout


def test_every_marker_becomes_a_picture_in_the_order_of_the_clip(film: Scene) -> None:
    mark(film, 21, 6, 1, 11, 11, 30, -3)
    assert kling.capture_keyframes(engine="CYCLES") == {"FINISHED"}
    assert origins(film) == at(1, 6, 11, 21)
    request = read_request(film)
    assert [picture.role for picture in request.pictures] == [Role.FIRST, Role.MIDDLE, Role.MIDDLE, Role.END]
    assert all(size_of(Path(picture.source)) == (640, 360) for picture in request.pictures)
    assert len({picture.source for picture in request.pictures}) == 4
    assert film.frame_current == 11
    assert faults(film) == []


def test_a_preview_range_chooses_the_markers(film: Scene) -> None:
    mark(film, 1, 6, 11, 21)
    film.use_preview_range, film.frame_preview_start, film.frame_preview_end = True, 5, 12
    assert kling.capture_keyframes(engine="CYCLES") == {"FINISHED"}
    assert origins(film) == at(6, 11)


def test_a_camera_that_is_bound_to_a_marker_counts(film: Scene) -> None:
    mark(film, 1, 11, 21)
    film.timeline_markers["11"].camera = film.camera
    kling.capture_keyframes(engine="CYCLES")
    assert red_of(middle_frame(film)) > 0.9, "the cube is in the middle"
    film.timeline_markers["11"].camera = add_camera(film, "Aside", x=40)
    kling.capture_keyframes(engine="CYCLES")
    assert red_of(middle_frame(film)) < 0.1, "and not where another camera looks"
    assert film.kling.middle_frames[0].origin == "Aside, frame 11"


def test_a_second_capture_replaces_every_picture(film: Scene) -> None:
    mark(film, 1, 6, 11, 21)
    kling.capture_keyframes(engine="CYCLES")
    film.timeline_markers.remove(film.timeline_markers["11"])
    kling.capture_keyframes(engine="CYCLES")
    assert origins(film) == at(1, 6, 21)


@pytest.mark.parametrize(
    ("frames", "sentence"),
    [
        ((), "A first and an end frame need two markers; between frames 1 and 21 there are 0. Add markers"),
        ((5,), "between frames 1 and 21 there are 1"),
        (
            range(1, 13),
            "There are 12 markers between frames 1 and 21; Kling 4.0 takes 10 frames: a first, 8 in the middle and an "
            "end frame. Remove 2 markers",
        ),
    ],
)
def test_too_few_and_too_many_markers_are_told_by_their_number(film: Scene, frames: Any, sentence: str) -> None:
    mark(film, *frames)
    with pytest.raises(RuntimeError, match=sentence):
        kling.capture_keyframes(engine="CYCLES")
    assert origins(film) == ["", ""]


def test_eight_in_the_middle_are_taken(film: Scene) -> None:
    mark(film, *range(1, 11))
    assert kling.capture_keyframes(engine="CYCLES") == {"FINISHED"}
    assert len(film.kling.middle_frames) == 8
    assert faults(film) == []


def test_another_model_says_which_one_takes_them(film: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    mark(film, 1, 11, 21)
    film.kling.model = "kling-v3-omni"
    with pytest.raises(
        RuntimeError, match=r"Kling 3\.0 Omni does not accept middle frames\. Use Kling 4\.0 or Kling 4\.0 Flash"
    ):
        kling.capture_keyframes(engine="CYCLES")
    monkeypatch.delenv("KLING_RELAYED_MODELS")
    with pytest.raises(
        RuntimeError, match="'Models as a Relay Documents Them' in the preferences, over Kling's new API"
    ):
        kling.capture_keyframes(engine="CYCLES")


def test_the_panel_lists_them_in_order_with_a_way_to_take_one_out(film: Scene) -> None:
    mark(film, 1, 6, 11, 21)
    kling.capture_keyframes(engine="CYCLES")
    layout = drawn(frames.draw_frames)
    assert "Middle, 2 of 8" in layout.labels
    assert layout.text.index("1  Front, frame 6") < layout.text.index("2  Front, frame 11")
    assert list(names_of(film.kling)) == ["@first", "@middle1", "@middle2", "@end"]
    press(frames.draw_frames, "kling.remove_item")
    assert origins(film) == at(1, 11, 21)
    kling.capture_frame(role="MIDDLE", frame=16, engine="CYCLES")
    kling.move_item(which="middle_frames", step=-1)
    assert origins(film) == at(1, 16, 11, 21)


def test_with_another_model_they_are_a_fault_that_a_click_mends(film: Scene) -> None:
    mark(film, 1, 6, 11, 21)
    kling.capture_keyframes(engine="CYCLES")
    film.kling.model = "kling-v3-omni"
    assert faults(film) == [
        "Kling 3.0 Omni does not accept middle frames. Use Kling 4.0 or Kling 4.0 Flash, or remove them."
    ]
    assert "Middle frames: Kling 4.0 or Kling 4.0 Flash only" in drawn(frames.draw_frames).text
    press(generate.draw_generate, "kling.fix")
    assert (len(film.kling.middle_frames), faults(film)) == (0, [])
    labels = drawn(frames.draw_frames).labels
    assert not any(label.startswith("Middle, ") for label in labels)
    assert "Camera to Keyframes" not in labels


def test_a_middle_frame_alone_asks_for_the_first(film: Scene) -> None:
    kling.capture_frame(role="MIDDLE", frame=6, engine="CYCLES")
    assert faults(film) == ["Middle frames need a first frame. Add a first frame."]
    press(generate.draw_generate, "kling.capture_frame")
    assert (film.kling.first_origin, faults(film)) == ("Front, frame 11", [])


def test_the_output_offers_what_the_model_makes(film: Scene) -> None:
    layout = drawn(output.draw_output)
    labels = layout.labels
    assert "4K: Kling 3.0 Omni only" in labels
    assert "Sound: Always Generated" in layout.text
    assert {"4:3", "3:4", "21:9"} <= set(labels)
    film.kling.duration_s, film.kling.aspect_ratio = 30, "21:9"
    assert faults(film) == []
    assert read_request(film).sound
    film.kling.model = "kling-v3-omni"
    assert "21:9" not in drawn(output.draw_output).labels
    assert faults(film) == [
        'Kling 3.0 Omni does not generate "21:9", only 16:9, 9:16, 1:1. 21:9 needs Kling 4.0 or Kling 4.0 Flash.',
        "Kling generates clips of 3 to 15 whole seconds. For a longer clip, use Kling 4.0.",
    ]


def test_no_price_is_known_and_the_panel_says_so(film: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    sentence = "Kling's price list has no price for this clip."
    assert sentence in " ".join(drawn(generate.draw_generate).text.split())
    film.kling.model = "kling-v3-omni"
    assert sentence not in " ".join(drawn(generate.draw_generate).text.split())


@pytest.mark.parametrize("kind", ["TEXT", "FIRST", "FRAMES", "REFERENCES", "EDIT", "NEXT", "STORYBOARD"])
def test_every_panel_draws_with_the_model(film: Scene, kind: str) -> None:
    mark(film, 1, 11, 21)
    kling.capture_keyframes(engine="CYCLES")
    film.kling.kind = kind
    for panel in tab.CLASSES:
        if not hasattr(panel, "poll") or panel.poll(bpy.context):
            panel.draw(type("Drawn", (), {"layout": Layout()})(), bpy.context)


def test_load_settings_brings_them_back_in_their_order(film: Scene) -> None:
    mark(film, 1, 6, 11, 21)
    kling.capture_keyframes(engine="CYCLES")
    asked = read_request(film)
    film.kling.middle_frames.clear()
    film.kling.first_frame = film.kling.end_frame = ""
    assert load_settings(film, {"wish": wish_of(asked, {})}) == ()
    assert read_request(film) == asked
    assert film.kling.kind == "FRAMES"
