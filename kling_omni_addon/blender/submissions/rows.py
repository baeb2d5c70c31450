"""The list of submissions as Blender's list widget wants it: rows in the window manager, which no file holds.

Filled when something changed, never while drawing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import bpy
from bpy.props import CollectionProperty, IntProperty, PointerProperty, StringProperty

from ...core.errors import ArgumentsInvalid
from ..connection.snapshots import submissions

_hidden: set[str] = set()


class KLING_PG_row(bpy.types.PropertyGroup):
    """One submission in the list."""

    name: StringProperty(name="Submission", description="Id of the submission in this row")


class KLING_PG_submissions(bpy.types.PropertyGroup):
    """The list of submissions in this Blender."""

    rows: CollectionProperty(type=KLING_PG_row, name="Submissions", description="The newest submissions come first")
    index: IntProperty(name="Active Submission", description="The submission that is told about below the list")


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


def fill(ids: Sequence[str]) -> None:
    """Show these submissions, given oldest first. The active one stays active; a newer one takes its place."""
    shown, newest_first = the_list(), list(reversed(ids))
    before, active = [row.name for row in shown.rows], chosen()
    if before == newest_first:
        return
    shown.rows.clear()
    for submission_id in newest_first:
        shown.rows.add().name = submission_id
    is_news = bool(newest_first) and newest_first[0] not in before
    shown.index = newest_first.index(active) if active in newest_first and not is_news else 0


def clear() -> None:
    """Show nothing."""
    the_list().rows.clear()


def register() -> None:
    """Hang the list on the window manager."""
    shown = PointerProperty(type=KLING_PG_submissions, name="Kling Submissions", description="What the panel lists")
    bpy.types.WindowManager.kling = shown  # type: ignore[attr-defined]


def unregister() -> None:
    """Take it off again."""
    del bpy.types.WindowManager.kling  # type: ignore[attr-defined]


def show() -> None:
    """Put the submissions that are not hidden into the panel's list."""
    fill([s.id for s in submissions() if s.id not in _hidden])


def hide(submission_id: str) -> None:
    """Take a submission off the panel's list until Blender ends; its record and its clip stay."""
    _hidden.add(submission_id)
    show()


CLASSES = (KLING_PG_row, KLING_PG_submissions)
