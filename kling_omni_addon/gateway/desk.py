"""What the gateway asks of its session: to judge a request, to take it once, to say how it stands, to hand the clip
over.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

from ..core.errors import ClipUnusable, CredentialsMissing, RequestInvalid
from ..core.life.events import Target
from ..core.life.lifecycle import Phase, Submission
from ..core.life.queueing import Queue
from ..core.once import name_of_wish
from ..once import submit_once
from ..request_file import RequestFile, read_body
from ..session import Session
from ..work.copying import copy_clip
from .spool import Asked
from .state import Standing, State

_WORDS: Final[Mapping[Phase, str]] = {
    Phase.INTENDED: "The job is queued.",
    Phase.UNANSWERED: "The job was sent. Kling has not confirmed it yet.",
    Phase.PARKED: "The job was sent. Kling never confirmed it.",
    Phase.ACCEPTED: "Kling is generating the clip.",
    Phase.READY: "The clip is being downloaded.",
    Phase.FETCHED: "The clip is ready.",
    Phase.PLACED: "The clip is ready.",
    Phase.FAILED: "The job failed.",
    Phase.ABANDONED: "The job was stopped.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A request that may be sent, with the name of what it asks for."""

    asked: Asked
    file: RequestFile
    wish: str


class Counter(Protocol):
    """What the gateway needs; :class:`Desk` is the real one."""

    def read(self, asked: Asked) -> Read:
        """Judge a request. Raises :class:`RequestInvalid`."""

    def needs_claim(self, read: Read) -> bool:
        """Whether only one journal may take it."""

    @property
    def journal(self) -> str:
        """The name of the journal."""

    def take(self, read: Read) -> Submission:
        """Record it once. Raises like ``once.submit_once``."""

    def states(self, wishes: Mapping[str, tuple[str, str]]) -> Mapping[str, tuple[Submission, State]]:
        """How submissions stand, by id, of which key and wish are given."""

    def go_on(self, submission: Submission) -> None:
        """Go on with one that ``is_sent_again``."""

    def hand_over(self, submission: Submission, folder: Path) -> tuple[str, str]:
        """Have clip and marked copy in a folder; their names there. Raises like ``work.copying.copy_clip``."""


class Desk:
    """One session at work for a spool."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def journal(self) -> str:
        """The journal's own name."""
        return self._session.journal_name

    def read(self, asked: Asked) -> Read:
        """Judge a request as the service would. Raises :class:`RequestInvalid`."""
        file = read_body(asked.body, None, self._session.pictures, self._session.settings.limits)
        if file.unsendable:
            raise RequestInvalid(file.unsendable)
        return Read(asked=asked, file=file, wish=name_of_wish(file.request))

    def needs_claim(self, read: Read) -> bool:
        """Whether the service takes no id of ours for it, so that another journal would have it made again."""
        intended = self._session.intended(read.file.request, None, read.file.pictures)
        return not intended.payload.has_own_id

    def take(self, read: Read) -> Submission:
        """Record the wish, or go on with what is there. It is for the project that this gateway was told, where it was
        told one: its limit is not to be had under another name. Raises like ``once.submit_once``.
        """
        asked = read.asked
        asker = replace(asked.asker, project=self._session.settings.project or asked.asker.project)
        target = Target(name=asked.name or asked.key)
        made = submit_once(self._session, read.file.request, target, read.file.pictures, key=asked.key, asker=asker)
        self._session.rebind_if_elsewhere((made.id,))
        return made

    def states(self, wishes: Mapping[str, tuple[str, str]]) -> Mapping[str, tuple[Submission, State]]:
        """How submissions stand, by id, of which key and wish are given."""
        if not wishes:
            return {}
        found = self._session.wait(lambda _: True, wishes, 0.0)
        queue = Queue(self._session.live(), time.time())
        return {each.id: (each, self._state_of(each, *wishes[each.id], queue)) for each in found.values()}

    def _state_of(self, submission: Submission, key: str, wish: str, queue: Queue) -> State:
        """How it stands, with what this session knows besides: that another key has it, or that nobody answers."""
        state = state_of(submission, key, wish, queue)
        if elsewhere := self._session.elsewhere(submission):
            held = replace(state, standing=Standing.NEEDS_A_PERSON, problem=elsewhere)
            return replace(held, exit_code=CredentialsMissing.exit_code)
        return replace(state, problem=state.problem or self._session.silence(submission))

    def go_on(self, submission: Submission) -> None:
        """Go on with one that ``is_sent_again``, as if somebody asked once more."""
        self._session.go_on_with(submission)

    def hand_over(self, submission: Submission, folder: Path) -> tuple[str, str]:
        """Copy clip and marked copy into a folder, over nothing; their names there."""
        clip = copy_clip(submission, folder).name
        if not submission.marked:
            return clip, ""
        marked = replace(submission, clip=submission.marked, clip_sha256=submission.marked_sha256)
        try:
            return clip, copy_clip(marked, folder).name
        except ClipUnusable:  # somebody took it away; the clip is worth more
            return clip, ""


def state_of(submission: Submission, key: str, wish: str, queue: Queue) -> State:
    """How a submission stands, for whoever waits."""
    return State(
        key=key,
        wish=wish,
        standing=_standing(submission),
        words=queue.waits_because(submission) or _WORDS[submission.phase],
        exit_code=_exit_code(submission),
        id=submission.id,
        phase=submission.phase.value,
        task_id=submission.task_id,
        charge_units=submission.charge_units,
        charge_balance=submission.charge_balance,
        charge_currency=submission.charge_currency,
        charge_said=submission.charge_said,
        problem=submission.problem,
    )


def _standing(submission: Submission) -> Standing:
    if submission.needs_a_person and not submission.is_sent_again:
        return Standing.NEEDS_A_PERSON
    if submission.phase in (Phase.FETCHED, Phase.PLACED):
        return Standing.UNDER_WAY if submission.awaits_marked else Standing.DONE
    return Standing.FAILED if submission.is_over else Standing.UNDER_WAY


def _exit_code(submission: Submission) -> int:
    if submission.phase in (Phase.FETCHED, Phase.PLACED):
        return 0
    return submission.exit_code or (4 if submission.is_settled else 0)
