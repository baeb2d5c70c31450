"""The verbs that take request files: one or several, or what comes in by standard input. Each gives the exit code.

Of several each is judged before anything is done, and one bad one keeps all from being sent.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import ArgumentsInvalid
from ..core.life.events import Asker, Target
from ..core.pricing import Price, price_of, sum_of
from ..core.projects import project_of_folder
from ..paths import expanded
from . import verbs
from .output import say, say_of_all, tell

if TYPE_CHECKING:
    from ..core.capability import Profile
    from ..core.life.lifecycle import Submission
    from ..request_file import RequestFile
    from ..session import Session

_FROM_STDIN = "stdin"


def validate(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Judge request files as the service would judge their bodies."""
    code = 0
    for path, read in _judged(options, verbs.judged_by(options, environment)):
        verbs.tell_leaves(read)
        code = max(code, verbs.tell_problems(read.problems, 0, _told(options, path)))
    return code


def cost(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """The list price of each request file, and of several what they cost together."""
    profile = verbs.judged_by(options, environment)
    judged = _judged(options, profile)
    faulty = [(path, [p for p in read.problems if p.is_fault]) for path, read in judged]
    if any(faults for _, faults in faulty):
        return max(verbs.tell_problems(faults, 0, _told(options, path)) for path, faults in faulty)
    prices = []
    for path, read in judged:
        price = price_of(read.request, input_video_s=options.input_seconds, profile=profile)
        if price is None:
            which = f'"{path}"' if _told(options, path) else "this request"
            raise ArgumentsInvalid(f"There is no list price for {which}.", field="request")
        prices.append(price)
    for (path, _), price in zip(judged, prices, strict=True):
        named = {"request": _told(options, path)} if _told(options, path) else {}
        say(named | _price_line(price))
    total = sum_of(prices)
    if len(prices) > 1 and total is not None:
        say_of_all({"total": _price_line(total)})
    return 0


def _price_line(price: Price) -> dict[str, Any]:
    line = {"units": str(price.units), "dollars": str(price.dollars), "date": price.date, "sentence": price.sentence}
    return line | {"most_units": str(price.most_units), "most_dollars": str(price.most_dollars)}


def _judged(options: argparse.Namespace, profile: Profile) -> list[tuple[Path, RequestFile]]:
    """The request files with their problems; nothing of them is copied."""
    from ..request_file import read_request_file
    from ..work.picture_store import PictureJudge

    return [(path, read_request_file(path, PictureJudge(), profile)) for path in paths_of(options)]


def paths_of(options: argparse.Namespace) -> list[Path]:
    """The request files. Raises :class:`ArgumentsInvalid` where standard input is to be read twice."""
    from ..request_file import STDIN

    paths: list[Path] = options.requests
    if paths.count(STDIN) > 1:
        sentence = "Standard input (-) is given more than once."
        raise ArgumentsInvalid(sentence, field="request", remedy="Give - once.")
    return paths


def _told(options: argparse.Namespace, path: Path) -> str:
    """The file in a line, where there are several."""
    return str(path) if len(options.requests) > 1 else ""


def submit(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Submit request files, all or none, and with ``--wait`` follow them to their clips."""
    require_one_name(options)
    with verbs.session_of(options, environment) as session:
        read = {path: session.read_request_file(path) for path in paths_of(options)}
        for each in read.values():
            verbs.tell_leaves(each)
        if any(each.unsendable for each in read.values()):
            return max(_tell_unsendable(each, _told(options, path)) for path, each in read.items())
        session.check_credentials()  # before anything is recorded: a wrong key or no network leaves nothing behind
        _require_free_ids(session, read)
        if len(read) > 1:
            made = _submitted_together(session, options, read)
        else:
            made = [_submitted(session, options, path, each) for path, each in read.items()]
            _tell_folder(made[0], options)
        return verbs.follow(session, [submission.id for submission in made], options.wait, gives_up=not options.once)


def _tell_unsendable(read: RequestFile, told: str) -> int:
    return verbs.tell_problems(read.unsendable, 2, told) if read.unsendable else 0


def require_one_name(options: argparse.Namespace) -> None:
    """Raise :class:`ArgumentsInvalid` for one name for several files."""
    for name, remedy in (("once", "Submit the files one by one."), ("name", "Each clip is named after its file.")):
        if getattr(options, name) and len(options.requests) > 1:
            sentence = f"--{name} names one shot, and {len(options.requests)} request files are given."
            raise ArgumentsInvalid(sentence, field=name, remedy=f"Remove --{name}. {remedy}")


def _require_free_ids(session: Session, read: Mapping[Path, RequestFile]) -> None:
    """Raise :class:`ArgumentsInvalid` for an id that somebody chose and that a task has, here, at Kling or in another
    of the files.
    """
    given = [each.request.external_task_id for each in read.values() if each.request.external_task_id]
    for own_id in given:
        if len(read) > 1 and (given.count(own_id) > 1 or session.read(own_id) is not None):
            raise ArgumentsInvalid(
                f'The ID "{own_id}" is in use already. Nothing was sent.',
                field="external_task_id",
                remedy="Leave external_task_id out, or give an unused ID.",
            )
        session.require_free_id(own_id)


def _submitted(session: Session, options: argparse.Namespace, path: Path, read: RequestFile) -> Submission:
    """The submission that is asked for: the one that is there, or a new one."""
    from ..once import submit_once, submit_unless_there

    target, asker = _target(options, path), _asker(session, path)
    if options.once:
        key, again = options.once, options.again
        return submit_once(session, read.request, target, read.pictures, key=key, again=again, asker=asker)
    if options.again:
        return session.submit(read.request, target, read.pictures, asker=asker)
    return submit_unless_there(session, read.request, target, read.pictures, asker=asker)


def _tell_folder(made: Submission, options: argparse.Namespace) -> None:
    """Say that the clip of a job that was there already goes where it was to go."""
    if options.clips and made.target.folder != str(expanded(options.clips, "clips").absolute()):
        where = f'"{made.target.folder}"' if made.target.folder else "the folder of the job history"
        tell(f"kling: {made.id}: The job was there before, and its clip is in {where}. To copy it: kling fetch")


def _submitted_together(
    session: Session, options: argparse.Namespace, read: Mapping[Path, RequestFile]
) -> Sequence[Submission]:
    """The same for several files, none of which is sent where one cannot be recorded."""
    from ..once import submit_all_unless_there

    wanted = [
        session.intended(each.request, _target(options, path), each.pictures, asker=_asker(session, path))
        for path, each in read.items()
    ]
    if not options.again:
        return submit_all_unless_there(session, wanted)
    session.require_intended_within_caps(wanted)
    return session.submit_together(wanted)


def _target(options: argparse.Namespace, path: Path) -> Target:
    from ..request_file import STDIN

    folder = str(expanded(options.clips, "clips").absolute()) if options.clips else ""
    return Target(name=options.name or (_FROM_STDIN if path == STDIN else path.stem), folder=folder)


def _asker(session: Session, path: Path) -> Asker:
    """Who asks; for the project that somebody named, else for that of the file's folder."""
    asker = session.asker_of(Target())
    return replace(asker, project=asker.project or project_of_request(path))


def project_of_request(path: Path) -> str:
    """The project of a request file for which nobody named one; of standard input that of the current folder."""
    return project_of_folder(str(path.absolute().parent))
