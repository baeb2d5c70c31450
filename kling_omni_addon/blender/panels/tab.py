"""The tab "Kling" in the side panel of the 3D View and of the Sequencer: the same drawing code for both.

Drawing reads snapshots only: no disk, no network, no judging.
"""

from __future__ import annotations

from typing import Any

import bpy

from ..capture.strip import PICTURE_STRIPS
from ..connection import account, limits
from ..host.editors import TAB, is_in_sequencer
from ..host.language import translated
from ..host.ownership import is_own, why_not_own
from ..host.sequencer import active_strip, timeline_scene
from ..host.wrapping import SIDE_BY_SIDE, characters_of, draw_text
from ..shot.kinds import has_own_prompts, kind_of_shot
from ..shot.properties import scene_of, shot_of
from ..submissions import words
from .costs import draw_costs
from .frames import draw_crop, draw_frames
from .generate import draw_generate
from .needs import draw_needs
from .output import draw_output_line
from .prompt import draw_names, draw_prompt
from .sources import draw_references, draw_storyboard, draw_video
from .submissions import draw_account, draw_submissions


def draw_shot(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """All down to Generate: what the clip is made from, the prompt, the output in a line, and the button."""
    shot = layout.column()
    shot.enabled = is_own(scene_of(context))  # what is set in a linked scene is saved nowhere
    draw_head(shot, context)
    draw_sources(shot, context)
    if not has_own_prompts(shot_of(scene_of(context))):
        draw_prompt(shot, context)
    draw_besides(shot, context)
    draw_output_line(shot, context)
    draw_generate(layout, context)
    draw_crop(layout, context)


def draw_head(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Kind and name; in the Sequencer, what the active strip can become."""
    scene = scene_of(context)
    if why_not_own(scene):
        draw_text(layout, context, why_not_own(scene), "LIBRARY_DATA_DIRECT")
    if is_in_sequencer(context):
        _draw_strip(layout, context)
    is_wide = characters_of(context) >= SIDE_BY_SIDE
    row = layout.split(factor=0.6, align=True) if is_wide else layout.column(align=True)
    row.prop(shot_of(scene), "kind", text="")
    row.prop(shot_of(scene), "shot_name", text="", placeholder=scene.name)


def _draw_strip(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    strip = active_strip(timeline_scene(context))
    if strip is not None and strip.type in PICTURE_STRIPS:
        row = layout.row(align=True)
        row.operator("kling.continue_strip", text="Next Shot", icon="NEXT_KEYFRAME")
        row.operator("kling.bridge_gap", text="Bridge", icon="ARROW_LEFTRIGHT")
        row.menu("KLING_MT_strip", text="", icon="DOWNARROW_HLT")


def draw_sources(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """What this kind of shot is made from, and cannot be without."""
    kind = kind_of_shot(shot_of(scene_of(context)))
    if kind.frames:
        draw_frames(layout, context)
    if kind.video is not None:
        draw_video(layout, context)
    if kind.has_board:
        draw_storyboard(layout, context)
        if has_own_prompts(shot_of(scene_of(context))):
            draw_names(layout, context)
    if kind.needs_reference:
        draw_references(layout, context)


def draw_besides(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """References of a kind that is made from something else first: a closed line with their number."""
    shot = shot_of(scene_of(context))
    kind = kind_of_shot(shot)
    if not kind.has_references or kind.needs_reference:
        return
    header, body = layout.panel("KLING_references", default_closed=True)
    number = len(shot.references) + len(shot.elements)
    header.label(text=translated(f"References ({number})") if number else "References")
    if body is not None:
        draw_references(body, context)


class _InSidePanel:
    bl_region_type = "UI"
    bl_category = TAB
    layout: bpy.types.UILayout


class _Shot(_InSidePanel):
    bl_label = "Shot"

    def draw(self, context: bpy.types.Context) -> None:
        draw_needs(self.layout, context)
        draw_shot(self.layout, context)


class _Submissions(_InSidePanel):
    bl_label = "Clips"
    bl_order = 2  # in the Sequencer, the takes are above it

    def draw(self, context: bpy.types.Context) -> None:
        draw_submissions(self.layout, context)


class _Account(_InSidePanel):
    bl_label = "Account"
    bl_order = 2
    bl_options = {"DEFAULT_CLOSED"}

    def draw_header_preset(self, _context: bpy.types.Context) -> None:
        """What is left, also while it is closed."""
        packs = account.balance.answer
        self.layout.label(text="" if packs is None else translated(words.balance(packs)))

    def draw(self, context: bpy.types.Context) -> None:
        draw_account(self.layout, context)
        draw_costs(self.layout, context)
        draw_text(self.layout, context, limits.told(), "TIME")


_PARTS = (_Shot, _Submissions, _Account)

_EDITORS = {"view3d": "VIEW_3D", "sequencer": "SEQUENCE_EDITOR"}


def _in_editor(part: type[_InSidePanel], editor: str, space: str) -> Any:
    """A panel for one editor: Blender wants a class for each."""
    name = f"KLING_PT_{editor}_{part.__name__.strip('_').lower()}"
    return type(name, (part, bpy.types.Panel), {"bl_space_type": space, "__module__": __name__})


CLASSES = tuple(_in_editor(part, editor, space) for editor, space in _EDITORS.items() for part in _PARTS)
"""Every panel, most used first, for each editor."""
