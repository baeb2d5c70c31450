"""The part of the tab that shows what a clip is made from besides frames: references, a video, a storyboard."""

from __future__ import annotations

import bpy

from ..host.language import translated
from ..next_shots import each_shot
from ..shot.properties import scene_of, shot_of
from .footage import draw_footage
from .item_lists import draw_list
from .library import draw_library
from .pictures import draw_capture, draw_chosen


def draw_references(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Pictures and elements, each a list with the chosen one below."""
    shot = shot_of(scene_of(context))
    layout.label(text="Images")
    draw_list(layout, shot, "references", "reference_index")
    draw_capture(layout, context, "REFERENCE")
    if 0 <= shot.reference_index < len(shot.references):
        draw_chosen(layout, context, shot.references[shot.reference_index])
    layout.label(text="Elements")
    draw_list(layout, shot, "elements", "element_index")
    if 0 <= shot.element_index < len(shot.elements):
        layout.prop(shot.elements[shot.element_index], "element_id")
    draw_library(layout, context)


def draw_video(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The link of the video, or which of our own clips it is."""
    shot = shot_of(scene_of(context))
    if shot.video_of:
        row = layout.row(align=True)
        row.label(text=translated(f'Clip "{shot.video_origin or shot.video_of}"'), icon="FILE_MOVIE")
        row.operator("kling.clear_clip", text="", icon="X", emboss=False)
    else:
        draw_footage(layout, context)
    layout.prop(shot, "keeps_sound")


def draw_storyboard(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Who cuts; and the shots, with their sum against the length of the clip."""
    shot = shot_of(scene_of(context))
    layout.row().prop(shot, "cutter", expand=True)
    if shot.cutter != "CUSTOM":
        return
    draw_list(layout, shot, "board", "board_index")
    total = sum(part.duration_s for part in shot.board)
    fits = total == shot.duration_s
    layout.label(text=translated(f"{total} of {shot.duration_s} s"), icon="CHECKMARK" if fits else "ERROR")
    if 0 <= shot.board_index < len(shot.board):
        row = layout.row(align=True)
        row.prop(shot.board[shot.board_index], "prompt", text="", placeholder="What happens in this shot")
        row.operator("kling.edit_prompt", text="", icon="GREASEPENCIL")
    column = layout.column(align=True)
    column.operator("kling.distribute_shots", icon="ALIGN_JUSTIFY")
    column.operator("kling.shots_from_markers", text="From Markers", icon="MARKER_HLT")
    column.operator("kling.shots_from_strips", text="From Selected Strips", icon="SEQUENCE")
    price = each_shot.price_label(scene_of(context))
    layout.operator("kling.submit_each_shot", text=translated(f"Generate Each Shot   {price}".rstrip()), icon="PLAY")
