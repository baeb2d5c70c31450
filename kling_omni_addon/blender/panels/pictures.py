"""One picture as the tab shows it: thumbnail, where it came from, and what else can take its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy
from bpy.props import EnumProperty, PointerProperty

from ..host import thumbnails
from ..host.wrapping import characters_of, draw_lines, units_of
from ..shot.properties import scene_of, shot_of

MENUS = {
    "FIRST": "KLING_MT_first_picture",
    "MIDDLE": "KLING_MT_middle_picture",
    "END": "KLING_MT_end_picture",
    "REFERENCE": "KLING_MT_reference_picture",
}
_ENLARGED = 14.0
_MOST_UNITS = 7.0  # of a thumbnail: more is wide panels only, where words are wanted
_MARGIN_UNITS = 2.0  # what box and panel keep of the width
_SMALL = 4.0
_WORD_UNITS = 3.5  # of the width, for a word beside two icons
_BESIDE = 12  # characters that a small thumbnail takes

_Item = tuple[str, str, str, int, int]
_kept: dict[str, list[_Item]] = {}  # Blender keeps no reference to an enumeration's texts


def _only(name: str) -> Callable[[object, bpy.types.Context], list[_Item]]:
    """The one picture of a frame as an enumeration, which Blender enlarges in a popup when it is clicked."""

    def items(_owner: object, context: bpy.types.Context) -> list[_Item]:
        shot = shot_of(scene_of(context))
        path, origin = getattr(shot, f"{name}_frame"), getattr(shot, f"{name}_origin")
        _kept[name] = [("SHOWN", origin or path, path, thumbnails.icon_of(path), 0)]
        return _kept[name]

    return items


class KLING_PG_enlarged(bpy.types.PropertyGroup):
    """What is shown large when its thumbnail is clicked; nothing can be chosen in it."""

    first: EnumProperty(name="First Frame", description="Show the first frame enlarged", items=_only("first"))
    end: EnumProperty(name="End Frame", description="Show the end frame enlarged", items=_only("end"))


def draw_large(column: bpy.types.UILayout, context: bpy.types.Context, name: str, beside: int) -> None:
    """The picture of the ``first`` or the ``end`` frame as wide as ``beside`` of them fit; a click enlarges it."""
    if not thumbnails.icon_of(getattr(shot_of(scene_of(context)), f"{name}_frame")):
        return
    manager: Any = context.window_manager
    scale = min(_MOST_UNITS, units_of(context) / beside - _MARGIN_UNITS)
    column.template_icon_view(manager.kling_enlarged, name, scale=scale, scale_popup=_ENLARGED)


def draw_chosen(layout: bpy.types.UILayout, context: bpy.types.Context, item: Any) -> None:
    """The picture that is chosen in a list: what it shows, where it came from, where it is."""
    row, icon = layout.row(), thumbnails.icon_of(item.path)
    if icon:
        row.column().template_icon(icon_value=icon, scale=_SMALL)
    column = row.column(align=True)
    draw_lines(column, item.origin, max(12, characters_of(context) - _BESIDE))
    column.prop(item, "path", text="")


def draw_capture(layout: bpy.types.UILayout, context: bpy.types.Context, role: str, beside: int = 1) -> None:
    """The camera, the view, and a menu of all else that can become a picture; ``beside`` of them share the width."""
    row = layout.row(align=True)
    text = "Camera" if units_of(context) / beside >= 3 * _WORD_UNITS - 4 else ""
    row.operator("kling.capture_frame", text=text, icon="CAMERA_DATA").role = role
    row.operator("kling.capture_view", text="", icon="VIEW3D").role = role
    # Three icons share a narrow row, and a menu button that is wider than its icon draws an arrow of its own.
    row.menu(MENUS[role], text="", icon="DOWNARROW_HLT" if text else "NONE")


def register() -> None:
    """Keep in the window manager what is enlarged: it is nothing to save."""
    shown = PointerProperty(type=KLING_PG_enlarged, name="Kling Images", description="What the tab enlarges")
    bpy.types.WindowManager.kling_enlarged = shown  # type: ignore[attr-defined]


def unregister() -> None:
    """Take it out again."""
    del bpy.types.WindowManager.kling_enlarged  # type: ignore[attr-defined]


CLASSES = (KLING_PG_enlarged,)
