"""Open the journal, whatever became of it: damaged, gone, or replaced by an older copy (faults 50, 51).

What can be read is kept, what may have been sent is looked for, the account's list tells what else is ours, and nothing
is sent by itself before that list was read.
"""

from __future__ import annotations

import logging
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from ..core.life import events as ev
from ..core.life.events import Origin
from ..core.protocol import TaskReport
from ..durable import put_in_place
from .backup import backups_of
from .disk_trouble import JournalCorrupt, disk_trouble
from .journal import Journal
from .journal_file import look_for_damage
from .mark import NO_JOURNAL, read_mark, sweep_marks, write_mark
from .salvage import copy_with_log, log_of, salvaged

_log = logging.getLogger(__name__)

ID_PREFIX = "kob-"
"""Our mark on the account's list: by it a lost journal finds its tasks again."""
REHEARSED_PREFIX = f"{ID_PREFIX}test-"
"""The same of what is asked for once at a rehearsal."""
SHOWN = 100
"""How many submissions that are over are kept at hand beside the live ones."""
_OTHER_REBUILDS_S = 60.0
_READ_FIRST = (
    "Before sending, the extension reads the task list of the account and checks jobs that may have been sent."
)


def open_journal(path: Path, now: float) -> tuple[Journal, str]:
    """The journal, sound and ready, and a sentence for the user where something had happened to it (else ``""``).

    A damaged one is copied aside as ``journal.corrupt-DATE.sqlite3`` and rebuilt of what can be read. Raises
    :class:`JournalUnusable`.
    """
    notice = ""
    try:
        journal = _sound(path)
    except JournalCorrupt as error:
        _log.warning("%s", error.sentence)
        notice = _rebuild(path, now)
        journal = _sound(path)
    try:
        with disk_trouble(path):
            sweep_marks(path)
            if journal.doubt_if_older(now):
                notice = notice or f'The job history "{path}" is new, or an older copy. {_READ_FIRST}'
    except BaseException:
        journal.close()
        raise
    return journal, notice


def reconcile(
    journal: Journal, list_tasks: Callable[[], Iterable[TaskReport]], now: float, origin: Origin, dialect: str
) -> int:
    """Read the account's whole list, adopt what is ours and not in the journal, and accept what the journal calls
    unsent or unanswered; how many submissions that changed. Then sending is allowed again. What is adopted is asked
    about in ``dialect``, that of the list.

    Raises what ``list_tasks`` raises, and then nothing was changed.
    """
    adopted = [
        ev.Adopted(
            at=now, submission_id=report.external_task_id, task_id=report.task_id, origin=origin, dialect=dialect
        )
        for report in list_tasks()
        if report.external_task_id.startswith(ID_PREFIX) or journal.knows(report.external_task_id)
    ]
    count = journal.settle(origin, reversed(adopted))  # the list begins with the newest
    if count:
        _log.warning("%d submissions were found on the account's list and are carried on", count)
    return count


def _sound(path: Path) -> Journal:
    look_for_damage(path)
    journal = Journal(path)
    try:
        journal.check()
        journal.recent(SHOWN)
    except BaseException:
        journal.close()
        raise
    return journal


def _rebuild(path: Path, now: float) -> str:
    """Make a sound journal of a damaged one; a sentence about it, or ``""`` when another process was faster.

    The file in place is touched last, and by one rename, so that a crash on the way leaves it to be rebuilt again.
    """
    with disk_trouble(path), _alone(path):
        try:
            _sound(path).close()
        except JournalCorrupt:
            pass
        else:
            return ""
        kept = _copied_aside(path, now)
        workshop = path.with_name("journal.rebuilding")
        shutil.rmtree(workshop, ignore_errors=True)
        workshop.mkdir()
        fresh = Journal(workshop / path.name)
        count = fresh.carry_over(salvaged((kept, *backups_of(path)), workshop))
        fresh.close()
        if read_mark(path) is None:
            write_mark(path, NO_JOURNAL)  # so that the new one is doubted however it comes to be opened
        log_of(path).unlink(missing_ok=True)
        path.with_name(f"{path.name}-shm").unlink(missing_ok=True)
        put_in_place(fresh.path, path)
        shutil.rmtree(workshop, ignore_errors=True)
    return f'The job history was damaged. Recovered jobs: {count}. The damaged file is kept as "{kept}". {_READ_FIRST}'


def _copied_aside(path: Path, now: float) -> Path:
    date = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H%M%S")
    kept = path.with_name(f"{path.stem}.corrupt-{date}{path.suffix}")
    copy_with_log(path, kept)
    return kept


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One process at a time; ends with the process, too."""
    with closing(sqlite3.connect(path.with_suffix(".lock"), timeout=_OTHER_REBUILDS_S, isolation_level=None)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        yield
