"""The promises, checked while a story runs and at its end.

The judge keeps its own books (what left, what was refused, since when a create is in doubt) and never asks the
lifecycle what it thinks.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import Event
from kling_omni_addon.core.life.lifecycle import Phase, Submission

from .kling import CLIP_LIFE_S
from .story import WINDOW_S, Process, Story, Violation

if TYPE_CHECKING:
    from .kling import Task

_KNOWN = (Phase.ACCEPTED, Phase.READY, Phase.FETCHED, Phase.PLACED)

_AT_ONCE = 5
_OF_THE_USER = (
    *(ev.Rebound, ev.LookAgain, ev.SendAgain, ev.Abandoned),
    *(ev.Withdrawn, ev.Released, ev.Redirected, ev.Vanished, ev.Placed),
)


class Judge:
    """What was promised for every submission."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._bodies: dict[str, tuple[str, bytes]] = {}
        self._left: Counter[str] = Counter()
        self._doubt_since: dict[str, float] = {}
        self._held_seq: dict[str, int] = {}
        self._begun: dict[str, tuple[float, int]] = {}
        self._account: tuple[Process, str] | None = None

    # while it runs

    def body_begins(self, process: Process, external_id: str) -> None:
        """A create goes out."""
        self._check_pause(external_id)
        began = self._story.running[-1].began_seq
        held = [s for s in self._story.submissions() if s.is_held and not s.is_over and s.origin == process.origin]
        if any(self._held_seq.get(s.id, 0) <= began for s in held):
            raise Violation(f"{external_id} goes out although the key is held")
        if self._account is not None and self._account[0] is process:
            refused = self._story.disk.records[self._account[1]].submission
            if refused.phase is Phase.INTENDED and not refused.is_held:
                raise Violation("an account's refusal was answered with another create")
        self._account = None

    def _check_pause(self, external_id: str) -> None:
        now = self._story.kling.now
        at, times = self._begun.get(external_id, (now, 0))
        self._begun[external_id] = (now, times + 1 if at == now else 1)
        if times >= _AT_ONCE and at == now:
            raise Violation(f"{external_id} goes out again and again without a pause")

    def refused_by_account(self, process: Process, external_id: str) -> None:
        """The service is about to say that a person must act."""
        self._account = (process, external_id)

    def last_byte_leaves(self, process: Process, external_id: str, path: str, body: bytes) -> None:
        """The commit order: the journal knows of this send already, and it is the same bytes as ever, in the same
        place.
        """
        record = self._story.disk.records.get(external_id)
        if record is None:
            raise Violation(f"a create with an id that the journal does not know: {external_id}")
        self._left[external_id] += 1
        sents = [event for event in record.events if isinstance(event, ev.Sent)]
        if len(sents) < self._left[external_id]:
            raise Violation(f"the last byte of {external_id} leaves before Sent is on disk")
        if self._bodies.setdefault(external_id, (path, body)) != (path, body):
            raise Violation(f"{external_id} is sent with other bytes, or elsewhere")
        if record.submission.phase is Phase.ABANDONED and _is_withdrawn(record.events):
            raise Violation(f"{external_id} is sent although it was withdrawn")

    def not_recorded(self) -> None:
        """The disk was full, or the lease lost: what was learned is not known any more."""
        self._account = None

    def claimed(self, process: Process, submission: Submission) -> None:
        """A life that did not send it takes over a create that is in doubt: in doubt from now."""
        if submission.phase is Phase.UNANSWERED and submission.id not in process.in_hand:
            process.in_hand.add(submission.id)
            self._doubt_since[submission.id] = self._story.kling.now

    def recorded(self, process: Process, submission_id: str, before: Submission | None, event: Event) -> None:
        """Keep the books, and look at every parking and at whose hand it was."""
        self._check_fence(process, submission_id, event)
        self._note_doubt(process, submission_id, event)
        if isinstance(event, ev.Held):
            self._held_seq[submission_id] = self._story.disk.last_seq
        if isinstance(event, ev.Released | ev.SendAgain):  # a person has decided
            self._account = None
        if isinstance(event, ev.Parked):
            self._judge_parking(submission_id)

    def _check_fence(self, process: Process, submission_id: str, event: Event) -> None:
        is_fenced = self._story.disk.records[submission_id].owner not in ("", process.owner)
        if is_fenced and not isinstance(event, _OF_THE_USER):
            raise Violation(f"{type(event).__name__} of {submission_id} is recorded by a process that lost its lease")

    def _note_doubt(self, process: Process, submission_id: str, event: Event) -> None:
        """Since when nobody knows whether there is a task, and which lives know that it is so."""
        if isinstance(event, ev.Sent):
            for other in self._story.processes:
                other.in_hand.discard(submission_id)
            process.in_hand.add(submission_id)
        if isinstance(event, ev.Sent | ev.Unanswered | ev.Denied | ev.LookAgain):
            self._doubt_since[submission_id] = self._story.kling.now
        if isinstance(event, ev.LookAgain):
            for other in self._story.processes:
                other.in_hand.add(submission_id)

    def _judge_parking(self, submission_id: str) -> None:
        window_end = self._doubt_since[submission_id] + WINDOW_S
        ended = _ended_tasks(self._story.disk.records[submission_id].events)
        for task in self._tasks(submission_id):
            # Where one task has ended, a question by our id is answered with that one: only the list shows others.
            was_to_be_found = not ended and task.found_from <= window_end
            if task.id not in ended and (was_to_be_found or task.listed_from <= window_end):
                raise Violation(f"{submission_id} is parked although its task was to be seen within the window")
        if self._story.kling.now < window_end:
            raise Violation(f"{submission_id} is parked before the window is over")

    # at the end

    def before_looking_again(self) -> None:
        """Everything has come to rest by itself: nothing that was made and paid is given up."""
        for record in self._story.disk.records.values():
            s = record.submission
            made = self._kept(s.id)
            if made and s.phase is Phase.FAILED and not _sent_again(record.events):
                raise Violation(f"{s.id} failed ({s.problem}) although the service made it")

    def verdict(self) -> None:
        """The invariants of a finished history."""
        for submission_id, record in self._story.disk.records.items():
            self._judge_creates(submission_id, record.events)
            self._judge_end(record.submission, record.events)
            self._judge_digest(record.events)
        strangers = {task.external_id for task in self._story.kling.tasks} - set(self._story.disk.records)
        if strangers:
            raise Violation(f"the service made {strangers}, which the journal never heard of")

    def _judge_creates(self, submission_id: str, events: list[Event]) -> None:
        creates = len(self._tasks(submission_id))
        if creates > 1 + _sent_again(events):
            raise Violation(f"{submission_id} was created {creates} times")
        if creates > 1 and not self._story.kling.is_lax:
            raise Violation(f"{creates} tasks of one id at a service that refuses duplicates")
        if creates and _is_withdrawn(events):
            raise Violation(f"{submission_id} was withdrawn, and the service made it")

    def _judge_end(self, s: Submission, events: list[Event]) -> None:
        needs_reason = s.phase in (Phase.FAILED, Phase.ABANDONED, Phase.PARKED) or s.is_held or s.is_set_aside
        if needs_reason and not s.problem:
            raise Violation(f"{s.id} ends {s.phase.value} without a reason")
        tasks = self._tasks(s.id)
        if s.phase in (Phase.FETCHED, Phase.PLACED):
            task = next((task for task in tasks if task.id == s.task_id), None)
            is_right = task is not None and s.charge_units == task.units
            is_unknown = task is not None and task.is_told_oddly and not s.charge_units
            if not (is_right or is_unknown) or not s.clip:
                raise Violation(f"{s.id} has {s.charge_units} for {s.task_id}, the service {task}")
            return
        made = self._kept(s.id)
        if made and not _was_abandoned(events):
            raise Violation(f"the service made {made[0].id}, and {s.id} ends {s.phase.value}: {s.problem}")

    def _judge_digest(self, events: list[Event]) -> None:
        digests = {event.digest for event in events if isinstance(event, ev.Sent)}
        if len(digests) > 1:
            raise Violation("several digests under one id")

    def _kept(self, submission_id: str) -> list[Task]:
        """Tasks with a clip that the service still has."""
        oldest = self._story.kling.now - CLIP_LIFE_S
        return [task for task in self._tasks(submission_id) if not task.ends_badly and task.made_at > oldest]

    def _tasks(self, submission_id: str) -> list[Task]:
        return [task for task in self._story.kling.tasks if task.external_id == submission_id]


def _sent_again(events: list[Event]) -> int:
    return sum(isinstance(event, ev.SendAgain) for event in events)


def _ended_tasks(events: list[Event]) -> set[str]:
    """Tasks that were found and then failed."""
    moves = [event for event in events if isinstance(event, ev.Accepted | ev.Failed)]
    return {a.task_id for a, b in pairwise(moves) if isinstance(a, ev.Accepted) and isinstance(b, ev.Failed)}


def _is_withdrawn(events: list[Event]) -> bool:
    """Whether it was given up for good: nobody looked or sent again after that."""
    acts = [event for event in events if isinstance(event, ev.Withdrawn | ev.LookAgain | ev.SendAgain)]
    return bool(acts) and isinstance(acts[-1], ev.Withdrawn)


def _was_abandoned(events: list[Event]) -> bool:
    return any(isinstance(event, ev.Abandoned) for event in events)
