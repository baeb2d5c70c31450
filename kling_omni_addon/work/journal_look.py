"""A look at the journal that changes nothing: no file is made, written, repaired or locked against others."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .disk_trouble import disk_trouble
from .journal import Journal
from .journal_file import check_quickly, has_current_tables
from .journal_reading import reading


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
    with disk_trouble(path), reading(path) as db:
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
