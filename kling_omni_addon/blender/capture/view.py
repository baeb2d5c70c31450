"""A picture of the 3D view as it stands: its shading, its direction, its colours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy
from mathutils import Matrix

from ...core.errors import CaptureFailed
from ..host.changed import changed
from .camera import eevee_name, picture_size
from .picture_file import pass_colours_on, require_folder, scene_for_a_moment, write_picture

View = tuple[Any, Any]  # a SpaceView3D and its region of type WINDOW


def view_of(context: bpy.types.Context) -> View:
    """The 3D view at hand: the one that the mouse is in, else the largest in the window.

    Raises :class:`CaptureFailed` when there is none.
    """
    # In a timer no screen is at hand.
    screens = [context.screen] if context.screen else [window.screen for window in context.window_manager.windows]
    areas = [area for screen in screens for area in screen.areas if area.type == "VIEW_3D"]
    if context.area in areas:
        areas = [context.area]
    if not areas:
        raise CaptureFailed(
            "No 3D Viewport is open.", field="view", remedy="Open one, or capture from the scene camera."
        )
    area = max(areas, key=lambda area: area.width * area.height)
    return area.spaces.active, next(region for region in area.regions if region.type == "WINDOW")


def capture_view(
    scene: bpy.types.Scene,
    layer: bpy.types.ViewLayer,
    view: View,
    path: Path,
    *,
    aspect_ratio: str | None,
    shows_overlays: bool = False,
) -> Path:
    """Draw the 3D view to ``path`` (absolute, ``.png`` or ``.jpg``) and return where the picture is.

    Its size is that of a picture of the scene (:func:`~kling_omni_addon.blender.frames.picture_size`). A view through
    the camera gives the camera's frame; a free view is cut to the shape of the picture, around its middle. Colours are
    those of the view; a world is seen behind it also where the scene's film is transparent. Nothing is changed
    afterwards, also after an error.

    Raises :class:`CaptureFailed` where there is nothing to draw with (in background Blender opens its graphics only
    once something was rendered with Workbench or EEVEE) and for a view that Cycles renders.
    """
    require_folder(path)
    space, region = view
    _require_drawable(scene, space)
    size = picture_size(scene.render, aspect_ratio)
    settings = ((space.overlay, "show_overlays", shows_overlays), (scene.render, "film_transparent", False))
    with changed(settings), _offscreen(size) as screen:
        matrices = _matrices(scene, layer, view, size)  # which also lets the settings reach what is drawn
        screen.draw_view3d(scene, layer, space, region, *matrices, do_color_management=True)
        return _saved(screen, size, path)


def _require_drawable(scene: bpy.types.Scene, space: Any) -> None:
    drawable = ("BLENDER_WORKBENCH", eevee_name(scene.render))
    if space.shading.type == "RENDERED" and scene.render.engine not in drawable:
        sentence = "A Rendered view with Cycles cannot be captured."
        raise CaptureFailed(sentence, field="view", remedy="Switch to Material Preview, or capture from the camera.")


def _matrices(
    scene: bpy.types.Scene, layer: bpy.types.ViewLayer, view: View, size: tuple[int, int]
) -> tuple[Matrix, Matrix]:
    """Where the picture is seen from, and how it is projected."""
    space, region = view
    graph: Any = layer.depsgraph
    graph.update()  # what a script changed just now is seen too
    camera = space.camera if space.use_local_camera else scene.camera
    if space.region_3d.view_perspective == "CAMERA" and camera is not None and camera.type == "CAMERA":
        projection = camera.calc_matrix_camera(graph, x=size[0], y=size[1])
        return camera.evaluated_get(graph).matrix_world.normalized().inverted(), projection
    return space.region_3d.view_matrix.copy(), _cut(space.region_3d.window_matrix, region, size)


def _cut(projection: Matrix, region: Any, size: tuple[int, int]) -> Matrix:
    """The projection of a region, cut to the shape of the picture around its middle."""
    wider = (size[0] / size[1]) / (region.width / region.height)
    return Matrix.Diagonal((max(1.0, 1.0 / wider), max(1.0, wider), 1.0, 1.0)) @ projection


@contextmanager
def _offscreen(size: tuple[int, int]) -> Iterator[Any]:
    import gpu  # here, because in a Blender without graphics the module is there and its parts are not

    try:
        screen = gpu.types.GPUOffScreen(*size)
    except (SystemError, RuntimeError) as error:
        sentence = "Blender has no window to draw a 3D Viewport in."
        raise CaptureFailed(sentence, field="view", remedy="Capture from the scene camera.") from error
    try:
        yield screen
    finally:
        screen.free()


def _saved(screen: Any, size: tuple[int, int], path: Path) -> Path:
    import gpu

    with screen.bind():
        pixels: Any = gpu.state.active_framebuffer_get().read_color(0, 0, *size, 4, 0, "FLOAT")
    pixels.dimensions = size[0] * size[1] * 4
    image: Any = bpy.data.images.new("Kling", *size, alpha=False)
    try:
        image.pixels.foreach_set(pixels)
        with scene_for_a_moment(bpy.data.scenes.new("Kling")) as output:
            pass_colours_on(output)
            return write_picture(image, path, output)
    finally:
        bpy.data.images.remove(image)
