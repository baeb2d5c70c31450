"""The frames of a batch, rendered from saved files as they were set up."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import pytest

from kling_omni_addon.batch.frames import FramesFolder
from kling_omni_addon.blender.batch.rendering import Outcome, Rendered, render_batch
from kling_omni_addon.core.errors import ArgumentsInvalid
from tests.workshop.shots import add_camera, set_up_shot

Scene = Any
LINE = {"key": "sh010", "kind": "frames", "prompt": "a cube", "blend": "film.blend", "duration": 3}
Render = Callable[..., list[Rendered]]


@pytest.fixture
def film(shot_scene: Scene, tmp_path: Path) -> Path:
    """A cube that travels from the left at frame 1 to the right at frame 21, which a marker's camera sees, too."""
    set_up_shot(shot_scene)
    shot_scene.frame_start, shot_scene.frame_end = 1, 21
    add_camera(shot_scene, "Far Right", x=4)
    bound = shot_scene.timeline_markers.new("bound", frame=15)
    bound.camera = shot_scene.camera
    bpy.data.scenes.new("Empty")
    path = tmp_path / "film.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    return path


@pytest.fixture
def frames(tmp_path: Path) -> FramesFolder:
    return FramesFolder(tmp_path / "frames")


@pytest.fixture
def render(film: Path, frames: FramesFolder) -> Render:
    def rendered(*lines: dict[str, Any], only: tuple[str, ...] = ()) -> list[Rendered]:
        manifest = film.with_name("m.jsonl")
        manifest.write_text("\n".join(json.dumps(LINE | line) for line in lines))
        return list(render_batch(manifest, frames.folder, only))

    return rendered


def outcomes(rendered: list[Rendered]) -> list[str]:
    return [shot.outcome.value for shot in rendered]


def place_of_cube(frames: FramesFolder, key: str, role: str) -> float:
    """How far to the right the cube is seen, from 0 to 1."""
    image: Any = bpy.data.images.load(str(frames.folder / key / f"{role}.jpg"), check_existing=False)
    width, height = image.size
    start = height // 2 * width * image.channels
    reds = image.pixels[start : start + width * image.channels][:: image.channels]
    bpy.data.images.remove(image)
    white = [x for x, red in enumerate(reds) if red > 0.5]
    return float(sum(white) / len(white) / width)


def test_first_and_end_frame_are_those_of_the_line_else_of_the_scene(render: Render, frames: FramesFolder) -> None:
    lines: tuple[dict[str, Any], ...] = (
        {},
        {"key": "sh020", "first_frame": 11, "end_frame": 1},
        {"key": "sh030", "kind": "first"},
    )
    assert outcomes(render(*lines)) == ["rendered"] * 3
    assert place_of_cube(frames, "sh010", "first") < 0.4 < 0.6 < place_of_cube(frames, "sh010", "end")
    assert 0.45 < place_of_cube(frames, "sh020", "first") < 0.55
    assert place_of_cube(frames, "sh020", "end") < 0.4
    assert not (frames.folder / "sh030" / "end.jpg").exists()


def test_the_camera_of_the_line_sees_it_whatever_a_marker_binds(render: Render, frames: FramesFolder) -> None:
    render({"first_frame": 21}, {"key": "sh020", "first_frame": 21, "camera": "Far Right"}, {"key": "sh030"})
    assert place_of_cube(frames, "sh020", "first") < 0.5 < place_of_cube(frames, "sh010", "first")
    assert place_of_cube(frames, "sh030", "end") > 0.5  # in the file that stayed open the marker binds again


def test_what_is_whole_and_current_is_left_alone(render: Render, film: Path) -> None:
    assert outcomes(render({})) == ["rendered"]
    assert outcomes(render({"takes": 2})) == ["current"]
    assert outcomes(render({"first_frame": 5})) == ["rendered"]
    film.touch()
    assert outcomes(render({"first_frame": 5})) == ["rendered"]


def test_shots_are_divided_by_their_keys(render: Render, frames: FramesFolder) -> None:
    lines: tuple[dict[str, Any], ...] = ({}, {"key": "sh020"}, {"key": "sh030"})
    assert outcomes(render(*lines, only=("sh020", "sh030"))) == ["rendered"] * 2
    assert outcomes(render(*lines)) == ["rendered", "current", "current"]
    assert sorted(path.name for path in frames.folder.iterdir()) == ["sh010", "sh020", "sh030"]


def test_a_text_shot_needs_no_frames(render: Render) -> None:
    assert render({"key": "sh040", "kind": "text", "blend": "film.blend"}) == []


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ({"scene": "Elsewhere"}, '"film.blend" has no scene "Elsewhere", only "Empty", "Scene".'),
        ({"scene": "Empty"}, 'Scene "Empty" has no camera at frame'),
        ({"camera": "Cube"}, 'Scene "Scene" has no camera "Cube", only "Far Right", "Front".'),
        ({"blend": "broken.blend"}, "Blender cannot open"),
    ],
)
def test_one_that_fails_says_why_and_keeps_no_other_from_being_rendered(
    line: dict[str, Any], sentence: str, render: Render, film: Path, frames: FramesFolder
) -> None:
    film.with_name("broken.blend").write_text("no .blend file")
    failed, rendered = render(line, {"key": "sh020"})
    assert (failed.outcome, rendered.outcome) == (Outcome.FAILED, Outcome.RENDERED)
    assert sentence in failed.problem
    assert sorted(path.name for path in frames.folder.iterdir()) == ["sh020"]


def test_a_folder_that_cannot_be_made_stops_all(render: Render, frames: FramesFolder) -> None:
    frames.folder.write_text("")
    with pytest.raises(ArgumentsInvalid):
        render({})
