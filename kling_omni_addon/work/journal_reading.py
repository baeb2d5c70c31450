"""A journal read from its beginning to its end by somebody who only looks: one submission after the other, however many
there are. Nothing is written, nothing is repaired, and whoever works with the journal goes on meanwhile.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from ..core.life.lifecycle import Submission
from .disk_trouble import disk_trouble
from .journal import event_in, submission_in
from .journal_file import OLDEST_FIRST, has_current_tables, opened_for_reading, reading_address
from .salvage import log_of


def recorded(path: Path) -> Iterator[Submission]:
    """Every submission of the journal as it stands at this moment, oldest first; none where there is no file.

    Raises :class:`~kling_omni_addon.core.errors.JournalUnusable`.
    """
    if not path.exists():
        return
    with disk_trouble(path), reading(path) as db:
        db.execute("BEGIN")  # one moment for all, whatever is recorded meanwhile
        has_current_tables(db, path)  # or an earlier version made them; a later one is refused
        (version,) = db.execute("PRAGMA user_version").fetchone()
        query = f"SELECT kind, data, {_CHECKSUM.get(version, 'checksum')} FROM event WHERE submission_id=? ORDER BY seq"
        for (submission_id,) in db.execute(f"SELECT id FROM submission {OLDEST_FIRST}").fetchall():
            yield _read(db, path, submission_id, query)


_CHECKSUM = {1: "NULL"}  # the first version of the file had none


def _read(db: sqlite3.Connection, path: Path, submission_id: str, query: str) -> Submission:
    rows = db.execute(query, (submission_id,)).fetchall()
    return submission_in(path, submission_id, (event_in(path, submission_id, *row) for row in rows))


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that makes no file beside the journal.

    A reader of a journal in use needs SQLite's index of the log, which is there then. Without one nobody has the
    journal open: it is read as it is, and where a killed process left a log, a copy of both is read.
    """
    with ExitStack() as stack:
        file, how = path, ["immutable=1"]
        if path.with_name(f"{path.name}-shm").exists():
            how = ["readonly_shm=1"]
        elif log_of(path).exists() and log_of(path).stat().st_size:
            file = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kling-"))) / path.name
            shutil.copyfile(path, file)
            shutil.copyfile(log_of(path), log_of(file))
            how = []
        address = reading_address(file.absolute(), *how)
        db = stack.enter_context(closing(opened_for_reading(address)))
        db.execute("PRAGMA query_only=ON")
        yield db
