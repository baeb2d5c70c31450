"""A journal read from its beginning to its end by somebody who only looks: one submission after the other, however many
there are. Nothing is written, nothing is repaired, and whoever works with the journal goes on meanwhile.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from ..core.life.lifecycle import Submission
from .disk_trouble import disk_trouble
from .journal import event_in, submission_in
from .journal_file import opened_for_reading


def recorded(path: Path) -> Iterator[Submission]:
    """Every submission of the journal as it stands at this moment, oldest first; none where there is no file.

    Raises :class:`~kling_omni_addon.core.errors.JournalUnusable`.
    """
    if not path.exists():
        return
    with disk_trouble(path), closing(opened_for_reading(path)) as db:
        db.execute("BEGIN")  # one moment for all, whatever is recorded meanwhile
        (version,) = db.execute("PRAGMA user_version").fetchone()
        query = f"SELECT kind, data, {_CHECKSUM.get(version, 'checksum')} FROM event WHERE submission_id=? ORDER BY seq"
        for (submission_id,) in db.execute("SELECT id FROM submission ORDER BY created_at, id").fetchall():
            yield _read(db, path, submission_id, query)


_CHECKSUM = {1: "NULL"}  # the first version of the file had none


def _read(db: sqlite3.Connection, path: Path, submission_id: str, query: str) -> Submission:
    rows = db.execute(query, (submission_id,)).fetchall()
    return submission_in(path, submission_id, (event_in(path, submission_id, *row) for row in rows))
