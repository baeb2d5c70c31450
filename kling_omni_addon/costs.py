"""What a job history cost, read and added up for people. Days are those of this machine's calendar."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Final

from .core.errors import ArgumentsInvalid
from .core.life.books import By, Costs, books_of
from .core.life.events import Origin
from .core.life.lifecycle import Submission
from .core.problem import escaped
from .session import is_rehearsed
from .work.journal_reading import recorded

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(slots=True)
class _Sorting:
    """Lets through what was rehearsed, or what was not, and counts the others."""

    wants_rehearsed: bool
    left_out: int = 0
    _known: dict[Origin, bool] = field(default_factory=dict)

    def sorted_out(self, submissions: Iterator[Submission]) -> Iterator[Submission]:
        for submission in submissions:
            is_there = self._known.get(submission.origin)
            if is_there is None:
                is_there = self._known[submission.origin] = is_rehearsed(submission)
            if is_there is self.wants_rehearsed:
                yield submission
            else:
                self.left_out += 1


def read_costs(journal: Path, by: By, since: str = "", *, rehearsed: bool = False) -> Costs:
    """Add up everything in a journal that was sent on the day ``since`` (``2026-11-28``) or later; ``""`` for all of
    it. A rehearsal costs nothing, so what was ``rehearsed`` is left out, or added up alone.

    Reads the file and writes nothing. Raises :class:`ArgumentsInvalid` for what is no day, and
    :class:`~kling_omni_addon.core.errors.JournalUnusable`.
    """
    begins, sorting = _beginning_of(since), _Sorting(rehearsed)
    costs = books_of(sorting.sorted_out(recorded(journal)), by, _day_of, begins)
    return replace(costs, left_out=sorting.left_out)


def _day_of(at: float) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(at))


def _beginning_of(day: str) -> float:
    """The first moment of a day here, Unix seconds; 0 for ``""``."""
    if not day:
        return 0.0
    try:
        if not _DAY.fullmatch(day):
            raise ValueError
        return time.mktime((*date.fromisoformat(day).timetuple()[:3], 0, 0, 0, 0, 0, -1))
    except (ValueError, OverflowError):
        sentence = f'"{escaped(day[:40])}" is not a day.'
        raise ArgumentsInvalid(sentence, field="since", remedy="Give a day as YYYY-MM-DD, like 2026-11-28.") from None
