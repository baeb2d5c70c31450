"""What the lanes of one process know together and no journal keeps: who has what in hand, what is put off, and what was
learned of the service. It ends with the process, and nothing that is paid for hangs on it.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from dataclasses import dataclass

from ..core.life.lifecycle import Action
from ..core.life.queueing import Slots
from ..core.protocol import TaskReport
from .leases import Lease

SILENT_AFTER_S = 10.0
"""So long a service may take for an answer of use before that is called a silence."""
_FRESH_S = 60.0
DURATIONS_KEPT = 20
"""So many durations of each kind of task say what is usual."""
_LONGEST_WATCHED_S = 3600.0
"""What is said to have taken longer was done while nobody asked: Blender was closed overnight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Since when (Unix seconds) the service says nothing of use about a submission, and why, as a sentence, which is
    ``""`` while the first question about it is still open.
    """

    since: float
    reason: str


class Memory:
    """One for all lanes of a worker; every lane may call it at any moment."""

    def __init__(self, slots: Slots) -> None:
        self.slots = slots
        self._lock = threading.Lock()
        self._busy: set[str] = set()
        self._not_before: dict[tuple[str, Action], float] = {}
        self._stepped_over: dict[str, float] = {}
        self._missing: dict[str, tuple[float, int]] = {}
        self._asked_since: dict[str, float] = {}
        self._silences: dict[str, Silence] = {}
        self._opened_here: dict[str, tuple[int, float]] = {}
        self._asked_for: set[str] = set()
        self._answers: dict[str, tuple[TaskReport, float]] = {}
        self._durations: dict[str, deque[float]] = {}

    def take(self, submission_id: str) -> bool:
        """Keep other lanes of this process off a submission until :meth:`let_go`; False when another lane has it."""
        with self._lock:
            is_free = submission_id not in self._busy
            self._busy.add(submission_id)
            return is_free

    def let_go(self, submission_id: str) -> None:
        """Let other lanes have what :meth:`take` gave to this one."""
        with self._lock:
            self._busy.discard(submission_id)
            self._asked_since.pop(submission_id, None)

    def note_asked(self, submission_id: str) -> bool:
        """The account is asked now whether it knows a submission of another key; False when it was asked before."""
        with self._lock:
            is_first = submission_id not in self._asked_for
            self._asked_for.add(submission_id)
            return is_first

    def forget_asked(self, submission_id: str | None = None) -> None:
        """Let the account be asked again: for one submission, or for all."""
        with self._lock:
            if submission_id is None:
                self._asked_for.clear()
            else:
                self._asked_for.discard(submission_id)

    def busy(self) -> frozenset[str]:
        """What the lanes of this process have in hand."""
        with self._lock:
            return frozenset(self._busy)

    def pause(self, submission_id: str, action: Action, until: float) -> None:
        """Not before ``until``: for waits that need not survive a restart."""
        self._not_before[submission_id, action] = until

    def earliest(self, submission_id: str, action: Action) -> float:
        """When :meth:`pause` allows an action again; long ago where nothing was paused."""
        return self._not_before.get((submission_id, action), 0.0)

    def step_over(self, submission_id: str, until: float) -> None:
        """Let those behind it in the queue go first until then: a mistake of our own keeps it from being sent."""
        self._stepped_over[submission_id] = until

    def is_stepped_over(self, submission_id: str, now: float) -> bool:
        """Whether :meth:`step_over` lets others go first."""
        return now < self._stepped_over.get(submission_id, 0.0)

    def stepped_over_s(self, now: float) -> float:
        """Seconds until the next one that was stepped over has its turn again; infinite where there is none."""
        return min((until - now for until in tuple(self._stepped_over.values()) if until > now), default=math.inf)

    def note_missing(self, submission_id: str, now: float) -> tuple[float, int]:
        """The service says once more that it has no such thing: since when, and how often without another answer."""
        with self._lock:
            since, times = self._missing.get(submission_id, (now, 0))
            self._missing[submission_id] = (since, times + 1)
            return since, times + 1

    def note_there(self, submission_id: str) -> None:
        """The service answered for it, so :meth:`note_missing` counts from the beginning again."""
        with self._lock:
            self._missing.pop(submission_id, None)
            self._silences.pop(submission_id, None)

    def note_question(self, submission_id: str, now: float) -> None:
        """The service is asked about it from now on, until :meth:`note_answered` or :meth:`let_go`."""
        with self._lock:
            self._asked_since[submission_id] = now

    def note_answered(self, submission_id: str) -> None:
        """The question that :meth:`note_question` told of is over, whatever came of it."""
        with self._lock:
            self._asked_since.pop(submission_id, None)

    def note_silence(self, submission_id: str, now: float, reason: str) -> None:
        """A question about it brought nothing that helps it on; ``reason`` is a sentence. Since when that is so is
        remembered until :meth:`note_there`.
        """
        with self._lock:
            before = self._silences.get(submission_id)
            since = before.since if before else self._asked_since.get(submission_id, now)
            self._silences[submission_id] = Silence(since=since, reason=reason)

    def silence_of(self, submission_id: str, now: float) -> Silence | None:
        """Since when, and why, questions about it bring nothing; None where the last one did, and for the first
        :data:`SILENT_AFTER_S`. A question that is still open counts from when it was asked.
        """
        with self._lock:
            known, asked_since = self._silences.get(submission_id), self._asked_since.get(submission_id)
        if known is None and asked_since is not None:
            known = Silence(since=asked_since, reason="")
        return known if known is not None and now - known.since >= SILENT_AFTER_S else None

    def keep_answer(self, submission_id: str, report: TaskReport, now: float) -> None:
        """The service named the clip's link; it is a secret, so it is kept here alone, and for a minute."""
        with self._lock:
            self._answers[submission_id] = (report, now)

    def take_answer(self, submission_id: str, task_id: str, now: float) -> TaskReport | None:
        """The answer of :meth:`keep_answer`, once; None where there is none, where its link may not be fresh any more,
        and where the submission has another task by now.
        """
        with self._lock:
            report, at = self._answers.pop(submission_id, (None, 0.0))
        is_of_task = report is not None and report.task_id == task_id
        return report if is_of_task and 0 <= now - at < _FRESH_S else None

    def learn_slots(self, running: int, now: float, *, was_accepted: bool) -> None:
        """The service took one more task, or said that there are too many."""
        with self._lock:
            learn = self.slots.after_accepted if was_accepted else self.slots.after_refused
            self.slots = learn(running, now)

    def learn_duration(self, kind: str, seconds: float) -> None:
        """A task of this kind took so long from its acceptance to its clip; older ones are forgotten over it. What only
        a clock that was set, or a night without Blender, explains is passed over.
        """
        if not 0 < seconds <= _LONGEST_WATCHED_S:
            return
        with self._lock:
            self._durations.setdefault(kind, deque(maxlen=DURATIONS_KEPT)).append(seconds)

    def usual_s(self, kind: str) -> tuple[float, ...]:
        """How long the last tasks of this kind took, in seconds, as far as it was learned."""
        with self._lock:
            return tuple(self._durations.get(kind, ()))

    def opened_here(self, lease: Lease, looking_since: float) -> bool:
        """Whether the window of looking that began at ``looking_since`` was begun here, under this very lease.

        Whoever takes an open create over, even back, does not know what the other did in between; and a time that
        another process wrote down says nothing by our clock.
        """
        with self._lock:
            return self._opened_here.get(lease.submission_id) == (lease.epoch, looking_since)

    def open_here(self, lease: Lease, looking_since: float) -> None:
        """A window of looking began here; to be said only once that is on disk."""
        with self._lock:
            self._opened_here[lease.submission_id] = (lease.epoch, looking_since)
