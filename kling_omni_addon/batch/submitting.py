"""Submit a batch: all of it is judged before any of it is submitted, and run again it submits nothing twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from ..core.amounts import total_of
from ..core.capability import Profile
from ..core.errors import (
    ArgumentsInvalid,
    CapReached,
    ClipGone,
    CredentialsRefused,
    KlingError,
    Refused,
    RequestInvalid,
)
from ..core.once import is_same_wish
from ..core.payload import draft_body
from ..core.pricing import Price, plain, price_of
from ..request_file import RequestFile
from ..work.picture_store import PictureJudge, PictureStore
from .checking import Judged, Total, judged_lines, request_to_come
from .frames import FramesFolder, state_of_file
from .manifest import LineProblem
from .shot import Shot
from .taking import Asked, Standing, State, Taker

_OF_ONE_SHOT = (ArgumentsInvalid, ClipGone, RequestInvalid, Refused)
"""What keeps one shot from being submitted, and no other."""


@dataclass(slots=True, kw_only=True)
class Plan:
    """What a batch would submit: ``new`` is what is to be paid for, ``units_of`` the most of it that each project may
    cost (None where that is not known), ``known`` how many clips were asked for before. ``manifest`` is the state of
    the file that was read for it.
    """

    new: Total = field(default_factory=Total)
    units_of: dict[str, Decimal | None] = field(default_factory=dict)
    known: int = 0
    manifest: tuple[int, int] | None = None

    def note(self, project: str, price: Price | None, clips: int) -> None:
        """So many more clips are to be paid for, of a shot of a project."""
        self.new = self.new.with_clips(price, clips)
        if clips:
            units = None if price is None else clips * price.most_units
            self.units_of[project] = total_of((self.units_of.get(project, Decimal(0)), units))


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A manifest with the folder of its frames; None where no shot has any."""

    manifest: Path
    frames: FramesFolder | None
    profile: Profile

    def planned(self, taker: Taker, plan: Plan) -> Iterator[LineProblem]:
        """Every problem that keeps the batch from being submitted, and every doubt; what it comes to goes into
        ``plan``. Nothing is submitted.
        """
        plan.manifest = _state_of(self.manifest)
        for judged in judged_lines(self.manifest, self.profile, needs_blend=False):
            problems = list(judged.problems)
            if judged.shot is not None and judged.is_good:
                problems += self._planned_shot(judged.shot, taker, plan)
            yield from problems

    def _planned_shot(self, shot: Shot, taker: Taker, plan: Plan) -> Iterator[LineProblem]:
        fault = self._fault_of_frames(shot)
        if fault:
            yield _problem(shot, "key", fault)
            return
        if self.frames is not None and shot.roles and self.frames.is_older(shot, self.manifest.parent):
            sentence = "The .blend file was changed after the frames. To render them again: kling batch frames"
            yield replace(_problem(shot, "blend", sentence), is_fault=False)
        try:
            file = self.read(shot, PictureJudge())
            faults = [problem for problem in file.problems if problem.is_fault]
            yield from (_problem(shot, "", f"{problem.path}: {problem.message}") for problem in faults)
            if not faults:
                new = [name for name in shot.names if _is_new(taker.standing(name, file.request))]
                plan.known += shot.takes - len(new)
                plan.note(shot.project, price_of(file.request, profile=self.profile), len(new))
        except ArgumentsInvalid as error:
            remedy = "Give the line a new key." if error.field == "once" else error.remedy
            yield _problem(shot, "key", f"{error.sentence} {remedy}")

    def _fault_of_frames(self, shot: Shot) -> str:
        if not shot.roles:
            return ""
        return "The shot needs frames. Pass --frames FOLDER." if self.frames is None else self.frames.fault(shot)

    def read(self, shot: Shot, store: PictureStore) -> RequestFile:
        """A shot's request, its pictures in ``store``. Raises like ``FramesFolder.read``, and :class:`ArgumentsInvalid`
        for one that somebody made ask for something else than its line: the folder may be anybody's.
        """
        if shot.roles and self.frames is not None:
            file = self.frames.read(shot, store, self.profile)
            is_said = is_same_wish(file.request, request_to_come(shot, self.profile))
            if not is_said or file.leaves or file.body.get("external_task_id"):
                sentence = f'The request of "{shot.key}" in "{self.frames.folder}" is not what its line says.'
                raise ArgumentsInvalid(sentence, field="frames", remedy="Delete its folder, and render it again.")
            return file
        return RequestFile(body=draft_body(shot.request(self.profile, {}), {}), problems=())

    def submitted(self, taker: Taker, plan: Plan) -> Iterator[Standing]:
        """Submit every clip, in order, as it is asked for: **each may cost**. How each stands.

        What is wrong with one shot by now is told as its standing, and the others go on. Raises
        :class:`ArgumentsInvalid` where the manifest is not the one of the ``plan``, at first or after some shots, and
        :class:`KlingError` for what is true of all (no network, no key): run again, it goes on from there.
        """
        if _state_of(self.manifest) != plan.manifest:
            sentence = "The manifest was changed while it was checked. Nothing was sent."
            raise ArgumentsInvalid(sentence, field="manifest", remedy="Try again.")
        for judged in judged_lines(self.manifest, self.profile, needs_blend=False):
            if _state_of(self.manifest) != plan.manifest:
                sentence = "The manifest was changed while it was submitted. What comes after was not sent."
                remedy = "Run the command again, which charges nothing twice."
                raise ArgumentsInvalid(sentence, field="manifest", remedy=remedy)
            yield from self._submitted_shot(judged, taker)

    def _submitted_shot(self, judged: Judged, taker: Taker) -> Iterator[Standing]:
        shot = judged.shot
        if shot is None or not judged.is_good or self._fault_of_frames(shot):
            yield _failed(judged.key, ArgumentsInvalid("The line or its frames were changed meanwhile.", field="key"))
            return
        try:
            file = self.read(shot, taker.pictures)
        except ArgumentsInvalid as error:
            yield _failed(shot.key, error)
            return
        for name in shot.names:
            yield _submitted(taker, Asked(name=name, clip_name=shot.clip_name, file=file, project=shot.project))


def _state_of(manifest: Path) -> tuple[int, int] | None:
    """Size and time of change; None for a file that is not there, which reading it says."""
    try:
        return state_of_file(manifest)
    except (OSError, ValueError):
        return None


def _submitted(taker: Taker, asked: Asked) -> Standing:
    try:
        return taker.submit(asked)
    except CredentialsRefused:
        raise
    except _OF_ONE_SHOT as error:
        return _failed(asked.name, error)


def _failed(name: str, error: KlingError) -> Standing:
    return Standing(name=name, state=State.FAILED, problem=str(error), exit_code=error.exit_code)


def _is_new(standing: Standing) -> bool:
    """Whether it is to be paid for: nothing was asked for under the name, or it failed and is tried again."""
    return standing.state in (State.NOT_SUBMITTED, State.FAILED) and not standing.is_gone


def _problem(shot: Shot, column: str, message: str) -> LineProblem:
    return LineProblem(line=shot.line, column=column, message=message, key=shot.key)


def require_at_most(total: Total, most_units: Decimal | None) -> None:
    """Raise :class:`CapReached` where what is to be paid for may cost more than ``most_units``; None is no limit."""
    if most_units is None:
        return
    if total.most_units is None:
        sentence = f"Nothing was sent: {total.unpriced} of the clips have no list price."
        raise CapReached(sentence, field="most-units", remedy="Leave --most-units out, or take these shots out.")
    if total.most_units > most_units:
        sentence = (
            f"Nothing was sent: the batch may cost {plain(total.most_units)} units, more than {plain(most_units)}."
        )
        raise CapReached(sentence, field="most-units", remedy="Raise --most-units, or submit fewer shots.")
