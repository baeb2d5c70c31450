"""``kling batch``: its words, and what each of its verbs does. JSON lines on stdout, a summary last."""

from __future__ import annotations

import argparse
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..core.errors import CredentialsMissing, KlingError
from ..core.pricing import plain
from ..core.problem import escaped
from ..core.projects import same_for
from ..paths import expanded
from . import arguments, spooled, verbs
from .output import Progress, say, tell
from .progress import show_count
from .with_blender import in_blender

if TYPE_CHECKING:
    from ..batch.checking import Part, Total
    from ..batch.manifest import LineProblem
    from ..batch.spooled import Spooled
    from ..batch.taking import Look, Standing, Taker
    from ..blender.batch.collecting import Collected
    from ..core.capability import Profile

SOME_FAILED: Final = 4
_DAY_S: Final = 86_400.0
_PART: Final = re.compile(r"([0-9]{1,9})/([0-9]{1,9})")
Verb = Callable[[Any, str, Callable[..., int], str], argparse.ArgumentParser]


def add(
    names: Any, add_verb: Verb, units: Callable[[str], Decimal], seconds: Callable[[str], float]
) -> tuple[argparse.ArgumentParser, ...]:
    """The words of the verbs; ``names`` are the sub-parsers of ``batch``. Those that judge like ``submit``."""
    what = "find every problem of a manifest, and what it costs; renders nothing, sends nothing"
    checking = add_verb(names, "check", check, what)
    rendering = add_verb(names, "frames", frames, "render the first and end frames of the shots; needs Blender, no key")
    submitting = add_verb(names, "submit", submit, "submit every shot once; each clip is charged")
    standing = add_verb(names, "status", status, "show how each clip stands; asks neither Kling nor a gateway")
    collecting = add_verb(names, "collect", collect, "add all clips to one .blend file; needs Blender, no key")
    for verb in (checking, rendering, submitting, standing, collecting):
        verb.add_argument(
            "manifest", type=arguments.path, help="one shot per line, as JSON or CSV (schemas/batch_line.schema.json)"
        )
    for verb, what in (
        (submitting, "leave the shots to the gateway of this spool, which has the key"),
        (standing, "as the gateway of this spool said last"),
        (collecting, "take the clips from this spool"),
    ):
        verb.add_argument("--spool", type=arguments.folder, metavar="FOLDER", help=what)
    for verb in (checking, submitting):
        verb.add_argument("--service", default="", help="as for kling submit")
    rendering.add_argument("--out", type=arguments.path, required=True, metavar="FOLDER", help="folder for the frames")
    which = rendering.add_mutually_exclusive_group()
    which.add_argument("--only", nargs="+", default=[], metavar="KEY", help="render these shots only")
    which.add_argument(
        "--part",
        type=_part,
        metavar="N/M",
        help="render only the N-th of M parts of the manifest: the shots N, N + M, N + 2M, and so on",
    )
    submitting.add_argument("--frames", type=arguments.path, metavar="FOLDER", help="folder of the rendered frames")
    submitting.add_argument("--most-units", type=units, metavar="N", help="submit nothing if more might be charged")
    submitting.add_argument("--dry-run", action="store_true", help="say what would be submitted; sends nothing")
    submitting.add_argument("--clips", type=arguments.path, help="folder for the clips (default: KLING_HOME/clips)")
    until = submitting.add_mutually_exclusive_group()
    until.add_argument(
        "--hand-over",
        action="store_true",
        help="end with 0 when Kling, or the gateway, has every shot, although clips are still to come",
    )
    until.add_argument(
        "--wait",
        nargs="?",
        type=seconds,
        const=_DAY_S,
        default=0.0,
        metavar="SECONDS",
        help="wait for the clips (at most SECONDS)",
    )
    collecting.add_argument(
        "--to", type=arguments.path, required=True, metavar="EDIT.blend", help="file that is to have the clips"
    )
    collecting.add_argument(
        "--otio", type=arguments.path, metavar="OUT.otio", help="also export the edit as OpenTimelineIO"
    )
    return checking, submitting


def _part(text: str) -> Part:
    """Which part of a manifest, as farms count their tasks: from 1."""
    from ..batch.checking import Part

    found = _PART.fullmatch(text)
    number, of = map(int, found.groups()) if found else (0, 0)
    if not 1 <= number <= of:
        raise argparse.ArgumentTypeError(f'"{escaped(text[:40])}" is not a part like 3/12, the third of twelve')
    return Part(number, of)


def check(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Every problem of a manifest, then what all of it comes to."""
    from ..batch.checking import Total, judged_lines, list_price

    profile = verbs.judged_by(options, environment)
    told, total = _Told(options.manifest), Total()
    project, units_of = _project(options, environment), dict[str, Decimal]()
    for judged in judged_lines(_manifest(options), profile):
        told.all(judged.problems)
        if judged.shot is not None and judged.is_good:
            before, total = total, total.with_clips(list_price(judged.shot, profile), judged.shot.takes)
            name = same_for(judged.shot.project or project)
            units_of[name] = units_of.get(name, Decimal(0)) + total.units - before.units
    limits = _limits(options, environment)
    told.all(_beyond_limits(total, max(units_of.values(), default=Decimal(0)), limits))
    say(_summary(total) | {name: _amount(units) for name, units in limits.items()} | told.summary())
    return told.exit_code


def _limits(options: argparse.Namespace, environment: Mapping[str, str]) -> dict[str, Decimal | None]:
    """The limits on spending in force, and the balance where there is a key and an answer."""
    from ..session import service_of
    from ..settings import caps_in_force, service_in_force

    caps, _ = caps_in_force(
        environment, options.preferred, service_in_force(environment, options.preferred, options.service)
    )
    limits: dict[str, Decimal | None] = {"daily_limit": caps.daily, "project_limit": caps.project, "balance": None}
    try:
        packs = service_of(verbs.settings_of(options, environment, asks=True)).account()
    except CredentialsMissing:
        return limits
    except KlingError as error:
        tell(f"kling: The balance is not known. {error}")
        return limits
    left = [pack.remaining for pack in packs if pack.status == "online" and pack.remaining is not None]
    return limits | {"balance": sum(left, Decimal(0))}


def _beyond_limits(
    total: Total, most_of_project: Decimal, limits: Mapping[str, Decimal | None]
) -> Iterator[LineProblem]:
    """What the whole batch exceeds, or those of one project. Limits are faults: ``submit`` sends nothing then. A
    balance can be topped up.
    """
    from ..batch.manifest import LineProblem

    for name, units in limits.items():
        cost = most_of_project if name == "project_limit" else total.units
        if units is not None and cost > units:
            whose = "All clips" if cost == total.units else "The clips of one project"
            sentence = f"{whose} may cost {plain(cost)} units. The {name.replace('_', ' ')} is {plain(units)}."
            yield LineProblem(line=0, column="", message=sentence, is_fault=name != "balance")


def frames(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Render what is not there yet. Nothing is rendered of a manifest with a faulty line."""
    from ..batch.checking import WHOLE, judged_lines

    manifest, out = _manifest(options), expanded(options.out, "out")
    told, part = _Told(options.manifest), options.part or WHOLE
    for judged in judged_lines(manifest, _profile(options, environment), only=options.only, part=part):
        told.all(judged.problems)
    if told.faults:
        return told.exit_code
    with in_blender(environment, _command(options)):
        from ..blender.batch.rendering import Outcome, render_batch

        counted: Counter[str] = Counter()
        for shot in render_batch(manifest, out, options.only, part):
            counted[shot.outcome] += 1
            say(
                {
                    "key": shot.key,
                    "frames": shot.outcome,
                    "folder": shot.folder or None,
                    "problem": shot.problem or None,
                }
            )
            if shot.problem:
                tell(f"kling: {options.manifest}:{shot.line}: {shot.problem}")
    say({outcome.value: counted[outcome] for outcome in Outcome})
    return SOME_FAILED if counted[Outcome.FAILED] else 0


def submit(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Judge all, then submit all."""
    from ..batch.frames import FramesFolder
    from ..batch.submitting import Batch, Plan, require_at_most

    folder = FramesFolder(expanded(options.frames, "frames")) if options.frames else None
    with _taker(options, environment) as (taker, profile):
        batch = Batch(manifest=_manifest(options), frames=folder, profile=profile)
        plan, told = Plan(), _Told(options.manifest)
        told.all(batch.planned(taker, plan))
        if not told.faults:
            require_at_most(plan.new, options.most_units)
            if plan.new.clips:
                taker.require_affordable(plan.units_of)
        if told.faults or options.dry_run:
            say(_summary(plan.new) | {"submitted_before": plan.known} | told.summary())
            return told.exit_code
        taker.require_key()
        tally = _Tally(options.manifest)
        for standing in batch.submitted(taker, plan):
            tally.note(standing)
        with Progress() as progress:
            standings = taker.follow(_tell_change, options.wait, partial(show_count, progress))
        for standing in standings:
            tally.note(standing)
        return tally.end(hands_over=options.hand_over)


@contextmanager
def _taker(options: argparse.Namespace, environment: Mapping[str, str]) -> Iterator[tuple[Taker, Profile]]:
    """Who takes the shots, and what they are judged by."""
    from ..batch.taking import Alone

    if options.spool:
        spooled.refuse_options_of_gateway(options)
        profile = verbs.judged_by(options, environment)
        with _spooled(options, _project(options, environment)) as taker:
            yield taker, profile
    else:
        clips = str(expanded(options.clips, "clips").absolute()) if options.clips else ""
        with verbs.session_of(options, environment) as session:
            yield Alone(session, _manifest(options), clips), session.settings.limits


@contextmanager
def _spooled(options: argparse.Namespace, project: str = "") -> Iterator[Spooled]:
    """The spool's gateway, with a folder for pictures on their way."""
    from ..batch.spooled import Spooled
    from ..work.picture_store import PictureStore

    with tempfile.TemporaryDirectory(prefix="kling-") as pictures:
        yield Spooled(spooled.spool_of(options), PictureStore(Path(pictures)), project)


def status(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """How each clip stands, by the job history or the spool alone."""
    from ..batch.checking import judged_lines, request_to_come
    from ..batch.taking import looked_up

    tally, told, profile = _Tally(options.manifest), _Told(options.manifest), _profile(options, environment)
    with _looking(options, environment) as look:
        for judged in judged_lines(_manifest(options), profile, needs_blend=False):
            told.all(problem for problem in judged.problems if problem.is_fault)
            if judged.shot is not None and judged.is_good:
                wish = request_to_come(judged.shot, profile)
                for name in judged.shot.names:
                    tally.note(looked_up(look, name, wish))
    code = tally.end()
    return told.exit_code or code


def collect(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Put what is there into the edit."""
    edit, otio = expanded(options.to, "to"), expanded(options.otio, "otio") if options.otio else None
    tally, shots, strips = _Tally(options.manifest), 0, 0
    with in_blender(environment, _command(options)), _looking(options, environment) as look:
        from ..blender.batch.collecting import collect_batch

        for shot in collect_batch(_manifest(options), edit, look, otio):
            tally.note(shot.standing, _strip_line(shot))
            if shot.problem:
                tell(f"kling: {options.manifest}:{shot.line}: {shot.problem}")
            shots, strips = shots + 1, strips + (shot.strip is not None)
    tell(f"Saved: '{edit}'")
    if otio is not None:
        tell(f"Saved: '{otio}'" if strips else "kling: No clip is there yet, so no OpenTimelineIO file was written.")
    return tally.end() or (SOME_FAILED if strips < shots else 0)


@contextmanager
def _looking(options: argparse.Namespace, environment: Mapping[str, str]) -> Iterator[Look]:
    """Who says how a clip stands."""
    from ..batch.taking import Recorded
    from ..settings import home_folder

    if options.spool:
        with _spooled(options) as taker:
            yield taker.standing
    else:
        with closing(Recorded(home_folder(environment) / "journal.sqlite3")) as recorded:
            yield recorded.standing


def _strip_line(shot: Collected) -> dict[str, Any]:
    strip = shot.strip
    if strip is None:
        return {"strip": None, "channel": None, "frame_start": None, "frame_duration": None}
    place = {"channel": strip.channel, "frame_start": strip.frame_start, "frame_duration": strip.frame_duration}
    return {"strip": strip.name} | place


# What the verbs have in common ---------------------------------------------------------------------------------------


def _manifest(options: argparse.Namespace) -> Path:
    return expanded(options.manifest, "manifest")


def _command(options: argparse.Namespace) -> tuple[str, ...]:
    return "batch", options.act, f"{options.manifest}"


def _project(options: argparse.Namespace, environment: Mapping[str, str]) -> str:
    """What the lines are counted for that name no project."""
    from ..batch.taking import project_of_manifest
    from ..settings import project_in_force

    return project_in_force(environment, options.preferred)[0] or project_of_manifest(_manifest(options))


def _profile(options: argparse.Namespace, environment: Mapping[str, str]) -> Profile:
    """What lines are judged by, without a word about it."""
    from ..settings import limits_in_force

    return limits_in_force(environment, options.preferred)


class _Told:
    """The problems of a manifest, each told as it is found."""

    def __init__(self, manifest: Path) -> None:
        self._manifest = manifest
        self.faults = 0
        self._doubts = 0

    def all(self, problems: Iterable[LineProblem]) -> None:
        """Tell each on both streams."""
        for problem in problems:
            self.faults += problem.is_fault
            self._doubts += not problem.is_fault
            kind = "error" if problem.is_fault else "warning"
            say(
                {
                    "line": problem.line or None,
                    "column": problem.column or None,
                    "column_number": problem.number or None,
                    "key": problem.key or None,
                    "message": problem.message,
                    "kind": kind,
                }
            )
            where = f"{self._manifest}:{problem.line}" if problem.line else f"{self._manifest}"
            number = f" (column {problem.number})" if problem.number else ""
            column = f" {problem.column}{number}:" if problem.column else ""
            tell(f"kling: {where}:{column} {kind}: {problem.message}")

    def summary(self) -> dict[str, int]:
        """How many there were."""
        return {"errors": self.faults, "warnings": self._doubts}

    @property
    def exit_code(self) -> int:
        """2 where a line has a fault."""
        return 2 if self.faults else 0


class _Tally:
    """How the clips of a batch stand, each told once more when it changed, and summed up in the end."""

    def __init__(self, manifest: Path) -> None:
        self._manifest = manifest
        self._states: dict[str, str] = {}
        self._ours: set[str] = set()  # what is running and in nobody else's hands

    def note(self, standing: Standing, more: Mapping[str, Any] | None = None) -> None:
        """One clip."""
        is_ours = standing.state == "running" and not standing.is_handed_over
        (self._ours.add if is_ours else self._ours.discard)(standing.name)
        if self._states.get(standing.name) != standing.state:
            self._states[standing.name] = standing.state
            say(_line(standing) | dict(more or {}))
            if standing.problem:
                tell(f"kling: {standing.name}: {standing.problem}")
            if standing.clip and standing.state == "done":
                tell(f"Saved: '{standing.clip}'")

    def end(self, *, hands_over: bool = False) -> int:
        """Say the summary; 0 where all is done, 4 where some failed, 6 where some are still to come. For whoever
        ``hands_over``, those that somebody else has are not.
        """
        from ..batch.taking import State

        counted = Counter(self._states.values())
        say({state.value: counted[state] for state in State})
        running = len(self._ours) if hands_over else counted[State.RUNNING]
        if running or counted[State.NOT_SUBMITTED]:
            return verbs.STILL_RUNNING
        return SOME_FAILED if counted[State.FAILED] else 0


def _tell_change(standing: Standing) -> None:
    tell(f"kling: {standing.name}: {standing.phase}")


def _line(standing: Standing) -> dict[str, Any]:
    return {
        "name": standing.name,
        "state": standing.state,
        "id": standing.id or None,
        "phase": standing.phase or None,
        "task_id": standing.task_id or None,
        "clip": standing.clip or None,
        "problem": standing.problem or None,
        "rehearsal": standing.is_rehearsed,
    }


def _summary(total: Total) -> dict[str, Any]:
    return {
        "shots": total.shots,
        "clips": total.clips,
        "units": _amount(total.most_units),
        "dollars": None if total.unpriced else str(total.dollars),
        "date": total.date or None,
    }


def _amount(units: Decimal | None) -> str | None:
    return None if units is None else plain(units)
