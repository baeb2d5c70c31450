"""The tab "Kling" in the side panel of the 3D View and of the Sequencer: the same drawing code for both.

Drawing reads snapshots only: no disk, no network, no judging.
"""

from __future__ import annotations

from typing import Any

import bpy

from ..capture.strip import PICTURE_STRIPS
from ..connection import account, limits
from ..host.ownership import is_own, why_not_own
from ..host.sequencer import active_strip, timeline_scene
from ..host.wrapping import WIDE_ENOUGH, characters_of, draw_text
from ..shot import presets
from ..shot.kinds import has_own_prompts, kind_of_shot
from ..shot.operators import prompt_count
from ..shot.properties import scene_of, shot_of
from ..submissions import words
from .generate import draw_generate
from .output import draw_output
from .prompt import draw_names, draw_prompt
from .sources import draw_frames, draw_references, draw_storyboard, draw_video
from .submissions import draw_account, draw_submissions


def draw_shot(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """What the clip is made from, what it is called; and in the sequencer, what the active strip can become."""
    scene = scene_of(context)
    if why_not_own(scene):
        draw_text(layout, context, why_not_own(scene), "LIBRARY_DATA_DIRECT")
    layout.prop(shot_of(scene), "kind", text="")
    layout.prop(shot_of(scene), "shot_name", text="", icon="FILE_MOVIE", placeholder=scene.name)
    if context.area is not None and context.area.type == "SEQUENCE_EDITOR":
        _draw_strip(layout, context)


def _draw_strip(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    strip = active_strip(timeline_scene(context))
    if strip is not None and strip.type in PICTURE_STRIPS:
        row = layout.row(align=True)
        name = "Next Shot From Last Frame" if characters_of(context) >= WIDE_ENOUGH else "Next Shot"
        row.operator("kling.continue_strip", text=name, icon="NEXT_KEYFRAME")
        row.menu("KLING_MT_strip", text="", icon="DOWNARROW_HLT")


class _InSidePanel:
    bl_region_type = "UI"
    bl_category = "Kling"
    layout: bpy.types.UILayout


class _Shot(_InSidePanel):
    bl_label = "Shot"

    def draw(self, context: bpy.types.Context) -> None:
        draw_shot(self.layout, context)


class _Prompt(_InSidePanel):
    bl_label = "Prompt"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Not where every shot has a prompt of its own."""
        return not has_own_prompts(shot_of(scene_of(context)))

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        count = prompt_count(shot_of(scene_of(context)))
        is_narrow = characters_of(context) < WIDE_ENOUGH
        self.layout.label(text=count.partition(" ")[0] if is_narrow else count)
        presets.KLING_PT_prompt_presets.draw_panel_header(self.layout)

    def draw(self, context: bpy.types.Context) -> None:
        draw_prompt(self.layout, context)


class _Frames(_InSidePanel):
    bl_label = "Frames"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return bool(kind_of_shot(shot_of(scene_of(context))).frames)

    def draw(self, context: bpy.types.Context) -> None:
        draw_frames(self.layout, context)


class _Video(_InSidePanel):
    bl_label = "Video"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return kind_of_shot(shot_of(scene_of(context))).video is not None

    def draw(self, context: bpy.types.Context) -> None:
        draw_video(self.layout, context)


class _Storyboard(_InSidePanel):
    bl_label = "Storyboard"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return kind_of_shot(shot_of(scene_of(context))).has_board

    def draw(self, context: bpy.types.Context) -> None:
        draw_storyboard(self.layout, context)
        if has_own_prompts(shot_of(scene_of(context))):
            draw_names(self.layout, context)


class _References(_InSidePanel):
    bl_label = "References"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Where they are what the clip is made from."""
        return kind_of_shot(shot_of(scene_of(context))).needs_reference

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        shot = shot_of(scene_of(context))
        number = len(shot.references) + len(shot.elements)
        self.layout.label(text=str(number) if number else "")

    def draw(self, context: bpy.types.Context) -> None:
        draw_references(self.layout, context)


class _Besides(_References):
    """The same for kinds that are made from something else first."""

    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        kind = kind_of_shot(shot_of(scene_of(context)))
        return kind.has_references and not kind.needs_reference


class _Output(_InSidePanel):
    bl_label = "Output"

    def draw_header_preset(self, _context: bpy.types.Context) -> None:
        presets.KLING_PT_output_presets.draw_panel_header(self.layout)

    def draw(self, context: bpy.types.Context) -> None:
        draw_output(self.layout, context)


class _Generate(_InSidePanel):
    bl_label = "Generate"

    def draw(self, context: bpy.types.Context) -> None:
        draw_generate(self.layout, context)


class _Submissions(_InSidePanel):
    bl_label = "Submissions"
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
        self.layout.label(text="" if packs is None else words.balance(packs))

    def draw(self, context: bpy.types.Context) -> None:
        draw_account(self.layout, context)
        draw_text(self.layout, context, limits.told(), "TIME")


_PARTS = (
    _Shot,
    _Prompt,
    _Frames,
    _Video,
    _Storyboard,
    _References,
    _Besides,
    _Output,
    _Generate,
    _Submissions,
    _Account,
)
_SETTINGS = (_Shot, _Prompt, _Frames, _Video, _Storyboard, _References, _Besides, _Output)


def _own_only(part: type[_InSidePanel]) -> type[_InSidePanel]:
    """The same part, gray in a linked scene: what is set there is saved nowhere."""

    def draw(self: Any, context: bpy.types.Context) -> None:
        self.layout.enabled = is_own(scene_of(context))
        part.draw(self, context)  # type: ignore[attr-defined] # every part draws

    return type(part.__name__, (part,), {"draw": draw})


_EDITORS = {"view3d": "VIEW_3D", "sequencer": "SEQUENCE_EDITOR"}


def _in_editor(part: type[_InSidePanel], editor: str, space: str) -> Any:
    """A panel for one editor: Blender wants a class for each."""
    if part in _SETTINGS:
        part = _own_only(part)
    name = f"KLING_PT_{editor}_{part.__name__.strip('_').lower()}"
    return type(name, (part, bpy.types.Panel), {"bl_space_type": space, "__module__": __name__})


CLASSES = tuple(_in_editor(part, editor, space) for editor, space in _EDITORS.items() for part in _PARTS)
"""Every panel, most used first, for each editor."""
