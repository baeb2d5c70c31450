"""The list of clips as a gallery: what filters it, a row with a thumbnail for each, and its right-click menu.

A row is several lines high. Blender's list widget counts a row as one line, so the list is drawn scaled and what is in
a row scaled back.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import bpy

from ...core.life.phase import Phase
from ..connection import snapshots
from ..host import thumbnails
from ..host.isolating import on_its_own
from ..host.language import translated
from ..host.lists import Rows
from ..host.wrapping import WIDE_ENOUGH, characters_of
from ..submissions import rows, words
from ..submissions.actions import draw_all
from ..submissions.progress import Progress, progress_of
from ..submissions.row_text import RowText, text_of

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import IconItems

    from ...core.life.lifecycle import Submission

ICONS: Final[Mapping[Phase, IconItems]] = {
    Phase.INTENDED: "SORTTIME",
    Phase.UNANSWERED: "QUESTION",
    Phase.PARKED: "QUESTION",
    Phase.ACCEPTED: "RENDER_ANIMATION",
    Phase.READY: "IMPORT",
    Phase.FETCHED: "FILE_MOVIE",
    Phase.PLACED: "CHECKMARK",
    Phase.FAILED: "ERROR",
    Phase.ABANDONED: "X",
}
_MOST_ROWS: Final = 4
_LINES: Final = 4
_LINE_UNITS: Final = 0.85
_ROW_UNITS: Final = _LINES * _LINE_UNITS
_UNIT_PX: Final = 20
_AROUND_PX: Final = 85  # of a region beside what is in a row: margins, scroll bar, tabs
_MOST_OF_ROW: Final = 0.34  # of its width for the thumbnail
_POINTER: Final = "kling_row"  # what the right-click menu knows its row by


class KLING_UL_submissions(Rows, bpy.types.UIList):
    """Clips with their thumbnails and states."""

    def draw_row(self, layout: bpy.types.UILayout, item: Any, _index: int) -> None:
        """One clip: thumbnail, kind and name, prompt, length with quality and price, state and age."""
        submission = snapshots.submission(item.name)
        if submission is not None:
            layout.context_pointer_set(_POINTER, item)
            _draw_submission(layout, item, submission)

    def draw_filter(self, _context: bpy.types.Context | None, layout: bpy.types.UILayout) -> None:
        """The order; the search stands above the list."""
        layout.row().prop(rows.the_list(), "sort", expand=True)

    def filter_items(self, _context: bpy.types.Context | None, _data: Any, _property: str) -> Any:
        """Nothing: the rows are filtered and sorted when something changes."""
        return [], []


def draw_gallery(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Filter, search and order; the rows."""
    shown, is_wide = rows.the_list(), characters_of(context) >= WIDE_ENOUGH
    head = layout.column(align=True)
    row = head.row(align=True)
    row.prop(shown, "scope", text="")
    if is_wide:
        row.prop(shown, "search", text="", icon="VIEWZOOM")
    row.prop(shown, "sort", text="", icon_only=True)
    row.menu("KLING_MT_selected_clips", text="", icon="CHECKBOX_HLT")
    if not is_wide:
        head.prop(shown, "search", text="", icon="VIEWZOOM")
    if not shown.rows:
        layout.label(text="No clip matches")
        return
    column = layout.column(align=True)
    column.scale_y = _ROW_UNITS
    number = min(_MOST_ROWS, len(shown.rows))
    column.template_list("KLING_UL_submissions", "", shown, "rows", shown, "index", rows=number, maxrows=number)


def _draw_submission(layout: bpy.types.UILayout, item: Any, submission: Submission) -> None:
    context, text = bpy.context, text_of(submission)
    split = layout.split(factor=_share_of_thumbnail(context))
    split.scale_y = 1 / _ROW_UNITS
    _draw_thumbnail(split, submission)
    lines = split.column(align=True)
    lines.scale_y = _LINE_UNITS
    if characters_of(context) >= WIDE_ENOUGH:
        _draw_wide(lines, item, submission, text)
    else:
        _draw_narrow(lines, item, submission, text)


def _draw_wide(lines: bpy.types.UILayout, item: Any, submission: Submission, text: RowText) -> None:
    row = lines.row()
    row.label(text=text.name, translate=False, icon=text.kind_icon)  # type: ignore[arg-type] # one of Blender's names
    row.prop(item, "is_selected", text="")
    _draw_dimmed(lines, text.prompt)
    lines.label(text=translated(text.facts))
    _draw_state(lines, submission, is_wide=True)


def _draw_narrow(lines: bpy.types.UILayout, item: Any, submission: Submission, text: RowText) -> None:
    """The same where a line holds a dozen letters: the checkbox stands where the line is short."""
    lines.label(text=text.name, translate=False)
    _draw_dimmed(lines, text.prompt)
    row = lines.row()
    row.label(text=translated(text.short_facts))
    row.prop(item, "is_selected", text="")
    _draw_state(lines, submission, is_wide=False)


def draw_progress(layout: bpy.types.UILayout, progress: Progress, label: str = "") -> bool:
    """A bar of bytes, or of the usual time; whether there is any."""
    if progress.share is not None:
        # Each by itself: no template has "Downloading" and bytes in one.
        layout.progress(factor=progress.share, text=" ".join(map(translated, filter(None, (label, progress.text)))))
    return progress.share is not None


def _share_of_thumbnail(context: bpy.types.Context) -> float:
    scale = context.preferences.system.ui_scale or 1.0
    width_px = context.region.width / scale - _AROUND_PX if context.region else 0
    return min(_MOST_OF_ROW, _ROW_UNITS * _UNIT_PX / max(width_px, 1))


def _draw_thumbnail(layout: bpy.types.UILayout, submission: Submission) -> None:
    """The clip's; while there is none, the sign of its state in its place."""
    icon = thumbnails.icon_of_clip(submission.clip) if submission.clip else 0
    if icon:
        layout.template_icon(icon_value=icon, scale=_ROW_UNITS)
        return
    sign = layout.row()
    sign.alignment, sign.scale_y = "CENTER", _ROW_UNITS
    sign.label(text="", icon=ICONS[submission.phase])


def _draw_dimmed(lines: bpy.types.UILayout, text: str) -> None:
    line = lines.row()
    line.active = False
    line.label(text=text, translate=False)  # what a user wrote


def _draw_state(lines: bpy.types.UILayout, submission: Submission, *, is_wide: bool) -> None:
    """A bar while something is transferred or generated, else the state and how old it is."""
    line, progress = lines.row(), progress_of(submission)
    state = progress.text if snapshots.silent_since(submission) else words.state_of(submission)
    if draw_progress(line, progress, state if is_wide else ""):
        return
    told, is_gone = line.row(), submission.clip and thumbnails.is_missing(submission.clip)
    told.alert = submission.needs_a_person or submission.phase is Phase.FAILED
    told.label(text=translated("File Missing" if is_gone else state))
    if is_wide:
        age = line.row()
        age.alignment, age.active = "RIGHT", False
        age.label(text=translated(_age_of(submission)))


def _age_of(submission: Submission) -> str:
    """How long one that is under way has been going to the second, how old another is roughly."""
    now = time.time()
    is_settled = submission.is_settled
    return words.age_of(submission.created_at, now) if is_settled else words.elapsed(now - submission.created_at)


class _Selected:
    layout: bpy.types.UILayout

    def draw(self, _context: bpy.types.Context) -> None:
        layout, number = self.layout, rows.count_selected()
        layout.operator_context = "INVOKE_DEFAULT"
        layout.operator("kling.select_clips", text="Select All").action = "SELECT"
        layout.operator("kling.select_clips", text="Select None").action = "DESELECT"
        layout.operator("kling.select_clips", text="Invert Selection").action = "INVERT"
        layout.separator()
        layout.label(text=translated(f"{number} selected") if number else "Active clip")
        layout.operator("kling.place_selected", text="Add", icon="SEQ_SEQUENCER")
        layout.operator("kling.resume_selected", text="Resume", icon="FILE_REFRESH")
        layout.operator("kling.remove_selected", text="Hide Job", icon="X")
        layout.operator("kling.delete_clips", text="Delete Files", icon="TRASH")


class KLING_MT_selected_clips(_Selected, bpy.types.Menu):
    """Select clips, and what can be done with those that are selected."""

    bl_label = "Selected Clips"


def _draw_in_list_menu(menu: Any, context: bpy.types.Context) -> None:
    """At the end of the right-click menu of a row: what can be done about that row, whichever is active."""
    row = getattr(context, _POINTER, None)
    found = snapshots.submission(row.name) if row is not None else None
    if found is not None:
        menu.layout.separator()
        menu.layout.label(text=text_of(found).name)
        on_its_own(draw_all, menu.layout, found)
        if rows.count_selected() > 1:
            menu.layout.menu("KLING_MT_selected_clips")


def register() -> None:
    """Add to Blender's own menu of rows."""
    menu: Any = bpy.types.UI_MT_list_item_context_menu
    menu.append(_draw_in_list_menu)


def unregister() -> None:
    """Take it out again."""
    menu: Any = bpy.types.UI_MT_list_item_context_menu
    menu.remove(_draw_in_list_menu)


CLASSES = (KLING_UL_submissions, KLING_MT_selected_clips)
