"""What each verb of the command line does; ``cli.py`` reads the words.

Everything that is heavy (requests, SQLite, jsonschema) is imported by the verb that needs it, so that ``--help`` and
Blender's start stay quick. Each verb gives the exit code.
"""

from __future__ import annotations

import argparse
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core import capability
from ..core.account import ACCOUNT_NOTE
from ..core.elements import ElementDraft
from ..core.errors import ArgumentsInvalid, CredentialsMissing, NotSent
from ..core.life.events import Target
from ..core.life.lifecycle import Phase, Submission
from ..core.life.queueing import Queue
from ..core.life.spending import project_of
from ..core.problem import Problem, escaped
from ..paths import expanded
from .output import Progress, say, tell
from .progress import show_progress

if TYPE_CHECKING:
    from ..core.protocol import TaskReport
    from ..remote.service import KlingService
    from ..request_file import RequestFile
    from ..session import Session
    from ..settings import Settings

STILL_RUNNING = 6
_ACCEPTANCE_S = 600.0
_NETWORK_TRIES = 3
_SUBMIT_AGAIN = "On the command line, submit again when that is changed."
_REFUSES = "Submit does not send this file."


def judged_by(options: argparse.Namespace, environment: Mapping[str, str]) -> capability.Profile:
    """The state of the service that is judged by; which one that is and who chose it is said on stderr."""
    from ..settings import limits_in_force, told_profile

    chosen = environment, options.preferred, options.profile, getattr(options, "dialect", "")
    tell(f"kling: {told_profile(*chosen)}")
    return limits_in_force(*chosen)


def tell_leaves(read: RequestFile) -> None:
    """What the file sends from elsewhere, and whom Kling is to call: its author may be somebody else."""
    for sentence in read.leaves:
        tell(f"kling: {sentence}")


def resume(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Go on with every unfinished submission of this service and key."""
    with session_of(options, environment) as session:
        session.release()
        session.reconcile()
        session.rebind()
        session.snapshot.refresh()
        ours = [s for s in session.snapshot.submissions if s.origin == session.origin]
        ids = [s.id for s in ours if not s.is_settled or s.awaits_marked]
        for submission in ours if options.clips else ():
            if not (submission.is_over or submission.clip):
                session.send_clip_to(submission.id, expanded(options.clips, "clips").absolute())
        for submission in ours:
            if submission.needs_a_person:
                tell(f"kling: {submission.id}: {submission.problem} {_ways_on(submission)}")
        code = follow(session, ids, options.wait, gives_up=False)
        return max(code, _tell_others(session))


def _tell_others(session: Session) -> int:
    """Say of what stays as it is why it does; 3 where only a key is missing for it, else 0."""
    session.snapshot.refresh()
    code = 0
    for submission in session.snapshot.submissions:
        reason = session.elsewhere(submission)
        if reason:
            tell(f"kling: {submission.id}: Not continued. {reason}")
            is_key = submission.origin.service == session.origin.service
            code = max(code, CredentialsMissing.exit_code if is_key else 0)
    return code


def _ways_on(submission: Submission) -> str:
    """The verbs by which a person decides about a parked submission."""
    again = "" if submission.is_adopted else f", kling send-again {submission.id} (you may be charged twice)"
    return f"Continue with: kling look-again {submission.id}{again}, or kling abandon {submission.id}"


def follow(session: Session, ids: Sequence[str], wait_s: float, *, gives_up: bool) -> int:
    """Report every change of phase until all is settled (or only accepted, without a wait); the exit code."""
    told: dict[str, tuple[Phase, str, bool, str]] = {}
    troubles: dict[str, str] = {}

    def is_done(found: Mapping[str, Submission]) -> bool:
        queue = Queue(session.snapshot.submissions, time.time())
        has_withdrawn = False
        if session.is_running:
            show_progress(progress, session, found.values())
        for submission in found.values():
            _tell_trouble(session, submission, troubles)
            holder = queue.held_back_by(submission)
            state = (submission.phase, submission.problem, holder is not None, submission.marked)
            if told.get(submission.id) != state:
                told[submission.id] = state
                _tell(submission, queue)
            if gives_up and (holder is not None or _is_hopeless(submission)):
                why = queue.waits_because(submission) if holder else submission.problem
                code = (holder or submission).exit_code or 5
                has_withdrawn |= session.withdraw(submission.id, f"Stopped before sending. {why} {_SUBMIT_AGAIN}", code)
        if has_withdrawn:
            return False  # how they stand now is told, too
        open_ones = [submission for submission in found.values() if not session.elsewhere(submission)]
        return all(_is_done(s) if wait_s else s.is_settled or s.task_id for s in open_ones)

    with Progress() as progress:
        session.rebind_if_elsewhere(ids)
        session.wait(is_done, ids, 0.0)  # tell the ids before anything is sent
        session.start()
        found = session.wait(is_done, ids, wait_s or _ACCEPTANCE_S)
    for submission in found.values():
        _tell_files(submission)
    return max((_exit_code(session, s, bool(wait_s)) for s in found.values()), default=0)


def _tell_files(submission: Submission) -> None:
    """What is on disk now, what is not yet, and what is elsewhere than it was meant to be."""
    for saved in filter(None, (submission.clip, submission.marked)):
        tell(f"Saved: '{saved}'")
    if submission.awaits_marked:
        sentence = "The watermarked copy is not downloaded yet. Download the copy with: kling resume --wait"
        tell(f"kling: {submission.id}: {sentence}")
    if submission.note:
        tell(f"kling: {submission.id}: {submission.note}")


def _is_done(submission: Submission) -> bool:
    """Whether nothing more comes of it, the copy with the watermark included."""
    return submission.is_settled and not submission.awaits_marked


def _tell(submission: Submission, queue: Queue) -> None:
    """One line for a submission, and a sentence for people where another one keeps it from being sent."""
    line = _say_job(submission, queue)
    if queue.held_back_by(submission) is not None:
        tell(f"kling: {submission.id}: {line['waits_for']}")


def _tell_trouble(session: Session, submission: Submission, told: dict[str, str]) -> None:
    """Say once that nothing comes of a submission here, for its key or for want of an answer, and once that it does."""
    elsewhere = session.elsewhere(submission)
    trouble = f"Not continued. {elsewhere}" if elsewhere else session.silence(submission)
    if trouble != told.get(submission.id, ""):
        told[submission.id] = trouble
        tell(f"kling: {submission.id}: {trouble or 'The service responds again.'}")


def _is_hopeless(submission: Submission) -> bool:
    """Whether a submission that was never sent should not be sent later without anybody knowing: the command ends with
    its problem.
    """
    tried = submission.failures >= _NETWORK_TRIES and not submission.sends
    return submission.is_proved_unsent and (submission.is_held or tried)


def _exit_code(session: Session, submission: Submission, has_waited: bool) -> int:
    if session.elsewhere(submission):
        return CredentialsMissing.exit_code
    if submission.phase in (Phase.FETCHED, Phase.PLACED):
        return 0
    if submission.is_settled:
        return submission.exit_code or 4
    return STILL_RUNNING if has_waited or not submission.task_id else 0


def session_of(options: argparse.Namespace, environment: Mapping[str, str], *, asks: bool = True) -> Session:
    """A session with the settings in force. Raises like :func:`settings_of`."""
    from ..session import Session

    return Session(settings_of(options, environment, asks=asks))


def _service(options: argparse.Namespace, environment: Mapping[str, str]) -> KlingService:
    """The service by itself, for questions that need no journal. Raises like :func:`settings_of`."""
    from ..session import service_of

    return service_of(settings_of(options, environment, asks=True))


def settings_of(options: argparse.Namespace, environment: Mapping[str, str], *, asks: bool) -> Settings:
    """The settings in force; what they are is said on stderr.

    Raises like ``settings.read_settings``, and :class:`NotSent` where it ``asks`` the service and the Blender around it
    is set to stay offline.
    """
    from ..settings import OFFLINE, REHEARSAL, REHEARSING, Preferred, read_settings

    preferred: Preferred = options.preferred
    chosen = {name: getattr(options, name, "") for name in ("profile", "dialect")}
    settings = read_settings(environment, service=options.service, preferred=preferred, **chosen)
    if asks and not preferred.is_online and not settings.is_rehearsal:
        raise NotSent(f"{OFFLINE}.", field="service")
    rehearsing = f"{REHEARSING} " if settings.service == REHEARSAL else ""
    tell(f"kling: {rehearsing}{settings.told}")
    return settings


def status(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """One line for each submission of the journal."""
    from ..settings import home_folder
    from ..work.journal import Journal

    path = home_folder(environment) / "journal.sqlite3"
    tell_if_missing(path)
    if path.exists():
        journal = Journal(path)
        everything = journal.all()
        queue = Queue(everything, time.time())
        for submission in everything:
            _say_job(submission, queue)
        journal.close()
    return 0


def tell_if_missing(history: Path) -> None:
    """Say that there is no job history, which a home that was misspelled looks like."""
    if not history.exists():
        tell(f'kling: There is no job history in "{history.parent}" (KLING_HOME).')


def decide_on(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """What a person decides about a submission: look again, send again, abandon."""
    with session_of(options, environment, asks=False) as session:
        decided = getattr(session, options.act)(options.id)
        session.snapshot.refresh()
        _say_job(decided, Queue(session.snapshot.submissions, time.time()))
    return 0


def choose(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Take what a person knows: which task of the account is a parked submission's."""
    with session_of(options, environment) as session:
        decided = session.choose(options.id, options.task)
        session.snapshot.refresh()
        _say_job(decided, Queue(session.snapshot.submissions, time.time()))
    return 0


def adopt(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Take a task of the account into the journal and fetch its clip."""
    with session_of(options, environment) as session:
        folder = str(expanded(options.clips, "clips").absolute()) if options.clips else ""
        adopted = session.adopt(options.id, Target(name=options.name or options.id, folder=folder))
        return follow(session, [adopted.id], options.wait, gives_up=False)


def wait(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Go on with submissions until nothing more happens to them by itself."""
    with session_of(options, environment) as session:
        for each in options.ids:
            _require_ours(session, each)
        return follow(session, options.ids, options.wait, gives_up=False)


def fetch(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Have the clip of a submission, or of any task of the account, in a folder."""
    from ..work.clip_folder import require_folder
    from ..work.copying import copied_before, copy_clip

    folder = expanded(options.to, "to").absolute()
    with session_of(options, environment) as session:
        found = session.read(options.id) or _of_task(session, options.id)
        if found is None:
            adopted = session.adopt(options.id, Target(name=options.id, folder=str(folder)))
            return follow(session, [adopted.id], options.wait, gives_up=False)
        is_here = bool(found.clip) and Path(found.clip).is_file()
        copy = copy_clip(found, folder) if is_here else copied_before(found, folder)
        if copy is not None:
            _say_job(replace(found, clip=str(copy)), Queue((), time.time()))
            tell(f"Saved: '{copy}'")
            return 0
        _require_ours(session, found.id)
        require_folder(folder)
        if found.was_made and found.phase in (Phase.FETCHED, Phase.PLACED, Phase.FAILED):
            session.fetch_again(found.id)
        elif found.phase is Phase.ABANDONED and found.sends:
            session.look_again(found.id)
        session.send_clip_to(found.id, folder)
        return follow(session, [found.id], options.wait, gives_up=False)


def _of_task(session: Session, task_id: str) -> Submission | None:
    """The submission that has a task of the account."""
    return next((each for each in session.read_all() if each.task_id == task_id), None)


def _require_ours(session: Session, submission_id: str) -> None:
    """Raise :class:`ArgumentsInvalid` for an id that the journal does not know, and for another service's or key's."""
    found = session.read(submission_id)
    if found is None:
        raise ArgumentsInvalid(
            f'There is no job "{escaped(submission_id[:80])}".', field="id", remedy="List all jobs with: kling status"
        )
    if reason := session.elsewhere(found):
        raise ArgumentsInvalid(f'The job "{submission_id}" was not continued. {reason}', field="id")


def task(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Say what the service says of one task."""
    report = _service(options, environment).find_by_either(options.id)
    if options.external and report.external_task_id != options.id:
        raise ArgumentsInvalid(
            f'"{options.id}" is the ID of a task at Kling, not an external ID.',
            field="id",
            remedy="Leave --external out.",
        )
    say(_task_line(report))
    return 0


def tasks(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Say what the service says of each task on a page of the account's list."""
    for report in _service(options, environment).page(options.page, options.size):
        say(_task_line(report))
    return 0


def _task_line(report: TaskReport) -> dict[str, Any]:
    """A task of the account. Times are Unix seconds. Its clip's link is a secret, of which only the host is told."""
    return {
        "task_id": report.task_id,
        "external_task_id": report.external_task_id or None,
        "status": report.status.value,
        "message": report.message or None,
        "created_at": report.created_at or None,
        "updated_at": report.updated_at or None,
        "duration_s": report.duration_s,
        "clip_host": report.clip_host or None,
        **_charge_line(report),
    }


def account(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Say what is left of each of the account's packs of units; free, and a test of the key."""
    with session_of(options, environment) as session:
        for pack in session.service.account():
            units = {"remaining_units": _told(pack.remaining), "total_units": _told(pack.total), "note": ACCOUNT_NOTE}
            say({"pack": pack.name, "status": pack.status, "ends_at": pack.ends_at, **units})
    return 0


def _told(units: Decimal | None) -> str | None:
    """Units as text; None where the service gave no amount."""
    return None if units is None else str(units)


def list_elements(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Say which elements the account has of its own, or which ones Kling offers."""
    with session_of(options, environment) as session:
        for element in session.service.elements(presets=options.presets):
            say(asdict(element))
    return 0


def create_element(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Make an element and wait until it is ready."""
    with session_of(options, environment) as session:
        front, *more = (session.keep_picture(source) for source in (options.front, *options.more))
        draft = ElementDraft(name=options.name, description=options.description, front=front, more=tuple(more))
        say(asdict(session.create_element(draft, _ACCEPTANCE_S)))
    return 0


def delete_element(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Delete one of the account's own elements, at the service."""
    with session_of(options, environment) as session:
        session.service.delete_element(options.id)
        say({"deleted": options.id})
    return 0


def rehearse(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Run an offline Kling on this machine until interrupted; a note says where it is, for whoever looks for it."""
    from ..rehearsal.clip_maker import ClipMaker, default_command
    from ..rehearsal.server import RehearsalServer
    from ..rehearsal.settings import RehearsalSettings
    from ..rehearsal_note import kept_note
    from ..settings import home_folder

    home = home_folder(environment)
    settings = RehearsalSettings(
        folder=home / "rehearsal",
        port=options.port,
        profile=judged_by(options, environment).name,
        submitted_s=options.submitted,
        processing_s=options.processing,
        concurrency=options.concurrency,
        units=options.units,
        most_lines=options.lines,
        media_faults=options.media_faults,
        lenient_o1_duration=options.lenient_o1_duration,
        faults=tuple(options.fault),
        verbose=options.verbose,
    )
    maker = ClipMaker(default_command(options.blender or environment.get("BLENDER")), home / "rehearsal" / "made")
    with RehearsalServer(settings, maker) as server, kept_note(home, server.note()):
        say(server.ready_line())
        until_stopped()
    return 0


def until_stopped() -> None:
    """Sleep until Ctrl-C or a polite kill."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        while True:
            time.sleep(1)  # a signal that comes a moment before a sleep is seen after it
    except KeyboardInterrupt:
        return


def tell_problems(problems: Sequence[Problem], exit_code: int, request: str = "") -> int:
    """One line for each problem; 2 when a fault is among them. A warning for which ``submit`` sends nothing says so.
    ``request`` names the file, where there are several.
    """
    named, where = ({"request": request}, f"{request}: ") if request else ({}, "")
    for problem in problems:
        is_refused = problem.keeps_from_sending
        message = problem.message if problem.is_fault or not is_refused else f"{problem.message} {_REFUSES}"
        line = {"rule": problem.rule, "path": problem.path, "message": message, "kind": problem.kind}
        say(named | line | {"submit_refuses": is_refused}, kind="problems")
        tell(f"kling: {where}{problem.path}: {message}")
    return 2 if exit_code or any(p.is_fault for p in problems) else 0


def _say_job(submission: Submission, queue: Queue) -> dict[str, Any]:
    """One line for a submission."""
    line = _line(submission, queue)
    say(line, of=submission.id)
    return line


def _line(submission: Submission, queue: Queue) -> dict[str, Any]:
    return {
        "id": submission.id,
        "phase": submission.phase.value,
        "task_id": submission.task_id or None,
        "clip": submission.clip or None,
        "marked_clip": submission.marked or None,
        "problem": submission.problem or None,
        "waits_for": queue.waits_because(submission) or None,
        "name": submission.target.name,
        "status": submission.status or None,
        "once": submission.once or None,
        "user": submission.asker.user or None,
        "host": submission.asker.host or None,
        "project": project_of(submission) or None,
        **_charge_line(submission),
    }


def _charge_line(charged: Submission | TaskReport) -> dict[str, Any]:
    return {
        "charge_units": charged.charge_units or None,
        "charge_balance": charged.charge_balance or None,
        "charge_currency": charged.charge_currency or None,
        "charge_said": charged.charge_said or None,
    }
