"""The same road without a window: ``python -m kling_omni_addon VERB`` and ``blender --command kling VERB``.

JSON lines on stdout, sentences for people on stderr. Exit codes: 0 done, 1 this machine's fault (disk, no Blender for a
rehearsal), 2 the request or the arguments are wrong, 3 credentials, 4 the service refused or the task failed, 5
network, 6 still running when the wait ended.
"""

from __future__ import annotations

import argparse
import logging
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NoReturn

from ..core.amounts import amount_of
from ..core.capability import DIALECTS, PROFILES
from ..core.errors import ArgumentsInvalid, KlingError, RequestInvalid
from ..core.problem import escaped
from ..core.protocol import MOST_ON_PAGE, MOST_PAGES, USUAL_ON_PAGE, can_be_asked_for
from ..settings import NOTHING_PREFERRED, Preferred, named_home
from ..usual_home import brought_home
from ..version import version
from . import arguments, batching, blender_files, costs, doctoring, output, request_files, spooled, verbs

_DAY_S = 86_400.0
_DIGITS = re.compile(r"[0-9]{1,9}")
_SERVICE = (
    "kling, kling-china, rehearsal or an address (default: KLING_BASE_URL, Blender's preferences, "
    "kling if a key is set, otherwise rehearsal)"
)


def main(
    arguments: Sequence[str],
    environment: Mapping[str, str] | None = None,
    preferred: Preferred = NOTHING_PREFERRED,
) -> int:
    """Run one verb; the exit code. ``preferred`` is what is set in the Blender around it, which the environment
    precedes.
    """
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="kling: %(message)s")
    output.begin()
    try:
        return output.end(_run(arguments, os.environ if environment is None else environment, preferred))
    except KeyboardInterrupt:
        output.tell("kling: stopped. Nothing is lost; continue with: kling resume --wait")
        output.end(verbs.STILL_RUNNING)
        return verbs.STILL_RUNNING


def _run(arguments: Sequence[str], environment: Mapping[str, str], preferred: Preferred) -> int:
    if "--json" in arguments:
        output.sum_up("problems")  # until it is known what the verb says
    try:
        options = _parser().parse_args(list(arguments), argparse.Namespace(preferred=preferred))
        output.begin()
        if getattr(options, "json", False) and getattr(options, "says", ""):
            output.sum_up(options.says)
        verb: Callable[[argparse.Namespace, Mapping[str, str]], int] = options.verb
        if not named_home(environment, preferred) and verb is not doctoring.doctor:  # which changes nothing
            _tell_moved(brought_home())
        return verb(options, environment)
    except SystemExit as done:  # --help
        output.begin()
        return int(done.code or 0)
    except RequestInvalid as error:
        return verbs.tell_problems(error.problems, error.exit_code)
    except KlingError as error:
        output.say_of_all(
            {"error": error.sentence, "field": error.field, "remedy": error.remedy, "exit_code": error.exit_code}
        )
        output.tell(f"kling: {error.field + ': ' if error.field else ''}{error}")
        return error.exit_code


def _tell_moved(sentence: str) -> None:
    if sentence:
        output.tell(f"kling: {sentence}")


def _seconds(text: str) -> float:
    """A number of seconds on the command line; not a negative one, and neither nan nor inf, which end no wait."""
    return float(_units(text))


def _units(text: str) -> Decimal:
    """An amount on the command line."""
    amount = amount_of(text)
    if amount is None:
        raise argparse.ArgumentTypeError(f'"{escaped(text)}" is not a number like 100 or 12.5')
    return amount


def _task_id(text: str) -> str:
    """An id that can be asked for."""
    if not can_be_asked_for(text):
        raise argparse.ArgumentTypeError(f'"{escaped(text[:40])}" is not the ID of a task as status or tasks prints it')
    return text


def _whole(most: int) -> Callable[[str], int]:
    """Reads a whole number from 1 to ``most``, in plain digits."""

    def read(text: str) -> int:
        number = int(text) if _DIGITS.fullmatch(text) else 0
        if not 1 <= number <= most:
            raise argparse.ArgumentTypeError(f'"{escaped(text[:40])}" is not a whole number from 1 to {most}')
        return number

    return read


class _Parser(argparse.ArgumentParser):
    """argparse whose complaints are our errors, so that every way to fail looks the same."""

    def error(self, message: str) -> NoReturn:
        raise ArgumentsInvalid(
            f"{message[:1].upper()}{message[1:]}.", field="arguments", remedy=f"See: {self.prog} --help"
        )


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="kling",
        description="Generate Kling Omni-Video clips from request files, without the user interface.",
        epilog=_EPILOG,
    )
    parser.add_argument("--version", action="version", version=f"kling {version()}")
    names = parser.add_subparsers(title="verbs", required=True, metavar="VERB", parser_class=_Parser)
    what, example = "check request files against Kling's rules; sends nothing", "validate shot.json"
    validate = _verb(names, "validate", request_files.validate, what, says="problems", example=example)
    what, example = (
        "submit request files, all or none; each clip is charged",
        "submit shot.json --once sh010_v001 --wait",
    )
    submitting = _either(request_files.submit, spooled.submit)
    submit = _verb(names, "submit", submitting, what, says="jobs", example=example)
    what, example = "show the list price of request files; sends nothing", "cost shot.json other.json --json"
    cost = _verb(names, "cost", request_files.cost, what, says="prices", example=example)
    for verb in (validate, submit, cost):
        _add_requests(verb)
        _add_profile(verb)
        _add_dialect(verb)
    submit.add_argument(
        "--once",
        type=arguments.name_of_shot,
        metavar="KEY",
        help="name the shot KEY: repeating the command, on any machine, gives the same clip and is charged once",
    )
    submit.add_argument(
        "--again",
        action="store_true",
        help="generate another take even if a clip exists or is being generated; the take is charged",
    )
    _add_spool(submit, "leave the request to the gateway of this spool, which has the key; needs --once")
    submit.add_argument("--name", default="", help="name of the shot, used in the file name of the clip")
    submit.add_argument("--clips", type=arguments.path, help="folder for the clip (default: KLING_HOME/clips)")
    resume = _verb(names, "resume", verbs.resume, "continue all unfinished jobs", says="jobs", example="resume --wait")
    what = "download the clip of a task that is not in the job history"
    adopt = _verb(names, "adopt", verbs.adopt, what, says="jobs", example="adopt ID --wait")
    adopt.add_argument("id", type=_task_id, help="ID of the task at Kling, or its external ID")
    adopt.add_argument("--name", default="", help="name of the clip (default: the ID)")
    adopt.add_argument("--clips", type=arguments.path, help="folder for the clip (default: KLING_HOME/clips)")
    what = "continue jobs until their clips are downloaded"
    waits = _verb(names, "wait", _either(verbs.wait, spooled.wait), what, says="jobs", example="wait ID")
    waits.add_argument(
        "ids", nargs="+", metavar="id", help="ID of a job, as status prints it; with --spool the KEY of a request"
    )
    _add_spool(waits, "wait for requests of this spool")
    what = "download the clip of a job, or of any task of the account, to a folder"
    fetch = _verb(names, "fetch", verbs.fetch, what, says="jobs", example="fetch ID --to clips")
    fetch.add_argument("id", type=_task_id, help="ID of a job, or of a task of the account")
    fetch.add_argument("--to", type=arguments.path, required=True, metavar="FOLDER", help="folder for the clip")
    for verb in (waits, fetch):
        verb.add_argument("--service", default="", help="as for submit")
        verb.add_argument("--wait", type=_seconds, default=_DAY_S, metavar="SECONDS", help="maximum time to wait")
    resume.add_argument(
        "--clips", type=arguments.path, help="folder for all clips that are not downloaded yet (default: their own)"
    )
    _add_dialect(adopt)
    for verb in (submit, resume, adopt):
        verb.add_argument("--service", default="", help=_SERVICE)
        verb.add_argument(
            "--wait",
            nargs="?",
            type=_seconds,
            const=_DAY_S,
            default=0.0,
            metavar="SECONDS",
            help="wait for the clip (at most SECONDS)",
        )
    _verb(names, "status", verbs.status, "list all jobs, one line each", says="jobs", example="status --json")
    for name, act, what in (
        ("look-again", "look_again", "check again whether Kling has this job; free"),
        ("send-again", "send_again", "send a job again that Kling did not confirm; you may be charged twice"),
        ("abandon", "abandon", "stop waiting for a job; Kling may still charge for it"),
    ):
        verb = _verb(names, name, verbs.decide_on, what, says="jobs", example=f"{name} ID")
        verb.set_defaults(act=act)
        verb.add_argument("id", help="ID of the job, as status prints it")
        verb.add_argument("--service", default="", help="as for submit")
    chosen = _verb(
        names,
        "choose",
        verbs.choose,
        "choose the task of a job that Kling did not confirm and cannot look up by ID",
        says="jobs",
    )
    chosen.add_argument("id", help="ID of the job, as status prints it")
    chosen.add_argument("task", type=_task_id, help="one of the tasks that status prints for the job")
    chosen.add_argument("--service", default="", help="as for submit")
    _add_tasks(names)
    blender_files.add(names, _verb, _whole)
    _add_batch(_verb(names, "batch", batching.check, "render, submit and collect many shots from a manifest"))
    costs.add(names, _verb)
    cost.add_argument("--input-seconds", type=_seconds, help="length of the edited video in seconds")
    what = "show the remaining units; free, and tests the key"
    account = _verb(names, "account", verbs.account, what, says="packs", example="account")
    account.add_argument("--service", default="", help="as for submit")
    doctoring.add(names, _verb)
    what = "send the requests in a spool, and put the clips there"
    _add_gateway(_verb(names, "gateway", spooled.gateway, what, example="gateway --spool spool --until-empty"))
    _add_elements(_verb(names, "elements", verbs.list_elements, "list, create or delete elements; free"))
    _add_rehearse(
        _verb(names, "rehearse", verbs.rehearse, "run the rehearsal server (free test mode, offline) until interrupted")
    )
    return parser


_EPILOG = (
    "Settings come from the environment: KLING_API_KEY, or KLING_ACCESS_KEY and KLING_SECRET_KEY; KLING_BASE_URL; "
    "KLING_PROFILE (late or seed); KLING_DIALECT (legacy or new); KLING_RELAYED_MODELS=1 (also models that only a "
    "relay documents); KLING_HOME (job history and clips); KLING_LOOK_WINDOW_S (response timeout); "
    "KLING_CONCURRENCY (parallel jobs, at most); "
    "KLING_PROJECT (name of the project, default: the folder); "
    "KLING_DAILY_CAP and KLING_PROJECT_CAP (limits in units); "
    "KLING_LOCAL_CLIPS=1 (clips from a local network, as with a VPN). "
    "Exit codes: 0 done, 1 this computer, 2 request or arguments, "
    "3 credentials, 4 refused or failed, 5 network, 6 still running."
)


def _verb(
    names: Any, name: str, run: Callable[..., int], what: str, says: str = "", example: str = ""
) -> argparse.ArgumentParser:
    """A verb. ``says`` is what its lines are about, as a summary names them; without it there is no summary."""
    shown = f" Example: kling {example}" if example else ""
    parser: argparse.ArgumentParser = names.add_parser(
        name, help=what, description=f"{what[:1].upper()}{what[1:]}.{shown}", epilog=_EPILOG
    )
    parser.set_defaults(verb=run)
    if says:
        parser.set_defaults(says=says)
        parser.add_argument("--json", action="store_true", help="print one JSON object at the end, in place of lines")
    return parser


def _add_requests(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "requests",
        nargs="+",
        type=arguments.path,
        metavar="request",
        help="request body as a JSON file, or - for standard input; image_url may be a local path",
    )


def _either(alone: Callable[..., int], spooled_one: Callable[..., int]) -> Callable[..., int]:
    """The verb on a journal of its own, or with ``--spool`` on a spool."""

    def run(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
        return (spooled_one if options.spool else alone)(options, environment)

    return run


def _add_spool(parser: argparse.ArgumentParser, what: str, **more: Any) -> None:
    parser.add_argument("--spool", type=arguments.folder, metavar="FOLDER", help=what, **more)


def _add_gateway(parser: argparse.ArgumentParser) -> None:
    _add_spool(parser, "folder of the spool, which may be on a network share; created if missing", required=True)
    parser.add_argument("--status", action="store_true", help="only show how the gateway of this spool is doing")
    parser.add_argument(
        "--until-empty", action="store_true", help="end when all requests are done or wait for a person"
    )
    parser.add_argument(
        "--take-over-after",
        type=_seconds,
        default=60.0,
        metavar="SECONDS",
        help="take over from a gateway that gave no sign of life for this long (default: 60)",
    )
    parser.add_argument("--service", default="", help=_SERVICE)
    _add_profile(parser)
    _add_dialect(parser)


def _add_tasks(names: Any) -> None:
    """The verbs that ask for the account's tasks."""
    what = "show what Kling reports about a task of the account; free"
    one = _verb(names, "task", verbs.task, what, says="tasks", example="task ID")
    one.add_argument("id", type=_task_id, help="ID of the task at Kling, or its external ID")
    one.add_argument("--external", action="store_true", help="accept external IDs only")
    what = "show what Kling reports about the tasks of the account, one page at a time; free"
    some = _verb(names, "tasks", verbs.tasks, what, says="tasks", example="tasks --page 1 --size 100")
    for name, most, default, what in (
        ("--page", MOST_PAGES, 1, "page to show"),
        ("--size", MOST_ON_PAGE, USUAL_ON_PAGE, "tasks per page"),
    ):
        told = f"{what}, 1 to {most} (default: {default})"
        some.add_argument(name, type=_whole(most), default=default, metavar="NUMBER", help=told)
    for verb in (one, some):
        _add_dialect(verb)
        verb.add_argument("--service", default="", help="as for submit")


def _add_profile(parser: argparse.ArgumentParser) -> None:
    what = (
        "version of Kling's limits to check against: October 2026 (late) or March 2026 (seed) "
        "(default: KLING_PROFILE, Blender's preferences, late)"
    )
    parser.add_argument("--profile", choices=PROFILES, default="", help=what)


def _add_dialect(parser: argparse.ArgumentParser) -> None:
    what = "generation of Kling's API to use (default: KLING_DIALECT, Blender's preferences, legacy)"
    parser.add_argument("--dialect", choices=DIALECTS, default="", help=what)


def _add_elements(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(verb=None)
    acts = parser.add_subparsers(title="verbs", required=True, metavar="VERB", parser_class=_Parser)
    listing = _verb(acts, "list", verbs.list_elements, "list the elements of the account, or the presets")
    listing.add_argument("--presets", action="store_true", help="list the presets instead")
    making = _verb(acts, "create", verbs.create_element, "make an element from images, and wait until it is ready")
    making.add_argument("--name", required=True, help="name, at most 20 characters")
    making.add_argument("--description", required=True, help="description, at most 100 characters")
    making.add_argument("--front", required=True, help="image from the front: a path or a link")
    making.add_argument("--more", action="append", default=[], required=True, help="1 to 3 more images")
    deleting = _verb(acts, "delete", verbs.delete_element, "delete an element of the account")
    deleting.add_argument("id", type=int, help="ID of the element, as list prints it")
    for act in (listing, making, deleting):
        act.add_argument("--service", default="", help="as for submit")


def _add_batch(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(verb=None)
    acts = parser.add_subparsers(title="verbs", required=True, metavar="VERB", dest="act", parser_class=_Parser)
    for verb in batching.add(acts, _verb, _units, _seconds):
        _add_profile(verb)
        _add_dialect(verb)


def _add_rehearse(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=0, help="port to listen on (0 picks a free port)")
    _add_profile(parser)
    parser.add_argument("--submitted", type=_seconds, default=1.0, metavar="SECONDS", help="time a task waits")
    parser.add_argument("--processing", type=_seconds, default=4.0, metavar="SECONDS", help="minimum time a task runs")
    parser.add_argument("--fault", action="append", default=[], metavar="NAME[:COUNT]", help="simulate a fault")
    parser.add_argument("--concurrency", type=int, default=5, help="maximum number of tasks at once")
    parser.add_argument("--units", type=_units, default=Decimal(1000), help="units of the test account")
    parser.add_argument(
        "--lines", type=int, default=0, help="maximum height of a 16:9 test clip in pixels; small clips are made faster"
    )
    parser.add_argument(
        "--media-faults",
        choices=("task", "create"),
        default="task",
        help="stage at which an unsuitable image is refused",
    )
    parser.add_argument("--lenient-o1-duration", action="store_true", help="let O1 generate any length from a prompt")
    parser.add_argument(
        "--blender", default="", help="Blender executable that renders the test clips (default: BLENDER, bpy, blender)"
    )
    parser.add_argument("--verbose", action="store_true", help="print one line for each call to stderr")
