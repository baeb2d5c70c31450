"""Lines in the camera view that show what a capture of another shape will hold. They are drawn, never stored."""

from __future__ import annotations

from typing import Any, Final

import bpy
from bpy.props import EnumProperty
from bpy_extras.view3d_utils import location_3d_to_region_2d
from mathutils import Vector

from ..connection import limits
from ..host.editors import redraw_views
from ..host.reporting import Outcome
from ..shot.offers import ASPECT_RATIOS
from .camera import picture_size

SHAPES: Final = tuple(item[:3] for item in ASPECT_RATIOS)  # what operators are called with is in no file
_LINE: Final = (1.0, 0.75, 0.2, 1.0)
_SHADE: Final = (0.0, 0.0, 0.0, 0.35)
_FONT, _TEXT_SIZE, _MARGIN = 0, 11, 6
_CORNERS: Final = ((-1, -1), (1, -1), (1, 1), (-1, 1))
_ALL_AROUND: Final = ((0, 1), (1, 2), (2, 3), (3, 0))

_drawn: list[Any] = []  # Blender's handle of our drawing while it is on
_shape: list[str] = []  # the shape that is shown while it is on


def shown_shape() -> str:
    """The aspect ratio that is shown, such as ``9:16``; an empty text while the overlay is off."""
    return _shape[0] if _shape else ""


def show(shape: str) -> None:
    """Show the frame of this aspect ratio in every camera view. Raises ``ValueError`` for one that Kling has not."""
    if shape not in {name for name, *_ in SHAPES}:
        raise ValueError(f"Kling does not offer the aspect ratio {shape!r}.")
    _shape[:] = [shape]
    if not _drawn:
        _drawn.append(bpy.types.SpaceView3D.draw_handler_add(_draw, (), "WINDOW", "POST_PIXEL"))


def hide() -> None:
    """Draw nothing any more."""
    _shape.clear()
    while _drawn:
        bpy.types.SpaceView3D.draw_handler_remove(_drawn.pop(), "WINDOW")


class KLING_OT_toggle_frame_overlay(bpy.types.Operator):
    """Show the framing of an image with this aspect ratio in the camera view; captures use it while it is shown"""

    bl_idname = "kling.toggle_frame_overlay"
    bl_label = "Toggle Frame Overlay"
    bl_options = {"REGISTER"}

    shape: EnumProperty(name="Aspect Ratio", description="Width to height of the frame", items=SHAPES)

    def execute(self, context: bpy.types.Context) -> Outcome:
        """Show this shape, or nothing if it is shown already."""
        if shown_shape() == self.shape:
            hide()
        else:
            show(self.shape)
        redraw_views()
        return {"FINISHED"}


def draw_toggles(layout: bpy.types.UILayout) -> None:
    """A button for each shape that a model in force makes, pressed while that shape is shown."""
    offered = (*limits.profile().shapes, shown_shape())
    row = layout.row(align=True)
    for shape, label, _ in SHAPES:
        if shape not in offered:
            continue
        row.operator("kling.toggle_frame_overlay", text=label, depress=shown_shape() == shape).shape = shape


def frame_in_region(context: bpy.types.Context, shape: str) -> list[Vector] | None:
    """The four corners, in pixels of the region, of what a capture of this shape will hold, from the lower left on.

    None unless the region looks through the scene's camera.
    """
    space: Any = context.space_data
    region: Any = context.region
    scene, looks = context.scene, context.region_data
    if scene is None or looks is None or looks.view_perspective != "CAMERA" or not space.overlay.show_overlays:
        return None
    camera = space.camera if space.use_local_camera else scene.camera
    if camera is None or camera.type != "CAMERA":
        return None
    width, height = picture_size(scene.render, shape)
    projection = camera.calc_matrix_camera(context.evaluated_depsgraph_get(), x=width, y=height)
    to_world = camera.matrix_world.normalized() @ projection.inverted()
    corners = (to_world @ Vector((x, y, 0.5, 1.0)) for x, y in _CORNERS)
    places = [location_3d_to_region_2d(region, looks, corner.xyz / corner.w) for corner in corners]
    return None if None in places else places


def _draw() -> None:
    corners = frame_in_region(bpy.context, shown_shape())
    if corners:
        _draw_shade(corners, bpy.context.region)
        _draw_lines(corners)
        _draw_label(corners)


def _draw_shade(corners: list[Vector], region: Any) -> None:
    """Darken what the picture will not hold: everything between the frame and the edges of the region."""
    left, low, right, high = corners[0].x, corners[0].y, corners[2].x, corners[2].y
    wide, tall = float(region.width), float(region.height)
    edges = [(min(0.0, left), min(0.0, low)), (max(wide, right), min(0.0, low))]
    edges += [(max(wide, right), max(tall, high)), (min(0.0, left), max(tall, high))]
    places = [*edges, *((corner.x, corner.y) for corner in corners)]
    triangles = [t for a, b in _ALL_AROUND for t in ((a, b, b + 4), (a, b + 4, a + 4))]
    _batch_drawn("UNIFORM_COLOR", "TRIS", places, _SHADE, triangles)


def _draw_lines(corners: list[Vector]) -> None:
    places = [(corner.x, corner.y) for a, b in _ALL_AROUND for corner in (corners[a], corners[b])]
    _batch_drawn("POLYLINE_UNIFORM_COLOR", "LINES", places, _LINE, None)


def _draw_label(corners: list[Vector]) -> None:
    """The shape, by its name, in the upper left corner."""
    import blf

    scale = bpy.context.preferences.system.ui_scale
    blf.size(_FONT, _TEXT_SIZE * scale)
    blf.color(_FONT, *_LINE)
    blf.position(_FONT, corners[3].x + _MARGIN * scale, corners[3].y - (_MARGIN + _TEXT_SIZE) * scale, 0)
    blf.draw(_FONT, shown_shape())


def _batch_drawn(kind: str, form: Any, places: list[Any], colour: tuple[float, ...], indices: Any) -> None:
    import gpu  # here: in background the drawing never comes to this
    from gpu_extras.batch import batch_for_shader

    shader: Any = gpu.shader.from_builtin(kind)
    batch = batch_for_shader(shader, form, {"pos": [(x, y, 0.0) for x, y in places]}, indices=indices)
    gpu.state.blend_set("ALPHA")
    shader.uniform_float("color", colour)
    if kind.startswith("POLYLINE"):
        shader.uniform_float("lineWidth", 1.5 * bpy.context.preferences.system.ui_scale)
        shader.uniform_float("viewportSize", gpu.state.viewport_get()[2:])
    batch.draw(shader)
    gpu.state.blend_set("NONE")
