"""What the lanes of one worker have in common: their assignment, one clock, one memory, and the ways to wake each other
and to tell those who watch.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from queue import SimpleQueue

from ..core.life import pacing
from ..core.life.lifecycle import Action, Submission
from ..core.life.queueing import Slots
from .assignment import Assignment
from .clock import Clock
from .memory import Memory
from .rest import Rest


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Bytes of a download so far, and in all if known; or of an upload, 0 once that is over."""

    submission_id: str
    received: int
    total: int | None
    is_upload: bool = False


class Crew:
    """The lanes of one worker, as each of them sees the others.

    ``changed`` is set at every news in the journal, for whoever waits for it; ``stopping`` asks the lanes to end, and
    ``rest`` to rest for a moment. Byte
    counts, which no journal keeps, go into ``messages``.
    """

    def __init__(self, *, assignment: Assignment, clock: Clock, messages: SimpleQueue[Progress]) -> None:
        self.assignment = assignment
        self.clock = clock
        self.messages = messages
        self.memory = Memory(Slots.at_most(assignment.concurrency))
        self.changed = threading.Event()
        self.stopping = threading.Event()
        self.rest = Rest()
        self._wakes: list[threading.Event] = []

    def new_wake(self) -> threading.Event:
        """The event that one more lane sleeps on; :meth:`wake` sets it."""
        wake = threading.Event()
        self._wakes.append(wake)
        return wake

    def wake(self) -> None:
        """Let every lane look at the journal now: something new is in it."""
        for wake in self._wakes:
            wake.set()

    def ask_later(self, submission: Submission, age_s: float) -> None:
        """Do not ask about a task before it may have got further; ``age_s`` seconds after its acceptance it was as it
        stands on record.
        """
        usual_s = self.memory.usual_s(submission.payload.kind)
        interval_s = pacing.poll_interval_s(age_s, f"{submission.id}{age_s:.0f}", usual_s)
        self.memory.pause(submission.id, Action.ASK, self.clock.now() + interval_s)

    def tell_news(self) -> None:
        """A lane put something on record: the other lanes, and whoever waits, look now."""
        self.changed.set()
        self.wake()
