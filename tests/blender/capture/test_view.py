"""The 3D view as it stands becomes a picture, and stays as it is. In a window: tests/gui/test_capture_window.py."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import bpy
import pytest
from mathutils import Quaternion

from kling_omni_addon.blender.capture import view as capture_view
from kling_omni_addon.blender.capture.camera import render_camera_frame
from kling_omni_addon.core.errors import CaptureFailed
from tests.workshop.pixels import colour_at, size_of
from tests.workshop.places import ROOT
from tests.workshop.settings_dump import everything_in
from tests.workshop.shots import Scene


@pytest.fixture
def view(shot: Scene) -> capture_view.View:
    """A 3D view of the shot, unlit in the cube's own colour, in a Blender whose graphics a render has opened."""
    shot.render.engine = "BLENDER_WORKBENCH"
    bpy.ops.render.render()
    space, region = capture_view.view_of(bpy.context)
    space.shading.type, space.shading.light, space.shading.color_type = "SOLID", "FLAT", "MATERIAL"
    space.shading.background_type, space.shading.background_color = "VIEWPORT", (0, 0, 0)
    bpy.data.objects["Cube"].data.materials[0].diffuse_color = (1, 0, 0, 1)
    return space, region


def capture(scene: Scene, view: capture_view.View, path: Path, **wishes: Any) -> Path:
    wishes = {"aspect_ratio": None} | wishes
    layer: Any = bpy.context.view_layer
    return capture_view.capture_view(scene, layer, view, path, **wishes)


def through_camera(view: capture_view.View) -> None:
    view[0].region_3d.view_perspective = "CAMERA"


def from_the_front(view: capture_view.View) -> None:
    """Look along Y at the middle of the world, from afar."""
    looks = view[0].region_3d
    looks.view_perspective, looks.view_location, looks.view_distance = "PERSP", (0, 0, 0), 12
    looks.view_rotation = Quaternion((0.7071068, 0.7071068, 0, 0))
    looks.update()


@pytest.mark.parametrize("look", [through_camera, from_the_front])
def test_the_picture_shows_what_the_view_shows(shot: Scene, view: capture_view.View, tmp_path: Path, look: Any) -> None:
    look(view)
    picture = capture(shot, view, tmp_path / "a.png")
    assert size_of(picture) == (640, 360)
    assert colour_at(picture, 0.5, 0.5) == pytest.approx((1, 0, 0), abs=0.01)
    assert colour_at(picture, 0.02, 0.02) == pytest.approx((0, 0, 0), abs=0.01)


@pytest.mark.parametrize("look", [through_camera, from_the_front])
@pytest.mark.parametrize(("ratio", "size"), [("16:9", (640, 360)), ("9:16", (360, 640)), ("1:1", (360, 360))])
def test_every_shape_has_its_legal_size_and_the_middle_of_the_view(
    shot: Scene, view: capture_view.View, tmp_path: Path, look: Any, ratio: str, size: tuple[int, int]
) -> None:
    look(view)
    picture = capture(shot, view, tmp_path / "a.jpg", aspect_ratio=ratio)
    assert size_of(picture) == size
    assert colour_at(picture, 0.5, 0.5) == pytest.approx((1, 0, 0), abs=0.05)


def test_a_free_view_is_cut_and_not_squeezed(shot: Scene, view: capture_view.View, tmp_path: Path) -> None:
    from_the_front(view)
    widths = {}
    for ratio in ("16:9", "1:1"):
        picture = capture(shot, view, tmp_path / "a.png", aspect_ratio=ratio)
        image: Any = bpy.data.images.load(str(picture), check_existing=False)
        across = image.size[0]
        reds = [n for n, red in enumerate(list(image.pixels)[:: image.channels]) if red > 0.5]
        wide = max(n % across for n in reds) - min(n % across for n in reds)
        tall = max(n // across for n in reds) - min(n // across for n in reds)
        widths[ratio] = wide / tall
    assert widths["1:1"] == pytest.approx(widths["16:9"], abs=0.1) == pytest.approx(1, abs=0.1)


def test_colours_are_those_that_the_viewer_sees(shot: Scene, view: capture_view.View, tmp_path: Path) -> None:
    through_camera(view)
    shot.display.shading.light, shot.display.shading.color_type = "FLAT", "MATERIAL"
    shot.view_settings.exposure, view[0].shading.type = -2, "RENDERED"
    seen = colour_at(capture(shot, view, tmp_path / "a.png"), 0.5, 0.5)
    rendered = render_camera_frame(shot, 11, tmp_path / "b.png", aspect_ratio=None)
    assert seen == pytest.approx(colour_at(rendered, 0.5, 0.5), abs=0.01)
    assert 0.4 < seen[0] < 0.6


def test_overlays_are_in_the_picture_only_when_asked_for(shot: Scene, view: capture_view.View, tmp_path: Path) -> None:
    from_the_front(view)
    view[0].overlay.show_overlays = view[0].overlay.show_floor = True
    plain, with_overlays = (
        capture(shot, view, tmp_path / f"{shows}.png", shows_overlays=shows).read_bytes() for shows in (False, True)
    )
    assert plain != with_overlays


def test_a_view_rendered_by_cycles_is_refused_with_the_way_out(
    shot: Scene, view: capture_view.View, tmp_path: Path
) -> None:
    shot.render.engine, view[0].shading.type = "CYCLES", "RENDERED"
    with pytest.raises(CaptureFailed, match="Cycles"):
        capture(shot, view, tmp_path / "a.png")


@pytest.mark.parametrize("obstacle", ["none", "folder", "write"])
def test_nothing_changes_in_the_scene_the_view_or_the_file(
    shot: Scene, view: capture_view.View, tmp_path: Path, obstacle: str
) -> None:
    from_the_front(view)
    view[0].overlay.show_overlays, shot.render.use_stamp = True, True
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "a.part.png").mkdir()
    path = {"none": tmp_path / "b.png", "folder": tmp_path / "file" / "a.png", "write": tmp_path / "a.png"}[obstacle]
    before = everything_in(shot), view_settings(view), len(bpy.data.images), len(bpy.data.scenes)
    try:
        capture(shot, view, path, aspect_ratio="9:16")
    except (CaptureFailed, OSError):
        assert obstacle != "none"
    assert (everything_in(shot), view_settings(view), len(bpy.data.images), len(bpy.data.scenes)) == before


def view_settings(view: capture_view.View) -> dict[str, object]:
    space = view[0]
    parts = {"overlay": space.overlay, "shading": space.shading, "looks": space.region_3d}
    return {name: str(value) for part, struct in parts.items() for name, value in everything_in(struct, part).items()}


SLEEPING = """
import sys
sys.path.insert(0, {root!r})
import bpy
from pathlib import Path
from kling_omni_addon.blender.capture import view
from kling_omni_addon.core.errors import CaptureFailed
context = bpy.context
try:
    view.capture_view(
        context.scene, context.view_layer, view.view_of(context), Path({path!r}), aspect_ratio=None
    )
except CaptureFailed as error:
    sys.stdout.write(str(error))
"""


def test_a_blender_without_graphics_says_so_and_names_the_way_out(tmp_path: Path) -> None:
    script = SLEEPING.format(root=str(ROOT), path=str(tmp_path / "a.png"))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert "no window to draw a 3D Viewport in" in done.stdout, done.stderr
    assert "Capture from the scene camera" in done.stdout
