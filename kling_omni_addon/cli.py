"""The same road without a window: ``python -m kling_omni_addon VERB`` and ``blender --command kling VERB``.

JSON lines on stdout, sentences for people on stderr. Exit codes: 0 done, 1 this machine's fault (disk, no Blender for a
rehearsal), 2 the request or the arguments are wrong, 3 credentials, 4 the service refused or the task failed, 5
network, 6 still running when the wait ended.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from .core.errors import ArgumentsInvalid, KlingError, RequestInvalid
from .core.lifecycle import Phase, Submission
from .core.problem import Problem

_DAY_S = 86_400.0
_STILL_RUNNING = 6
_ACCEPTANCE_S = 600.0
_NETWORK_TRIES = 3


def main(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> int:
    """Run one verb; the exit code."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="kling: %(message)s")
    environment = os.environ if environment is None else environment
    try:
        options = _parser().parse_args(list(arguments))
        verb: Callable[[argparse.Namespace, Mapping[str, str]], int] = options.verb
        return verb(options, environment)
    except RequestInvalid as error:
        return _tell_problems(error.problems, error.exit_code)
    except KlingError as error:
        _say({"error": error.sentence, "field": error.field, "remedy": error.remedy, "exit_code": error.exit_code})
        print(f"kling: {error.field + ': ' if error.field else ''}{error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        return 0
    except KeyboardInterrupt:
        print("kling: stopped. Nothing is lost; go on with: resume --wait", file=sys.stderr)
        return _STILL_RUNNING


class _Parser(argparse.ArgumentParser):
    """argparse whose complaints are our errors, so that every way to fail looks the same."""

    def error(self, message: str) -> NoReturn:
        raise ArgumentsInvalid(
            f"{message[:1].upper()}{message[1:]}.", field="arguments", remedy=f"See: {self.prog} --help"
        )


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="kling", description="Kling Omni-Video from request file to clip, without a window.", epilog=_EPILOG
    )
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB", parser_class=_Parser)
    validate = _verb(verbs, "validate", _validate, "judge a request file as the service would; sends nothing")
    submit = _verb(verbs, "submit", _submit, "submit a request file")
    for verb in (validate, submit):
        verb.add_argument("request", type=Path, help="create body as JSON; image_url may be a local path")
        verb.add_argument("--profile", choices=("seed", "late"), default="seed", help="edition of the service's limits")
    submit.add_argument("--name", default="", help="what the shot is called; becomes part of the clip's file name")
    submit.add_argument("--clips", type=Path, help="folder for the clip (default: KLING_HOME/clips)")
    resume = _verb(verbs, "resume", _resume, "go on with every unfinished submission")
    for verb in (submit, resume):
        verb.add_argument(
            "--service", default="", help="kling, kling-china, rehearsal or an address (default: KLING_BASE_URL, kling)"
        )
        verb.add_argument(
            "--wait",
            nargs="?",
            type=float,
            const=_DAY_S,
            default=0.0,
            metavar="SECONDS",
            help="wait for the clip (at most SECONDS)",
        )
    _verb(verbs, "status", _status, "one line for each submission of the journal")
    for name, act, what in (
        ("look-again", "look_again", "look for a parked submission's task over another window"),
        ("send-again", "send_again", "send a parked submission once more; this may cost again"),
        ("abandon", "abandon", "stop waiting for a submission"),
    ):
        verb = _verb(verbs, name, _user_act, what)
        verb.set_defaults(act=act)
        verb.add_argument("id", help="the submission's id, as status prints it")
        verb.add_argument("--service", default="", help="as for submit")
    _add_rehearse(_verb(verbs, "rehearse", _rehearse, "run the offline rehearsal service until interrupted"))
    return parser


_EPILOG = (
    "Settings come from the environment: KLING_API_KEY, or KLING_ACCESS_KEY and KLING_SECRET_KEY; KLING_BASE_URL; "
    "KLING_HOME (journal and clips); KLING_LOOK_WINDOW_S. Exit codes: 0 done, 1 this machine, 2 request or arguments, "
    "3 credentials, 4 refused or failed, 5 network, 6 still running."
)


def _verb(verbs: Any, name: str, run: Callable[..., int], what: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(
        name, help=what, description=what[:1].upper() + what[1:] + ".", epilog=_EPILOG
    )
    parser.set_defaults(verb=run)
    return parser


def _validate(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    import tempfile

    from .core import capability
    from .remote.pictures import PictureStore
    from .request_file import read_request_file

    with tempfile.TemporaryDirectory() as folder:  # pictures are copied on submission only; nothing of a check stays
        read = read_request_file(options.request, PictureStore(Path(folder)), capability.profile(options.profile))
    return _tell_problems(read.problems, 0)


def _submit(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    from .core.events import Target
    from .session import Session
    from .settings import read_settings

    settings = read_settings(environment, service=options.service, profile=options.profile)
    with Session(settings) as session:
        read = session.read_request_file(options.request)
        unsendable = [p for p in read.problems if p.is_fault or p.rule == "A09"]
        if unsendable:
            return _tell_problems(unsendable, 2)
        session.check_credentials()  # before anything is recorded: a wrong key or no network leaves nothing behind
        folder = str(options.clips.expanduser().absolute()) if options.clips else ""
        submission = session.submit(
            read.request, Target(name=options.name or options.request.stem, folder=folder), read.pictures
        )
        return _follow(session, [submission.id], options.wait, gives_up=True)


def _resume(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    from .session import Session
    from .settings import read_settings

    with Session(read_settings(environment, service=options.service)) as session:
        session.release()
        session.board.refresh()
        ids = [s.id for s in session.board.submissions if s.origin == session.origin and not s.is_settled]
        others = [s for s in session.board.submissions if s.origin != session.origin and not s.is_settled]
        for submission in others:
            print(f"kling: {submission.id} belongs to another service or key and stays as it is", file=sys.stderr)
        return _follow(session, ids, options.wait, gives_up=False)


def _follow(session: Any, ids: Sequence[str], wait_s: float, *, gives_up: bool) -> int:
    """Report every change of phase until all is settled (or only accepted, without a wait); the exit code."""
    told: dict[str, tuple[Phase, str]] = {}

    def is_done(found: Mapping[str, Submission]) -> bool:
        for submission in found.values():
            if told.get(submission.id) != (submission.phase, submission.problem):
                told[submission.id] = (submission.phase, submission.problem)
                _say(_line(submission))
            if gives_up and _is_hopeless(submission):
                session.withdraw(submission.id, f"Not sent: {submission.problem}", submission.exit_code or 5)
        return all(s.is_settled or (not wait_s and s.task_id) for s in found.values())

    session.wait(is_done, ids, 0.0)  # tell the ids before anything is sent
    session.start()
    found = session.wait(is_done, ids, wait_s or _ACCEPTANCE_S)
    for submission in found.values():
        if submission.clip:
            print(f"Saved: '{submission.clip}'", file=sys.stderr)
    return max((_exit_code(s, bool(wait_s)) for s in found.values()), default=0)


def _is_hopeless(submission: Submission) -> bool:
    """Whether a submission that was never sent should not be sent later without anybody knowing: the command ends with
    its problem.
    """
    tried = submission.failures >= _NETWORK_TRIES and not submission.sends
    return submission.is_proved_unsent and (submission.is_held or tried)


def _exit_code(submission: Submission, has_waited: bool) -> int:
    if submission.phase in (Phase.FETCHED, Phase.PLACED):
        return 0
    if submission.is_settled:
        return submission.exit_code or 4
    return _STILL_RUNNING if has_waited or not submission.task_id else 0


def _status(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    from .settings import home_folder
    from .work.journal import Journal

    path = home_folder(environment) / "journal.sqlite3"
    if path.exists():
        journal = Journal(path)
        for submission in journal.all():
            _say(_line(submission))
        journal.close()
    return 0


def _user_act(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    from .session import Session
    from .settings import read_settings

    with Session(read_settings(environment, service=options.service)) as session:
        _say(_line(getattr(session, options.act)(options.id)))
    return 0


def _add_rehearse(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--profile", choices=("seed", "late"), default="seed")
    parser.add_argument("--submitted", type=float, default=1.0, metavar="SECONDS", help="how long a task waits")
    parser.add_argument(
        "--processing", type=float, default=4.0, metavar="SECONDS", help="how long a task runs, at least"
    )
    parser.add_argument("--fault", action="append", default=[], metavar="NAME[:COUNT]", help="misbehave on purpose")
    parser.add_argument(
        "--blender", default="", help="Blender executable that makes the clips (default: BLENDER, bpy, blender)"
    )
    parser.add_argument("--verbose", action="store_true", help="one line for each call on stderr")


def _rehearse(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    from .rehearsal.clip_maker import ClipMaker, default_command
    from .rehearsal.server import RehearsalServer
    from .rehearsal.settings import RehearsalSettings
    from .rehearsal_note import kept_note
    from .settings import home_folder

    home = home_folder(environment)
    settings = RehearsalSettings(
        folder=home / "rehearsal",
        port=options.port,
        profile=options.profile,
        submitted_s=options.submitted,
        processing_s=options.processing,
        faults=tuple(options.fault),
        verbose=options.verbose,
    )
    maker = ClipMaker(default_command(options.blender or environment.get("BLENDER")), home / "rehearsal" / "made")
    with RehearsalServer(settings, maker) as server, kept_note(home, server.ready_line()):
        _say(server.ready_line())
        _until_stopped()
    return 0


def _until_stopped() -> None:
    """Sleep until Ctrl-C or a polite kill."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        return


def _tell_problems(problems: Sequence[Problem], exit_code: int) -> int:
    """One line for each problem; 2 when a fault is among them."""
    for problem in problems:
        _say({"rule": problem.rule, "path": problem.path, "message": problem.message, "kind": problem.kind})
        print(f"kling: {problem.path}: {problem.message}", file=sys.stderr)
    return 2 if exit_code or any(p.is_fault for p in problems) else 0


def _line(submission: Submission) -> dict[str, Any]:
    return {
        "id": submission.id,
        "phase": submission.phase.value,
        "task_id": submission.task_id or None,
        "clip": submission.clip or None,
        "problem": submission.problem or None,
        "name": submission.target.name,
        "status": submission.status or None,
        "charge_units": submission.charge_units or None,
    }


def _say(line: Mapping[str, Any]) -> None:
    print(json.dumps(line), flush=True)
