"""Sending: the step that may cost money, and what is known when it brought no task.

The commit point stands between the last byte but one and the last (docs/architecture.md, "The Commit Point").
"""

from __future__ import annotations

import math

from ..core.errors import (
    CapReached,
    CredentialsUnfit,
    CredentialsUnreadable,
    JournalUnusable,
    KlingError,
    NetworkMisset,
    NotSent,
    Reaction,
    Refused,
    TaskUnknown,
    Unanswered,
)
from ..core.life import events as ev
from ..core.life import queueing, spending
from ..core.life.events import Event
from ..core.life.lifecycle import Phase, Submission
from ..core.protocol import REACTIONS
from . import recovery
from .leases import LeaseLost
from .turn import Turn

_SIGNATURES = 2
"""So many tries in a row may have failed before a signature that the service does not take is a matter for a person."""
_TOO_MANY = 1303


def send(turn: Turn) -> None:
    """Send a submission's bytes, and put on record what came of it."""
    commit = _Commit(turn)
    try:
        there = _task_there(turn)
        if isinstance(there, ev.Doubted):
            turn.begin_looking(there)
            return
        if there is not None:
            turn.record(there)
            return
        _check_limits(turn)  # now, too: what cannot be sent need not be uploaded
        report = turn.service.submit(turn.submission.payload, commit)
    except JournalUnusable:  # a KlingError, but nothing that the service said
        raise
    except CapReached as error:
        turn.record(ev.Held(at=turn.now(), reason=str(error), exit_code=error.exit_code, scope="submission"))
    except KlingError as error:
        _record_failure(turn, error, commit.is_passed)
    else:
        turn.crew.ask_later(turn.submission, 0.0)
        turn.record(ev.Accepted(at=turn.now(), task_id=report.task_id))
        turn.memory.learn_slots(_running(turn), turn.now(), was_accepted=True)


def _task_there(turn: Turn) -> Event | None:
    """What to record instead of sending where the account has a task with our id already.

    It is ours where an earlier send passed the commit point: a proxy delivered that one twice, and the refusal was the
    answer to the second delivery. It is somebody else's where the id was chosen by a person and nothing was sent yet.
    An id that we made is nobody else's, and after Send Again there may be one task more than the one that is found.
    """
    submission, now = turn.submission, turn.now()
    if not submission.payload.has_own_id:
        is_checked = submission.sends > 0 and not submission.is_uncertain  # after Send Again the user has decided
        return ev.Doubted(at=now) if is_checked and turn.candidates() else None
    may_be_ours = submission.sends > 0 and not submission.is_uncertain
    if not (may_be_ours or _may_be_taken(submission)):
        return None
    try:
        report = turn.service.find(submission.id)
    except TaskUnknown:
        return None
    if may_be_ours:
        return ev.Adopted(at=now, submission_id=submission.id, task_id=report.task_id, origin=submission.origin)
    return ev.Failed(at=now, reason=_taken(turn), exit_code=2, id_is_taken=True)


def _may_be_taken(submission: Submission) -> bool:
    is_made_here = submission.id.startswith(recovery.ID_PREFIX) and not submission.id_is_given
    return not (is_made_here or submission.sends or submission.tasks)


def _taken(turn: Turn) -> str:
    return (
        f'Kling already has a task with the ID "{turn.submission.id}", which is not in this job history. '
        "Nothing was sent. "
        f"Give another external_task_id, or download the clip of that task: kling adopt {turn.submission.id}"
    )


class _Commit:
    """The commit point of one send. Called just before the last byte leaves; whatever it raises keeps that byte back.

    Until ``is_passed`` the service cannot have a whole request.
    """

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self.is_passed = False

    def __call__(self) -> None:
        turn = self._turn
        sent = ev.Sent(at=turn.now(), digest=turn.submission.payload.digest, wall_at=turn.wall())
        turn.append(sent, check=self._check)
        self.is_passed = True
        turn.memory.note_question(turn.submission.id, turn.now())  # the answer is waited for from here on

    def _check(self) -> None:
        """In the transaction that records it, so that nothing can come in between."""
        now = self._turn.journal.load(self._turn.submission.id)
        if now is None or now.origin != self._turn.assignment.origin:
            raise LeaseLost(f"{self._turn.submission.id} is another key's now")
        if not now.payload.has_own_id and any(_is_open_beside(now, each) for each in self._turn.journal.live()):
            raise NotSent("Another job that Kling cannot look up by ID is not confirmed yet.")
        _check_limits(self._turn)


def _is_open_beside(submission: Submission, other: Submission) -> bool:
    """Whether another one of the key is sent or looked for that could not be told from this one."""
    is_of_the_key = other.origin == submission.origin
    return is_of_the_key and other.phase is Phase.UNANSWERED and not other.payload.has_own_id


def _check_limits(turn: Turn) -> None:
    """Whether the user's own limits let it go out now, whatever other processes have sent meanwhile."""
    assignment, now = turn.assignment, turn.wall()
    if assignment.concurrency is not None and _running(turn) >= assignment.concurrency:
        raise NotSent("The limit of parallel jobs is reached.")
    if not assignment.caps:
        return
    since = now - spending.DAY_S if assignment.caps.project is None else -math.inf
    key = assignment.origin.key_fingerprint  # an account has one purse, however its address is spelled
    sent = [s for s in turn.journal.sent_since(since) if s.origin.key_fingerprint == key]
    spending.check_caps(turn.submission, sent, assignment.caps, now)


def _running(turn: Turn) -> int:
    """How many tasks of this key are at work, as far as the journal knows."""
    now = turn.now()
    return sum(queueing.is_running(s, now) for s in turn.journal.live() if s.origin == turn.assignment.origin)


def _record_failure(turn: Turn, error: KlingError, is_committed: bool) -> None:
    event = _after_failed_send(turn, error, is_committed)
    if isinstance(event, ev.Unanswered | ev.Denied):
        turn.begin_looking(event)
    else:
        turn.record(event)


def _after_failed_send(turn: Turn, error: KlingError, is_committed: bool) -> Event:
    """What a send that brought no task means (the codes by ``protocol.REACTIONS``).

    Any refusal may be the answer to a second delivery of the same request, whose first was taken: from the first commit
    point on it is not believed at once. "Not now" before the last byte says nothing about what was sent before.
    """
    now, reason = turn.now(), str(error)
    lost = ev.Unanswered(at=now, reason=reason) if is_committed else ev.NotSent(at=now, reason=reason)
    if isinstance(error, CredentialsUnfit) and not is_committed:  # over another API the same key may send
        return ev.Held(at=now, reason=reason, exit_code=error.exit_code, scope="submission")
    if isinstance(error, CredentialsUnreadable | NetworkMisset) and not is_committed:  # waiting mends neither
        return ev.Held(at=now, reason=reason, exit_code=error.exit_code, scope="key")
    if isinstance(error, NotSent | Unanswered) or (is_committed and not _is_explained(error)):
        return lost
    if not isinstance(error, Refused):
        return ev.Failed(at=now, reason=reason)
    if error.reaction is Reaction.RETRY or (error.reaction is Reaction.LOOK_UP and is_committed):
        return lost
    if error.code == _TOO_MANY:
        turn.memory.learn_slots(_running(turn) - is_committed, now, was_accepted=False)
    verdict = _verdict(turn, error)
    denied = ev.Denied(
        at=now, reason=reason, verdict=verdict, exit_code=error.exit_code, retry_after_s=error.retry_after_s
    )
    may_be_there = is_committed or (turn.submission.sends and error.reaction is not Reaction.WAIT)
    return denied if may_be_there else ev.believed(denied, now)


def _verdict(turn: Turn, error: Refused) -> ev.Verdict:
    match error.reaction:
        case Reaction.WAIT:
            return "Deferred"
        case Reaction.SIGN_AGAIN if turn.submission.failures < _SIGNATURES:
            return "Deferred"
        case Reaction.FIX_KEYS | Reaction.SIGN_AGAIN | Reaction.RECHARGE:
            return "Held"
        case _:
            return "Failed"


def _is_explained(error: KlingError) -> bool:
    """Whether it is a code of the contract; any other is no proof that nothing was created."""
    return isinstance(error, Refused) and error.code in REACTIONS
