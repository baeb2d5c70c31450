"""The part of the tab that shows the prompt, and the names that may stand in it."""

from __future__ import annotations

from collections.abc import Iterator

import bpy

from ...core.naming import mention, middle_name
from ...core.request import Role
from ..host.language import translated
from ..host.wrapping import WIDE_ENOUGH, characters_of, draw_lines, draw_text, in_lines
from ..shot import presets
from ..shot.kinds import kind_of_shot
from ..shot.operators import prompt_count
from ..shot.properties import KLING_PG_shot, scene_of, shot_of
from ..shot.reading import used_middle_frames

_LINES_OF_TEXT = 5
_NAMES_SHARE = 0.64  # of the width; the rest is for the count


def draw_prompt(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The prompt, and the names that may stand in it."""
    shot = shot_of(scene_of(context))
    draw_words(layout, context, shot)
    opening = kind_of_shot(shot).opening
    if opening and "@video" not in shot.words.lower():
        draw_text(layout, context, f'Added before your prompt: "{opening.strip()} ..."', "INFO")
    draw_names_and_count(layout, context)


def draw_names_and_count(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Names that may stand in the prompt, and at the right how many characters of how many are used."""
    shot = shot_of(scene_of(context))
    row = layout.split(factor=_NAMES_SHARE)
    is_wide = characters_of(context) >= WIDE_ENOUGH
    draw_names(row.column(), context, columns=2 if is_wide else 1)
    right = row.row(align=True)
    right.alignment = "RIGHT"
    count = prompt_count(shot)
    right.label(text=count.replace(" ", "") if is_wide else count.partition(" ")[0])
    presets.KLING_PT_prompt_presets.draw_panel_header(right)


def draw_words(layout: bpy.types.UILayout, context: bpy.types.Context, shot: KLING_PG_shot) -> None:
    """The field, or the text that is the prompt with how it begins."""
    row = layout.row(align=True)
    if shot.prompt_text is None:
        row.prop(shot, "prompt", text="", placeholder="What happens in the shot")
        row.operator("kling.edit_prompt", text="", icon="GREASEPENCIL")
        row.operator("kling.prompt_to_text", text="", icon="TEXT")
        return
    row.prop(shot, "prompt_text", text="")
    row.operator("kling.open_prompt_text", text="", icon="GREASEPENCIL")
    row.operator("kling.prompt_to_field", text="", icon="LOOP_BACK")
    lines = in_lines(shot.words or translated("Nothing yet"), characters_of(context))
    shown = " ".join(lines[:_LINES_OF_TEXT])
    if len(lines) > _LINES_OF_TEXT:
        shown = f"{shown.rpartition(' ')[0]} ..."
    box = layout.box()
    box.enabled = False
    draw_lines(box, shown, characters_of(context))


def draw_names(layout: bpy.types.UILayout, context: bpy.types.Context, columns: int = 0) -> None:
    """A menu of words, and buttons that write a name into the prompt, in as many columns as fit."""
    names = tuple(names_of(shot_of(scene_of(context))))
    row = layout.row(align=True)
    row.menu("KLING_MT_prompt_words", text="" if names else "Words", icon="ADD")
    if names:
        fitting = columns or (3 if characters_of(context) >= WIDE_ENOUGH else 2)
        grid = row.grid_flow(row_major=True, columns=fitting, even_columns=True, align=True)
        for name in names:
            grid.operator("kling.insert_name", text=name).text = name


def names_of(shot: KLING_PG_shot) -> Iterator[str]:
    """What the prompt may call by name in this kind of shot."""
    uses = kind_of_shot(shot)
    if Role.FIRST in uses.frames and shot.first_frame:
        yield "@first"
    if Role.MIDDLE in uses.frames:
        yield from (middle_name(number) for number, _ in enumerate(used_middle_frames(shot), start=1))
    if Role.END in uses.frames and shot.end_frame:
        yield "@end"
    if uses.video is not None and (shot.video or shot.video_of):
        yield "@video"
    for kind, items in (("image", shot.references), ("element", shot.elements)) if uses.has_references else ():
        yield from (mention(kind, item.name) for item in items if item.name)
