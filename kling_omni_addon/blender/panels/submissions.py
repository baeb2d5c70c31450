"""The part of the panel that shows what was submitted, and the account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

from ..connection import account, online, opening, snapshots
from ..host.isolating import on_its_own
from ..host.language import translated
from ..host.wrapping import characters_of, draw_lines, draw_text
from ..submissions import rows as list_rows
from ..submissions import words
from ..submissions.actions import draw_actions
from ..submissions.progress import progress_of
from ..submissions.row_text import text_of
from . import gallery

if TYPE_CHECKING:
    from ...core.life.lifecycle import Submission


def draw_submissions(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The list, and the chosen submission in plain words with what can be done about it."""
    if snapshots.notice():
        draw_text(layout, context, snapshots.notice(), "ERROR")
    if opening.is_paused() and online.offline_reason():
        draw_text(layout, context, online.offline_reason(), "INTERNET_OFFLINE")
    if not list_rows.has_any():
        if opening.running() is not None:
            layout.label(text="No jobs yet")
        else:
            layout.operator("kling.resume", text="Load Job History", icon="FILE_REFRESH")
        return
    gallery.draw_gallery(layout, context)
    chosen = snapshots.submission(list_rows.chosen())
    if chosen is not None:
        on_its_own(_draw_chosen, layout.box().column(), context, chosen)
    if list_rows.has_stopped():
        layout.operator("kling.resume", icon="FILE_REFRESH")


def _draw_chosen(column: bpy.types.UILayout, context: bpy.types.Context, submission: Submission) -> None:
    text = text_of(submission)
    column.label(text=translated(words.state_of(submission)), icon=gallery.ICONS[submission.phase])
    gallery.draw_progress(column, progress_of(submission))
    draw_text(column, context, words.account_of(submission, snapshots.usual_s(submission)), "NONE")
    draw_text(column, context, text.told, "NONE")
    draw_lines(column, text.prompt, characters_of(context))
    draw_actions(column, context, submission)


def draw_account(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """What is left, and a test of the key."""
    draw_answer(layout, context)
    layout.operator("kling.check_account", icon="FILE_REFRESH")
    if online.offline_reason():
        draw_text(layout, context, online.offline_reason(), "INTERNET_OFFLINE")


def draw_answer(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """What the account said last."""
    balance = account.balance
    if balance.is_asking:
        layout.label(text="Contacting Kling...", icon="SORTTIME")
    elif balance.problem:
        draw_text(layout, context, balance.problem, "ERROR")
    elif balance.answer is not None:
        left = words.balance(balance.answer)
        draw_text(layout, context, f"Key accepted. {left} left (may be up to 12 h out of date).", "CHECKMARK")
