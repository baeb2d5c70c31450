"""Capturing the camera's view: a legal picture of the right thing at the right place, or a reason why not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender.capture import picture_file
from kling_omni_addon.blender.capture.camera import Engine, render_camera_frame
from kling_omni_addon.blender.host.sequencer import new_effect, strips_of
from kling_omni_addon.core.errors import CaptureFailed
from kling_omni_addon.core.media import PictureFacts, picture_facts
from tests.workshop.shots import OBSTACLES, Scene, add_camera, composite, fill_with_noise

WORKBENCH = Engine.WORKBENCH


def facts_of(path: Path) -> PictureFacts:
    with path.open("rb") as stream:
        return picture_facts(stream, path.stat().st_size)


def size_of(path: Path) -> tuple[int, int]:
    facts = facts_of(path)
    return facts.width, facts.height


def reds_of(path: Path) -> tuple[int, list[float]]:
    """The width of a picture and its red values, row by row from the bottom."""
    image: Any = bpy.data.images.load(str(path), check_existing=False)
    width, reds = image.size[0], list(image.pixels)[::4]
    bpy.data.images.remove(image)
    return width, reds


def cube_in(path: Path) -> float:
    """Where the cube is in the picture, from 0 (left) to 1 (right)."""
    width, reds = reds_of(path)
    columns = [n % width for n, red in enumerate(reds) if red > 0.5]
    return sum(columns) / len(columns) / width


# What is in the picture ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", [engine for engine in Engine if engine is not Engine.EEVEE])  # a minute in software
def test_the_picture_shows_the_asked_frame_whatever_the_current_one_is(
    shot: Scene, tmp_path: Path, engine: Engine
) -> None:
    first = render_camera_frame(shot, 1, tmp_path / "first.png", aspect_ratio=None, engine=engine)
    end = render_camera_frame(shot, 21, tmp_path / "end.png", aspect_ratio=None, engine=engine)
    assert cube_in(first) < 0.3
    assert cube_in(end) > 0.7


def test_cycles_takes_few_samples_whatever_the_scene_and_its_layers_ask_for(
    shot: Scene, tmp_path: Path, at_render: list[tuple[object, ...]]
) -> None:
    shot.render.engine = "BLENDER_WORKBENCH"
    shot.cycles.samples, shot.cycles.use_denoising, shot.view_layers[0].samples = 4096, True, 4096
    render_camera_frame(shot, 1, tmp_path / "a.png", aspect_ratio=None, engine=Engine.CYCLES)
    assert at_render == [("CYCLES", 16, "IGNORE", False)]


@pytest.fixture
def at_render() -> Iterator[list[tuple[object, ...]]]:
    """What a scene is set to when it is rendered: engine, samples, samples of layers, denoising."""
    seen: list[tuple[object, ...]] = []

    def look(scene: Scene, _: object) -> None:
        cycles = scene.cycles
        seen.append((scene.render.engine, cycles.samples, cycles.use_layer_samples, cycles.use_denoising))

    handlers: list[Any] = bpy.app.handlers.render_pre
    handlers.append(look)
    yield seen
    handlers.remove(look)


def test_a_camera_bound_to_a_marker_takes_the_picture_and_the_scenes_own_comes_back(
    shot: Scene, tmp_path: Path
) -> None:
    front = shot.camera
    shot.timeline_markers.new("start", frame=1).camera = front
    shot.timeline_markers.new("cut", frame=20).camera = add_camera(shot, "Before the cube", x=2.5)
    before_the_cut = render_camera_frame(shot, 1, tmp_path / "before.png", aspect_ratio=None)
    after_the_cut = render_camera_frame(shot, 21, tmp_path / "after.png", aspect_ratio=None)
    assert cube_in(before_the_cut) < 0.3
    assert cube_in(after_the_cut) == pytest.approx(0.5, abs=0.01)
    assert shot.camera == front


def test_a_scene_without_a_camera_of_its_own_uses_the_markers(shot: Scene, tmp_path: Path) -> None:
    shot.timeline_markers.new("start", frame=1).camera = shot.camera
    shot.camera = None
    render_camera_frame(shot, 1, tmp_path / "a.png", aspect_ratio=None)
    assert shot.camera is None


def test_another_scene_than_the_active_one_can_be_captured(shot: Scene, tmp_path: Path) -> None:
    bpy.context.window.scene = bpy.data.scenes.new("Other")
    picture = render_camera_frame(shot, 1, tmp_path / "a.png", aspect_ratio=None)
    assert cube_in(picture) < 0.3
    assert bpy.context.window.scene.name == "Other"


def test_the_timeline_is_left_out(shot: Scene, tmp_path: Path) -> None:
    shot.sequence_editor_create()
    card = new_effect(strips_of(shot), "COLOR", name="Card", channel=1, frame_start=1, length=50)
    card.color = (1, 1, 1)
    assert cube_in(render_camera_frame(shot, 1, tmp_path / "a.png", aspect_ratio=None)) < 0.3


def test_border_stereo_and_burnt_in_text_do_not_show(shot: Scene, tmp_path: Path) -> None:
    plain = render_camera_frame(shot, 1, tmp_path / "plain.png", aspect_ratio=None, engine=WORKBENCH)
    render = shot.render
    render.use_stamp = render.use_multiview = render.use_border = render.use_crop_to_border = True
    render.border_max_x = 0.5
    picture = render_camera_frame(shot, 1, tmp_path / "picture.png", aspect_ratio=None, engine=WORKBENCH)
    assert picture.read_bytes() == plain.read_bytes()


def test_the_picture_does_not_tell_the_name_of_the_file(shot: Scene, tmp_path: Path) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "secret.blend"))
    for name in ("a.png", "a.jpg"):
        picture = render_camera_frame(shot, 1, tmp_path / name, aspect_ratio=None)
        assert b"secret" not in picture.read_bytes()
        assert b"Camera" not in picture.read_bytes()


@pytest.mark.parametrize("is_overridden", [False, True])
def test_colours_are_those_of_the_viewer(shot: Scene, tmp_path: Path, is_overridden: bool) -> None:
    if is_overridden:
        shot.render.image_settings.color_management = "OVERRIDE"  # copies the scene's, so that only the scene darkens:
    shot.view_settings.exposure = -1.0
    _, reds = reds_of(render_camera_frame(shot, 1, tmp_path / "a.png", aspect_ratio=None))
    assert max(reds) == pytest.approx(0.735, abs=0.01)  # half the light, as sRGB


def test_compositing_is_as_the_scene_has_it(shot: Scene, tmp_path: Path) -> None:
    composite(shot, folder=tmp_path / "final")
    _, reds = reds_of(render_camera_frame(shot, 1, tmp_path / "on.png", aspect_ratio=None))
    assert reds[0] == pytest.approx(1.0, abs=0.01)  # the black world around the cube, inverted
    shot.render.use_compositing = False
    assert cube_in(render_camera_frame(shot, 1, tmp_path / "off.png", aspect_ratio=None)) < 0.3


def test_a_capture_does_not_overwrite_the_final_frames_of_a_file_output_node(shot: Scene, tmp_path: Path) -> None:
    node = composite(shot, folder=tmp_path / "final")
    render_camera_frame(shot, 1, tmp_path / "a.png", aspect_ratio=None)
    assert list(tmp_path.rglob("*")) == [tmp_path / "a.png"]
    assert not node.mute
    bpy.ops.render.render()
    assert list((tmp_path / "final").iterdir()) != []  # so the node does write, but for us


# Its size and its file -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("aspect_ratio", "percentage", "pixel_aspect", "size"),
    [
        (None, 100, 1.0, (640, 360)),
        (None, 50, 1.0, (534, 300)),
        (None, 100, 1.2, (768, 360)),
        ("16:9", 100, 1.0, (640, 360)),
        ("9:16", 100, 1.0, (360, 640)),
        ("1:1", 100, 1.0, (360, 360)),
    ],
)
def test_the_size_is_legal_and_its_pixels_square(
    shot: Scene,
    tmp_path: Path,
    aspect_ratio: str | None,
    percentage: int,
    pixel_aspect: float,
    size: tuple[int, int],
) -> None:
    shot.render.resolution_percentage, shot.render.pixel_aspect_x = percentage, pixel_aspect
    assert (
        size_of(render_camera_frame(shot, 1, tmp_path / "a.png", aspect_ratio=aspect_ratio, engine=WORKBENCH)) == size
    )


@pytest.mark.parametrize(("name", "picture_format"), [("a.png", "png"), ("a.jpg", "jpeg")])
def test_the_suffix_decides_the_format(shot: Scene, tmp_path: Path, name: str, picture_format: str) -> None:
    picture = render_camera_frame(shot, 1, tmp_path / "new folder" / name, aspect_ratio=None, engine=WORKBENCH)
    assert picture == tmp_path / "new folder" / name
    assert facts_of(picture).format == picture_format


def test_marks_that_blender_replaces_in_paths_are_taken_as_they_are(shot: Scene, tmp_path: Path) -> None:
    picture = tmp_path / "shot #### {blend_name} ü.png"
    assert render_camera_frame(shot, 1, picture, aspect_ratio=None, engine=WORKBENCH) == picture
    assert list(tmp_path.iterdir()) == [picture]


def test_a_png_that_is_too_large_becomes_a_jpeg(shot: Scene, tmp_path: Path) -> None:
    fill_with_noise(shot, side=1900)
    picture = render_camera_frame(shot, 1, tmp_path / "a.png", aspect_ratio=None)
    assert picture == tmp_path / "a.jpg"
    assert facts_of(picture).format == "jpeg"
    assert facts_of(picture).size_bytes < 10_000_000
    assert list(tmp_path.iterdir()) == [picture]


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_a_picture_that_is_too_large_even_as_a_jpeg_is_refused_and_not_kept(
    shot: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(picture_file, "most_bytes", lambda: 1000)  # 10 MB of JPEG takes ten seconds to render
    with pytest.raises(CaptureFailed, match=r"larger than Kling accepts.*resolution"):
        render_camera_frame(shot, 1, tmp_path / name, aspect_ratio=None)
    assert list(tmp_path.iterdir()) == []


# What cannot be captured ---------------------------------------------------------------------------------------------


def test_a_scene_without_a_camera_is_refused_with_the_remedy(shot: Scene, tmp_path: Path) -> None:
    shot.camera = None
    with pytest.raises(CaptureFailed, match="no camera at frame 1") as refusal:
        render_camera_frame(shot, 1, tmp_path / "a.png", aspect_ratio=None)
    assert refusal.value.field == "camera"
    assert "Scene Properties" in refusal.value.remedy


@pytest.mark.parametrize("path", ["//a.png", "a.png", "/tmp/a.exr", "/tmp/a"])
def test_a_relative_path_or_an_unknown_format_is_refused(shot: Scene, path: str) -> None:
    with pytest.raises(CaptureFailed, match="full path"):
        render_camera_frame(shot, 1, Path(path), aspect_ratio=None)


def test_cycles_is_asked_for_by_name_when_it_is_switched_off(shot: Scene, tmp_path: Path) -> None:
    bpy.ops.preferences.addon_disable(module="cycles")
    try:
        with pytest.raises(CaptureFailed, match="Cycles is disabled"):
            render_camera_frame(shot, 1, tmp_path / "a.png", aspect_ratio=None, engine=Engine.CYCLES)
    finally:
        bpy.ops.preferences.addon_enable(module="cycles")


@pytest.mark.parametrize("obstacle", ["camera", "layers", "folder"])
def test_a_failure_keeps_the_picture_that_was_there(shot: Scene, tmp_path: Path, obstacle: str) -> None:
    (tmp_path / "a.png").write_bytes(b"the picture before")
    path = OBSTACLES[obstacle](shot, tmp_path / "a.png")
    with pytest.raises(CaptureFailed):
        render_camera_frame(shot, 1, path, aspect_ratio=None)
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"the picture before"]
