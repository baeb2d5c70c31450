"""What submissions cost, added up by day, project, shot, person or model. Pure, and exact: decimal numbers all through.

What the service charged is one thing, what it may charge another: a task whose charge nobody knows is estimated with
its list price, as the limits count it (``spending.spent_units``). Units and money of the account are never added.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from ..amounts import amount_of, charge_of
from ..projects import same_for
from .spending import project_of

if TYPE_CHECKING:
    from .lifecycle import Submission

_TAKE: Final = re.compile(r"\.take[0-9]+$")
_NONE: Final = Decimal(0)


class By(StrEnum):
    """What is added up."""

    DAY = "day"
    PROJECT = "project"
    SHOT = "shot"
    USER = "user"
    MODEL = "model"


@dataclass(frozen=True, slots=True, kw_only=True)
class CostSum:
    """What some submissions cost. ``what`` they have in common; ``""`` where nobody knows it.

    ``jobs`` are those that may have cost something, ``clips`` how many of them became clips, ``tasks`` how many tasks
    they may have made. ``charged_units`` and ``charged_balance`` (by the service's word for the currency) are what the
    service said that it took. ``estimate_units`` is the list price of the tasks of unknown charge, and
    ``unpriced_tasks`` how many of these have none.
    """

    what: str = ""
    jobs: int = 0
    clips: int = 0
    tasks: int = 0
    estimate_units: Decimal = _NONE
    unpriced_tasks: int = 0
    charged_units: Decimal = _NONE
    charged_balance: Mapping[str, Decimal] = field(default_factory=dict)

    def __add__(self, other: CostSum) -> CostSum:
        money = dict(self.charged_balance)
        for currency, amount in other.charged_balance.items():
            money[currency] = money.get(currency, _NONE) + amount
        return CostSum(
            what=self.what,
            jobs=self.jobs + other.jobs,
            clips=self.clips + other.clips,
            tasks=self.tasks + other.tasks,
            estimate_units=self.estimate_units + other.estimate_units,
            unpriced_tasks=self.unpriced_tasks + other.unpriced_tasks,
            charged_units=self.charged_units + other.charged_units,
            charged_balance=money,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """A sum for each, those of unknown name last, and all of them together. ``left_out`` is how many jobs were not
    looked at, because they were rehearsed or, where rehearsals were asked for, were not.
    """

    by: By
    sums: tuple[CostSum, ...] = ()
    total: CostSum = field(default_factory=CostSum)
    left_out: int = 0


def books_of(submissions: Iterable[Submission], by: By, day_of: Callable[[float], str], since: float = 0.0) -> Costs:
    """Add up what was sent at ``since`` (Unix seconds) or later. ``day_of`` names the day of a time, so that names of
    days are sorted as they follow each other.

    What was never sent, and what failed at no cost, is in no sum.
    """
    sums: dict[str, CostSum] = {}
    total = CostSum()
    for submission in submissions:
        cost = sum_of(submission)
        if submission.sent_at >= since and cost.jobs:
            what = _what(submission, by, day_of)
            same = same_for(what) if by is By.PROJECT else what
            sums[same] = sums.get(same, CostSum(what=what)) + cost
            total += cost
    ordered = sorted(sums.values(), key=lambda each: (not each.what, each.what))
    return Costs(by=by, sums=tuple(ordered), total=total)


def sum_of(submission: Submission) -> CostSum:
    """What one submission cost; nothing, of no job, where it can have cost nothing."""
    charge, money = charge_of(submission.charge_units), amount_of(submission.charge_balance)
    is_known = charge is not None or money is not None
    price = amount_of(submission.most_units)
    tasks = max(submission.tasks, int(is_known))
    if not tasks:
        return CostSum()
    open_tasks = tasks - is_known
    return CostSum(
        jobs=1,
        clips=int(submission.was_made),
        tasks=tasks,
        estimate_units=((price or _NONE) * open_tasks if open_tasks else _NONE) + _rest(submission, charge, price),
        unpriced_tasks=open_tasks if price is None else 0,
        charged_units=charge or _NONE,
        charged_balance={submission.charge_currency: money} if money is not None else {},
    )


def _rest(submission: Submission, charge: Decimal | None, price: Decimal | None) -> Decimal:
    """What may be missing of units that the service called not the whole."""
    is_whole = not submission.charge_said or bool(submission.charge_balance)
    return _NONE if is_whole or charge is None else max(_NONE, (price or _NONE) - charge)


def _what(submission: Submission, by: By, day_of: Callable[[float], str]) -> str:
    match by:
        case By.DAY:
            return day_of(submission.sent_at)
        case By.PROJECT:
            return project_of(submission)
        case By.SHOT:
            return _TAKE.sub("", submission.once) or submission.target.name
        case By.USER:
            return submission.asker.user
        case By.MODEL:
            return submission.payload.model
