"""A lane: asks ``lifecycle.decide`` what is next for each submission, takes a lease on it, and has it done.

All that a lane does happens in :meth:`Lane.run_due`, which tests drive with a clock of their own and no thread. What
the steps are is written in ``sending``, ``asking`` and ``fetching``.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from contextlib import suppress

from ..core.errors import JournalUnusable, KlingError
from ..core.life import events as ev
from ..core.life import lifecycle, queueing
from ..core.life.events import Event
from ..core.life.lifecycle import Action, IllegalTransition, Phase, Submission
from . import asking, fetching, rebinding, recovery, sending
from .assignment import Service
from .crew import Crew
from .journal import Journal
from .leases import LEASE_S, Lease, LeaseLost
from .memory import DURATIONS_KEPT
from .turn import Turn

_log = logging.getLogger(__name__)

SENDING = frozenset({Action.SEND, Action.SET_ASIDE})
ASKING = frozenset({Action.ASK, Action.LOOK_UP, Action.SCAN, Action.PARK, Action.BELIEVE})
FETCHING = frozenset({Action.FETCH, Action.FETCH_MARKED, Action.SET_ASIDE})
"""The three kinds of lane, by the actions that they take submissions along by."""

IDLE_S = 2.0
"""How often the journal is looked at for what other processes did."""
TROUBLE_S = 30.0
"""How long is waited after trouble that no submission is to blame for."""
_CAN_CRASH = frozenset({Action.SEND, Action.FETCH})
"""Steps that end with an event, whatever comes of them; questions often bring none."""


class Lane:
    """Takes the live submissions along by some of the actions, with a journal and a connection of its own."""

    def __init__(self, crew: Crew, journal: Journal, service: Service, actions: frozenset[Action]) -> None:
        self._crew = crew
        self._memory = crew.memory
        self._journal = journal
        self._service = service
        self._actions = actions
        self._clock = crew.clock
        self._renewed_at = crew.clock.now()
        self._together = asking.AskedTogether(service, crew)
        if Action.ASK in actions:
            self._learn_durations()
        self._steps: Mapping[Action, Callable[[Turn], None]] = {
            Action.SEND: sending.send,
            Action.LOOK_UP: asking.look_up,
            Action.SCAN: asking.scan,
            Action.PARK: asking.park,
            Action.BELIEVE: asking.believe,
            Action.ASK: lambda turn: asking.ask(turn, self._together),
            Action.FETCH: fetching.fetch,
            Action.FETCH_MARKED: fetching.fetch_marked,
            Action.SET_ASIDE: _set_aside,
        }

    def close(self) -> None:
        """Close the lane's journal; its leases stay until another process takes them."""
        self._journal.close()

    def run_due(self) -> float:
        """Do what is due; seconds until the next step is (0 when something was done, infinite when nothing is planned).

        A sending lane does one step a pass: the answer to one send may change whether there is a next.
        """
        self._renew_leases()
        if Action.SEND in self._actions and not self._reconcile():
            return TROUBLE_S
        if Action.ASK in self._actions:
            rebinding.rebind_known(self._journal, self._service, self._crew)
        pause_s = self._memory.stepped_over_s(self._clock.now()) if Action.SEND in self._actions else math.inf
        for listed in self._candidates():
            pause_s = min(pause_s, self._advance(listed.id))
            if self._crew.stopping.is_set():
                break
        return pause_s

    def _learn_durations(self) -> None:
        """Learn from the record how long tasks take, as far as that can be read."""
        try:
            for kind, seconds in self._journal.durations(self._crew.assignment.origin.service, DURATIONS_KEPT):
                self._memory.learn_duration(kind, seconds)
        except Exception:  # noqa: BLE001 - an estimate: nothing that stands there may keep tasks from being asked about
            _log.exception("how long tasks took cannot be read from the job history")

    def _renew_leases(self) -> None:
        now = self._clock.now()
        if Action.ASK in self._actions and now - self._renewed_at >= LEASE_S / 3:
            self._renewed_at = now
            own = self._crew.assignment.origin
            self._journal.renew(now, [s.id for s in self._journal.live() if s.origin == own])

    def _reconcile(self) -> bool:
        """Whether sending is allowed: not before the account's list was read where the journal may lack something."""
        origin = self._crew.assignment.origin
        if not self._journal.needs_reconciling(origin):
            return True
        try:
            recovery.reconcile(
                self._journal, self._service.list_tasks, self._clock.now(), origin, self._crew.assignment.dialect
            )
        except KlingError as error:
            _log.warning("the list of tasks could not be read, so nothing is sent yet: %s", error.sentence)
            return False
        self._crew.tell_news()
        return True

    def _candidates(self) -> list[Submission]:
        """The live submissions that this pass may take along: those of this worker's service and key."""
        mine = [s for s in self._journal.live() if s.origin == self._crew.assignment.origin]
        if self._actions == SENDING:
            now = self._clock.now()
            able = [s for s in mine if not self._memory.is_stepped_over(s.id, now)]
            chosen = queueing.next_to_send(able, self._memory.busy(), self._memory.slots, now)
            return [chosen] if chosen else []
        if self._actions == ASKING:
            self._together.read_if_worth_it(mine)
        return sorted(mine, key=lambda s: s.awaits_marked)  # the copy of one clip never keeps another clip waiting

    def _advance(self, submission_id: str) -> float:
        """Do what is due for one submission, unless another lane has it; seconds until the next step is."""
        if not self._memory.take(submission_id):
            return math.inf
        try:
            # Read anew: another lane may have moved it on since the list was made.
            submission = self._journal.load(submission_id)
            return math.inf if submission is None else self._next_step(submission)
        finally:
            self._memory.let_go(submission_id)

    def _next_step(self, submission: Submission) -> float:
        step = lifecycle.decide(submission, self._clock.now(), self._crew.assignment.window_s)
        if step.action not in self._actions:
            return math.inf
        wait_s = max(step.due, self._memory.earliest(submission.id, step.action)) - self._clock.now()
        return wait_s if wait_s > 0 else self._take_turn(submission, step.action)

    def _take_turn(self, submission: Submission, action: Action) -> float:
        """Do a step under a lease, unless another process has that; seconds until the next."""
        lease = self._journal.claim(submission.id, self._clock.now())
        if lease is None:  # to be told by the others' list page that it is due would spin
            self._memory.pause(submission.id, action, self._clock.now() + IDLE_S)
            return IDLE_S
        try:
            service = self._service.speaking(submission.payload.dialect)
            turn = Turn(submission=submission, lease=lease, journal=self._journal, service=service, crew=self._crew)
            self._do(turn, action)
        except (LeaseLost, IllegalTransition) as error:
            _log.info("%s: another process was faster (%s)", submission.id, error)
        except JournalUnusable:  # what came of it is not on record: not again at once, whoever wakes this lane
            self._memory.pause(submission.id, action, self._clock.now() + TROUBLE_S)
            raise
        except Exception as error:  # noqa: BLE001 - one bad answer or number must not stop the others; it is logged
            self._stumble(submission, lease, action, error)
        return 0.0

    def _stumble(self, submission: Submission, lease: Lease, action: Action, error: Exception) -> None:
        """Put one submission off over which this version fell, and say so: the others go on meanwhile."""
        now = self._clock.now()
        _log.error("%s stumbled over %s and goes on with it in %g s", action, submission.id, TROUBLE_S, exc_info=error)
        self._memory.pause(submission.id, action, now + TROUBLE_S)
        self._memory.step_over(submission.id, now + TROUBLE_S)
        event = _after_stumble(action, now)
        if event is None:
            return
        with suppress(LeaseLost, IllegalTransition):  # it passed the commit point: then it is looked for
            self._journal.append(submission.id, event, lease)
            self._crew.tell_news()

    def _do(self, turn: Turn, action: Action) -> None:
        """Do the step, or first put on record what has to be known before it; then what is next is decided anew."""
        submission, lease = turn.submission, turn.lease
        if submission.phase is Phase.UNANSWERED and not self._memory.opened_here(lease, submission.looking_since):
            turn.begin_looking(ev.Reopened(at=turn.now()))
        elif lease.was_dropped and action in _CAN_CRASH:
            turn.record(ev.Begun(at=turn.now()))  # what comes next depends on how often this happened
        else:
            self._memory.note_question(submission.id, self._clock.now())
            self._steps[action](turn)


def _after_stumble(action: Action, now: float) -> Event | None:
    """What a step that broke off with a mistake of our own leaves on record, for a person to read."""
    if action is Action.SEND:
        return ev.NotSent(at=now, reason=f"Not sent, because of an error in the extension. {_STUMBLED}")
    if action is Action.FETCH:
        return ev.FetchFailed(at=now, reason=f"Not downloaded, because of an error in the extension. {_STUMBLED}")
    if action is Action.FETCH_MARKED:
        return ev.MarkedFailed(at=now, reason=f"An error in the extension stopped the download. {_STUMBLED}")
    return None


_STUMBLED = "The extension tries again; the log has the details."


def _set_aside(turn: Turn) -> None:
    """Leave it to a person: whatever works on it dies."""
    submission = turn.submission
    _log.error("%s is left alone: %d processes in a row died over it", submission.id, submission.crashes)
    turn.record(ev.SetAside(at=turn.now()))
