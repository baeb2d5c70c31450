"""The list of submissions as Blender's list widget wants it: rows in the window manager, which no file holds.

Filled when something changed, never while drawing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import bpy
from bpy.props import BoolProperty, CollectionProperty, EnumProperty, IntProperty, PointerProperty, StringProperty

from ...core.errors import ArgumentsInvalid
from ..connection.snapshots import submission, submissions
from ..host import thumbnails
from ..host.identity import is_this_file
from ..host.isolating import on_its_own
from .row_text import STATE_ORDER, text_of

if TYPE_CHECKING:
    from ...core.life.lifecycle import Submission

_SCOPES: Final = (
    ("ALL", "All Files", "List the jobs of every .blend file"),
    ("THIS_FILE", "This File", "List the jobs of this .blend file"),
)
_SORTS: Final = (
    ("NEWEST", "Newest First", "Sort by age", "SORTTIME", 0),
    ("NAME", "Name", "Sort by name", "SORTALPHA", 1),
    ("STATE", "State", "Sort by state: what waits for you comes first", "SORTBYEXT", 2),
)
_KEYS: Final[Mapping[str, Callable[[Submission], Any]]] = {
    "NEWEST": lambda _each: 0,
    "NAME": lambda each: text_of(each).name.casefold(),
    "STATE": lambda each: STATE_ORDER.index(each.phase),
}


@dataclass(slots=True, kw_only=True)
class _Seen:
    """What was in the list so far, what there is to list and to resume, and the last click in it (a monotonic time)."""

    has_any: bool = False
    has_stopped: bool = False
    ids: set[str] = field(default_factory=set)
    is_filling: bool = False
    clicked: str = ""
    at: float = float("-inf")


_hidden: set[str] = set()
_seen = _Seen()


def _refill(_owner: object, _context: object) -> None:
    show()


def _click(_owner: object, context: bpy.types.Context) -> None:
    """Blender tells of every click on a row, also on the active one, and has no double click for lists."""
    if _seen.is_filling:
        return
    now, inputs = time.monotonic(), context.preferences.inputs
    is_second = _seen.clicked == chosen() and (now - _seen.at) * 1000 < inputs.mouse_double_click_time
    _seen.clicked, _seen.at = ("" if is_second else chosen()), now
    found = submission(chosen())
    if is_second and found is not None and found.clip and not thumbnails.is_missing(found.clip):
        operators: Any = bpy.ops
        on_its_own(operators.kling.play_clip, "INVOKE_DEFAULT", submission_id=found.id)


class KLING_PG_row(bpy.types.PropertyGroup):
    """One submission in the list."""

    name: StringProperty(name="Submission", description="ID of the job in this row")
    is_selected: BoolProperty(name="Select", description="Include this clip in commands for the selected clips")


class KLING_PG_submissions(bpy.types.PropertyGroup):
    """The list of submissions in this Blender."""

    rows: CollectionProperty(type=KLING_PG_row, name="Submissions", description="Jobs that the filter lets through")
    index: IntProperty(
        name="Active Job",
        description="Click to see more below the list. Double-click to play the clip",
        update=_click,
    )
    scope: EnumProperty(name="Scope", description="Jobs that are listed", items=_SCOPES, update=_refill)
    search: StringProperty(
        name="Search",
        description="List only jobs with these words in their name, prompt or id",
        options={"TEXTEDIT_UPDATE"},
        update=_refill,
    )
    sort: EnumProperty(name="Sort", description="Order of the list", items=_SORTS, update=_refill)


def the_list() -> KLING_PG_submissions:
    """The list, in whatever window manager there is."""
    manager: Any = bpy.context.window_manager
    found: KLING_PG_submissions = manager.kling
    return found


def chosen() -> str:
    """The id of the submission in the active row; ``""`` when there is none."""
    shown = the_list()
    return shown.rows[shown.index].name if 0 <= shown.index < len(shown.rows) else ""


def require_chosen() -> str:
    """The id of the submission in the active row. Raises :class:`ArgumentsInvalid` when there is none."""
    found = chosen()
    if not found:
        raise ArgumentsInvalid("No job is active.", field="submission_id", remedy="Select one in the list.")
    return found


def selected() -> tuple[str, ...]:
    """The ids of the selected rows, from the top; where none is selected, the active one's."""
    ticked = tuple(row.name for row in the_list().rows if row.is_selected)
    return ticked or tuple(filter(None, (chosen(),)))


def count_selected() -> int:
    """How many rows are selected."""
    return sum(row.is_selected for row in the_list().rows)


def fill(ids: Sequence[str], active: str) -> None:
    """Show these submissions from the top, with that one active. Selected ones stay selected."""
    shown = the_list()
    if [row.name for row in shown.rows] == list(ids):
        return
    ticked = {row.name for row in shown.rows if row.is_selected}
    _seen.is_filling = True
    try:
        shown.rows.clear()
        for submission_id in ids:
            row = shown.rows.add()
            row.name, row.is_selected = submission_id, submission_id in ticked
        shown.index = ids.index(active) if active in ids else 0
    finally:
        _seen.is_filling = False


def register() -> None:
    """Hang the list on the window manager."""
    shown = PointerProperty(type=KLING_PG_submissions, name="Kling Jobs", description="What the panel lists")
    bpy.types.WindowManager.kling = shown  # type: ignore[attr-defined]


def unregister() -> None:
    """Take it off again; the window manager keeps the values of what is merely unregistered."""
    for name in ("rows", "index", "scope", "search", "sort"):
        the_list().property_unset(name)
    for remembered in (_seen.ids, _hidden):
        remembered.clear()
    del bpy.types.WindowManager.kling  # type: ignore[attr-defined]


def has_any() -> bool:
    """Whether there is anything that was not taken off the list, whatever is searched for."""
    return _seen.has_any


def has_stopped() -> bool:
    """Whether any submission is on hold."""
    return _seen.has_stopped


def show() -> None:
    """Put the submissions that are not hidden, and that the filter lets through, into the panel's list. The active one
    stays active; one that is new takes its place.
    """
    shown, everything = the_list(), [each for each in submissions() if each.id not in _hidden]
    _seen.has_any, _seen.has_stopped = bool(everything), any(each.is_stopped for each in submissions())
    found = [each for each in reversed(everything) if _fits(each, shown.scope, shown.search.casefold().split())]
    news = [each.id for each in found if each.id not in _seen.ids]
    _seen.ids.update(each.id for each in everything)
    fill([each.id for each in sorted(found, key=_KEYS[shown.sort])], news[0] if news else chosen())


def _fits(each: Submission, scope: str, words: Iterable[str]) -> bool:
    is_in_scope = scope == "ALL" or is_this_file(each.target.blend)
    return is_in_scope and all(word in text_of(each).searched for word in words)


def hide(*ids: str) -> None:
    """Take submissions off the panel's list until Blender ends; their records and clips stay."""
    _hidden.update(ids)
    show()


CLASSES = (KLING_PG_row, KLING_PG_submissions)
