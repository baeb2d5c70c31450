"""What must hold after a run, whatever happened in it. Every broken promise is a sentence."""

from __future__ import annotations

import hashlib
import re
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

from kling_omni_addon.core.errors import JournalUnusable
from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import Event
from kling_omni_addon.core.life.lifecycle import Phase, Submission
from kling_omni_addon.work.journal import Journal
from kling_omni_addon.work.sidecar import take_of
from tests.torture.life import chosen_folder
from tests.torture.service_process import ACCESS_KEY, API_KEY, SECRET_KEY, Kling, Task
from tests.torture.share import Share
from tests.torture.stories import Story

_ENDED = ("succeed", "failed")
_SECRETS = {
    **{f"a key ({key[:6]}...)": re.compile(re.escape(key.encode())) for key in (API_KEY, ACCESS_KEY, SECRET_KEY)},
    "a token": re.compile(rb"eyJ[\w-]{10,}\.eyJ[\w-]{10,}"),
    "the signature of a link": re.compile(rb"sig=[0-9a-f]{16}"),
}
_PATIENCE_S = 10.0
_SHOWN = 20
"""So many characters of what the service said of a charge are shown for certain, however many there were."""


def broken_promises(story: Story, kling: Kling, folder: Path, posts_unseen: int) -> list[str]:
    """Every violation in what a run left behind, in ``folder`` and at the service.

    ``posts_unseen`` is how many creates may have reached the service without the journal knowing how they ended:
    those of processes that were killed or frozen.
    """
    path = folder / "home" / "journal.sqlite3"
    tasks = [task for task in _ended_tasks(kling) if task.submission_id.startswith(f"kob-{story.seed}-")]
    found = [*_leaks(folder), *_stumbles(folder / "said.txt")]
    for faults in (
        _journal_faults(path),
        _creates_faults(path, tasks),
        _phase_faults(path),
        _tasks_faults(story, kling, path, tasks),
        _folder_faults(story, path),
        _posts_faults(path, kling, posts_unseen),
    ):
        try:
            found += faults
        except (JournalUnusable, sqlite3.Error) as unusable:
            found.append(f"the journal cannot be read: {unusable}; in its folder are {_contents(path.parent)}")
    return found


def _contents(folder: Path) -> list[str]:
    return [f"{path.relative_to(folder)} ({path.stat().st_size} bytes)" for path in sorted(folder.rglob("*"))]


def _raw(path: Path) -> closing[sqlite3.Connection]:
    """The journal past the product's own code; sqlite3.OperationalError where there is none, and none is made."""
    return closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True))


def _journal_faults(path: Path) -> Iterator[str]:
    with _raw(path) as db:
        for pragma in ("integrity_check", "foreign_key_check"):
            rows = db.execute(f"PRAGMA {pragma}").fetchall()
            if rows not in ([("ok",)], []):
                yield f"{pragma} of the journal: {rows}"


def _phase_faults(path: Path) -> Iterator[str]:
    with _raw(path) as db:
        phases = dict(db.execute("SELECT id, phase FROM submission").fetchall())
    for submission in _opened(path):
        if phases[submission.id] != submission.phase:
            yield f"{submission.id} is {submission.phase} by its events and {phases[submission.id]} by its row"


def _creates_faults(path: Path, tasks: list[Task]) -> Iterator[str]:
    """Tasks made against what the user allowed, read past the product's own code."""
    with _raw(path) as db:
        events = Counter(db.execute("SELECT submission_id, kind FROM event").fetchall())
    for submission_id, count in Counter(task.submission_id for task in tasks).items():
        again = events[submission_id, "SendAgain"]
        if count > 1 + again:
            yield f"{submission_id} was created {count} times; the user said Send Again {again} times"
        if events[submission_id, "Withdrawn"] and not again:
            yield f"{submission_id} was withdrawn as never sent, and the service has a task"


def _opened(path: Path) -> tuple[Submission, ...]:
    journal = Journal(path)
    try:
        return journal.all()
    finally:
        journal.close()


def _histories(path: Path) -> dict[str, tuple[Event, ...]]:
    journal = Journal(path)
    try:
        return {submission.id: journal.history(submission.id) for submission in journal.all()}
    finally:
        journal.close()


def _leaks(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        data = path.read_bytes() if path.is_file() else b""
        yield from (
            f"{name} stands in {path.relative_to(folder)}" for name, secret in _SECRETS.items() if secret.search(data)
        )


def _stumbles(said: Path) -> Iterator[str]:
    text = said.read_text(errors="replace") if said.exists() else ""
    uncaught = re.search(r"^Traceback", text, re.MULTILINE)
    if uncaught:
        yield f"a life stumbled: {text[uncaught.start() :][-1500:]}"


def _tasks_faults(story: Story, kling: Kling, path: Path, tasks: list[Task]) -> Iterator[str]:
    submissions = {s.id: s for s in _opened(path)}
    histories = _histories(path)
    for wish in story.wishes:
        if wish.id not in submissions:
            yield f"{wish.id} is not in the journal"
    for submission in submissions.values():
        own = [task for task in tasks if task.submission_id == submission.id]
        yield from _state_faults(submission)
        yield from _clip_faults(story, submission, own, kling)
        yield from _lost(submission, histories[submission.id], own)
    yield from (f"paid without a record: {t.submission_id}" for t in tasks if t.submission_id not in submissions)


def _posts_faults(path: Path, kling: Kling, unseen: int) -> Iterator[str]:
    """Every create that reached the service, whole or not, is one that the journal knows the outcome of."""
    counts = Counter(type(event).__name__ for history in _histories(path).values() for event in history)
    posts = kling.stats()["posts"]
    known = counts["Sent"] + counts["NotSent"] + counts["Deferred"] + counts["Held"]
    if posts > known + unseen:
        yield f"{posts} creates arrived, and the journal accounts for {dict(counts)} and {unseen} unseen"


def _ended_tasks(kling: Kling) -> tuple[Task, ...]:
    limit = time.monotonic() + _PATIENCE_S
    while True:
        tasks = kling.tasks()
        if all(task.status in _ENDED for task in tasks) or time.monotonic() > limit:
            return tasks
        time.sleep(0.01)


def _state_faults(submission: Submission) -> Iterator[str]:
    if not submission.is_settled:
        yield f"{submission.id} is still {submission.phase}: {submission.problem or 'no reason'}"
    needs_reason = submission.needs_a_person or submission.phase in (Phase.FAILED, Phase.ABANDONED)
    if needs_reason and not submission.problem:
        yield f"{submission.id} is {submission.phase} without a reason"


def _folder_faults(story: Story, path: Path) -> Iterator[str]:
    """Each clip is a file of its own, where it was meant to be, or with the others of the home and a note."""
    home, histories = path.parent, _histories(path)
    is_for_share = {wish.id: wish.is_for_share for wish in story.wishes}
    fetched = [submission for submission in _opened(path) if submission.clip]
    for submission in fetched:
        wanted = Share(home.parent).clips if is_for_share[submission.id] else home / "clips"
        folder, may_be = Path(submission.clip).parent, _folders(wanted, home, histories[submission.id])
        if folder not in may_be and not (folder == home / "clips" and submission.note):
            yield f"the clip of {submission.id} is in {folder} in place of {may_be}: {submission.note or 'no word'}"
    for clip, count in Counter(submission.clip for submission in fetched).items():
        if count > 1:
            yield f"{count} submissions have one file, {clip}"


def _folders(wanted: Path, home: Path, history: tuple[Event, ...]) -> tuple[Path, ...]:
    """Where a clip may be: where it was meant to be last, and before, if its download may have begun by then."""
    names = [type(event).__name__ for event in history]
    if "Redirected" not in names:
        return (wanted,)
    was_coming = "Succeeded" in names[: names.index("Redirected")]
    return (chosen_folder(home), wanted) if was_coming else (chosen_folder(home),)


def _is_odd(story: Story, submission: Submission) -> bool:
    """Whether the service said of its charge what cannot be read. Only then may the charge be unknown."""
    shown = [f'"{said[:_SHOWN]}' + '"' * (len(said) < _SHOWN) for said in story.odd_charges]
    return submission.charge_said.startswith(tuple(shown))


def _clip_faults(story: Story, submission: Submission, own: list[Task], kling: Kling) -> Iterator[str]:
    if submission.phase not in (Phase.FETCHED, Phase.PLACED):
        return
    task = next((task for task in own if task.id == submission.task_id), None)
    if task is None:
        yield f"{submission.id} has a clip of a task that the service does not know"
        return
    is_unknown = not submission.charge_units and _is_odd(story, submission)
    if not is_unknown and Decimal(submission.charge_units or 0) != task.units:
        yield f"{submission.id} records {submission.charge_units} units, the service charged {task.units}"
    clip = Path(submission.clip)
    digest = hashlib.sha256(clip.read_bytes()).hexdigest() if clip.is_file() else "no file"
    if not digest == submission.clip_sha256 == kling.sha256(task):
        yield f"the clip of {submission.id} is not the service's ({digest[:8]}, recorded {submission.clip_sha256[:8]})"
    beside = take_of(clip)
    if beside is None or (beside.submission, beside.provenance["task"]) != (submission.id, submission.task_id):
        yield f"beside the clip of {submission.id} it does not say what it is"


def _lost(submission: Submission, history: tuple[Event, ...], own: list[Task]) -> Iterator[str]:
    """Paid work that nobody has: the user gave up everything else."""
    has_clip = submission.phase in (Phase.FETCHED, Phase.PLACED)
    gave_up = any(isinstance(event, ev.Abandoned) for event in history) and submission.phase is Phase.ABANDONED
    paid = [task for task in own if task.units]
    if paid and not has_clip and not gave_up:
        yield f"{submission.id} was paid and is {submission.phase}: {submission.problem}"
