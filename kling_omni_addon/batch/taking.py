"""Who takes the shots of a batch and makes their clips: this process with its job history, or whoever does as
:class:`Taker` says.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from ..core.amounts import total_of
from ..core.errors import ArgumentsInvalid, CredentialsMissing
from ..core.life.events import Target
from ..core.life.lifecycle import Phase, Submission
from ..core.life.spending import Bill
from ..core.projects import project_of_folder
from ..core.request import OmniRequest
from ..login import asker_here
from ..request_file import RequestFile

if TYPE_CHECKING:
    from ..session import Session
    from ..work.journal import Journal
    from ..work.picture_store import PictureStore

_ACCEPTANCE_S: Final = 600.0
GONE: Final = 'The clip "{clip}" was moved or deleted. To download it again, which is free, submit the batch again.'
AtLook = Callable[[int, int], None]


def in_silence(still_open: int, total: int) -> None:
    """For whoever shows nothing."""


class State(StrEnum):
    """How one clip of a batch stands."""

    NOT_SUBMITTED = "not_submitted"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the clip of a name stands. ``problem`` says why it failed or waits for a person, ``exit_code`` how a command
    ends for it then. One that ``is_handed_over`` goes on without whoever asked: Kling or a gateway has it. One that
    ``is_rehearsed`` costs nothing and shows the rehearsal's picture. A clip that ``is_gone`` from its place was made:
    asked for again it comes back, which is free.
    """

    name: str
    state: State = State.NOT_SUBMITTED
    id: str = ""
    phase: str = ""
    task_id: str = ""
    clip: str = ""
    problem: str = ""
    exit_code: int = 0
    is_handed_over: bool = False
    is_rehearsed: bool = False
    is_gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One clip that is asked for: once under ``name``, and called ``clip_name``. ``project`` is what its line says, and
    ``""`` where it says none.
    """

    name: str
    clip_name: str
    file: RequestFile
    project: str = ""

    @property
    def request(self) -> OmniRequest:
        """What is asked for."""
        return self.file.request


class Taker(Protocol):
    """Whoever takes shots: the one place that knows how they are sent."""

    @property
    def pictures(self) -> PictureStore:
        """Where the pictures of what is asked for are kept."""

    def require_affordable(self, wanted: Mapping[str, Decimal | None]) -> None:
        """Raise :class:`~kling_omni_addon.core.errors.CapReached` where so many more units for each project break a
        limit; None where it is not known how many, ``""`` for the project of what names none.
        """

    def require_key(self) -> None:
        """Raise where there is no key to send with."""

    def submit(self, asked: Asked) -> Standing:
        """Have the clip made, once under its name whoever asks again. Raises like ``once.submit_once``."""

    def standing(self, name: str, request: OmniRequest | None = None) -> Standing:
        """How the clip of a name stands.

        Raises :class:`~kling_omni_addon.core.errors.ArgumentsInvalid` where something else than ``request`` was asked
        for under the name.
        """

    def follow(
        self, tell: Callable[[Standing], None], wait_s: float, at_look: AtLook = in_silence
    ) -> tuple[Standing, ...]:
        """Tell of each change of what was submitted, until nothing more happens by itself or the time is over. How all
        stands then. ``at_look`` is told at each look of how many something is to come, and how many there are.
        """


class Alone:
    """This process with its own job history. ``clips`` is the folder of the clips, ``""`` for the usual one; what names
    no project is for that of ``manifest``.
    """

    def __init__(self, session: Session, manifest: Path, clips: str = "") -> None:
        self._session = session
        self._clips = clips
        self._project = session.settings.project or project_of_manifest(manifest)
        self._names: dict[str, str] = {}  # submission -> name

    @property
    def pictures(self) -> PictureStore:
        """Those of the session."""
        return self._session.pictures

    def require_affordable(self, wanted: Mapping[str, Decimal | None]) -> None:
        """By the limits in force and all that was sent under them."""
        bills: dict[Bill, Decimal | None] = {}
        for project, units in wanted.items():
            bill = Bill(project=project or self._project)
            bills[bill] = total_of((bills.get(bill, Decimal(0)), units))
        self._session.require_units_within_caps(bills)

    def require_key(self) -> None:
        """By a free look at what is set."""
        self._session.check_credentials()

    def submit(self, asked: Asked) -> Standing:
        """Record it, durable on return; it is sent while :meth:`follow` waits, or at any later time."""
        from ..once import submit_once  # requests, as below

        target = Target(name=asked.clip_name, folder=self._clips)
        asker = asker_here(asked.project or self._project)
        made = submit_once(self._session, asked.request, target, asked.file.pictures, key=asked.name, asker=asker)
        self._names[made.id] = asked.name
        return standing_of(asked.name, made)

    def standing(self, name: str, request: OmniRequest | None = None) -> Standing:
        """As the job history has it."""
        from ..once import refuse_other_wish

        found = self._session.asked_once(name)
        if request is not None:
            refuse_other_wish(name, request, found)
        return latest(name, found)

    def follow(
        self, tell: Callable[[Standing], None], wait_s: float, at_look: AtLook = in_silence
    ) -> tuple[Standing, ...]:
        """Send what was submitted here, and tell of each change, until nothing more happens by itself or the time is
        over; without a time, until Kling has accepted everything. How all stands then.
        """
        told: dict[str, Standing] = {}

        def is_done(found: Mapping[str, Submission]) -> bool:
            for submission in found.values():
                standing = self._standing_of(submission)
                if told.get(standing.name) != standing:
                    told[standing.name] = standing
                    tell(standing)
            at_look(sum(not s.is_settled for s in found.values()), len(found))
            open_ones = [s for s in found.values() if not self._session.elsewhere(s)]
            return all(s.is_settled or (not wait_s and s.task_id) for s in open_ones)

        if self._names:
            self._session.rebind_if_elsewhere(self._names)
            self._session.start()
            self._session.wait(is_done, tuple(self._names), wait_s or _ACCEPTANCE_S)
        return tuple(told.values())

    def _standing_of(self, submission: Submission) -> Standing:
        """How it stands; one of another key waits for a person."""
        standing, elsewhere = standing_of(self._names[submission.id], submission), self._session.elsewhere(submission)
        code = CredentialsMissing.exit_code
        return replace(standing, state=State.FAILED, problem=elsewhere, exit_code=code) if elsewhere else standing


def project_of_manifest(manifest: Path) -> str:
    """The project of a batch for which nobody named one."""
    return project_of_folder(str(manifest.absolute().parent))


class Recorded:
    """What a job history knows, for whoever only looks: no key, no service."""

    def __init__(self, journal: Path) -> None:
        from ..work.journal import Journal  # sqlite

        self._journal: Journal | None = Journal(journal) if journal.exists() else None

    def standing(self, name: str, request: OmniRequest | None = None) -> Standing:
        """As it was recorded last, under whatever key. Raises like :meth:`Taker.standing`."""
        from ..once import refuse_other_wish

        found = in_earnest(() if self._journal is None else self._journal.of_once(name))
        if request is not None:
            refuse_other_wish(name, request, found)
        return latest(name, found)

    def close(self) -> None:
        """Let go of the file."""
        if self._journal is not None:
            self._journal.close()


Look = Callable[[str, OmniRequest | None], Standing]
"""Who says how a clip stands: :meth:`Taker.standing` and its like."""


def looked_up(look: Look, name: str, request: OmniRequest) -> Standing:
    """How the clip of a name stands; it failed where something else was asked for under the name."""
    try:
        return look(name, request)
    except ArgumentsInvalid as error:
        return Standing(name=name, state=State.FAILED, problem=str(error), exit_code=error.exit_code)


def in_earnest(found: Collection[Submission]) -> Collection[Submission]:
    """Without what was rehearsed, unless there is nothing else."""
    from ..session import is_rehearsed  # requests

    return [submission for submission in found if not is_rehearsed(submission)] or found


def latest(name: str, found: Iterable[Submission]) -> Standing:
    """How the clip of a name stands, of all that was asked for under it: the last that did not fail, else the last."""
    every = [standing_of(name, submission) for submission in found]
    return next(
        (one for one in reversed(every) if one.state is not State.FAILED), every[-1] if every else Standing(name=name)
    )


def standing_of(name: str, submission: Submission) -> Standing:
    """How a submission stands."""
    from ..session import is_rehearsed  # requests

    state = _state_of(submission)
    is_gone = state is State.DONE and not Path(submission.clip).is_file()
    state = State.FAILED if is_gone else state
    return Standing(
        name=name,
        state=state,
        id=submission.id,
        phase=submission.phase.value,
        task_id=submission.task_id,
        clip=submission.clip,
        problem=GONE.format(clip=submission.clip) if is_gone else submission.problem,
        exit_code=(submission.exit_code or 4) if state is State.FAILED else 0,
        is_handed_over=bool(submission.task_id),
        is_rehearsed=is_rehearsed(submission),
        is_gone=is_gone,
    )


def _state_of(submission: Submission) -> State:
    if submission.phase in (Phase.FETCHED, Phase.PLACED):
        return State.DONE
    return State.FAILED if submission.is_settled else State.RUNNING
