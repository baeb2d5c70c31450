"""What waits for a person, at the top of the tab until it is dealt with: a line for each kind, and buttons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import bpy

from ...core.life.needs import Remedy
from ..connection import snapshots
from ..host.identity import ROOT_PACKAGE
from ..host.isolating import on_its_own
from ..host.language import translated
from ..host.reporting import Outcome
from ..host.wrapping import characters_of, draw_lines

if TYPE_CHECKING:
    from ...core.life.needs import Need

_OPERATORS: Final[Mapping[Remedy, str]] = {
    Remedy.OPEN_PREFERENCES: "kling.open_preferences",
    Remedy.RESUME: "kling.resume",
    Remedy.LOOK_AGAIN: "kling.look_again",
    Remedy.SEND_AGAIN: "kling.send_again",
    Remedy.CHOOSE_TASK: "kling.choose_task",
    Remedy.CHOOSE_FOLDER: "kling.choose_folder",
}
_FOR_ALL: Final = (Remedy.OPEN_PREFERENCES, Remedy.RESUME)
_SHORT: Final = {Remedy.OPEN_PREFERENCES: "Preferences"}
_BOX_CHARACTERS: Final = 3  # of a line of the region that a box takes for itself
_BUTTON_CHARACTERS: Final = 13  # of a line, for one button


def draw_needs(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """A line for each kind of trouble, with its buttons beside it where there is room, else below."""
    for need in snapshots.needs():
        on_its_own(_draw_need, layout, context, need)


def _draw_need(layout: bpy.types.UILayout, context: bpy.types.Context, need: Need) -> None:
    box, width = layout.box().column(align=True), characters_of(context) - _BOX_CHARACTERS
    is_one_line = len(need.remedies) == 1 and len(need.sentence) + _BUTTON_CHARACTERS <= width
    beside = box.row() if is_one_line else box
    sentence = beside.column()
    sentence.alert = True
    draw_lines(sentence, translated(need.sentence), width, "ERROR")
    buttons = beside if is_one_line or width < 2 * _BUTTON_CHARACTERS else box.row(align=True)
    for remedy in need.remedies:
        _draw_button(buttons, need, remedy)


def _draw_button(row: bpy.types.UILayout, need: Need, remedy: Remedy) -> None:
    operator, text = _OPERATORS[remedy], _SHORT.get(remedy)
    button: Any = row.operator(operator) if text is None else row.operator(operator, text=text)
    if remedy not in _FOR_ALL:
        button.submission_id = need.ids[0]


class KLING_OT_open_preferences(bpy.types.Operator):
    """Show this extension in Blender's preferences: service, keys and limits"""

    bl_idname = "kling.open_preferences"
    bl_label = "Open Kling Preferences"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Not where a script registered the extension by hand, nor without a window."""
        is_there = ROOT_PACKAGE in context.preferences.addons and context.window is not None
        if not is_there:
            cls.poll_message_set(translated("Enable the extension in the preferences of a Blender with a window"))
        return is_there

    def execute(self, _context: bpy.types.Context) -> Outcome:
        return bpy.ops.preferences.addon_show(module=ROOT_PACKAGE)


CLASSES = (KLING_OT_open_preferences,)
