"""The journal in memory: the methods and the semantics of ``work.journal.Journal``, a hundred times as fast.

What the simulator needs of a disk is modelled in one sentence: an append is durable when it returns. ``test_twin.py``
holds the twin against the real journal. ``Watch`` is told of every append, so that a story can interrupt it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life import lifecycle
from kling_omni_addon.core.life.events import Event, Origin
from kling_omni_addon.core.life.lifecycle import Phase, Submission
from kling_omni_addon.work.journal import AlreadyThere, duration_in
from kling_omni_addon.work.leases import LEASE_S, Lease, LeaseLost


class Watch(Protocol):
    """What is told of appends and claims; it may raise, as a crash or a full disk would."""

    def before_append(self, submission_id: str, event: Event) -> None: ...
    def after_append(self, submission_id: str, before: Submission | None, event: Event) -> None: ...
    def claimed(self, submission: Submission) -> None: ...
    def fenced(self) -> None: ...


class Unwatched:
    """Nobody interrupts."""

    def before_append(self, submission_id: str, event: Event) -> None: ...
    def after_append(self, submission_id: str, before: Submission | None, event: Event) -> None: ...
    def claimed(self, submission: Submission) -> None: ...
    def fenced(self) -> None: ...


@dataclass(slots=True, kw_only=True)
class Record:
    """One submission's row and events."""

    submission: Submission
    events: list[Event]
    owner: str = ""
    epoch: int = 0
    leased_until: float = 0.0


@dataclass(slots=True)
class Disk:
    """What survives a crash: shared by all twins of one story."""

    records: dict[str, Record] = field(default_factory=dict)
    last_seq: int = 0
    is_doubtful: bool = False
    settled: set[Origin] = field(default_factory=set)
    made: list[str] = field(default_factory=list)
    _live: tuple[Submission, ...] = ()
    _live_as_of: int = 0

    def live(self) -> tuple[Submission, ...]:
        """What is not over, oldest first; lanes ask far oftener than there is news."""
        if self._live_as_of != self.last_seq:
            self._live_as_of = self.last_seq
            self._live = _oldest_first([r.submission for r in self.records.values() if not r.submission.is_over])
        return self._live


class JournalTwin:
    """One connection to the disk. See ``Journal`` for what each method promises."""

    def __init__(self, disk: Disk, owner: str, is_dead: Callable[[str], bool], watch: Watch) -> None:
        self._disk = disk
        self.owner = owner
        self._is_dead = is_dead
        self._watch = watch
        self._seen: dict[str, tuple[tuple[str, int, float], float]] = {}

    def close(self) -> None:
        """Nothing is open."""

    def begin(self, intended: ev.Intended) -> Submission:
        return self._begin(intended)

    def _begin(self, opening: ev.Intended | ev.Adopted) -> Submission:
        submission = lifecycle.begin(opening)
        self._watch.before_append(submission.id, opening)
        if submission.id in self._disk.records:
            raise AlreadyThere(submission.id)
        self._disk.records[submission.id] = Record(submission=submission, events=[opening])
        self._disk.last_seq += 1
        self._watch.after_append(submission.id, None, opening)
        return submission

    def append(
        self,
        submission_id: str,
        event: Event,
        lease: Lease | None = None,
        check: Callable[[], None] | None = None,
    ) -> Submission:
        self._watch.before_append(submission_id, event)
        record = self._disk.records.get(submission_id)
        if lease is not None and (record is None or (record.owner, record.epoch) != (lease.owner, lease.epoch)):
            self._watch.fenced()
            raise LeaseLost(submission_id)
        if check is not None:
            check()
        assert record is not None, "the simulator appends to what it began"
        before = record.submission
        record.submission = lifecycle.apply(before, event)
        record.events.append(event)
        if isinstance(event, ev.Rebound | ev.Vanished):
            record.owner, record.leased_until = "", 0.0
        self._disk.last_seq += 1
        if isinstance(event, ev.Succeeded):
            self._disk.made.append(submission_id)
        self._watch.after_append(submission_id, before, event)
        return record.submission

    def durations(self, service: str, most: int) -> tuple[tuple[str, float], ...]:
        histories = [self._disk.records[each].events for each in dict.fromkeys(self._disk.made[-most:])]
        return tuple(found for history in histories for found in duration_in(history, service))

    def claim(self, submission_id: str, now: float) -> Lease | None:
        record = self._disk.records.get(submission_id)
        if record is None:
            return None
        was_dropped = record.owner not in ("", self.owner)
        if record.owner != self.owner:
            row = (record.owner, record.epoch, record.leased_until)
            if record.owner and not self._has_lapsed(submission_id, row, now) and not self._is_dead(record.owner):
                return None
            record.epoch += 1
        record.owner, record.leased_until = self.owner, now + LEASE_S
        self._watch.claimed(record.submission)
        return Lease(submission_id=submission_id, owner=self.owner, epoch=record.epoch, was_dropped=was_dropped)

    def _has_lapsed(self, submission_id: str, row: tuple[str, int, float], now: float) -> bool:
        seen, since = self._seen.setdefault(submission_id, (row, now))
        if seen != row:
            self._seen[submission_id] = (row, now)
            return False
        return now - since >= LEASE_S

    def renew(self, now: float, ids: Iterable[str]) -> None:
        asked = set(ids)
        for record in self._disk.records.values():
            if record.submission.id in asked and record.owner == self.owner and not record.submission.is_over:
                record.leased_until = now + LEASE_S

    def give_up(self) -> None:
        for record in self._disk.records.values():
            if record.owner == self.owner:
                record.owner, record.leased_until = "", 0.0

    def doubt(self, now: float) -> None:
        """What ``doubt_if_older`` does once the mark has shown that events are missing."""
        self._disk.is_doubtful = True
        self._disk.settled.clear()
        for record in list(self._disk.records.values()):
            if record.submission.phase is Phase.INTENDED:
                self.append(record.submission.id, ev.Doubted(at=now))

    def needs_reconciling(self, origin: Origin) -> bool:
        return self._disk.is_doubtful and origin not in self._disk.settled

    def settle(self, origin: Origin, found: Iterable[ev.Adopted]) -> int:
        count = sum(self._adopt(adopted) for adopted in found)
        self._disk.settled.add(origin)
        return count

    def _adopt(self, adopted: ev.Adopted) -> bool:
        record = self._disk.records.get(adopted.submission_id)
        if record is None:
            self._begin(adopted)
            return True
        found = record.submission
        if found.origin != adopted.origin or found.phase not in lifecycle.TRANSITIONS[ev.Adopted]:
            return False
        self.append(adopted.submission_id, adopted)
        return True

    def knows(self, submission_id: str) -> bool:
        return submission_id in self._disk.records

    def load(self, submission_id: str) -> Submission | None:
        record = self._disk.records.get(submission_id)
        return record.submission if record else None

    def live(self) -> tuple[Submission, ...]:
        return self._disk.live()

    def all(self) -> tuple[Submission, ...]:
        return _oldest_first([record.submission for record in self._disk.records.values()])

    def last_seq(self) -> int:
        return self._disk.last_seq

    def history(self, submission_id: str) -> tuple[Event, ...]:
        record = self._disk.records.get(submission_id)
        return tuple(record.events) if record else ()


def _oldest_first(found: list[Submission]) -> tuple[Submission, ...]:
    if len(found) > 1:
        found.sort(key=lambda s: s.created_at)  # stable: those of one moment as they were recorded
    return tuple(found)
