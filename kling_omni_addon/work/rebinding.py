"""What was sent with another key of the same service: the account of the key in force is asked for it, which is
free. If it knows the task, the key was only replaced, and the submission is carried on with the one in force.
"""

from __future__ import annotations

import logging

from ..core.errors import CredentialsUnfit, KlingError, TaskUnknown
from ..core.life import events as ev
from ..core.life.lifecycle import Action, IllegalTransition, Phase, Submission
from .assignment import Service
from .crew import Crew
from .journal import Journal
from .leases import LEASE_S, LeaseLost

_log = logging.getLogger(__name__)

_AGAIN_S = 30.0
_LATE_S, _SELDOM, _LATEST_S = 600.0, 4, 7200.0
"""One without an answer is asked for every ten minutes, for its task may show late and nobody else looks for it; later
on each time after a quarter of its age, which a clock that was wrong makes look endless.
"""
_AT_KLING = (Phase.UNANSWERED, Phase.PARKED, Phase.ACCEPTED, Phase.READY)


def rebind_known(journal: Journal, service: Service, crew: Crew) -> None:
    """Ask for each that was not asked for yet in this process, and bind those that the account knows to this key."""
    for submission in journal.live():
        is_due = crew.memory.earliest(submission.id, Action.ASK) <= crew.clock.now()
        if is_due and _may_be_ours(submission, crew) and crew.memory.note_asked(submission.id):
            try:
                _ask(submission, journal, service, crew)
            except (LeaseLost, IllegalTransition) as error:
                _log.info("%s: another process was faster (%s)", submission.id, error)
            except CredentialsUnfit as error:  # that will not change in this process, and says nothing of the others
                _log.warning("%s stays with the key that it was sent with: %s", submission.id, error.sentence)
            except KlingError as error:  # no answer is no "no"
                _log.warning("%s was sent with another key, and cannot be asked for: %s", submission.id, error.sentence)
                _ask_again(submission, crew, _AGAIN_S)
                return


def _ask_again(submission: Submission, crew: Crew, after_s: float) -> None:
    crew.memory.forget_asked(submission.id)
    crew.memory.pause(submission.id, Action.ASK, crew.clock.now() + after_s)


def _may_be_ours(submission: Submission, crew: Crew) -> bool:
    origin, own = submission.origin, crew.assignment.origin
    return origin != own and origin.service == own.service and (submission.phase in _AT_KLING or submission.tasks > 0)


def _ask(submission: Submission, journal: Journal, service: Service, crew: Crew) -> None:
    if not (submission.task_id or submission.payload.has_own_id):
        return  # no question tells whether an account has it
    is_nobodys = submission.denial is not None and submission.denial.is_for_key  # no account can have it
    asked = service.speaking(submission.payload.dialect)
    asked.require_fit_key()  # what this key cannot carry on it must not take over either
    try:
        if not is_nobodys:
            asked.find_by_either(submission.task_id or submission.id)
    except TaskUnknown:
        if submission.phase is Phase.UNANSWERED:
            age_s = crew.clock.now() - submission.changed_at
            _ask_again(submission, crew, min(max(_LATE_S, age_s / _SELDOM), _LATEST_S))
        return
    lease = journal.claim(submission.id, crew.clock.now())
    if lease is None:  # a process with the other key is at it, or died at it without anybody seeing
        _ask_again(submission, crew, LEASE_S)
        return
    journal.append(submission.id, ev.Rebound(at=crew.clock.now(), origin=crew.assignment.origin), lease)
    _log.warning("%s is carried on with the key in force", submission.id)
    crew.tell_news()
