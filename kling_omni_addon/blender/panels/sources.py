"""The part of the panel that shows what a clip is made from: frames, references, a video, a storyboard."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

import bpy

from ...core.request import Role
from ..capture import frame_overlay
from ..connection import limits
from ..host import thumbnails
from ..host.lists import Rows
from ..host.wrapping import characters_of, draw_lines, draw_text
from ..shot.kinds import kind_of_shot
from ..shot.properties import KLING_PG_shot, scene_of, shot_of
from .library import draw_library

_MENUS = {
    "FIRST": "KLING_MT_first_picture",
    "MIDDLE": "KLING_MT_middle_picture",
    "END": "KLING_MT_end_picture",
    "REFERENCE": "KLING_MT_reference_picture",
}
_THUMBNAIL = 4.0
_WORDS_FIT = 30  # characters of a region in which a word stands beside a thumbnail
_BESIDE = 12  # characters that a thumbnail takes
_FRAMES = {Role.FIRST: ("FIRST", "first", "First"), Role.END: ("END", "end", "End")}


def draw_frames(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The frames that this kind begins and ends with."""
    shot = shot_of(scene_of(context))
    frames = kind_of_shot(shot).frames
    for role in frames:
        if role is Role.MIDDLE:
            _draw_middle_frames(layout, context, shot)
        else:
            _draw_frame(layout.box(), context, shot, role)
    if len(frames) > 1:
        layout.operator("kling.capture_both", icon="CAMERA_DATA")
    if Role.MIDDLE in frames and limits.model_of(shot.model).middle_frames:
        layout.operator("kling.capture_keyframes", icon="MARKER_HLT")
    view: Any = context.region_data if context.area is not None and context.area.type == "VIEW_3D" else None
    if view is not None and view.view_perspective == "CAMERA":
        column = layout.column(align=True)
        column.label(text="Show Crop in Camera View")
        frame_overlay.draw_toggles(column)


def _draw_frame(layout: bpy.types.UILayout, context: bpy.types.Context, shot: KLING_PG_shot, role: Role) -> None:
    identifier, name, label = _FRAMES[role]
    path = getattr(shot, f"{name}_frame")
    row = layout.row()
    if path:
        _draw_thumbnail(row.column(), path)
    column = row.column(align=True)
    head = column.row()
    head.label(text=label)
    if path:
        head.operator("kling.clear_frame", text="", icon="X", emboss=False).role = identifier
        draw_lines(column, getattr(shot, f"{name}_origin"), max(12, characters_of(context) - _BESIDE))
    _draw_capture(column, context, identifier)
    column.prop(shot, f"{name}_frame", text="")


def _draw_middle_frames(layout: bpy.types.UILayout, context: bpy.types.Context, shot: KLING_PG_shot) -> None:
    """The pictures in between, where the model takes them or there are some all the same; else who takes them."""
    most, able = limits.model_of(shot.model).middle_frames, limits.profile().takers_of_middle_frames
    if not most and able:
        draw_text(layout, context, f"Middle frames: {' or '.join(able)} only", "NONE")
    if not most and not shot.middle_frames:
        return
    box = layout.box()
    box.label(text=f"Middle, {len(shot.middle_frames)} of {most}")
    if shot.middle_frames:
        _draw_list(box, shot, "middle_frames", "middle_frame_index")
    if most:
        _draw_capture(box, context, "MIDDLE")
    if 0 <= shot.middle_frame_index < len(shot.middle_frames):
        _draw_chosen(box, context, shot.middle_frames[shot.middle_frame_index])


def _draw_chosen(layout: bpy.types.UILayout, context: bpy.types.Context, item: Any) -> None:
    """The picture that is chosen in a list: what it shows, where it came from, where it is."""
    row = layout.row()
    if item.path:
        _draw_thumbnail(row.column(), item.path)
    column = row.column(align=True)
    draw_lines(column, item.origin, max(12, characters_of(context) - _BESIDE))
    column.prop(item, "path", text="")


def _draw_capture(column: bpy.types.UILayout, context: bpy.types.Context, role: str) -> None:
    """The camera, the view, and a menu of all else that can become a picture."""
    row = column.row(align=True)
    text = "Camera" if characters_of(context) >= _WORDS_FIT else ""
    row.operator("kling.capture_frame", text=text, icon="CAMERA_DATA").role = role
    row.operator("kling.capture_view", text="", icon="VIEW3D").role = role
    # Three icons share a narrow row, and a menu button that is wider than its icon draws an arrow of its own.
    row.menu(_MENUS[role], text="", icon="DOWNARROW_HLT" if text else "NONE")


def _draw_thumbnail(column: bpy.types.UILayout, path: str) -> None:
    icon = thumbnails.icon_of(path)
    if icon:
        column.template_icon(icon_value=icon, scale=_THUMBNAIL)


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
        text = f"{index + 1}  {item.origin or PurePath(item.path).name or 'No picture yet'}"
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
        split = layout.split(factor=0.72)
        split.label(text=f"{index + 1}  {item.prompt or 'No prompt yet'}")
        split.prop(item, "duration_s", text="", emboss=False)


def draw_references(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Pictures and elements, each a list with the chosen one below."""
    shot = shot_of(scene_of(context))
    layout.label(text="Pictures")
    _draw_list(layout, shot, "references", "reference_index")
    _draw_capture(layout, context, "REFERENCE")
    if 0 <= shot.reference_index < len(shot.references):
        _draw_chosen(layout, context, shot.references[shot.reference_index])
    layout.label(text="Elements")
    _draw_list(layout, shot, "elements", "element_index")
    if 0 <= shot.element_index < len(shot.elements):
        layout.prop(shot.elements[shot.element_index], "element_id")
    draw_library(layout, context)


def draw_video(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The link of the video, or which of our own clips it is."""
    shot = shot_of(scene_of(context))
    if shot.video_of:
        row = layout.row(align=True)
        row.label(text=f"Clip '{shot.video_origin or shot.video_of}'", icon="FILE_MOVIE")
        row.operator("kling.clear_clip", text="", icon="X", emboss=False)
    else:
        layout.prop(shot, "video", text="", icon="URL", placeholder="https://")
    layout.prop(shot, "keeps_sound")
    if not shot.video_of:
        draw_text(layout, context, "Kling takes a video by a public link only.", "INFO")


def draw_storyboard(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Who cuts; and the shots, with their sum against the length of the clip."""
    shot = shot_of(scene_of(context))
    layout.row().prop(shot, "cutter", expand=True)
    if shot.cutter != "CUSTOM":
        return
    _draw_list(layout, shot, "board", "board_index")
    total = sum(part.duration_s for part in shot.board)
    fits = total == shot.duration_s
    layout.label(text=f"{total} of {shot.duration_s} s", icon="CHECKMARK" if fits else "ERROR")
    if 0 <= shot.board_index < len(shot.board):
        row = layout.row(align=True)
        row.prop(shot.board[shot.board_index], "prompt", text="", placeholder="What happens in this shot")
        row.operator("kling.edit_prompt", text="", icon="GREASEPENCIL")
    column = layout.column(align=True)
    column.operator("kling.distribute_shots", icon="ALIGN_JUSTIFY")
    column.operator("kling.shots_from_markers", icon="MARKER_HLT")
    column.operator("kling.shots_from_strips", icon="SEQUENCE")
    layout.operator("kling.submit_each_shot", icon="PLAY")


def _draw_list(layout: bpy.types.UILayout, shot: KLING_PG_shot, which: str, index: str) -> None:
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


CLASSES = (KLING_UL_references, KLING_UL_middle_frames, KLING_UL_elements, KLING_UL_board)
