"""Who is sent next, and how many may run at once. Pure: the worker tells what it saw.

The service counts running tasks per account and says only "too many" (1303). So the number is learned: it starts at 3,
grows by one when a full house was accepted, and falls for a while to what was running when the service refused. A limit
of the user's own is never passed.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from .phase import Phase

if TYPE_CHECKING:
    from .events import Origin
    from .lifecycle import Submission

FIRST_LIMIT = 3
LAST_LIMIT = 20
"""The smallest paid pack allows 20 (contract, section 8)."""
_REFUSED_S = 600.0
"""So long a number that the service refused to pass is not tried again: each try uploads all pictures, and its refusal
is checked before anything else is sent.
"""
_STALE_S = 3600.0
"""A task that runs longer holds a slot no more, as far as the queue is concerned: it must not stop everything behind
it.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """How many tasks may run at once, as far as is known; never learned beyond ``most``. ``refused_at`` is when the
    service last said that there are too many (Unix seconds).
    """

    limit: int = FIRST_LIMIT
    most: int = LAST_LIMIT
    refused_at: float = -math.inf

    @classmethod
    def at_most(cls, most: int | None) -> Slots:
        """What is known before anything was sent; ``most`` is the user's own limit, None for none."""
        return cls() if most is None else cls(limit=min(FIRST_LIMIT, most), most=most)

    def after_accepted(self, running: int, now: float) -> Slots:
        """The service took one more while ``running`` were at work, that one included."""
        was_just_refused = 0 <= now - self.refused_at < _REFUSED_S
        is_full = running >= self.limit and not was_just_refused
        return replace(self, limit=min(self.limit + 1, self.most)) if is_full else self

    def after_refused(self, running: int, now: float) -> Slots:
        """The service said 1303 while ``running`` others were at work."""
        return replace(self, limit=min(self.limit, max(1, running)), refused_at=now)


def is_running(submission: Submission, now: float) -> bool:
    """Whether it holds a slot at the service, as far as is known; a create without an answer may, and one that was
    refused does not.
    """
    if submission.phase is Phase.ACCEPTED:
        return now - submission.accepted_at < _STALE_S
    return submission.phase is Phase.UNANSWERED and submission.denial is None


def next_to_send(live: Iterable[Submission], busy: Collection[str], slots: Slots, now: float) -> Submission | None:
    """The one submission that may be sent now, if any. ``live`` is in the order of the journal, which tells two of one
    moment apart.

    First in, first out within one .blend, or none, and between these the one with the fewest running tasks. Whoever is
    first keeps the place while it backs off or a "too many" is checked: that and "no network" are true for all behind
    it.
    Of those that the service takes no id of ours for, one at a time is open.
    One that is held because the key or the account is at fault holds back every send; one that its own cap stops, or
    that is set aside, only itself.
    """
    everything = [submission for submission in live if not submission.is_over]
    if _holder(everything) is not None or any(s.is_told_to_wait for s in everything):
        return None
    intended = [s for s in everything if s.phase is Phase.INTENDED and not s.is_stopped]
    waiting = [s for s in intended if s.id not in busy and (s.payload.has_own_id or not _is_one_open(everything, busy))]
    if not waiting:
        return None
    at_work = [s for s in everything if is_running(s, now)] + [s for s in intended if s.id in busy]
    if len(at_work) >= slots.limit:
        return None
    share = Counter(s.target.blend for s in at_work)
    return min(waiting, key=lambda s: (share[s.target.blend], s.created_at))


def _is_one_open(everything: Iterable[Submission], busy: Collection[str]) -> bool:
    """Whether one is sent or looked for that the service was told no id of: a second one could not be told from it."""
    nameless = (s for s in everything if not s.payload.has_own_id)
    return any(s.phase is Phase.UNANSWERED or (s.phase is Phase.INTENDED and s.id in busy) for s in nameless)


def _holder(everything: Iterable[Submission]) -> Submission | None:
    """Whichever is held with all of its key."""
    return next((s for s in everything if s.holds_key), None)


class Queue:
    """Everything on record, in the order of the journal, as it stands at ``now`` (Unix seconds): who waits for whom.
    Read once for all that are asked about.
    """

    def __init__(self, everything: Iterable[Submission], now: float) -> None:
        self._lines: dict[Origin, _Line] = {}
        # By time first: on the clock of Windows several have the same, and those are in the order of the journal.
        for submission in sorted(everything, key=lambda s: s.created_at):
            self._lines.setdefault(submission.origin, _Line()).add(submission, now)

    def held_back_by(self, submission: Submission) -> Submission | None:
        """The one whose trouble with the key or the account keeps this one from being sent."""
        if submission.phase is not Phase.INTENDED or submission.is_stopped:
            return None
        line = self._lines.get(submission.origin)
        return line.holder if line is not None else None

    def waits_because(self, submission: Submission) -> str:
        """For what one waits that has not been sent, where its own ``problem`` does not say it; a sentence, or
        ``""``.
        """
        holder, line = self.held_back_by(submission), self._lines.get(submission.origin)
        if holder is not None:
            name = holder.target.name or holder.id
            return f'Waiting, because "{name}" with the same key is on hold. {holder.problem}'
        if line is None or submission.phase is not Phase.INTENDED or submission.problem:
            return ""
        made, first = line.made, line.before.get(submission.id, line.waiting)
        return f"Queued: {made} being generated, {first} ahead of this job." if made or first else ""


@dataclass(slots=True)
class _Line:
    """Those of one key at one service: how many are made and wait, and how many wait before each."""

    holder: Submission | None = None
    made: int = 0
    waiting: int = 0
    before: dict[str, int] = field(default_factory=dict)

    def add(self, submission: Submission, now: float) -> None:
        """Put it behind those that are in line."""
        if submission.is_over:
            return
        if submission.holds_key and self.holder is None:
            self.holder = submission
        self.made += is_running(submission, now)
        self.before[submission.id] = self.waiting
        waits = submission.phase is Phase.INTENDED and not submission.is_stopped
        self.waiting += waits or submission.is_told_to_wait
