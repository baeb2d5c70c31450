"""The capture operators: where on the timeline a picture is taken, what it is used for, and what is said when not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

import kling_omni_addon
from kling_omni_addon.blender.capture import frame_overlay
from kling_omni_addon.blender.capture.camera import eevee_name
from kling_omni_addon.blender.capture.moments import MOMENTS, SPANS, frame_at, span_at
from kling_omni_addon.blender.host.sequencer import new_effect, strips_of
from kling_omni_addon.blender.shot import judging
from kling_omni_addon.core.errors import CaptureFailed
from tests.workshop.grey_clips import WriteClip
from tests.workshop.pixels import paint, red_of, size_of
from tests.workshop.shots import Scene, add_camera, set_up_shot

kling: Any = bpy.ops.kling


@pytest.fixture
def scene(scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """A shot from frame 2 to 21 in a saved file, with the add-on in place."""
    monkeypatch.setenv("KLING_HOME", str(tmp_path / "home"))
    kling_omni_addon.register()
    set_up_shot(scene)
    scene.frame_start, scene.frame_end = 2, 21
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "film.blend"))
    yield scene
    kling_omni_addon.unregister()


def file_of(path: str) -> Path:
    """The file of a picture, whose path is kept relative to the .blend."""
    return Path(bpy.path.abspath(path))


def with_strip_and_markers(scene: Scene) -> None:
    scene.sequence_editor_create()
    strip = new_effect(strips_of(scene), "COLOR", name="Colour", channel=1, frame_start=5, length=10)
    scene.sequence_editor.active_strip = strip
    for frame in (3, 8, 11, 15, 20):
        scene.timeline_markers.new(str(frame), frame=frame)


@pytest.mark.parametrize(
    ("moment", "frame"),
    list(zip((identifier for identifier, _, _ in MOMENTS), (11, 2, 21, 5, 14, 8, 15), strict=True)),
)
def test_every_moment_has_its_frame(scene: Scene, moment: str, frame: int) -> None:
    with_strip_and_markers(scene)
    assert frame_at(scene, moment) == frame


@pytest.mark.parametrize(
    ("span", "ends"),
    list(zip((identifier for identifier, _, _ in SPANS), ((2, 21), (5, 14), (11, 15)), strict=True)),
)
def test_every_span_has_its_ends(scene: Scene, span: str, ends: tuple[int, int]) -> None:
    with_strip_and_markers(scene)
    assert span_at(scene, span) == ends


def test_between_two_markers_the_one_before_the_playhead_counts(scene: Scene) -> None:
    with_strip_and_markers(scene)
    scene.frame_set(13)
    assert span_at(scene, "MARKERS") == (11, 15)
    assert kling.capture_both(span="MARKERS", engine="CYCLES") == {"FINISHED"}
    assert (scene.kling.first_origin, scene.kling.end_origin) == ("Front, frame 11", "Front, frame 15")


@pytest.mark.parametrize("moment", ["STRIP_FIRST", "STRIP_LAST", "MARKER_PREVIOUS", "MARKER_NEXT"])
def test_a_moment_that_is_not_there_is_told(scene: Scene, moment: str) -> None:
    with pytest.raises(CaptureFailed, match=r"No (strip|marker) is (active|after|before)"):
        frame_at(scene, moment)
    with pytest.raises(RuntimeError, match=r"No (strip|marker) is"):
        kling.capture_frame(role="FIRST", at=moment, engine="CYCLES")


def test_the_camera_fills_each_role(scene: Scene) -> None:
    for role, at in (("FIRST", "START"), ("END", "END"), ("REFERENCE", "CURRENT")):
        assert kling.capture_frame(role=role, at=at, engine="CYCLES") == {"FINISHED"}
    shot = scene.kling
    assert (shot.first_origin, shot.end_origin) == ("Front, frame 2", "Front, frame 21")
    (reference,) = shot.references
    assert reference.origin == "Front, frame 11"
    assert all(size_of(file_of(path)) == (640, 360) for path in (shot.first_frame, shot.end_frame, reference.path))
    assert scene.frame_current == 11


def test_the_shape_that_the_overlay_shows_is_the_shape_of_the_picture(scene: Scene) -> None:
    assert kling.toggle_frame_overlay(shape="9:16") == {"FINISHED"}
    kling.capture_frame(role="FIRST", engine="CYCLES")
    assert size_of(file_of(scene.kling.first_frame)) == (360, 640)
    kling.capture_frame(role="FIRST", engine="CYCLES", aspect_ratio="1:1")
    assert size_of(file_of(scene.kling.first_frame)) == (360, 360)
    kling.toggle_frame_overlay(shape="9:16")
    kling.capture_frame(role="FIRST", engine="CYCLES")
    assert size_of(file_of(scene.kling.first_frame)) == (640, 360)


def test_the_overlay_is_off_after_disabling(scene: Scene) -> None:
    kling.toggle_frame_overlay(shape="1:1")
    kling.toggle_frame_overlay(shape="16:9")
    assert frame_overlay.shown_shape() == "16:9"
    kling_omni_addon.unregister()
    assert frame_overlay.shown_shape() == ""
    kling_omni_addon.register()


def test_a_strips_own_menu_is_blenders_again_after_disabling(scene: Scene) -> None:
    def ours() -> list[str]:
        drawing: Any = bpy.types.SEQUENCER_MT_context_menu.draw
        return [part.__name__ for part in drawing._draw_funcs if part.__module__.startswith("kling_omni_addon")]

    assert len(ours()) == 1
    kling_omni_addon.unregister()
    assert ours() == []
    kling_omni_addon.register()


def test_the_playhead_is_that_of_the_scene_that_the_sequencer_shows(scene: Scene, write_clip: WriteClip) -> None:
    workspace: Any = bpy.context.workspace
    if not hasattr(workspace, "sequencer_scene"):
        pytest.skip("up to 4.5 the sequencer shows the active scene")
    film: Any = bpy.data.scenes.new("Film")
    film.sequence_editor_create()
    strips_of(film).new_movie("Clip", str(write_clip()), 1, 1)
    film.frame_set(48)
    workspace.sequencer_scene = film
    assert kling.capture_strip(role="FIRST") == {"FINISHED"}
    assert red_of(file_of(scene.kling.first_frame)) == pytest.approx(48 / 49, abs=0.009)


def test_the_last_frame_of_a_clip_becomes_the_next_first_frame(scene: Scene, write_clip: WriteClip) -> None:
    scene.sequence_editor_create()
    strip = strips_of(scene).new_movie("Clip", str(write_clip()), 1, 30)
    scene.sequence_editor.active_strip = strip
    assert kling.capture_strip(role="FIRST", at="LAST") == {"FINISHED"}
    assert red_of(file_of(scene.kling.first_frame)) == pytest.approx(48 / 49, abs=0.009)
    assert kling.capture_strip(role="REFERENCE", at="FIRST") == {"FINISHED"}
    assert red_of(file_of(scene.kling.references[0].path)) == pytest.approx(1 / 49, abs=0.009)
    scene.frame_set(31)
    assert kling.capture_strip(role="END") == {"FINISHED"}
    assert scene.kling.end_origin == "Clip, frame 31"
    assert red_of(file_of(scene.kling.end_frame)) == pytest.approx(2 / 49, abs=0.009)


def test_a_file_is_used_as_it_is_where_kling_takes_its_format(scene: Scene, tmp_path: Path) -> None:
    path = paint(tmp_path / "chair.png", (320, 300), 0.5)
    assert kling.load_picture(role="REFERENCE", filepath=str(path)) == {"FINISHED"}
    (reference,) = scene.kling.references
    assert (file_of(reference.path), reference.origin) == (path, "chair.png")


def test_a_file_of_another_format_is_converted_to_a_copy(scene: Scene, tmp_path: Path) -> None:
    image: Any = bpy.data.images.new("Chair", 320, 300, alpha=False)
    image.pixels = [0.5, 0.5, 0.5, 1.0] * (320 * 300)
    image.filepath_raw, image.file_format = str(tmp_path / "chair.tga"), "TARGA"
    image.save()
    scene.view_settings.view_transform, scene.view_settings.exposure = "AgX", 2
    assert kling.load_picture(role="FIRST", filepath=str(tmp_path / "chair.tga")) == {"FINISHED"}
    picture = file_of(scene.kling.first_frame)
    assert (picture.parent, picture.suffix) == (tmp_path / "kling" / "frames", ".png")
    assert red_of(picture) == pytest.approx(0.5, abs=0.005)


@pytest.mark.parametrize("name", ["gone.png", "words.tga"])
def test_a_file_that_is_no_picture_is_told(scene: Scene, tmp_path: Path, name: str) -> None:
    (tmp_path / "words.tga").write_text("no picture at all")
    with pytest.raises(RuntimeError, match=name.replace(".", r"\.")):
        kling.load_picture(role="FIRST", filepath=str(tmp_path / name))
    assert scene.kling.first_frame == ""


@pytest.mark.parametrize("is_float", [False, True])
@pytest.mark.parametrize("is_packed", [False, True])
def test_painted_and_packed_images_are_saved_as_they_look(scene: Scene, is_float: bool, is_packed: bool) -> None:
    image: Any = bpy.data.images.new("Painting", 320, 300, alpha=True, float_buffer=is_float)
    image.pixels = [0.214, 0.214, 0.214, 1.0] * (320 * 300)
    if is_packed:
        image.pack()
    scene.view_settings.view_transform, scene.view_settings.exposure = "AgX", 2
    assert kling.use_image(role="FIRST", image="Painting") == {"FINISHED"}
    looks = 0.5 if is_float else 0.214  # a float image is linear
    assert red_of(file_of(scene.kling.first_frame)) == pytest.approx(looks, abs=0.005)
    assert len(bpy.data.scenes) == 1


def test_a_generated_image_that_nobody_looked_at_yet_is_saved(scene: Scene) -> None:
    image = bpy.data.images.new("Grid", 320, 300)
    image.generated_type = "COLOR_GRID"
    assert kling.use_image(role="FIRST", image="Grid") == {"FINISHED"}
    assert size_of(file_of(scene.kling.first_frame)) == (320, 300)


def test_the_last_render_is_an_image_of_this_file_too(scene: Scene) -> None:
    scene.frame_set(11)
    bpy.ops.render.render()
    assert kling.use_image(role="END", image="Render Result") == {"FINISHED"}
    picture = file_of(scene.kling.end_frame)
    assert (size_of(picture), scene.kling.end_origin) == ((640, 360), "Render Result")
    assert red_of(picture) > 0.9


def test_an_image_without_pixels_is_told(scene: Scene) -> None:
    image = bpy.data.images.new("Lost", 8, 8)
    image.source, image.filepath = "FILE", "//gone.png"
    with pytest.raises(RuntimeError, match="Lost"):
        kling.use_image(role="FIRST", image="Lost")
    with pytest.raises(RuntimeError, match='no image "Nothing"'):
        kling.use_image(role="FIRST", image="Nothing")
    assert scene.kling.first_frame == ""


def test_blender_knows_eevee_by_the_name_we_use(scene: Scene) -> None:
    scene.render.engine = eevee_name(scene.render)
    assert "EEVEE" in scene.render.engine


@pytest.mark.parametrize("name", ["capture_frame", "capture_both", "capture_view", "capture_strip", "submit"])
def test_a_button_means_what_it_says_and_not_what_another_one_meant_before(scene: Scene, name: str) -> None:
    properties = getattr(bpy.ops.kling, name).get_rna_type().properties
    assert [p.identifier for p in properties if p.identifier != "rna_type" and not p.is_skip_save] == []


def test_without_a_window_a_button_renders_at_once_and_leaves_no_job_behind(scene: Scene) -> None:
    before = scene.render.engine
    assert kling.capture_both("INVOKE_DEFAULT", engine="CYCLES") == {"FINISHED"}
    assert scene.kling.first_frame
    assert scene.kling.end_frame
    assert scene.render.engine == before


def test_the_camera_that_really_rendered_a_frame_is_named(scene: Scene) -> None:
    for name, frame in (("Cam1", 2), ("Cam3", 15)):
        scene.timeline_markers.new(name, frame=frame).camera = add_camera(scene, name, x=0.1 * frame)
    assert kling.capture_both(engine="CYCLES") == {"FINISHED"}
    shot = scene.kling
    assert (shot.first_origin, shot.end_origin) == ("Cam1, frame 2", "Cam3, frame 21")
    assert (shot.first_source.camera, shot.end_source.camera, shot.end_source.frame) == ("Cam1", "Cam3", 21)
    assert any("one move" in problem.message for problem in judging.problems(scene) or ())


def test_a_render_that_is_smaller_than_the_clip_is_told_at_the_capture_too(scene: Scene, capfd: Any) -> None:
    kling.capture_frame(role="FIRST", engine="CYCLES")
    assert "The first frame is 640 x 360; the clip is 1920 x 1080." in capfd.readouterr().out
