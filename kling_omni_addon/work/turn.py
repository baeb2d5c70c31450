"""A lane's turn at one submission: what the three trades (sending, asking, fetching) have at hand for one step of it,
and the ways in which a step can end.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from ..core.errors import CredentialsRefused, CredentialsUnfit, KlingError
from ..core.life import events as ev
from ..core.life import pacing
from ..core.life.events import Event
from ..core.life.lifecycle import Action, Submission
from .assignment import Assignment, Service
from .crew import Crew
from .journal import Journal
from .leases import Lease
from .memory import Memory

_log = logging.getLogger(__name__)

_WITHOUT_A_KEY_S = 300.0
_CLOCKS_APART_S = 600.0
"""So far the service's clock may be behind ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One submission as it stood when the turn began, the lease on it, and the lane's own journal and connection."""

    submission: Submission
    lease: Lease
    journal: Journal
    service: Service
    crew: Crew

    @property
    def assignment(self) -> Assignment:
        """What the worker is set to."""
        return self.crew.assignment

    @property
    def memory(self) -> Memory:
        """What the lanes of this process know together."""
        return self.crew.memory

    def now(self) -> float:
        """Unix seconds, by the worker's clock."""
        return self.crew.clock.now()

    def wall(self) -> float:
        """Unix seconds, by the time of day: what other processes' records are compared with."""
        return self.crew.clock.wall()

    def candidates(self) -> tuple[str, ...]:
        """The tasks on the account's list that may be this submission's, which the service was told no id of: made
        since it was wished for, without an id of anybody's, and of no other submission. The list names no model. Raises
        like ``Service.list_tasks``.
        """
        submission = self.submission
        known = {each.task_id for each in self.journal.all()} | set(submission.ended_tasks)
        since = submission.created_at - _CLOCKS_APART_S
        return tuple(
            report.task_id
            for report in self.service.list_tasks()
            if not report.external_task_id
            and report.task_id not in known
            and (not report.created_at or report.created_at >= since)
        )

    def append(self, event: Event, check: Callable[[], None] | None = None) -> None:
        """Put an event on record within a step; it lasts on return. Raises like ``Journal.append``."""
        self.journal.append(self.submission.id, event, self.lease, check)

    def record(self, event: Event) -> None:
        """Put on record what came of the step, and let the other lanes look. Raises like ``Journal.append``."""
        self.append(event)
        self.crew.tell_news()

    def begin_looking(self, event: ev.Reopened | ev.Unanswered | ev.Denied | ev.Doubted) -> None:
        """Put on record that a window of looking begins, and that it begins here."""
        self.record(event)
        self.memory.open_here(self.lease, event.at)

    def put_off(self, action: Action, error: KlingError) -> None:
        """A question that failed says nothing about the task: ask again later, much later when the key is at fault."""
        submission = self.submission
        wait_s = pacing.poll_interval_s(self.now() - submission.changed_at, submission.id)
        if isinstance(error, CredentialsRefused | CredentialsUnfit):
            wait_s = _WITHOUT_A_KEY_S
        _log.warning("%s: %s; asking again in %.0f s", submission.id, error.sentence, wait_s)
        self.memory.note_silence(submission.id, self.now(), str(error))
        self.memory.pause(submission.id, action, self.now() + wait_s)
