"""What submissions may cost, and the caps that stop spending. Pure: the journal says what was sent.

A cap is hard: a task counts with the most that it may cost from the moment its last byte may have left until the
service says what it charged, or that nothing was made. What cannot be priced is not sent under a cap.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from ..amounts import amount_of, charge_of, charge_words, total_of
from ..errors import CapReached
from ..pricing import plain
from ..projects import project_of_blend, same_for, same_path_for

if TYPE_CHECKING:
    from .events import Intended
    from .lifecycle import Submission

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The most units that may be spent with one key: ``daily`` in any 24 hours, ``project`` on one project ever (see
    :class:`Bill`). None is no cap.
    """

    daily: Decimal | None = None
    project: Decimal | None = None

    def __bool__(self) -> bool:
        return self.daily is not None or self.project is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What the cap of a project counts a clip under: its project, and its .blend file; ``""`` where there is none."""

    project: str = ""
    blend: str = ""

    def is_with(self, other: Bill) -> bool:
        """Whether what is spent on the one counts for the other: of one project, however its name is spelled.

        Those of one .blend, however its path is spelled, count together under whatever name, so that another name for
        the project frees nothing that the file has spent. What names neither (found on the account, or of an older
        version) counts with everything that is of no .blend, as it always did.
        """
        if self.project and same_for(self.project) == same_for(other.project):
            return True
        has_blend = bool(self.blend or other.blend)
        is_one_blend = same_path_for(self.blend) == same_path_for(other.blend)
        return is_one_blend if has_blend else not (self.project and other.project)


def bill_of(submission: Submission) -> Bill:
    """What a submission is counted under."""
    return Bill(project=project_of(submission), blend=_blend_of(submission))


def project_of(submission: Submission) -> str:
    """The project that it was asked for, else that of the folder of its .blend file; ``""`` where there is neither."""
    return submission.asker.project or project_of_blend(_blend_of(submission))


def _blend_of(submission: Submission) -> str:
    """The .blend file that its clip goes to, else that it was asked for from; ``""`` for neither."""
    return submission.target.blend or submission.asker.blend


def units_by_bill(wanted: Iterable[Intended]) -> dict[Bill, Decimal | None]:
    """What wishes may cost together under each bill; None where that of one is not known."""
    sums: dict[Bill, list[Decimal | None]] = {}
    for intended in wanted:
        bill = Bill(project=intended.asker.project, blend=intended.asker.blend)
        sums.setdefault(bill, []).append(amount_of(intended.most_units))
    return {bill: total_of(amounts) for bill, amounts in sums.items()}


def check_caps(submission: Submission, sent: Iterable[Submission], caps: Caps, now: float) -> None:
    """Raise :class:`CapReached` when sending ``submission`` now might break a cap.

    ``sent`` is everything of the same key whose last byte may have left; this one may be among it (it is sent again).
    """
    everything, bill = tuple(sent), bill_of(submission)
    recent = [s for s in everything if s.sent_at > now - DAY_S]
    own_project = [s for s in everything if bill_of(s).is_with(bill)]
    for cap, counted, limit in _in_force(caps, recent, own_project):
        spent = sum((spent_units(s) for s in counted), Decimal(0))
        _check(amount_of(submission.most_units), spent, cap, limit, _OF_CLIP)


def check_wish(wanted: Mapping[Bill, Decimal | None], known: Iterable[Submission], caps: Caps, now: float) -> None:
    """Raise :class:`CapReached` when clips that are not recorded yet, and may cost so many units for each bill (None
    where that is not known), would break a cap once everything of the same key that is ``known`` and waits has been
    sent as well.
    """
    everything = [s for s in known if s.sent_at or not s.is_held]
    recent = [s for s in everything if not s.sent_at or s.sent_at > now - DAY_S]
    for cap, counted, limit in _in_force(replace(caps, project=None), recent, ()):
        _check(total_of(wanted.values()), _sum_of(counted), cap, limit, _OF_PRESS)
    for bill in wanted if caps.project is not None else ():
        own_project = [s for s in everything if bill_of(s).is_with(bill)]
        asked = total_of(units for other, units in wanted.items() if other.is_with(bill))
        for cap, counted, limit in _in_force(replace(caps, daily=None), (), own_project):
            _check(asked, _sum_of(counted), cap, limit, _OF_PRESS)


def _sum_of(counted: Iterable[Submission]) -> Decimal:
    return sum((_may_cost(s) for s in counted), Decimal(0))


def _may_cost(submission: Submission) -> Decimal:
    return spent_units(submission) if submission.sent_at else amount_of(submission.most_units) or Decimal(0)


class _Limit(StrEnum):
    """The variable of each limit; its label in the preferences is in the sentences."""

    DAILY = "KLING_DAILY_CAP"
    PROJECT = "KLING_PROJECT_CAP"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """What is told where a limit stops something: what happened, and what to do."""

    exceeded: Mapping[_Limit, str]
    raised: Mapping[_Limit, str]
    unpriced: str
    lifted: Mapping[_Limit, str]


_OF_CLIP = _Words(
    exceeded={
        _Limit.DAILY: "Not sent: the daily limit of {cap} units would be exceeded "
        "(up to {spent} used, up to {wanted} for this clip).",
        _Limit.PROJECT: "Not sent: the limit of {cap} units per project would be exceeded "
        "(up to {spent} used, up to {wanted} for this clip).",
    },
    raised={
        _Limit.DAILY: "Raise Daily Limit or wait, then press Resume.",
        _Limit.PROJECT: "Raise Project Limit, then press Resume.",
    },
    unpriced="Not sent: this clip has no list price, so the spending limit cannot be checked.",
    lifted={
        _Limit.DAILY: "Remove Daily Limit, then press Resume, or press Stop Waiting.",
        _Limit.PROJECT: "Remove Project Limit, then press Resume, or press Stop Waiting.",
    },
)
_OF_PRESS = _Words(
    exceeded={
        _Limit.DAILY: "Not sent: the daily limit of {cap} units would be exceeded "
        "(up to {spent} used or queued, up to {wanted} more).",
        _Limit.PROJECT: "Not sent: the limit of {cap} units per project would be exceeded "
        "(up to {spent} used or queued, up to {wanted} more).",
    },
    raised={
        _Limit.DAILY: "Raise Daily Limit or wait, then press Generate again.",
        _Limit.PROJECT: "Raise Project Limit, then press Generate again.",
    },
    unpriced=_OF_CLIP.unpriced,
    lifted={
        _Limit.DAILY: "Remove Daily Limit, then press Generate again.",
        _Limit.PROJECT: "Remove Project Limit, then press Generate again.",
    },
)


def _in_force(
    caps: Caps, recent: Sequence[Submission], own_project: Sequence[Submission]
) -> Iterator[tuple[Decimal, Sequence[Submission], _Limit]]:
    """Each cap that there is, what counts against it, and which one it is."""
    if caps.daily is not None:
        yield caps.daily, recent, _Limit.DAILY
    if caps.project is not None:
        yield caps.project, own_project, _Limit.PROJECT


def _check(wanted: Decimal | None, spent: Decimal, cap: Decimal, limit: _Limit, words: _Words) -> None:
    if wanted is None:
        raise CapReached(words.unpriced, field=limit, remedy=words.lifted[limit])
    if spent + wanted > cap:
        sentence = words.exceeded[limit].format(cap=plain(cap), spent=plain(spent), wanted=plain(wanted))
        raise CapReached(sentence, field=limit, remedy=words.raised[limit])


def spent_units(submission: Submission) -> Decimal:
    """The most that a submission may have cost so far: its price for each task that it may have made, or the charge of
    the one that is known. One of an unknown price counts from its charge on, one of an unknown charge with its price,
    and one whose charge is not the whole with whichever is more.
    """
    most = amount_of(submission.most_units) or Decimal(0)
    charge = charge_of(submission.charge_units)
    if charge is None:
        return most * submission.tasks
    counted = max(charge, most) if submission.charge_said else charge
    return counted + most * max(0, submission.tasks - 1)


def charge_sentence(most_units: str, charge_said: str) -> str:
    """What is told of a charge that cannot be read, or is not the whole."""
    price = amount_of(most_units)
    if price is None:
        return f"The charge is not certain: Kling reports {charge_said}. This clip has no list price."
    return f"The charge is not certain: Kling reports {charge_said}. Limits count the list price, {plain(price)} units."


def charged_words(submission: Submission) -> str:
    """What Kling charged, as :func:`.amounts.charge_words` says it."""
    return charge_words(submission.charge_units, submission.charge_balance, submission.charge_currency)


def charged_sentence(submission: Submission) -> str:
    """What Kling charged, as a sentence; ``""`` while that is not known. Caps count units, so of what was paid with the
    balance they count the price.
    """
    charged = charged_words(submission)
    if submission.charge_said and not submission.charge_balance:
        return charge_sentence(submission.most_units, submission.charge_said)
    price = amount_of(submission.most_units)
    if submission.charge_balance and price:
        return f"Kling charged {charged}. Limits count the list price, {plain(price)} units."
    return f"Kling charged {charged}." if charged else ""
