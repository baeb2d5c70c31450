"""Takes as they are shown: a panel in the Sequencer, a strip's right-click menu, and a line above Generate.

Drawing never looks at the disk. The panel shows what was found when its strip was first drawn, or when a clip of its
shot came or went; the menu looks when it is opened.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import bpy

from ..host import thumbnails
from ..host.editors import TAB, is_in_sequencer, redraw_tab
from ..host.isolating import on_its_own
from ..host.language import translated
from ..host.sequencer import Strip
from ..host.wrapping import draw_text, units_of
from ..shot.properties import scene_of, shot_of
from ..takes import takes
from ..takes.operators import kling_strip
from ..timeline.our_strips import submission_of
from ..timeline.provenance import FAVOURITE, clip_of, name_of, shot_of_strip, text_of

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import IconItems

    from ...core.takes import Take

_TOLD: Final = 4  # other takes that the panel tells about
_PICTURED: Final = 8
_THUMBNAIL: Final = 5.0  # of Blender's own units
_MENU_CHARACTERS: Final = 60
_REMEMBERED: Final = 32


_found: dict[tuple[str, ...], tuple[Take, ...]] = {}  # what the takes were looked for with -> those that were found
_wanted: dict[tuple[str, ...], Path] = {}  # what is to be looked for -> the folder


def known_takes(strip: Strip) -> tuple[Take, ...]:
    """The takes of a strip's shot as they were found last; they are looked for after the drawing if that is old."""
    shot = shot_of_strip(strip)
    ids = (submission.id for submission in takes.recorded_takes(shot))
    key = (shot, strip.filepath, str(takes.deletions()), *ids)
    if key in _found:
        return _found[key]
    if key not in _wanted:
        _wanted[key] = clip_of(strip).parent
        if not bpy.app.background and not bpy.app.timers.is_registered(look):
            bpy.app.timers.register(look, first_interval=0.0)
    return next((shown for known, shown in reversed(_found.items()) if known[0] == shot), ())


def look() -> None:
    """Look for what was wanted, once."""
    if len(_found) > _REMEMBERED:
        _found.clear()
    for key, folder in _wanted.items():
        _found[key] = on_its_own(takes.takes_around, key[0], folder) or ()
    _wanted.clear()
    redraw_tab()


def forget() -> None:
    """Look anew at the next drawing: another .blend is open."""
    _wanted.clear()
    _found.clear()


def stop() -> None:
    """Nothing is looked for any more."""
    forget()
    if bpy.app.timers.is_registered(look):
        bpy.app.timers.unregister(look)


def title_of(take: Take, number: int) -> str:
    """What a take is called: its number, and when it was asked for."""
    try:
        at = datetime.fromisoformat(take.submitted).astimezone()
    except ValueError:
        return f"Take {number}"
    is_of_today = at.date() == datetime.now().astimezone().date()
    return f"Take {number}, {at.strftime('%H:%M' if is_of_today else '%d %b %H:%M')}"


def _icon(strip: Strip, take: Take) -> IconItems:
    if take.submission == text_of(strip, FAVOURITE):
        return "SOLO_ON"
    return "RADIOBUT_ON" if take.submission == submission_of(strip) else "RADIOBUT_OFF"


class _Takes:
    bl_label = "Takes"
    layout: bpy.types.UILayout

    def draw(self, context: bpy.types.Context) -> None:
        """Every take with the first thing in which it differs, and what can be done with takes."""
        strip, layout = kling_strip(context), self.layout
        if strip is None:
            layout.label(text="Not a Kling clip")
            return
        found = takes.takes_of(strip)
        for number, take in enumerate(found, start=1):
            text = translated(title_of(take, number)) + _first_difference(strip, take)
            layout.operator("kling.switch_take", text=text, icon=_icon(strip, take)).submission_id = take.submission
        if not found:
            layout.label(text="No takes found")
        layout.separator()
        draw_take_actions(layout, strip)


class KLING_MT_takes(_Takes, bpy.types.Menu):
    """The takes of the active strip."""


def _first_difference(strip: Strip, take: Take) -> str:
    """Behind its number, in the language of the interface."""
    if take.submission == submission_of(strip):
        return f"  ({translated('shown')})"
    first = translated(next(iter(takes.differences(strip, take)), "same settings"))
    return f"   {first[:_MENU_CHARACTERS]}{'...' if len(first) > _MENU_CHARACTERS else ''}"


def draw_take_actions(layout: bpy.types.UILayout, strip: Strip) -> None:
    """What can be done with the takes of a strip."""
    is_favourite = takes.shows_favourite(strip)
    text = "Unmark as Favorite" if is_favourite else "Mark as Favorite"
    layout.operator("kling.favour_take", text=text, icon="SOLO_ON" if is_favourite else "SOLO_OFF")
    layout.operator("kling.new_take", icon="ADD").loads_settings = True
    layout.operator("kling.load_settings", icon="PASTEDOWN")
    layout.operator_context = "INVOKE_DEFAULT"
    layout.operator("kling.delete_unused_takes", text="Delete Unused Takes...", icon="TRASH")


class KLING_PT_sequencer_takes(bpy.types.Panel):
    bl_label = "Takes"
    bl_space_type = "SEQUENCE_EDITOR"
    bl_region_type = "UI"
    bl_category = TAB
    bl_order = 1  # between Generate and Submissions

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return kling_strip(context) is not None

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        strip = kling_strip(context)
        found = known_takes(strip)
        shown = takes.shown_in(found, strip) if found else None
        self.layout.label(text="" if shown is None else f"{shown + 1} of {len(found)}")

    def draw(self, context: bpy.types.Context) -> None:
        """The take that is shown, how the others differ, and what can be done."""
        strip, column = kling_strip(context), self.layout.column()
        found = known_takes(strip)
        if len(found) > 1:
            _draw_switch(column, strip, found)
            _draw_thumbnails(column, context, strip, found)
            _draw_others(column, context, strip, found)
        draw_take_actions(column.column(align=True), strip)


def _draw_switch(column: bpy.types.UILayout, strip: Strip, found: tuple[Take, ...]) -> None:
    row, shown = column.row(align=True), takes.shown_in(found, strip)
    row.operator("kling.switch_take", text="", icon="TRIA_LEFT").step = -1
    text = name_of(strip) if shown is None else translated(title_of(found[shown], shown + 1))
    row.menu("KLING_MT_takes", text=text, icon="SOLO_ON" if takes.shows_favourite(strip) else "NONE")
    row.operator("kling.switch_take", text="", icon="TRIA_RIGHT").step = 1


def _draw_thumbnails(
    column: bpy.types.UILayout, context: bpy.types.Context, strip: Strip, found: tuple[Take, ...]
) -> None:
    """The newest takes beside each other, each with the button that shows it."""
    newest = list(enumerate(found, start=1))[-_PICTURED:]
    columns = max(2, min(len(newest), int(units_of(context) / _THUMBNAIL)))
    grid = column.grid_flow(row_major=True, columns=columns, even_columns=True, align=True)
    for number, take in newest:
        cell, icon = grid.column(align=True), thumbnails.icon_of_clip(take.clip)
        if icon:
            cell.template_icon(icon_value=icon, scale=min(_THUMBNAIL, units_of(context) / columns - 1))
        is_shown = take.submission == submission_of(strip)
        star: IconItems = "SOLO_ON" if take.submission == text_of(strip, FAVOURITE) else "NONE"
        button = cell.operator("kling.switch_take", text=str(number), icon=star, depress=is_shown)
        button.submission_id = take.submission


def _draw_others(column: bpy.types.UILayout, context: bpy.types.Context, strip: Strip, found: tuple[Take, ...]) -> None:
    """How the newest of the other takes differ from the one that is shown."""
    others = [(n, t) for n, t in enumerate(found, start=1) if t.submission != submission_of(strip)]
    for number, take in reversed(others[-_TOLD:]):
        box = column.box().column(align=True)
        row = box.row()
        row.alignment = "LEFT"
        switch = row.operator(
            "kling.switch_take", text=translated(title_of(take, number)), icon=_icon(strip, take), emboss=False
        )
        switch.submission_id = take.submission
        for line in takes.differences(strip, take) or ("Same settings",):
            draw_text(box, context, line, "NONE")


def draw_take_choice(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Above Generate: whether the next clip is one more take of a shot that is there. Offered where that shot's strip
    is selected in sight, in the Sequencer.
    """
    shot, strip = shot_of(scene_of(context)), kling_strip(context)
    if shot.take_of:
        row = layout.row(align=True)
        row.label(text=translated(f"New take of {shot.take_name}"), icon="RENDER_ANIMATION")
        row.operator("kling.leave_takes", text="", icon="X")
    elif strip is not None and strip.select and is_in_sequencer(context):
        new: Any = layout.operator(
            "kling.new_take", text=translated(f"Next Clip: New Take of {name_of(strip)}"), icon="ADD"
        )
        new.loads_settings = False


CLASSES = (KLING_MT_takes, KLING_PT_sequencer_takes)
