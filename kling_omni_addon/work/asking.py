"""Asking, which is free: how far a task is, and whether there is one at all where a create was never answered."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..core.errors import CredentialsRefused, KlingError, TaskUnknown
from ..core.life import events as ev
from ..core.life import spending
from ..core.life.events import Event
from ..core.life.lifecycle import Action, Phase, Submission
from ..core.protocol import Status, TaskReport
from .assignment import Service
from .crew import Crew
from .turn import Turn

_log = logging.getLogger(__name__)

_MANY = 3
"""From so many tasks on, they are asked about together."""
_TOLD_BY_PAGES_S = 900.0
"""So long pages alone may say that there is no news of a task: a list may lag, and a proxy may keep an old page."""
_NO_LINK = "Kling reports a finished clip, but did not send its link."


class AskedTogether:
    """What was said of many tasks at once. Each report counts once.

    One call tells of all, so whoever is due has the others asked about, too. A page has no last word: what would end a
    task, or tells too little of one, is asked for singly, and so is now and then what pages have no news of.
    """

    def __init__(self, service: Service, crew: Crew) -> None:
        self._service = service
        self._crew = crew
        self._reports: dict[str, TaskReport] = {}
        self._asked_singly: dict[str, float] = {}

    def take(self, task_id: str) -> TaskReport | None:
        """What was said of a task; None where that was nothing (any more), and the task is asked for singly."""
        report = self._reports.pop(task_id, None)
        if report is None:
            self._asked_singly[task_id] = self._crew.clock.now()
        return report

    def read_if_worth_it(self, live: Iterable[Submission]) -> None:
        """Forget the old answers, and ask anew if there are many of these, and one is due. Where there is news that one
        is due at once; where there is none it has been asked about; what needs its own answer is due when it was.
        """
        self._reports = {}
        asked = [submission for submission in live if submission.phase is Phase.ACCEPTED]
        since, now = self._asked_singly, self._crew.clock.now()
        self._asked_singly = {each.task_id: since.get(each.task_id, now) for each in asked}
        for dialect in dict.fromkeys(submission.payload.dialect for submission in asked):
            self._read(dialect, [submission for submission in asked if submission.payload.dialect == dialect])

    def _read(self, dialect: str, asked: Sequence[Submission]) -> None:
        memory, now = self._crew.memory, self._crew.clock.now()
        if len(asked) < _MANY or all(memory.earliest(submission.id, Action.ASK) > now for submission in asked):
            return
        for submission in asked:
            memory.note_question(submission.id, now)
        said = self._ask(dialect, [submission.task_id for submission in asked])
        for submission in asked:
            memory.note_answered(submission.id)
            report = said.get(submission.task_id)
            if report is None:
                continue
            is_news = _is_news(submission, report)
            if is_news and _is_enough(report):
                self._reports[report.task_id] = report
                memory.pause(submission.id, Action.ASK, until=now)
            elif not is_news and now - self._asked_singly[submission.task_id] >= _TOLD_BY_PAGES_S:
                self._asked_singly[submission.task_id] = now
                memory.pause(submission.id, Action.ASK, until=now)
            elif not is_news:
                memory.note_there(submission.id)
                self._crew.ask_later(submission, now - submission.accepted_at)

    def _ask(self, dialect: str, task_ids: Sequence[str]) -> Mapping[str, TaskReport]:
        try:
            reports = self._service.speaking(dialect).ask_together(task_ids)
        except KlingError as error:
            _log.warning("many tasks could not be asked about together: %s", error.sentence)
        except Exception:  # noqa: BLE001 - whatever is wrong with the answer, each can still be asked for singly
            _log.exception("many tasks could not be asked about together")
        else:
            return {report.task_id: report for report in reports}
        return {}


def ask(turn: Turn, together: AskedTogether) -> None:
    """Ask how far the task is, and choose when to ask again."""
    submission = turn.submission
    try:
        report = together.take(submission.task_id) or turn.service.ask(submission.task_id)
    except KlingError as error:
        turn.put_off(Action.ASK, error)
        return
    if report.status is Status.SUCCEEDED and not report.link:
        turn.memory.note_silence(submission.id, turn.now(), _NO_LINK)
    else:
        turn.memory.note_there(submission.id)
    turn.crew.ask_later(submission, turn.now() - submission.accepted_at)
    event = _after_report(turn, report)
    if event is not None:
        turn.record(event)


def _is_news(submission: Submission, report: TaskReport) -> bool:
    """Whether a report tells of more than is on record: that it goes on, that it is over, or something odd."""
    if report.status is Status.PROCESSING:
        return submission.status != report.status
    return report.status is not Status.SUBMITTED


def _is_enough(report: TaskReport) -> bool:
    """Whether a page tells of a task what the task itself would: whoever lists tasks may leave out their links."""
    return report.status is Status.PROCESSING or (report.status is Status.SUCCEEDED and bool(report.link))


def _after_report(turn: Turn, report: TaskReport) -> Event | None:
    """What a report means; None where it is no news."""
    submission, now = turn.submission, turn.now()
    if report.status is Status.SUCCEEDED and report.link:
        if not submission.was_made:  # else its link had expired, and a page that is kept somewhere may still name that
            turn.memory.keep_answer(submission.id, report, now)
            turn.memory.learn_duration(submission.payload.kind, now - submission.accepted_at)
        if report.charge_said and not report.charge_balance:
            _log.warning("%s: %s", submission.id, spending.charge_sentence(submission.most_units, report.charge_said))
        return ev.Succeeded(
            at=now,
            **_charge_in(report),
            has_marked=bool(report.marked_link) or submission.wish.get("watermark") is True,
        )
    if report.status is Status.FAILED:
        reason = f"Kling could not generate the clip: {report.message or 'no reason given'}."
        return ev.Failed(at=now, reason=reason, **_charge_in(report))
    if report.status is Status.UNKNOWN:
        _log.warning("%s: the service reports a state that this version does not know; asking on", submission.id)
    is_further = report.status is Status.PROCESSING and _is_news(submission, report)
    return ev.Progressed(at=now, status=report.status) if is_further else None


def _charge_in(report: TaskReport) -> dict[str, Any]:
    return {
        "charge_units": report.charge_units,
        "charge_said": report.charge_said,
        "charge_balance": report.charge_balance,
        "charge_currency": report.charge_currency,
    }


def look_up(turn: Turn) -> None:
    """Look for the task of an unanswered create by our own id, once."""
    try:
        report = _find(turn)
    except KlingError as error:
        if not _is_the_same_refusal(turn, error):
            turn.put_off(Action.LOOK_UP, error)
            return
        report = None
    now = turn.now()
    turn.memory.note_there(turn.submission.id)
    turn.record(ev.Accepted(at=now, task_id=report.task_id) if report else ev.Missed(at=now))


def _is_the_same_refusal(turn: Turn, error: KlingError) -> bool:
    """Whether a key that was refused cannot even ask: then it cannot have made anything a moment ago."""
    denial = turn.submission.denial
    return isinstance(error, CredentialsRefused) and denial is not None and denial.is_for_key


def _find(turn: Turn) -> TaskReport | None:
    """Our task, if the service says that it has one that did not end already."""
    if turn.submission.ended_tasks:  # only the list tells several tasks of one id apart
        return _task_of(turn.submission, turn.service.recent())
    try:
        return turn.service.find(turn.submission.id)
    except TaskUnknown:
        return None


def scan(turn: Turn) -> None:
    """Look for the task of an unanswered create on the account's whole list."""
    if not turn.submission.payload.has_own_id:
        _scan_without_id(turn)
        return
    try:
        report = _task_of(turn.submission, turn.service.list_tasks())
    except KlingError as error:
        if not _is_the_same_refusal(turn, error):
            turn.put_off(Action.SCAN, error)
            return
        report = None
    now = turn.now()
    turn.record(ev.Accepted(at=now, task_id=report.task_id) if report else ev.Scanned(at=now))


def _scan_without_id(turn: Turn) -> None:
    try:
        found = turn.candidates()
    except KlingError as error:
        if not _is_the_same_refusal(turn, error):
            turn.put_off(Action.SCAN, error)
            return
        found = ()
    turn.memory.note_there(turn.submission.id)
    turn.record(ev.Scanned(at=turn.now(), candidates=found))


def believe(turn: Turn) -> None:
    """Nothing was found after a refusal: it counts."""
    assert turn.submission.denial is not None
    turn.record(ev.believed(turn.submission.denial, turn.now()))


def park(turn: Turn) -> None:
    """Nothing was found where it must have been: a person decides what to believe."""
    turn.record(ev.Parked(at=turn.now()))


def _task_of(submission: Submission, reports: Iterable[TaskReport]) -> TaskReport | None:
    """The first task on a list that is ours and has not ended already."""
    ours = (report for report in reports if report.external_task_id == submission.id)
    return next((report for report in ours if report.task_id not in submission.ended_tasks), None)
