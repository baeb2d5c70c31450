"""The library at Kling: a list below the shot's own elements, with a search field. Elements are chosen from it, made of
objects and collections, renamed and deleted.
"""

from __future__ import annotations

from typing import Any

import bpy
from bpy.props import StringProperty

from ...core.errors import ArgumentsInvalid
from ..connection import element_library
from ..connection.element_library import library, listing
from ..connection.online import WhileOnline
from ..elements import making, records
from ..host import heartbeat
from ..host.lists import Rows
from ..host.reporting import Outcome, reported
from ..host.wrapping import draw_text
from ..shot import judging
from ..shot.properties import scene_of, shot_of

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
            raise ArgumentsInvalid(
                "The library does not have this element.", field="element_id", remedy="Show the library again."
            )
        scene = scene_of(context)
        making.add_to_shot(shot_of(scene), found.name, found.element_id)
        judging.judge(scene)
        return {"FINISHED"}


class KLING_UL_library(Rows, bpy.types.UIList):
    """Elements of the library; the search field below filters them by name."""

    def draw_row(self, layout: bpy.types.UILayout, item: Any, _index: int) -> None:
        """One element: its name, whose it is, and the button that takes it."""
        layout.label(text=item.name, icon="WORLD" if item.is_offered else "OUTLINER_OB_ARMATURE")
        add: Any = layout.operator("kling.add_library_element", text="", icon="ADD", emboss=False)
        add.element_id = item.element_id


def draw_library(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Making one, and the library below, closed until the artist wants it."""
    _draw_making(layout, context)
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
    if listing.answer is None and not listing.is_asking:
        layout.operator("kling.show_library", icon="FILE_REFRESH")
    if listing.answer is not None and not shown.elements:
        draw_text(layout, context, "The library is empty.", "INFO")
    if shown.elements:
        layout.template_list("KLING_UL_library", "", shown, "elements", shown, "index", rows=_ROWS)
    if 0 <= shown.index < len(shown.elements):
        _draw_chosen(layout, context, shown.elements[shown.index])


def _draw_chosen(layout: bpy.types.UILayout, context: bpy.types.Context, chosen: Any) -> None:
    """What it is; and for an element of one's own, what can be done with it."""
    whose = "Offered by Kling. " if chosen.is_offered else ""
    draw_text(layout, context, f"{whose}{chosen.description}" or "No description", "NONE")
    if chosen.is_offered:
        return
    row = layout.row(align=True)
    for name, text in (("kling.rename_element", "Rename..."), ("kling.delete_element", "Delete")):
        button: Any = row.operator(name, text=text)
        button.element_id = chosen.element_id


def _draw_making(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The button that makes one of what is selected, or how far the one is that is being made."""
    layout.operator_context = "INVOKE_DEFAULT"
    if making.making.is_asking:
        draw_text(layout, context, f'Kling is making "{making.name_in_making()}".', "SORTTIME")
    else:
        layout.operator("kling.make_element", icon="RENDER_STILL")
    for question in (making.making, making.deleting):
        if question.problem:
            draw_text(layout, context, question.problem, "ERROR")


def _draw_in_menu(menu: Any, source: Any, kind: str) -> None:
    """At the end of the menu of an object or a collection: make an element of it, or use the one that it is."""
    menu.layout.separator()
    menu.layout.operator_context = "INVOKE_DEFAULT"
    menu.layout.operator("kling.make_element", text="Kling: Make Element...", icon="RENDER_STILL").kind = kind
    record = records.record_of(source) if source is not None else None
    if record is not None and record.element_id:
        text = f'Kling: Add "{record.element_name}" to Shot'
        menu.layout.operator("kling.use_made_element", text=text, icon="ADD").kind = kind


def _draw_of_object(menu: Any, context: bpy.types.Context) -> None:
    _draw_in_menu(menu, context.object, "OBJECT")


def _draw_of_collection(menu: Any, context: bpy.types.Context) -> None:
    _draw_in_menu(menu, context.collection, "COLLECTION")


_MENUS = {"VIEW3D_MT_object_context_menu": _draw_of_object, "OUTLINER_MT_collection": _draw_of_collection}
"""Blender's own menus that we stand in."""


def register() -> None:
    """Stand in the menus of objects and collections."""
    for name, draw in _MENUS.items():
        getattr(bpy.types, name).append(draw)


def unregister() -> None:
    """And no more."""
    for name, draw in _MENUS.items():
        getattr(bpy.types, name).remove(draw)


CLASSES = (KLING_OT_show_library, KLING_OT_add_library_element, KLING_UL_library)
