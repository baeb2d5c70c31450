"""The prompt in a text of the .blend: begun with a click, written in a text editor."""

from __future__ import annotations

from typing import Any

import bpy

from ..host.language import translated
from ..host.ownership import OnOwnScene
from ..host.reporting import Outcome
from .properties import scene_of, shot_of

_NAME = "Kling Prompt"


class KLING_OT_prompt_to_text(OnOwnScene, bpy.types.Operator):
    """Move the prompt to a text data-block, where it may have many lines, and open it in a Text Editor"""

    bl_idname = "kling.prompt_to_text"
    bl_label = "Move Prompt to Text Data-Block"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> Outcome:
        """Begin the text with what the field holds."""
        scene = scene_of(context)
        shot = shot_of(scene)
        if shot.prompt_text is None:
            text = bpy.data.texts.new(f"{_NAME} {scene.name}")
            text.from_string(shot.prompt)
            shot.prompt_text = text
        open_in_editor(shot.prompt_text)
        return {"FINISHED"}


class KLING_OT_open_prompt_text(bpy.types.Operator):
    """Open the text data-block that holds the prompt"""

    bl_idname = "kling.open_prompt_text"
    bl_label = "Open Prompt in Text Editor"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        cls.poll_message_set(translated("Move the prompt to a text data-block first"))
        return shot_of(scene_of(context)).prompt_text is not None

    def execute(self, context: bpy.types.Context) -> Outcome:
        open_in_editor(shot_of(scene_of(context)).prompt_text)
        return {"FINISHED"}


class KLING_OT_prompt_to_field(OnOwnScene, bpy.types.Operator):
    """Copy the prompt from the text data-block to the field; the text data-block is kept"""

    bl_idname = "kling.prompt_to_field"
    bl_label = "Move Prompt to Field"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not super().poll(context):
            return False
        cls.poll_message_set(translated("Move the prompt to a text data-block first"))
        return shot_of(scene_of(context)).prompt_text is not None

    def execute(self, context: bpy.types.Context) -> Outcome:
        """One line of it: a field shows no more."""
        shot = shot_of(scene_of(context))
        prompt = " ".join(shot.words.split())
        shot.prompt_text = None
        shot.prompt = prompt
        return {"FINISHED"}


def open_in_editor(text: bpy.types.Text) -> None:
    """Show a text in the text editor that is on the screen, else in a window of its own. Nothing in background."""
    if bpy.app.background:
        return
    space: Any = _editor_on_screen() or _new_editor()
    space.text = text
    space.show_word_wrap = True


def _editor_on_screen() -> Any:
    areas = (area for window in bpy.context.window_manager.windows for area in window.screen.areas)
    return next((area.spaces.active for area in areas if area.type == "TEXT_EDITOR"), None)


def _new_editor() -> Any:
    """A text editor in a new window: the one that Blender opens for its preferences is of a handy size, a copy of the
    main window would cover that.
    """
    windows = bpy.context.window_manager.windows
    before = len(windows)
    bpy.ops.screen.userpref_show("INVOKE_DEFAULT")
    if len(windows) == before:  # the preferences are open already, in a window that stays theirs
        bpy.ops.wm.window_new()
    area: Any = windows[-1].screen.areas[0]
    area.type = "TEXT_EDITOR"
    space = area.spaces.active
    space.show_syntax_highlight = space.show_line_numbers = False  # it is no Python
    return space


CLASSES = (KLING_OT_prompt_to_text, KLING_OT_open_prompt_text, KLING_OT_prompt_to_field)
