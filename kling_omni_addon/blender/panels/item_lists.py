"""The lists of what a shot is made from, each with the usual buttons at its right: references, middle frames, elements,
shots.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

import bpy

from ..host import thumbnails
from ..host.language import translated
from ..host.lists import Rows
from ..shot.properties import KLING_PG_shot

_SECONDS_UNITS = 2.2  # of the width of a row: two digits, however narrow the panel is


def draw_list(layout: bpy.types.UILayout, shot: KLING_PG_shot, which: str, index: str) -> None:
    """A list with the usual buttons at its right."""
    items = getattr(shot, which)
    row = layout.row()
    row.template_list(f"KLING_UL_{which}", "", shot, which, shot, index, rows=4 if len(items) > 1 else 2)
    buttons = row.column(align=True)
    if which == "references":
        buttons.operator("kling.add_references", text="", icon="ADD")
    elif which != "middle_frames":  # those are captured
        buttons.operator("kling.add_item", text="", icon="ADD").which = which
    if items:
        buttons.operator("kling.remove_item", text="", icon="REMOVE").which = which
    if len(items) > 1:
        for step, icon in ((-1, "TRIA_UP"), (1, "TRIA_DOWN")):
            move: Any = buttons.operator("kling.move_item", text="", icon=icon)  # type: ignore[arg-type]
            move.which, move.step = which, step


class KLING_UL_references(Rows, bpy.types.UIList):
    """Pictures with their thumbnails and names."""

    def draw_row(self, layout: bpy.types.UILayout, item: Any, _index: int) -> None:
        icon = thumbnails.icon_of(item.path)
        if icon:
            layout.prop(item, "name", text="", emboss=False, icon_value=icon)
        else:
            layout.prop(item, "name", text="", emboss=False, icon="IMAGE_DATA")


class KLING_UL_middle_frames(Rows, bpy.types.UIList):
    """Pictures in the order of the clip, each with where it was taken."""

    def draw_row(self, layout: bpy.types.UILayout, item: Any, index: int) -> None:
        text = f"{index + 1}  {item.origin or PurePath(item.path).name or translated('No image yet')}"
        icon = thumbnails.icon_of(item.path)
        if icon:
            layout.label(text=text, icon_value=icon)
        else:
            layout.label(text=text, icon="IMAGE_DATA")


class KLING_UL_elements(Rows, bpy.types.UIList):
    """Elements with their names and ids."""

    def draw_row(self, layout: bpy.types.UILayout, item: Any, _index: int) -> None:
        layout.prop(item, "name", text="", emboss=False, icon="OUTLINER_OB_ARMATURE")


class KLING_UL_board(Rows, bpy.types.UIList):
    """Shots with their prompts and lengths."""

    def draw_row(self, layout: bpy.types.UILayout, item: Any, index: int) -> None:
        row = layout.row()
        row.label(text=f"{index + 1}  {item.prompt or translated('No prompt yet')}")
        seconds = row.row()
        seconds.ui_units_x = _SECONDS_UNITS
        seconds.prop(item, "duration_s", text="", emboss=False)


CLASSES = (KLING_UL_references, KLING_UL_middle_frames, KLING_UL_elements, KLING_UL_board)
