"""Sending: the step that may cost money, and what is known when it brought no task.

The commit point stands between the last byte but one and the last (docs/architecture.md, "The Commit Point").
"""

from __future__ import annotations

import math

from ..core.errors import CapReached, JournalUnusable, KlingError, NotSent, Reaction, Refused, Unanswered
from ..core.life import events as ev
from ..core.life import queueing, spending
from ..core.life.events import Event
from ..core.protocol import REACTIONS
from .turn import Turn

_SIGNATURES = 2
"""So many tries in a row may have failed before a signature that the service does not take is a matter for a person."""
_TOO_MANY = 1303


def send(turn: Turn) -> None:
    """Send a submission's bytes, and put on record what came of it."""
    commit = _Commit(turn)
    try:
        _check_limits(turn)  # now, too: what cannot be sent need not be uploaded
        report = turn.service.submit(turn.submission.payload, commit)
    except JournalUnusable:  # a KlingError, but nothing that the service said
        raise
    except CapReached as error:
        turn.record(ev.Held(at=turn.now(), reason=str(error), exit_code=error.exit_code, scope="submission"))
    except KlingError as error:
        _record_failure(turn, error, commit.is_passed)
    else:
        turn.record(ev.Accepted(at=turn.now(), task_id=report.task_id))
        turn.memory.learn_slots(_running(turn), was_accepted=True)


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
        turn.append(sent, check=lambda: _check_limits(turn))
        self.is_passed = True


def _check_limits(turn: Turn) -> None:
    """Whether the user's own limits let it go out now, whatever other processes have sent meanwhile."""
    assignment, now = turn.assignment, turn.wall()
    if assignment.concurrency is not None and _running(turn) >= assignment.concurrency:
        raise NotSent("As many clips are being made as are allowed at once.")
    if not assignment.caps:
        return
    since = now - spending.DAY_S if assignment.caps.project is None else -math.inf
    sent = [s for s in turn.journal.sent_since(since) if s.origin == assignment.origin]
    spending.check_caps(turn.submission, sent, assignment.caps, now)


def _running(turn: Turn) -> int:
    """How many tasks of this key are at work, as far as the journal knows."""
    now = turn.now()
    return sum(queueing.is_running(s, now) for s in turn.journal.live() if s.origin == turn.assignment.origin)


def _record_failure(turn: Turn, error: KlingError, is_committed: bool) -> None:
    event = _after_failed_send(turn, error, is_committed)
    if isinstance(event, ev.Unanswered):
        turn.begin_looking(event)
    else:
        turn.record(event)


def _after_failed_send(turn: Turn, error: KlingError, is_committed: bool) -> Event:
    """What a send that brought no task means (the codes by ``protocol.REACTIONS``)."""
    now, reason = turn.now(), str(error)
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
                turn.memory.learn_slots(_running(turn) - is_committed, was_accepted=False)
            return ev.Deferred(at=now, reason=reason, retry_after_s=error.retry_after_s)
        case Reaction.SIGN_AGAIN if turn.submission.failures < _SIGNATURES:
            return ev.Deferred(at=now, reason=reason, retry_after_s=None)
        case Reaction.FIX_KEYS | Reaction.SIGN_AGAIN | Reaction.RECHARGE:
            return ev.Held(at=now, reason=reason, exit_code=error.exit_code, scope="key")
        case _:
            return ev.Failed(at=now, reason=reason)


def _is_explained(error: KlingError) -> bool:
    """Whether it is a code of the contract; any other is no proof that nothing was created."""
    return isinstance(error, Refused) and error.code in REACTIONS
