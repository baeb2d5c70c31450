"""The life of a submission: every transition there is, and what comes next.

Two rules, and nothing else in the project breaks or repeats them:

1. a submission changes only by :func:`apply`; which event is legal in which phase, and where it leads, stands in
   :data:`TRANSITIONS`;
2. what happens next is only ever said by :func:`decide`.

Neither knows who is driving: the worker, a resumed process, the panel, the simulator or the diagram in
docs/architecture.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import reduce
from typing import TYPE_CHECKING, Any, TypeAlias

from ..amounts import amount_of, charge_of, is_free
from ..errors import CapReached
from ..payload import Payload
from . import events as ev
from . import pacing
from .pacing import LOOK_WINDOW_S as LOOK_WINDOW_S  # asked for here, too: it is the window of decide()
from .phase import Phase as Phase  # asked for here, too, by whoever has a submission in hand

if TYPE_CHECKING:
    from .events import Event, Origin, Target

LATE_MISSES_WANTED = 3
DENIED_WINDOW_S = 60.0
"""How long the task of a create that was refused after its last byte had left is looked for before that is believed:
look-ups may lag, and a person waits for the word.
"""
DENIED_KEY_WINDOW_S = 20.0
"""The same where a refused key waits for a person then: nothing goes out again before the key is right, and by then
look-ups have caught up. A refused signature, which is sent again by itself, is looked for the whole minute.
"""
MOST_CRASHES = 5
"""So many processes may die over one step of a submission before it waits for a person (fault 58)."""
MOST_MARKED_TRIES = 12
"""So often is the copy with the watermark tried, over some twenty minutes: nobody waits for it as for the clip."""


class Action(StrEnum):
    """What can be done for a submission."""

    SEND = "send"
    LOOK_UP = "look up"
    SCAN = "scan"
    PARK = "park"
    BELIEVE = "believe"
    ASK = "ask"
    FETCH = "fetch"
    FETCH_MARKED = "fetch the marked copy"
    PLACE = "place"
    SET_ASIDE = "set aside"
    REST = "rest"


MOST_SENDS = 2
"""So often what was asked for once is sent without anybody deciding it."""
_OVER = (Phase.PLACED, Phase.FAILED, Phase.ABANDONED)
_WITH_CLIP = (Phase.FETCHED, Phase.PLACED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What to do next, and not before when (Unix seconds)."""

    action: Action
    due: float = 0.0


_REST, _ASK, _PLACE = (Step(action=action) for action in (Action.REST, Action.ASK, Action.PLACE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """Our record of one paid task. ``id`` is the external task id; times are Unix seconds; ``problem`` is a sentence or
    ``""``.

    ``is_held``: only a person can clear what is in the way, of everything of its key unless it ``is_held_alone``.
    ``is_uncertain``: the user said Send Again, and the send before it may have made a task. ``sends`` counts passes of
    the commit point, ``digest`` names the bytes that were sent, ``failures`` what went wrong in a row in this phase,
    ``tasks`` how many tasks it may have made at the service, each for at most ``most_units`` (``""``: not known), and
    ``ended_tasks`` names those that came to nothing while another may be there.
    ``is_unproved``: a key was refused after the last byte, and may not have been able to ask either, so nobody knows
    whether that send made something.
    ``candidates`` names the tasks of which one may be it, for a person to say.
    ``denial`` is a refusal that does not count yet, ``id_is_given`` tells that
    somebody chose its id, ``id_is_taken`` that it is another task's. ``once`` is the name under which it is asked for
    once (``core.once``).
    ``crashes`` how many processes died over the next step since the last progress; after :data:`MOST_CRASHES` it
    ``is_set_aside``.
    ``charge_units``, ``charge_balance``, ``charge_currency`` and ``charge_said`` are what the task cost, as
    ``core.amounts.Charge`` has it; ``was_made`` tells that the service said once that the clip is ready.
    ``exit_code`` is what a command line ends with when a person is needed or all is over. One that ``is_adopted`` was
    found on the account's list: its payload is empty, and it is never sent. ``etag``, ``total_bytes`` and ``received``
    say where the download stands, ``furthest`` how far it ever came; it ``lacks_folder`` where the last try found none
    that takes the clip; ``named`` is the name that the whole clip was about to get, ``named_sha256`` its content.
    ``note`` is a sentence where the clip is not where it was meant to be.
    ``wants_marked``: a copy with the watermark belongs to the clip, and it is not there and not given up. ``marked`` is
    that file, ``marked_sha256`` its content; ``marked_named`` and the others are for it what those without ``marked_``
    are for the clip.
    ``wish`` is the request and ``asker`` who asked for it, as ``events.Intended`` has them.
    """

    id: str
    phase: Phase
    payload: Payload
    origin: Origin
    target: Target
    created_at: float
    changed_at: float
    most_units: str = ""
    sends: int = 0
    tasks: int = 0
    digest: str = ""
    is_uncertain: bool = False
    failures: int = 0
    retry_at: float = 0.0
    is_held: bool = False
    is_held_alone: bool = False
    crashes: int = 0
    is_set_aside: bool = False
    is_adopted: bool = False
    exit_code: int = 0
    looking_since: float = 0.0
    misses: tuple[float, ...] = ()
    denial: ev.Denied | None = None
    id_is_given: bool = False
    once: str = ""
    id_is_taken: bool = False
    is_scanned: bool = False
    is_unproved: bool = False
    candidates: tuple[str, ...] = ()
    task_id: str = ""
    ended_tasks: tuple[str, ...] = ()
    status: str = ""
    sent_at: float = 0.0
    accepted_at: float = 0.0
    charge_units: str = ""
    charge_said: str = ""
    charge_balance: str = ""
    charge_currency: str = ""
    was_made: bool = False
    etag: str = ""
    total_bytes: int | None = None
    received: int = 0
    furthest: int = 0
    lacks_folder: bool = False
    named: str = ""
    named_sha256: str = ""
    note: str = ""
    clip: str = ""
    clip_sha256: str = ""
    wants_marked: bool = False
    marked: str = ""
    marked_sha256: str = ""
    marked_named: str = ""
    marked_named_sha256: str = ""
    marked_failures: int = 0
    marked_retry_at: float = 0.0
    strip: str = ""
    problem: str = ""
    wish: Mapping[str, Any] = field(default_factory=dict)
    asker: ev.Asker = field(default_factory=ev.Asker)

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do unless the user wants more."""
        is_only_a_file = self.phase is Phase.FETCHED and not self.target.scene
        return is_only_a_file or self.phase in _OVER

    @property
    def awaits_marked(self) -> bool:
        """Whether the clip is here and the copy with the watermark is still to come."""
        return self.wants_marked and self.phase in _WITH_CLIP

    @property
    def is_at_rest(self) -> bool:
        """Whether it is over, and no copy with the watermark is to come either."""
        return self.is_over and not self.awaits_marked

    @property
    def is_proved_unsent(self) -> bool:
        """Whether the service certainly has no task for it, so that giving it up costs nothing.

        Not after Send Again: the send before it may have made a task that nobody has seen yet.
        """
        return self.phase is Phase.INTENDED and not self.is_uncertain

    @property
    def may_take_any_key(self) -> bool:
        """Whether no account can have a task of it, so that another key of the same service may send it."""
        return self.is_proved_unsent and not self.tasks

    @property
    def needs_a_person(self) -> bool:
        """Whether it waits for somebody to decide."""
        return self.phase is Phase.PARKED or self.is_stopped

    @property
    def holds_key(self) -> bool:
        """Whether the key or the account is at fault as far as is known, so that no other send would fare better."""
        is_denied = self.denial is not None and self.denial.verdict == "Held"
        return is_denied or (self.is_held and not self.is_held_alone)

    @property
    def is_told_to_wait(self) -> bool:
        """Whether the service's "not now" is still being checked."""
        return self.denial is not None and self.denial.verdict == "Deferred"

    @property
    def is_sent_again(self) -> bool:
        """Whether asking for it once more sends it again: it was looked for in vain, and was asked for once under an id
        that the service does not take twice. Looked for in vain once more, it waits for a person: the service may not
        keep to its rule.
        """
        is_lost = self.phase is Phase.PARKED and self.sends < MOST_SENDS and not self.was_made
        return is_lost and bool(self.once) and self.payload.has_own_id

    @property
    def is_stopped(self) -> bool:
        """Whether nothing happens to it until somebody says: go on (``events.Released``)."""
        return self.is_set_aside or (self.phase is Phase.INTENDED and self.is_held)

    @property
    def is_settled(self) -> bool:
        """Whether nothing happens to it by itself any more, placing on a timeline aside."""
        return self.is_over or self.needs_a_person or self.phase is Phase.FETCHED


Changes: TypeAlias = dict[str, Any]
"""What an event changes of a submission: fields and their values."""


class IllegalTransition(Exception):
    """An event that cannot happen in this phase: another process was faster, or a bug."""


_UNFINISHED = (Phase.INTENDED, Phase.UNANSWERED, Phase.PARKED, Phase.ACCEPTED, Phase.READY, Phase.FETCHED)
_CAN_CRASH = (Phase.INTENDED, Phase.READY, Phase.FETCHED)
"""Phases whose next step ends with an event, so that a missing one tells of a crash. Questions often end without."""
_WITHOUT_CLIP = _UNFINISHED[:-1]

TRANSITIONS: Mapping[type[Any], Mapping[Phase, Phase]] = {
    ev.Adopted: dict.fromkeys((Phase.INTENDED, Phase.UNANSWERED, Phase.PARKED, Phase.FAILED), Phase.ACCEPTED),
    ev.Doubted: {Phase.INTENDED: Phase.UNANSWERED},
    ev.Sent: {Phase.INTENDED: Phase.UNANSWERED},
    ev.NotSent: {Phase.INTENDED: Phase.INTENDED},
    ev.Held: {Phase.INTENDED: Phase.INTENDED, Phase.UNANSWERED: Phase.INTENDED},
    ev.Begun: {phase: phase for phase in _CAN_CRASH},
    ev.SetAside: {phase: phase for phase in _CAN_CRASH},
    ev.Released: {phase: phase for phase in _CAN_CRASH},
    ev.Rebound: {phase: phase for phase in (*_UNFINISHED, Phase.PLACED)},
    ev.Unanswered: {Phase.UNANSWERED: Phase.UNANSWERED},
    ev.Denied: dict.fromkeys((Phase.INTENDED, Phase.UNANSWERED), Phase.UNANSWERED),
    ev.Deferred: {Phase.INTENDED: Phase.INTENDED, Phase.UNANSWERED: Phase.INTENDED},
    ev.Reopened: {Phase.UNANSWERED: Phase.UNANSWERED},
    ev.Missed: {Phase.UNANSWERED: Phase.UNANSWERED},
    ev.Scanned: {Phase.UNANSWERED: Phase.UNANSWERED},
    ev.Parked: {Phase.UNANSWERED: Phase.PARKED},
    ev.LookAgain: dict.fromkeys((Phase.PARKED, Phase.ABANDONED, Phase.FAILED), Phase.UNANSWERED),
    ev.SendAgain: {Phase.PARKED: Phase.INTENDED},
    ev.Withdrawn: {Phase.INTENDED: Phase.ABANDONED},
    ev.Abandoned: dict.fromkeys(_UNFINISHED, Phase.ABANDONED),
    ev.Accepted: {Phase.UNANSWERED: Phase.ACCEPTED, Phase.PARKED: Phase.ACCEPTED},
    ev.Progressed: {Phase.ACCEPTED: Phase.ACCEPTED},
    ev.Succeeded: {Phase.ACCEPTED: Phase.READY},
    ev.Failed: dict.fromkeys((Phase.INTENDED, Phase.UNANSWERED, Phase.ACCEPTED, Phase.READY), Phase.FAILED),
    ev.LinkExpired: {Phase.READY: Phase.ACCEPTED},
    ev.Receiving: {Phase.READY: Phase.READY},
    ev.Received: {Phase.READY: Phase.READY},
    ev.Named: {phase: phase for phase in (Phase.READY, *_WITH_CLIP)},
    ev.Redirected: {phase: phase for phase in _WITHOUT_CLIP},
    ev.FetchFailed: {Phase.READY: Phase.READY},
    ev.Fetched: {Phase.READY: Phase.FETCHED},
    ev.Vanished: dict.fromkeys((*_WITH_CLIP, Phase.FAILED), Phase.READY),
    ev.MarkedFetched: {phase: phase for phase in _WITH_CLIP},
    ev.MarkedFailed: {phase: phase for phase in _WITH_CLIP},
    ev.Placed: {Phase.FETCHED: Phase.PLACED, Phase.PLACED: Phase.PLACED},
}
"""Event -> phase before -> phase after. What is not here cannot happen."""


def begin(event: ev.Intended | ev.Adopted) -> Submission:
    """The submission that the first event of a history opens."""
    if isinstance(event, ev.Adopted):
        unknown = _unknown(event.submission_id, event.dialect)
        intended = ev.Intended(at=event.at, payload=unknown, origin=event.origin, target=event.target)
        return replace(apply(begin(intended), event), is_adopted=True)
    return Submission(
        id=event.payload.external_task_id,
        phase=Phase.INTENDED,
        payload=event.payload,
        origin=event.origin,
        target=event.target,
        created_at=event.at,
        changed_at=event.at,
        wish=event.wish,
        most_units=event.most_units,
        id_is_given=event.id_is_given,
        once=event.once,
        asker=event.asker,
    )


def apply(submission: Submission, event: Event) -> Submission:
    """Where we stand after something happened. Raises :class:`IllegalTransition` for what the table does not know."""
    after = TRANSITIONS.get(type(event), {}).get(submission.phase)
    if submission.is_uncertain:
        after = _where_uncertain(submission, event, after)
    fits = (_fits_failure, _fits_proof, _fits_clip)
    if not all(fit(submission, event) for fit in fits):
        after = None
    if after is Phase.INTENDED and submission.is_adopted:
        raise IllegalTransition("what was asked for is not known any more, so it cannot be sent again")
    if isinstance(event, ev.Rebound) and event.origin.service != submission.origin.service:
        raise IllegalTransition("it belongs to another service")
    if after is None:
        raise IllegalTransition(f"{type(event).__name__} cannot happen to a submission that is {submission.phase}")
    changes: Changes = {"phase": after, "changed_at": event.at}
    if submission.crashes and not isinstance(event, _NO_PROGRESS):
        changes |= {"crashes": 0, "is_set_aside": False}
    if after is not submission.phase:
        # Failures are counted until the service has the task: fifty times 1303 must not start at one second each time.
        failures = submission.failures if after in (Phase.INTENDED, Phase.UNANSWERED) else 0
        changes |= {"failures": failures, "retry_at": 0.0, "problem": "", "denial": None, "lacks_folder": False}
    return replace(submission, **changes | _EFFECTS.get(type(event), _nothing_more)(submission, event))


_NO_PROGRESS = (
    *(ev.Begun, ev.SetAside, ev.Receiving, ev.Received, ev.Named, ev.Redirected, ev.Rebound),
    *(ev.MarkedFetched, ev.MarkedFailed),
)
"""After any other event the step before it came to an end. A download that starts over did not, and what becomes of the
marked copy says nothing of placing.
"""


def _fits_failure(submission: Submission, event: Event) -> bool:
    """A task that bears the id without being ours is never looked for as ours; it can be adopted, as what it is."""
    return submission.phase is not Phase.FAILED or isinstance(event, ev.Adopted) is submission.id_is_taken


def _fits_proof(submission: Submission, event: Event) -> bool:
    """What a refused key may have made is never called unsent."""
    return not (submission.is_unproved and isinstance(event, ev.Withdrawn))


def _fits_clip(submission: Submission, event: Event) -> bool:
    """Only what was made can be fetched again."""
    return submission.was_made or not isinstance(event, ev.Vanished)


def _where_uncertain(submission: Submission, event: Event, after: Phase | None) -> Phase | None:
    """Where an event leads after Send Again: what is learned of one send says nothing about the other."""
    if isinstance(event, ev.Withdrawn):
        return None
    if isinstance(event, ev.Accepted | ev.Adopted) and event.task_id in submission.ended_tasks:
        return None
    if isinstance(event, ev.Failed) and submission.phase in (Phase.INTENDED, Phase.UNANSWERED):
        return Phase.PARKED
    return Phase.UNANSWERED if _leaves_another_task(submission, event) else after


def _leaves_another_task(submission: Submission, event: Event) -> bool:
    """Whether a task came to nothing, and one that another send may have made is to be looked for."""
    is_of_a_task = isinstance(event, ev.Failed) and submission.phase is Phase.ACCEPTED
    return is_of_a_task and submission.is_uncertain and submission.tasks > 1


def submission_from(history: Iterable[Event]) -> Submission:
    """A submission from its events, the first of which must be Intended or Adopted."""
    first, *rest = history
    if not isinstance(first, ev.OPENINGS):
        raise IllegalTransition(f"a history does not begin with {type(first).__name__}")
    return reduce(apply, rest, begin(first))


def decide(submission: Submission, now: float, window_s: float = LOOK_WINDOW_S) -> Step:
    """What to do next for a submission, and when. ``window_s`` is how long a lost answer is looked for."""
    match submission.phase:
        case _ if submission.is_stopped:
            return _REST
        case Phase.INTENDED | Phase.READY if submission.crashes >= MOST_CRASHES:
            return Step(action=Action.SET_ASIDE)
        case Phase.INTENDED | Phase.READY as phase:
            action = Action.SEND if phase is Phase.INTENDED else Action.FETCH
            return Step(action=action, due=_due(submission.retry_at, now))
        case Phase.UNANSWERED:
            return _look(submission, now, window_s)
        case Phase.ACCEPTED:
            return _ASK
        case _ if submission.awaits_marked:  # by a lane, while Blender places the clip
            return Step(action=Action.FETCH_MARKED, due=_due(submission.marked_retry_at, now))
        case Phase.FETCHED if submission.target.scene:
            return _PLACE
        case _:
            return _REST


def _look(submission: Submission, now: float, window_s: float) -> Step:
    is_denied = submission.denial is not None
    end = submission.looking_since + _window(submission, window_s)
    if not submission.payload.has_own_id:
        return _look_on_list(submission, end, now)
    late_misses = sum(1 for at in submission.misses if at >= end)
    if is_denied and late_misses:
        return Step(action=Action.BELIEVE if submission.is_scanned else Action.SCAN)
    if late_misses >= LATE_MISSES_WANTED:
        return Step(action=Action.PARK if submission.is_scanned else Action.SCAN)
    if late_misses:
        return Step(action=Action.LOOK_UP, due=_due(submission.misses[-1] + pacing.LATE_LOOK_PERIOD_S, now))
    due = min(submission.looking_since + pacing.look_offset_s(len(submission.misses)), end)
    return Step(action=Action.LOOK_UP, due=_due(due, now))


def _look_on_list(submission: Submission, end: float, now: float) -> Step:
    """Without an id of ours nothing but the list can tell, and which of its tasks it is only a person."""
    if not submission.is_scanned:
        return Step(action=Action.SCAN, due=_due(end, now))
    is_disproved = submission.denial is not None and not submission.candidates
    return Step(action=Action.BELIEVE if is_disproved else Action.PARK)


def _window(submission: Submission, window_s: float) -> float:
    if submission.denial is None:
        return window_s
    waits_for_key = submission.denial.is_for_key and submission.denial.verdict == "Held"
    return min(window_s, DENIED_KEY_WINDOW_S if waits_for_key else DENIED_WINDOW_S)


_FAR_S = 86_400.0
_LONGEST_RETRY_AFTER_S = 3600.0
_LONGEST_SLOT_WAIT_S = 60.0


def _due(due: float, now: float) -> float:
    """A due time that a clock set back by a day or more cannot push out of reach (fault 67)."""
    return due if due - now < _FAR_S else now


def _nothing_more(_submission: Submission, _event: Any) -> Changes:
    return {}


def _after_sent(submission: Submission, event: ev.Sent) -> Changes:
    if submission.digest not in ("", event.digest):
        raise IllegalTransition("other bytes cannot be sent under the same id")
    sent = {"digest": event.digest, "sends": submission.sends + 1, "tasks": submission.tasks + 1}
    sent |= {"sent_at": event.wall_at or event.at}
    return sent | _looking_from(submission, event)


def _after_denied(submission: Submission, event: ev.Denied) -> Changes:
    denied = {"denial": event, "is_held": False, "problem": f"{event.reason} {_NOT_BELIEVED_YET}"}
    # Whatever the refusal comes to count as takes one task away: before the commit point none was added for it.
    tasks = submission.tasks + (submission.phase is Phase.INTENDED)
    return denied | _looking_from(submission, event) | {"tasks": tasks}


def _one_task_less(submission: Submission) -> int:
    """After a proof that the last send made no task, or none that costs. What was made once may have been charged."""
    was_open = submission.phase in (Phase.UNANSWERED, Phase.ACCEPTED) and not submission.was_made
    return max(0, submission.tasks - was_open)


def _after_trouble(submission: Submission, event: ev.NotSent | ev.FetchFailed | ev.Deferred) -> Changes:
    failures = submission.failures + 1
    retry_at = event.at + pacing.backoff_s(failures, submission.id)
    return {"failures": failures, "retry_at": retry_at, "problem": event.reason}


def _after_deferred(submission: Submission, event: ev.Deferred) -> Changes:
    troubled = _after_trouble(submission, event)
    asked_s = min(event.retry_after_s or 0.0, _LONGEST_RETRY_AFTER_S)
    own_s = min(troubled["retry_at"] - event.at, _LONGEST_SLOT_WAIT_S)  # a slot may be free any moment
    said_at = submission.denial.at if submission.denial else event.at
    put_off = {"retry_at": said_at + max(asked_s, own_s), "tasks": _one_task_less(submission)}
    return troubled | put_off | {"is_unproved": _is_unproved(submission)}


def _is_unproved(submission: Submission) -> bool:
    """After a refusal came to count: whether nobody could ask whether something was made all the same."""
    return submission.is_unproved or (submission.denial is not None and submission.denial.is_for_key)


def _looking_from(_submission: Submission, event: Event) -> Changes:
    return {"looking_since": event.at, "misses": (), "is_scanned": False, "candidates": ()}


def _after_received(submission: Submission, event: ev.Received) -> Changes:
    """Only what never came before is progress: a file that comes whole and useless again and again backs off."""
    moved = {"received": event.offset, "furthest": max(submission.furthest, event.offset)}
    if event.offset <= submission.furthest:
        return moved
    better: Changes = {"failures": 0, "retry_at": 0.0, "problem": "", "crashes": 0, "is_set_aside": False}
    return moved | better | {"lacks_folder": False}


def _after_redirected(submission: Submission, event: ev.Redirected) -> Changes:
    """A download that waits for its next try goes on at once; nothing else does."""
    moved: Changes = {"target": replace(submission.target, folder=event.folder)}
    waits = submission.phase is Phase.READY and not submission.is_stopped
    return moved | {"failures": 0, "retry_at": 0.0, "problem": "", "lacks_folder": False} if waits else moved


def _after_set_aside(submission: Submission, event: ev.SetAside) -> Changes:
    if submission.crashes < MOST_CRASHES:
        raise IllegalTransition("it came on meanwhile")
    return {"is_set_aside": True, "problem": _CRASHED, "exit_code": 1}


_CRASHED = (
    f"On hold: the program working on this job quit unexpectedly {MOST_CRASHES} times in a row. "
    "Nothing is lost. Check memory and disk space, then press Resume."
)
_NOT_BELIEVED_YET = "Checking whether Kling created the clip anyway."
_DOUBTED = "The job history may be incomplete. Checking with Kling whether this job was sent."
_PARKED = (
    "Kling did not respond and does not list this job. You may be charged. "
    "Press Check Again (free), or Send Again (you may be charged twice)."
)
_PARKED_AMONG = (
    "Kling did not confirm this job, and cannot look up jobs of this model by ID. "
    "One of these tasks may belong to this job: {tasks}. You may be charged. "
    "Press Choose Task, Check Again (free), or Send Again (you may be charged twice)."
)
_LOOKING_FOR_ANOTHER = "This job was sent twice. Checking whether Kling has a second task."
_PARKED_AFTER_ONE = (
    "This job was sent twice. One task failed, and Kling does not list the other. You may be charged. "
    "Press Check Again (free), Send Again (you may be charged twice), or Stop Waiting."
)


def _why_parked(submission: Submission) -> str:
    if submission.candidates:
        return _PARKED_AMONG.format(tasks=", ".join(submission.candidates))
    return _PARKED_AFTER_ONE if submission.ended_tasks else _PARKED


def _after_accepted(submission: Submission, event: ev.Accepted | ev.Adopted) -> Changes:
    accepted = {"task_id": event.task_id, "accepted_at": event.at, "sent_at": submission.sent_at or event.at}
    accepted |= {"candidates": (), "is_unproved": False}
    return accepted | {"status": "submitted", "exit_code": 0, "is_held": False, "tasks": max(1, submission.tasks)}


def _after_adopted(submission: Submission, event: ev.Adopted) -> Changes:
    if not submission.id_is_taken:
        return _after_accepted(submission, event)
    unknown = {"payload": _unknown(submission.id, event.dialect), "wish": {}, "most_units": ""}
    return unknown | {"is_adopted": True, "id_is_taken": False} | _after_accepted(submission, event)


def _unknown(submission_id: str, dialect: str) -> Payload:
    """What was asked for is not known, but in which words to ask about it."""
    return Payload(external_task_id=submission_id, model="", pieces=(), dialect=dialect)


def _after_failed(submission: Submission, event: ev.Failed) -> Changes:
    charged = _charge_in(event)
    if is_free(charged["charge_units"], charged["charge_balance"], charged["charge_said"]):
        charged, tasks = {}, _one_task_less(submission)  # what a clip cost that is gone since stays known
    else:
        tasks = submission.tasks
    if not _leaves_another_task(submission, event):
        over = {"status": "failed", "problem": event.reason, "exit_code": event.exit_code, "tasks": tasks}
        return over | charged | {"id_is_taken": event.id_is_taken, "is_held": False}
    return _looking_from(submission, event) | {
        "ended_tasks": (*submission.ended_tasks, submission.task_id),
        "was_made": False,
        "task_id": "",
        "accepted_at": 0.0,
        "status": "",
        "problem": f"{event.reason} {_LOOKING_FOR_ANOTHER}",
        "tasks": tasks,
    }


def _charge_in(event: ev.Succeeded | ev.Failed) -> dict[str, str]:
    """What is no amount is no charge, also where an earlier version wrote it down as one."""
    is_read = not event.charge_units or charge_of(event.charge_units) is not None
    units, said = (event.charge_units, event.charge_said) if is_read else ("", f'"{event.charge_units}" units')
    balance, currency = (event.charge_balance, event.charge_currency) if amount_of(event.charge_balance) else ("", "")
    return {"charge_units": units, "charge_said": said, "charge_balance": balance, "charge_currency": currency}


def _after_succeeded(_submission: Submission, event: ev.Succeeded) -> Changes:
    return _charge_in(event) | {"status": "succeeded", "was_made": True, "wants_marked": event.has_marked}


def _after_vanished(submission: Submission, event: ev.Vanished) -> Changes:
    """Its download begins anew. Where it was, and with which content, stays known: a share may come back with it."""
    was = {"named": submission.clip, "named_sha256": submission.clip_sha256} if submission.clip else {}
    anew: Changes = {"clip": "", "clip_sha256": "", "note": "", "exit_code": 0, "status": "succeeded"}
    anew |= {"etag": "", "total_bytes": None, "received": 0, "furthest": 0}
    if not event.with_marked:
        return was | anew
    marked = dict.fromkeys(("marked", "marked_sha256", "marked_named", "marked_named_sha256"), "")
    return was | anew | marked | {"wants_marked": True, "marked_failures": 0, "marked_retry_at": 0.0}


def _after_named(submission: Submission, event: ev.Named) -> Changes:
    if submission.phase in _WITH_CLIP:
        return {"marked_named": event.path, "marked_named_sha256": event.sha256}
    return {"named": event.path, "named_sha256": event.sha256}


def _after_marked_failed(submission: Submission, event: ev.MarkedFailed) -> Changes:
    failures = submission.marked_failures + 1
    retry_at = event.at + pacing.backoff_s(failures, submission.id)
    tried = {"marked_failures": failures, "marked_retry_at": retry_at}
    if failures < MOST_MARKED_TRIES and not event.is_last:
        return tried
    note = f"{submission.note} The watermarked copy could not be downloaded. {event.reason}".strip()
    return tried | {"wants_marked": False, "note": note}


_EFFECTS: Mapping[type[Any], Callable[[Submission, Any], Changes]] = {
    ev.Adopted: _after_adopted,
    ev.Doubted: lambda s, e: (
        _looking_from(s, e)
        | {"is_held": False, "exit_code": 0, "problem": _DOUBTED, "tasks": max(1, s.tasks), "sent_at": e.at}
    ),
    ev.Sent: _after_sent,
    ev.NotSent: _after_trouble,
    ev.Deferred: _after_deferred,
    ev.Held: lambda s, e: {
        "is_held": True,
        "is_held_alone": e.scope == "submission" or (not e.scope and e.exit_code == CapReached.exit_code),
        "problem": e.reason,
        "exit_code": e.exit_code,
        "tasks": _one_task_less(s),
        "is_unproved": _is_unproved(s),
    },
    ev.Begun: lambda s, e: {"crashes": s.crashes + 1},
    ev.SetAside: _after_set_aside,
    ev.Released: lambda s, e: {"is_held": False, "problem": "", "exit_code": 0, "failures": 0, "retry_at": 0.0},
    ev.Rebound: lambda s, e: {"origin": e.origin},
    ev.Unanswered: lambda s, e: _looking_from(s, e) | {"problem": e.reason, "denial": None},
    ev.Denied: _after_denied,
    ev.Reopened: _looking_from,
    ev.LookAgain: _looking_from,
    ev.Missed: lambda s, e: {"misses": (*s.misses, e.at)},
    ev.Scanned: lambda s, e: {"is_scanned": True, "candidates": e.candidates},
    ev.Parked: lambda s, e: {"problem": _why_parked(s), "exit_code": 5},
    ev.SendAgain: lambda s, e: {"exit_code": 0, "is_uncertain": True},
    ev.Withdrawn: lambda s, e: {"is_held": False, "problem": e.reason, "exit_code": e.exit_code},
    ev.Abandoned: lambda s, e: {"is_held": False, "problem": e.reason, "exit_code": 4},
    ev.Accepted: _after_accepted,
    ev.Progressed: lambda s, e: {"status": e.status},
    ev.Succeeded: _after_succeeded,
    ev.Failed: _after_failed,
    ev.Receiving: lambda s, e: {"etag": e.etag, "total_bytes": e.total_bytes, "received": 0},
    ev.Received: _after_received,
    ev.Named: _after_named,
    ev.Redirected: _after_redirected,
    ev.FetchFailed: lambda s, e: _after_trouble(s, e) | {"lacks_folder": e.is_local},
    ev.Fetched: lambda s, e: {"clip": e.path, "clip_sha256": e.sha256, "note": e.note},
    ev.Vanished: _after_vanished,
    ev.MarkedFetched: lambda s, e: {"marked": e.path, "marked_sha256": e.sha256, "wants_marked": False},
    ev.MarkedFailed: _after_marked_failed,
    ev.Placed: lambda s, e: {"strip": e.strip},
}
