"""The part of the tab that shows the frames: first and end beside each other, middle ones in a list."""

from __future__ import annotations

from typing import Any

import bpy

from ...core.request import Role
from ..capture import frame_overlay
from ..capture.menus import draw_background
from ..connection import limits
from ..host.language import translated
from ..host.wrapping import SIDE_BY_SIDE, characters_of, draw_text
from ..shot.kinds import kind_of_shot
from ..shot.properties import KLING_PG_shot, scene_of, shot_of
from .item_lists import draw_list
from .pictures import MENUS, draw_capture, draw_chosen, draw_large

_ENDS = {Role.FIRST: ("first", "First"), Role.END: ("end", "End")}


def draw_frames(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The frames that this kind begins and ends with, and what captures all of them at once."""
    shot = shot_of(scene_of(context))
    frames = kind_of_shot(shot).frames
    ends = [role for role in frames if role in _ENDS]
    row = layout.row(align=True)
    for role in ends:
        _draw_end(row.box().column(align=True), context, shot, role, len(ends))
    if len(ends) > 1:
        both = layout.row(align=True)
        text = "Camera to First + End" if characters_of(context) >= SIDE_BY_SIDE else "First + End"
        both.operator("kling.capture_both", text=text, icon="CAMERA_DATA")
        both.menu("KLING_MT_capture_both", text="", icon="DOWNARROW_HLT")
    if Role.MIDDLE in frames:
        _draw_middle_frames(layout, context, shot)
    if frames:
        draw_background(layout, context)


def draw_crop(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """What a shape leaves out of the camera view, while the 3D Viewport looks through the camera."""
    view: Any = context.region_data if context.area is not None and context.area.type == "VIEW_3D" else None
    if view is not None and view.view_perspective == "CAMERA":
        column = layout.column(align=True)
        column.label(text="Show Framing in Camera View")
        frame_overlay.draw_toggles(column)


def _draw_end(
    column: bpy.types.UILayout, context: bpy.types.Context, shot: KLING_PG_shot, role: Role, beside: int
) -> None:
    """One of the two: its picture, and below it where that is from, with the menu of all that can take its place."""
    name, label = _ENDS[role]
    if not getattr(shot, f"{name}_frame"):
        column.label(text=f"{label} Frame")
        draw_capture(column, context, role.name, beside)
        return
    draw_large(column, context, name, beside)
    row = column.row(align=True)
    row.label(text=getattr(shot, f"{name}_origin") or f"{label} Frame")
    row.menu(MENUS[role.name], text="", icon="DOWNARROW_HLT")


def _draw_middle_frames(layout: bpy.types.UILayout, context: bpy.types.Context, shot: KLING_PG_shot) -> None:
    """The pictures in between, where the model takes them or there are some all the same; else who takes them."""
    most, able = limits.model_of(shot.model).middle_frames, limits.profile().takers_of_middle_frames
    if most:
        layout.operator("kling.capture_keyframes", text="Camera to Keyframes", icon="MARKER_HLT")
    elif able:
        draw_text(layout, context, f"Middle frames: {' or '.join(able)} only", "NONE")
    if not most and not shot.middle_frames:
        return
    box = layout.box()
    box.label(text=translated(f"Middle, {len(shot.middle_frames)} of {most}"))
    if shot.middle_frames:
        draw_list(box, shot, "middle_frames", "middle_frame_index")
    if most:
        draw_capture(box, context, "MIDDLE")
    if 0 <= shot.middle_frame_index < len(shot.middle_frames):
        draw_chosen(box, context, shot.middle_frames[shot.middle_frame_index])
