"""Choosing elements from the library at Kling: a list below the shot's own, with a search field."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.props import StringProperty

from ...core.errors import ArgumentsInvalid
from ..connection import element_library
from ..connection.element_library import library, listing
from ..connection.online import WhileOnline
from ..host import heartbeat
from ..host.lists import Rows
from ..host.reporting import Outcome, reported
from ..host.wrapping import draw_text
from ..shot import judging
from ..shot.properties import KLING_PG_shot, free_name, scene_of, shot_of

_ROWS = 5


class KLING_OT_show_library(WhileOnline, bpy.types.Operator):
    """Ask Kling for the elements of the account and those that it offers; free"""

    bl_idname = "kling.show_library"
    bl_label = "Show Library"
    bl_options = {"REGISTER"}

    @reported
    def execute(self, _context: bpy.types.Context) -> Outcome:
        """Ask; the panel shows the answer when it comes."""
        element_library.ask()
        heartbeat.start()
        return {"FINISHED"}


class KLING_OT_add_library_element(bpy.types.Operator):
    """Use this element of the library in the shot, under its name"""

    bl_idname = "kling.add_library_element"
    bl_label = "Add to Shot"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    element_id: StringProperty(name="Element", description="Number of the element in the library")

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        found = next((each for each in library().elements if each.element_id == self.element_id), None)
        if found is None:
            raise ArgumentsInvalid("The library has no such element.", field="element_id", remedy="Show it again.")
        scene = scene_of(context)
        add_to_shot(shot_of(scene), found.name, found.element_id)
        judging.judge(scene)
        return {"FINISHED"}


def add_to_shot(shot: KLING_PG_shot, name: str, element_id: str) -> None:
    """Add an element under its name, or under one with a number where that is taken; choose it if it is there."""
    there = [position for position, element in enumerate(shot.elements) if element.element_id == element_id]
    if not there:
        is_taken = any(element.name == name for element in shot.elements)
        free = free_name(shot.elements, name) if is_taken else name
        element = shot.elements.add()
        element.name, element.element_id = free, element_id
    shot.element_index = there[0] if there else len(shot.elements) - 1


class KLING_UL_library(Rows, bpy.types.UIList):
    """Elements of the library; the search field below filters them by name."""

    def draw_row(self, layout: bpy.types.UILayout, item: Any, _index: int) -> None:
        """One element: its name, whose it is, and the button that takes it."""
        layout.label(text=item.name, icon="WORLD" if item.is_offered else "OUTLINER_OB_ARMATURE")
        add: Any = layout.operator("kling.add_library_element", text="", icon="ADD", emboss=False)
        add.element_id = item.element_id


def draw_library(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The library below the shot's elements, closed until the artist wants it."""
    header, body = layout.panel("KLING_library", default_closed=True)
    header.label(text="Library")
    if listing.answer is not None:
        header.operator("kling.show_library", text="", icon="FILE_REFRESH", emboss=False)
    if body is not None:
        _draw_found(body, context)


def _draw_found(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    shown = library()
    if listing.is_asking:
        layout.label(text="Contacting Kling...", icon="SORTTIME")
    elif listing.problem:
        draw_text(layout, context, listing.problem, "ERROR")
    if listing.answer is None:
        if not listing.is_asking:
            layout.operator("kling.show_library", icon="FILE_REFRESH")
        return
    if not shown.elements:
        draw_text(layout, context, "The library is empty. Make elements at Kling, or with the command line.", "INFO")
        return
    layout.template_list("KLING_UL_library", "", shown, "elements", shown, "index", rows=_ROWS)
    if 0 <= shown.index < len(shown.elements):
        chosen = shown.elements[shown.index]
        whose = "Offered by Kling. " if chosen.is_offered else ""
        draw_text(layout, context, f"{whose}{chosen.description}" or "No description", "NONE")


CLASSES = (KLING_OT_show_library, KLING_OT_add_library_element, KLING_UL_library)
