"""The menu *Kling* of a strip, on a right click and in the header's *Strip*: what can be made from it."""

from __future__ import annotations

from typing import Any, Final

import bpy

from ..capture.strip import PICTURE_STRIPS
from ..host.sequencer import active_strip, timeline_scene
from ..timeline.our_strips import submission_of


class _StripActions:
    bl_label = "Kling"
    layout: bpy.types.UILayout

    def draw(self, context: bpy.types.Context) -> None:
        """Shots around it, pictures of it; and for a clip of ours, what can be made of it, and its takes."""
        layout, strip = self.layout, active_strip(timeline_scene(context))
        if strip is None or strip.type not in PICTURE_STRIPS:
            return
        layout.operator("kling.continue_strip", icon="NEXT_KEYFRAME")
        layout.operator("kling.precede_strip", icon="PREV_KEYFRAME")
        layout.operator("kling.bridge_gap", icon="ARROW_LEFTRIGHT")
        frame = layout.operator("kling.capture_strip", text="Frame Under Playhead as Reference", icon="IMAGE_DATA")
        frame.role, frame.at = "REFERENCE", "PLAYHEAD"
        layout.operator("kling.shots_from_strips", text="Create Storyboard from Strips", icon="SEQUENCE")
        if submission_of(strip):
            layout.separator()
            _draw_clip_actions(layout, submission_of(strip))


class KLING_MT_strip(_StripActions, bpy.types.Menu):
    """What can be made from the movie or image strip that was clicked last."""


def _draw_clip_actions(layout: bpy.types.UILayout, submission_id: str) -> None:
    edit = layout.operator("kling.use_clip", text="Edit This Clip", icon="FILE_MOVIE")
    edit.submission_id, edit.use = submission_id, "EDIT"
    menu: Any = layout.operator_menu_enum("kling.use_clip", "use", text="Use Clip as Video")
    menu.submission_id = submission_id
    layout.operator("kling.load_settings", text="Load Settings", icon="IMPORT")
    layout.menu("KLING_MT_takes", text="Takes", icon="RENDERLAYERS")


def _draw_in_blenders_menu(menu: Any, context: bpy.types.Context) -> None:
    """At the end of the right-click menu of a movie or image strip: the likeliest, and a menu of all."""
    strip = active_strip(timeline_scene(context))
    if strip is not None and strip.type in PICTURE_STRIPS:
        menu.layout.separator()
        menu.layout.operator("kling.continue_strip", text="Kling: Continue from Last Frame", icon="NEXT_KEYFRAME")
        menu.layout.menu("KLING_MT_strip", text="Kling", icon="FILE_MOVIE")


def _draw_in_strip_menu(menu: Any, context: bpy.types.Context) -> None:
    """The same menu at the end of *Strip* in the header."""
    strip = active_strip(timeline_scene(context))
    if strip is not None and strip.type in PICTURE_STRIPS:
        menu.layout.separator()
        menu.layout.menu("KLING_MT_strip", text="Kling", icon="FILE_MOVIE")


_ADDITIONS: Final = {"SEQUENCER_MT_context_menu": _draw_in_blenders_menu, "SEQUENCER_MT_strip": _draw_in_strip_menu}


def register() -> None:
    """Add to Blender's own menus."""
    for name, draw in _ADDITIONS.items():
        getattr(bpy.types, name).append(draw)


def unregister() -> None:
    """Take it out again."""
    for name, draw in _ADDITIONS.items():
        getattr(bpy.types, name).remove(draw)


CLASSES = (KLING_MT_strip,)
