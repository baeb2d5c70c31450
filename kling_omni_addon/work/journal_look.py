"""A look at the journal that changes nothing: no file is made, written, repaired or locked against others."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from .disk_trouble import disk_trouble
from .journal import Journal
from .journal_file import check_quickly, has_current_tables
from .salvage import log_of


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalSeen:
    """What a journal holds: how many submissions by phase, and how many of them wait for a person; None where an older
    version wrote the file, whose events are read once it is brought up to date.
    """

    phases: Mapping[str, int]
    waiting_for_person: int | None


def look_at(path: Path) -> JournalSeen:
    """See whether the file is sound, and count what is in it.

    Raises :class:`JournalUnusable`, of which :class:`JournalCorrupt` says that the file is damaged.
    """
    with disk_trouble(path), _reader(path) as db:
        is_current = has_current_tables(db, path)
        check_quickly(db, path)
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name='submission'").fetchone():
            return JournalSeen(phases={}, waiting_for_person=None)
        counted = db.execute("SELECT phase, count(*) FROM submission GROUP BY phase ORDER BY min(created_at)")
        phases = {str(phase): int(count) for phase, count in counted}
        waiting = _waiting_for_person(db, path) if is_current else None
        return JournalSeen(phases=phases, waiting_for_person=waiting)


def _waiting_for_person(db: sqlite3.Connection, path: Path) -> int:
    return sum(submission.needs_a_person for submission in Journal(path, connect=lambda _: db).live())


@contextmanager
def _reader(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that makes no file beside the journal.

    A reader of a journal in use needs SQLite's index of the log, which is there then. Without one nobody has the
    journal open: it is read as it is, and where a killed process left a log, a copy of both is read.
    """
    with ExitStack() as stack:
        file, how = path, "immutable=1"
        if path.with_name(f"{path.name}-shm").exists():
            how = "readonly_shm=1"
        elif log_of(path).exists() and log_of(path).stat().st_size:
            file = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kling-"))) / path.name
            shutil.copyfile(path, file)
            shutil.copyfile(log_of(path), log_of(file))
            how = ""
        uri = f"{file.absolute().as_uri()}?mode=ro&{how}".rstrip("&")
        db = stack.enter_context(closing(sqlite3.connect(uri, uri=True, isolation_level=None)))
        db.execute("PRAGMA query_only=ON")
        yield db
