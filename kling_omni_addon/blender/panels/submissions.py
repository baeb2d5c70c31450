"""The part of the panel that shows what was submitted, and the account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import bpy

from ...core.life.lifecycle import Phase, Submission
from ..connection import account, online, opening, snapshots
from ..host.isolating import on_its_own
from ..host.lists import Rows
from ..host.wrapping import draw_text
from ..submissions import rows as list_rows
from ..submissions import words
from ..submissions.actions import draw_actions

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import IconItems

_ICONS: Mapping[Phase, IconItems] = {
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
_ROWS = 5


class KLING_UL_submissions(Rows, bpy.types.UIList):
    """Submissions with their state."""

    def draw_row(self, layout: bpy.types.UILayout, item: Any, _index: int) -> None:
        """One submission: state, name, how long it has been going or when it was begun."""
        submission = snapshots.submission(item.name)
        if submission is None:
            return
        split = layout.split(factor=0.68)
        split.label(text=submission.target.name or submission.id, icon=_ICONS[submission.phase])
        done, total = snapshots.moved(submission)
        right = split.row()
        if total:
            right.progress(factor=done / total, text=f"{done / total:.0%}")
            return
        right.alignment = "RIGHT"
        right.label(text=words.clock_of(submission))


def draw_submissions(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The list, and the chosen submission in plain words with what can be done about it."""
    shown = list_rows.the_list()
    if snapshots.notice():
        draw_text(layout, context, snapshots.notice(), "ERROR")
    if opening.is_paused() and online.offline_reason():
        draw_text(layout, context, online.offline_reason(), "INTERNET_OFFLINE")
    if not shown.rows:
        if opening.running() is not None:
            layout.label(text="None yet")
        else:
            layout.operator("kling.resume", text="Show Earlier Ones", icon="FILE_REFRESH")
        return
    rows = min(_ROWS, max(2, len(shown.rows)))
    layout.template_list("KLING_UL_submissions", "", shown, "rows", shown, "index", rows=rows)
    chosen = snapshots.submission(list_rows.chosen())
    if chosen is not None:
        on_its_own(_draw_chosen, layout.box().column(), context, chosen)
    if any(submission.is_stopped for submission in snapshots.submissions()):
        layout.operator("kling.resume", icon="FILE_REFRESH")


def _draw_chosen(column: bpy.types.UILayout, context: bpy.types.Context, submission: Submission) -> None:
    column.label(text=words.STATES[submission.phase], icon=_ICONS[submission.phase])
    done, total = snapshots.moved(submission)
    if total:
        column.progress(factor=done / total, text=f"{done / 1e6:.1f} of {total / 1e6:.1f} MB")
    draw_text(column, context, words.account_of(submission, snapshots.usual_s(submission)), "NONE")
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
        draw_text(layout, context, f"The key works. {left} left, up to 12 h old.", "CHECKMARK")


CLASSES = (KLING_UL_submissions,)
