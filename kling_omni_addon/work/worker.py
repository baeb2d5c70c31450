"""Carry submissions along: ask ``lifecycle.decide`` what is next, do it, record what came of it.

Three kinds of lane work side by side, so that asking never waits for an upload or a download. Each lane is a thread
with its own journal connection; what a lane does is all in :meth:`Lane.run_due`, which tests drive with a clock of
their own and no thread. Nothing here touches Blender.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Protocol

from ..core.errors import (
    CapReached,
    ClipGone,
    CredentialsRefused,
    CredentialsUnreadable,
    JournalUnusable,
    KlingError,
    LinkExpired,
    NetworkMisset,
    NotSent,
    Reaction,
    Refused,
    TaskUnknown,
    Unanswered,
)
from ..core.life import events as ev
from ..core.life import lifecycle, pacing, queueing, spending
from ..core.life.events import Event, Origin
from ..core.life.lifecycle import Action, IllegalTransition, Phase, Submission
from ..core.life.queueing import Slots
from ..core.life.spending import Caps
from ..core.payload import Payload
from ..core.protocol import CLIP_KEPT_S, REACTIONS, Status, TaskReport
from . import recovery
from .clock import Clock
from .filing import clip_path, discard_part
from .journal import LEASE_S, Journal, Lease, LeaseLost
from .reception import Reception

_log = logging.getLogger(__name__)

IDLE_S = 2.0
"""How often the journal is looked at for what other processes did."""
_TROUBLE_S = 30.0
_SIGNATURES = 2
_MANY = 3
_TOGETHER_S = 3.0
"""Tasks that are due within this time are asked about together."""
_LEARNED = 20
_TOO_MANY = 1303
_EXPIRED = "The clip has expired at the service: Kling keeps clips for 30 days."


class FetchedClip(Protocol):
    """What a service gives back for a fetched clip."""

    @property
    def path(self) -> Path: ...
    @property
    def sha256(self) -> str: ...
    @property
    def size_bytes(self) -> int: ...


class Service(Protocol):
    """What a worker wants of the service; ``remote.service.KlingService`` keeps the promises in words."""

    def submit(self, payload: Payload, commit: Callable[[], None]) -> TaskReport: ...
    def find(self, external_task_id: str) -> TaskReport: ...
    def ask(self, task_id: str) -> TaskReport: ...
    def recent(self) -> tuple[TaskReport, ...]: ...
    def list_tasks(self) -> Iterable[TaskReport]: ...
    def fetch(self, report: TaskReport, target: Path, reception: Reception) -> FetchedClip: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the worker is told once: whose submissions, where clips go, how long it looks for lost answers, what is done
    with a clip that is there, before it is on record as fetched (it must not raise), and how many tasks may run at once
    at most (``concurrency``; None leaves it to what the service takes). Nothing is sent that might break one of
    ``caps``.
    """

    origin: Origin
    clips: Path
    with_clip: Callable[[Submission], None] = lambda _submission: None
    window_s: float = lifecycle.LOOK_WINDOW_S
    concurrency: int | None = None
    caps: Caps = field(default_factory=Caps)
    uploads: int = 2
    downloads: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Bytes of a download so far, and in all if known; or of an upload, 0 once that is over."""

    submission_id: str
    received: int
    total: int | None
    is_upload: bool = False


class Worker:
    """The threads that carry submissions. What they did stands in the journal; only progress comes through
    ``messages``.
    """

    def __init__(
        self,
        *,
        open_service: Callable[[], Service],
        open_journal: Callable[[], Journal],
        clock: Clock,
        plan: Plan,
        messages: SimpleQueue[Progress],
    ) -> None:
        self._open_service = open_service
        self._open_journal = open_journal
        self.clock = clock
        self.plan = plan
        self.messages = messages
        self.changed = threading.Event()
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._busy: set[str] = set()
        self._not_before: dict[tuple[str, Action], float] = {}
        self._missing: dict[str, tuple[float, int]] = {}
        self._opened_here: dict[str, tuple[int, float]] = {}
        self.slots = Slots.at_most(plan.concurrency)
        self._durations: dict[str, deque[float]] = {}
        self._threads: list[threading.Thread] = []
        self._wakes: list[threading.Event] = []

    def start(self) -> None:
        """Start the lanes. Returns at once."""
        lanes = [ASKING, *[SENDING] * self.plan.uploads, *[FETCHING] * self.plan.downloads]
        for number, actions in enumerate(lanes):
            wake = threading.Event()
            thread = threading.Thread(
                target=self._run,
                args=(actions, wake),
                name=f"kling-{min(actions)}-{number}".replace(" ", "-"),
                daemon=True,
            )
            self._wakes.append(wake)
            self._threads.append(thread)
            thread.start()

    def wake(self) -> None:
        """Look at the journal now: something new is in it."""
        for wake in self._wakes:
            wake.set()

    def stop(self, timeout_s: float = 1.0) -> None:
        """Ask the lanes to stop. What is on the network after ``timeout_s`` is left as a crash would leave it, which is
        safe.
        """
        self.stopping.set()
        self.wake()
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self, actions: frozenset[Action], wake: threading.Event) -> None:
        lane: Lane | None = None
        while not self.stopping.is_set():
            try:
                lane = lane or self.lane(actions)
                pause_s = min(lane.run_due(), IDLE_S)
            except JournalUnusable as error:
                _log.error("%s Going on in %g s.", error, _TROUBLE_S)
                pause_s = _TROUBLE_S
            except Exception:  # noqa: BLE001 - the outermost line of a thread; the reason is below
                # Broad on purpose: a lane that dies takes paid work with it. Nothing was sent unrecorded; it goes on
                # after a pause.
                _log.exception("a lane stumbled and goes on in %g s", _TROUBLE_S)
                pause_s = _TROUBLE_S
            self.clock.wait(wake, pause_s)
            wake.clear()
        if lane is not None:
            lane.close()

    def lane(self, actions: frozenset[Action]) -> Lane:
        """A lane of this worker, with a journal and a connection of its own."""
        return Lane(self, self._open_journal(), self._open_service(), actions)

    def take(self, submission_id: str) -> bool:
        """Keep other lanes of this process off a submission until :meth:`let_go`; False when another lane has it."""
        with self._lock:
            is_free = submission_id not in self._busy
            self._busy.add(submission_id)
            return is_free

    def let_go(self, submission_id: str) -> None:
        """Another lane may have it now."""
        with self._lock:
            self._busy.discard(submission_id)

    def pause(self, submission_id: str, action: Action, until: float) -> None:
        """Not before ``until``: for waits that need not survive a restart."""
        self._not_before[submission_id, action] = until

    def earliest(self, submission_id: str, action: Action) -> float:
        """When :meth:`pause` allows an action again."""
        return self._not_before.get((submission_id, action), 0.0)

    def note_missing(self, submission_id: str, now: float) -> tuple[float, int]:
        """The service says once more that it has no such thing: since when, and how often without another answer."""
        with self._lock:
            since, times = self._missing.get(submission_id, (now, 0))
            self._missing[submission_id] = (since, times + 1)
            return since, times + 1

    def note_there(self, submission_id: str) -> None:
        """The service knows it (again)."""
        with self._lock:
            self._missing.pop(submission_id, None)

    def busy(self) -> frozenset[str]:
        """What the lanes of this process have in hand."""
        with self._lock:
            return frozenset(self._busy)

    def learn_slots(self, running: int, *, was_accepted: bool) -> None:
        """The service took one more task, or said that there are too many."""
        with self._lock:
            self.slots = self.slots.after_accepted(running) if was_accepted else self.slots.after_refused(running)

    def learn_duration(self, kind: str, seconds: float) -> None:
        """A task of this kind took so long."""
        with self._lock:
            self._durations.setdefault(kind, deque(maxlen=_LEARNED)).append(seconds)

    def usual_s(self, kind: str) -> tuple[float, ...]:
        """How long the last tasks of this kind took, as far as this process saw them."""
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


SENDING = frozenset({Action.SEND, Action.SET_ASIDE})
ASKING = frozenset({Action.ASK, Action.LOOK_UP, Action.SCAN, Action.PARK})
FETCHING = frozenset({Action.FETCH, Action.SET_ASIDE})
_CAN_CRASH = frozenset({Action.SEND, Action.FETCH})
"""Steps that end with an event, whatever comes of them; questions often bring none."""


class Lane:
    """Takes the live submissions along by some of the actions."""

    def __init__(self, worker: Worker, journal: Journal, service: Service, actions: frozenset[Action]) -> None:
        self._worker = worker
        self._journal = journal
        self._service = service
        self._actions = actions
        self._clock = worker.clock
        self._renewed_at = worker.clock.now()
        self._steps: Mapping[Action, Callable[[Submission, Lease], None]] = {
            Action.SEND: self._send,
            Action.LOOK_UP: self._look_up,
            Action.SCAN: self._scan,
            Action.PARK: self._park,
            Action.ASK: self._ask,
            Action.FETCH: self._fetch,
            Action.SET_ASIDE: self._set_aside,
        }
        self._page: dict[str, TaskReport] = {}

    def run_due(self) -> float:
        """Do what is due; seconds until the next step is (0 when something was done, infinite when nothing is planned).

        A sending lane does one step a pass: the answer to one send may change whether there is a next.
        """
        self._renew_leases()
        if Action.SEND in self._actions and not self._reconcile():
            return _TROUBLE_S
        pause_s = math.inf
        for listed in self._candidates():
            pause_s = min(pause_s, self._advance(listed.id))
            if self._worker.stopping.is_set():
                break
        return pause_s

    def _reconcile(self) -> bool:
        """Whether sending is allowed: not before the account's list was read where the journal may lack something."""
        origin = self._worker.plan.origin
        if not self._journal.needs_reconciling(origin):
            return True
        try:
            recovery.reconcile(self._journal, self._service.list_tasks, self._clock.now(), origin)
        except KlingError as error:
            _log.warning("the list of tasks could not be read, so nothing is sent yet: %s", error.sentence)
            return False
        self._worker.changed.set()
        self._worker.wake()
        return True

    def _renew_leases(self) -> None:
        now = self._clock.now()
        if Action.ASK in self._actions and now - self._renewed_at >= LEASE_S / 3:
            self._renewed_at = now
            self._journal.renew(now)

    def close(self) -> None:
        """Close the lane's journal."""
        self._journal.close()

    def _candidates(self) -> list[Submission]:
        """The live submissions that this pass may take along: those of this worker's service and key."""
        mine = [s for s in self._journal.live() if s.origin == self._worker.plan.origin]
        if self._actions == SENDING:
            chosen = queueing.next_to_send(mine, self._worker.busy(), self._worker.slots, self._clock.now())
            return [chosen] if chosen else []
        if self._actions == ASKING:
            self._read_page(mine)
        return mine

    def _read_page(self, mine: list[Submission]) -> None:
        """Ask for many tasks at once, by one page of the list; who is not on it is asked for singly."""
        self._page = {}
        now = self._clock.now()
        due = [(self._worker.earliest(s.id, Action.ASK), s) for s in mine if s.phase is Phase.ACCEPTED]
        soon = [submission for at, submission in due if at <= now + _TOGETHER_S]
        if len(soon) < _MANY or all(at > now for at, _ in due):
            return
        try:
            self._page = {report.task_id: report for report in self._service.recent()}
        except KlingError as error:
            _log.warning("the list of tasks could not be read: %s", error.sentence)
        for submission in soon:
            if submission.task_id in self._page:
                self._worker.pause(submission.id, Action.ASK, until=now)

    def _advance(self, submission_id: str) -> float:
        if not self._worker.take(submission_id):
            return math.inf
        try:
            # Read anew: another lane may have moved it on since the list was made.
            submission = self._journal.load(submission_id)
            return math.inf if submission is None else self._next_step(submission)
        finally:
            self._worker.let_go(submission_id)

    def _next_step(self, submission: Submission) -> float:
        step = lifecycle.decide(submission, self._clock.now(), self._worker.plan.window_s)
        if step.action not in self._actions:
            return math.inf
        wait_s = max(step.due, self._worker.earliest(submission.id, step.action)) - self._clock.now()
        return wait_s if wait_s > 0 else self._take(submission, step.action)

    def _take(self, submission: Submission, action: Action) -> float:
        lease = self._journal.claim(submission.id, self._clock.now())
        if lease is None:  # to be told by the others' list page that it is due would spin
            self._worker.pause(submission.id, action, self._clock.now() + IDLE_S)
            return IDLE_S
        try:
            if submission.phase is Phase.UNANSWERED and not self._worker.opened_here(lease, submission.looking_since):
                self._begin_looking(submission, lease, ev.Reopened(at=self._clock.now()))
                return 0.0
            if lease.was_dropped and action in _CAN_CRASH:
                self._record(submission, lease, ev.Begun(at=self._clock.now()))
                return 0.0  # what comes next depends on how often this happened
            self._steps[action](submission, lease)
        except (LeaseLost, IllegalTransition) as error:
            _log.info("%s: another process was faster (%s)", submission.id, error)
        except JournalUnusable:  # what came of it is not on record: not again at once, whoever wakes this lane
            self._worker.pause(submission.id, action, self._clock.now() + _TROUBLE_S)
            raise
        return 0.0

    def _begin_looking(self, submission: Submission, lease: Lease, event: ev.Reopened | ev.Unanswered) -> None:
        self._record(submission, lease, event)
        self._worker.open_here(lease, event.at)

    def _record(self, submission: Submission, lease: Lease, event: Event) -> None:
        self._journal.append(submission.id, event, lease)
        self._worker.changed.set()
        self._worker.wake()

    def _send(self, submission: Submission, lease: Lease) -> None:
        is_committed = False

        def commit() -> None:
            nonlocal is_committed
            sent = ev.Sent(at=self._clock.now(), digest=submission.payload.digest)
            self._journal.append(submission.id, sent, lease, check=lambda: self._check_limits(submission))
            is_committed = True

        try:
            self._check_limits(submission)  # now, too: what cannot be sent need not be uploaded
            report = self._service.submit(submission.payload, commit)
        except (LeaseLost, IllegalTransition, JournalUnusable):
            raise
        except (CapReached, NetworkMisset, CredentialsUnreadable) as error:  # of this machine: waiting mends none
            held = ev.Held(at=self._clock.now(), reason=str(error), exit_code=error.exit_code)
            self._record(submission, lease, held)
        except KlingError as error:
            event = self._after_failed_send(submission, error, is_committed)
            if isinstance(event, ev.Unanswered):
                self._begin_looking(submission, lease, event)
            else:
                self._record(submission, lease, event)
        else:
            self._record(submission, lease, ev.Accepted(at=self._clock.now(), task_id=report.task_id))
            self._worker.learn_slots(self._running(), was_accepted=True)

    def _check_limits(self, submission: Submission) -> None:
        """Whether the user's own limits let it go out now, whatever other processes have sent meanwhile."""
        plan, now = self._worker.plan, self._clock.now()
        if plan.concurrency is not None and self._running() >= plan.concurrency:
            raise NotSent("As many clips are being made as are allowed at once.")
        if not plan.caps:
            return
        since = now - spending.DAY_S if plan.caps.project is None else -math.inf
        sent = [s for s in self._journal.sent_since(since) if s.origin == plan.origin]
        spending.check_caps(submission, sent, plan.caps, now)

    def _running(self) -> int:
        now = self._clock.now()
        return sum(queueing.is_running(s, now) for s in self._journal.live() if s.origin == self._worker.plan.origin)

    def _after_failed_send(self, submission: Submission, error: KlingError, is_committed: bool) -> Event:
        """What a send that brought no task means (the codes by ``protocol.REACTIONS``)."""
        now, reason = self._clock.now(), str(error)
        lost = ev.Unanswered(at=now, reason=reason) if is_committed else ev.NotSent(at=now, reason=reason)
        if isinstance(error, NotSent | Unanswered) or (is_committed and not _is_explained(error)):
            return lost
        if not isinstance(error, Refused):
            return ev.Failed(at=now, reason=reason)
        match error.reaction:
            case Reaction.RETRY | Reaction.LOOK_UP:
                return lost
            case Reaction.WAIT:
                if error.code == _TOO_MANY:
                    self._worker.learn_slots(self._running() - is_committed, was_accepted=False)
                return ev.Deferred(at=now, reason=reason, retry_after_s=error.retry_after_s)
            case Reaction.SIGN_AGAIN if submission.failures < _SIGNATURES:
                return ev.Deferred(at=now, reason=reason, retry_after_s=None)
            case Reaction.FIX_KEYS | Reaction.SIGN_AGAIN | Reaction.RECHARGE:
                return ev.Held(at=now, reason=reason, exit_code=error.exit_code)
            case _:
                return ev.Failed(at=now, reason=reason)

    def _look_up(self, submission: Submission, lease: Lease) -> None:
        try:
            report = self._find(submission)
        except KlingError as error:
            self._put_off(submission, Action.LOOK_UP, error)
            return
        now = self._clock.now()
        self._record(submission, lease, ev.Accepted(at=now, task_id=report.task_id) if report else ev.Missed(at=now))

    def _find(self, submission: Submission) -> TaskReport | None:
        """Our task, if the service says that it has one that did not end already."""
        if submission.ended_tasks:  # only the list tells several tasks of one id apart
            return _task_of(submission, self._service.recent())
        try:
            return self._service.find(submission.id)
        except TaskUnknown:
            return None

    def _scan(self, submission: Submission, lease: Lease) -> None:
        try:
            report = _task_of(submission, self._service.list_tasks())
        except KlingError as error:
            self._put_off(submission, Action.SCAN, error)
            return
        now = self._clock.now()
        found = ev.Accepted(at=now, task_id=report.task_id) if report else ev.Scanned(at=now)
        self._record(submission, lease, found)

    def _park(self, submission: Submission, lease: Lease) -> None:
        self._record(submission, lease, ev.Parked(at=self._clock.now()))

    def _set_aside(self, submission: Submission, lease: Lease) -> None:
        _log.error("%s is left alone: %d processes in a row died over it", submission.id, submission.crashes)
        self._record(submission, lease, ev.SetAside(at=self._clock.now()))

    def _ask(self, submission: Submission, lease: Lease) -> None:
        try:
            report = self._page.pop(submission.task_id, None) or self._service.ask(submission.task_id)
        except KlingError as error:
            self._put_off(submission, Action.ASK, error)
            return
        self._worker.note_there(submission.id)
        now = self._clock.now()
        age_s = now - submission.accepted_at
        usual_s = self._worker.usual_s(submission.payload.kind)
        interval_s = pacing.poll_interval_s(age_s, f"{submission.id}{age_s:.0f}", usual_s)
        self._worker.pause(submission.id, Action.ASK, now + interval_s)
        event = self._after_report(submission, report)
        if event is not None:
            self._record(submission, lease, event)

    def _after_report(self, submission: Submission, report: TaskReport) -> Event | None:
        now = self._clock.now()
        if report.status is Status.SUCCEEDED and report.link:
            self._worker.learn_duration(submission.payload.kind, now - submission.accepted_at)
            return ev.Succeeded(at=now, charge_units=report.charge_units)
        if report.status is Status.FAILED:
            return ev.Failed(at=now, reason=f"Kling could not make it: {report.message or 'no reason given'}.")
        if report.status is Status.UNKNOWN:
            _log.warning("%s: the service reports a state that this version does not know; asking on", submission.id)
        is_news = report.status is Status.PROCESSING and submission.status != report.status
        return ev.Progressed(at=now, status=report.status) if is_news else None

    def _fetch(self, submission: Submission, lease: Lease) -> None:
        def tell(received: int, total: int | None) -> None:
            self._worker.messages.put(Progress(submission_id=submission.id, received=received, total=total))

        def record(event: Event) -> None:
            self._journal.append(submission.id, event, lease)

        reception = Reception(submission, record, tell, self._clock.now)
        try:
            report = self._service.ask(submission.task_id)  # a link is never kept, so it is always fresh
            clip = self._service.fetch(report, clip_path(submission, self._worker.plan.clips), reception)
        except JournalUnusable:
            raise
        except IllegalTransition:  # nobody waits for it any more
            discard_part(submission, self._worker.plan.clips)
            raise
        except (KlingError, OSError) as error:
            self._record(submission, lease, self._after_failed_fetch(submission, error))
        else:
            fetched = ev.Fetched(
                at=self._clock.now(), path=str(clip.path), sha256=clip.sha256, size_bytes=clip.size_bytes
            )
            self._worker.plan.with_clip(lifecycle.apply(submission, fetched))
            self._record(submission, lease, fetched)

    def _after_failed_fetch(self, submission: Submission, error: KlingError | OSError) -> Event:
        now = self._clock.now()
        if isinstance(error, LinkExpired):
            return ev.LinkExpired(at=now)
        if self._has_expired(submission, error):
            return ev.Failed(at=now, reason=_EXPIRED)
        why = str(error) if isinstance(error, KlingError) else f"The clip cannot be written: {error.strerror or error}."
        return ev.FetchFailed(at=now, reason=why)

    def _has_expired(self, submission: Submission, error: Exception) -> bool:
        """Whether the service's word that a made clip is gone is its rule and no hiccup.

        A clock that was wrong when it was sent makes any task look old, so its word must last for a window of looking.
        That it does not know the task proves nothing, however long it says so: only a person gives such a one up.
        """
        if not isinstance(error, ClipGone):
            return False
        now = self._clock.now()
        since, times = self._worker.note_missing(submission.id, now)
        is_old = now - submission.sent_at > CLIP_KEPT_S
        return is_old and times >= lifecycle.LATE_MISSES_WANTED and now - since >= self._worker.plan.window_s

    def _put_off(self, submission: Submission, action: Action, error: KlingError) -> None:
        """A question that failed says nothing about the task: ask again later, much later when the key is at fault."""
        is_key = isinstance(error, CredentialsRefused)
        wait_s = 300.0 if is_key else pacing.poll_interval_s(self._clock.now() - submission.changed_at, submission.id)
        _log.warning("%s: %s; asking again in %.0f s", submission.id, error.sentence, wait_s)
        self._worker.pause(submission.id, action, self._clock.now() + wait_s)


def _task_of(submission: Submission, reports: Iterable[TaskReport]) -> TaskReport | None:
    """The first task on a list that is ours and has not ended already."""
    ours = (report for report in reports if report.external_task_id == submission.id)
    return next((report for report in ours if report.task_id not in submission.ended_tasks), None)


def _is_explained(error: KlingError) -> bool:
    """Whether it is a code of the contract; any other is no proof that nothing was created."""
    return isinstance(error, Refused) and error.code in REACTIONS
