"""Words for the prompt, from menus and from the camera."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import bpy
from bpy.props import IntProperty, StringProperty

from ...core.prompt_words import Group, extended, groups
from ..host.language import translated
from ..host.ownership import OnOwnScene
from ..host.reporting import Outcome, reported, say
from . import camera_reading
from .prompt import prompt_of, set_prompt
from .properties import KLING_PG_shot, scene_of, shot_of
from .reading import most_characters, prompt_holder


def insert_words(shot: KLING_PG_shot, words: str) -> bool:
    """Write words at the end of the prompt: of the selected shot where a storyboard is cut by hand.

    False where all of them stand there already. Raises :class:`KlingError` where the prompt would be too long, and for
    a text or a scene of a linked library.
    """
    holder = prompt_holder(shot)
    before = prompt_of(holder)
    after = extended(before, words, most_characters(shot))
    if after != before:
        set_prompt(holder, after)
    return after != before


class KLING_OT_insert_words(OnOwnScene, bpy.types.Operator):
    """Add these words at the end of the prompt"""

    bl_idname = "kling.insert_words"
    bl_label = "Insert Words"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    text: StringProperty(name="Words", description="Words that are added to the prompt")

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: Any) -> str:
        """The words themselves, which a label only names."""
        return translated(f'Add "{properties.text}" at the end of the prompt')

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        if insert_words(shot_of(scene_of(context)), self.text):
            return {"FINISHED"}
        say(self, f'The prompt already says "{self.text}"')
        return {"CANCELLED"}


class KLING_OT_describe_camera(OnOwnScene, bpy.types.Operator):
    """Add the camera's motion, lens and angle over the shot to the prompt, in words"""

    bl_idname = "kling.describe_camera"
    bl_label = "Describe Camera"
    bl_options = {"REGISTER", "UNDO"}

    first: IntProperty(
        name="First Frame", description="Frame of the scene where the shot begins", options={"SKIP_SAVE"}
    )
    last: IntProperty(name="Last Frame", description="Frame of the scene where the shot ends", options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where a camera is there."""
        if not super().poll(context):
            return False
        cls.poll_message_set(translated("Add a camera to the scene"))
        scene = scene_of(context)
        return scene.camera is not None or camera_reading.span_of(scene).camera is not None

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        """Read the camera over the frames of the shot, or over those that are asked for."""
        scene = scene_of(context)
        span = self._span(scene)
        told = camera_reading.told_camera(context, scene, span)
        self.first, self.last = span.first, span.last  # to be adjusted in the panel of the last operation
        insert_words(shot_of(scene), told.words)
        say(self, f'"{told.camera}" from frame {told.span.first} to {told.span.last}: {told.words}')
        return {"FINISHED"}

    def _span(self, scene: bpy.types.Scene) -> camera_reading.Span:
        given: Any = self.properties
        asked = {name: getattr(self, name) for name in ("first", "last") if given.is_property_set(name)}
        return replace(camera_reading.span_of(scene), **asked)


class KLING_MT_prompt_words(bpy.types.Menu):
    bl_label = "Insert Words"

    def draw(self, _context: bpy.types.Context | None) -> None:
        """The camera of the scene in words, and a menu for each group."""
        self.layout.operator("kling.describe_camera", icon="VIEW_CAMERA")
        self.layout.separator()
        for group in groups():
            icon: Any = group.icon
            self.layout.menu(_name_of(group), text=translated(group.label), translate=False, icon=icon)


class _Words:
    """The entries of one group."""

    group: Group
    layout: bpy.types.UILayout

    def draw(self, _context: bpy.types.Context) -> None:
        for entry in self.group.entries:
            label = translated(entry.label)
            self.layout.operator("kling.insert_words", text=label, translate=False).text = entry.words


def _name_of(group: Group) -> str:
    return f"KLING_MT_{group.name}_words"


def _menu_of(group: Group) -> Any:
    """A menu of Blender's for a group: it wants a class for each."""
    parts = {"bl_label": group.label, "group": group, "__module__": __name__}
    return type(_name_of(group), (_Words, bpy.types.Menu), parts)


CLASSES = (KLING_OT_insert_words, KLING_OT_describe_camera, *map(_menu_of, groups()), KLING_MT_prompt_words)
