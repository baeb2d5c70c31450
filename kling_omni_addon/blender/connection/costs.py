"""What the job history cost. It is read and added up in a thread of its own, never while a panel is drawn."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ...core.errors import ArgumentsInvalid
from ...core.life.books import By
from ...core.problem import escaped
from . import preferences
from .questions import Question

if TYPE_CHECKING:
    from ...core.life.books import Costs

answered: Question[Costs] = Question()
"""The sums that somebody asked for last."""


def add_up(by: By) -> None:
    """Have everything added up that was not rehearsed."""
    from ...costs import read_costs  # sqlite, requests
    from ...work.errand import Errand

    answered.forget()
    answered.ask(lambda: Errand(partial(read_costs, _journal(), by)))


def costs(by: str = By.PROJECT, since: str = "", *, rehearsed: bool = False) -> Costs:
    """What was charged, and what may be, added up ``by`` day, project, shot, user or model: exact decimal numbers.

    With ``since`` (``"2026-11-28"``) only what was sent on that day of this machine's calendar or later. A rehearsal
    costs nothing: what was ``rehearsed`` is left out, or added up alone. Asks nobody. After years that takes seconds.

    Raises :class:`ArgumentsInvalid` for what can be neither, and
    :class:`~kling_omni_addon.core.errors.JournalUnusable`.
    """
    from ...costs import read_costs  # sqlite, requests

    if by not in set(By):
        sentence = f'Costs cannot be added up by "{escaped(str(by)[:40])}".'
        raise ArgumentsInvalid(sentence, field="by", remedy=f"Use {', '.join(By)}.")
    return read_costs(_journal(), By(by), since, rehearsed=rehearsed)


def _journal() -> Path:
    return preferences.home() / "journal.sqlite3"
