"""What can still be read of a damaged journal: row by row, past every page that is not there any more.

Of each history as much is taken as is whole from its start on. What came after may be lost, so whoever uses it must
doubt it (``Journal.doubt_if_older``).
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, TypeAlias

from ..core.life import lifecycle
from ..core.life.events import OPENINGS, Event, event_from
from ..core.life.lifecycle import IllegalTransition, Submission
from .journal import Journal, checksum_of

History: TypeAlias = list[Event]
_SMALLEST_EVENT_BYTES = 48
_PAGE_COUNT = slice(28, 32)
"""Where an SQLite file says how many pages it has (file format, section 1.3)."""


def salvaged(files: Iterable[Path], workshop: Path) -> list[History]:
    """The longest readable history of each submission in any of the files (first come, first served among equals),
    oldest first. The files stay as they are: copies in ``workshop`` are read. Raises OSError.
    """
    best: dict[str, History] = {}
    for number, file in enumerate(files):
        copy = _copied(file, workshop / f"{number}.sqlite3")
        for submission_id, history in _histories(copy, workshop).items():
            if len(history) > len(best.get(submission_id, ())):
                best[submission_id] = history
    return sorted(best.values(), key=lambda history: history[0].at)


def copy_with_log(journal: Path, copy: Path) -> None:
    """Copy a journal and the write-ahead log beside it. Raises OSError."""
    shutil.copy2(journal, copy)
    with suppress(FileNotFoundError):
        shutil.copy2(log_of(journal), log_of(copy))


def log_of(journal: Path) -> Path:
    """Where SQLite keeps the write-ahead log of a journal."""
    return journal.with_name(f"{journal.name}-wal")


def _copied(file: Path, copy: Path) -> Path:
    copy_with_log(file, copy)
    return copy


def _histories(file: Path, workshop: Path) -> dict[str, History]:
    if not _has_tables(file):
        _give_new_head(file, workshop)
    found: dict[str, History] = {}
    reached: dict[str, Submission | None] = {}
    for submission_id, event in _events(file):
        is_known = submission_id in reached
        after = _moved(reached[submission_id], event) if is_known else _begun(submission_id, event)
        reached[submission_id] = after
        if after is not None and event is not None:
            found.setdefault(submission_id, []).append(event)
    return found


def _begun(submission_id: str, event: Event | None) -> Submission | None:
    submission = lifecycle.begin(event) if isinstance(event, OPENINGS) else None
    return submission if submission is not None and submission.id == submission_id else None


def _moved(submission: Submission | None, event: Event | None) -> Submission | None:
    """None from the first event on that is missing or cannot have come next."""
    if submission is None or event is None:
        return None
    try:
        return lifecycle.apply(submission, event)
    except IllegalTransition:
        return None


def _has_tables(file: Path) -> bool:
    with closing(sqlite3.connect(file)) as db:
        try:
            db.execute("SELECT 1 FROM event LIMIT 0")
        except (sqlite3.DatabaseError, UnicodeDecodeError):
            return False
    return True


def _give_new_head(file: Path, workshop: Path) -> None:
    """The first page says where the tables are, which is the same in every journal that was made by this version: a
    torn one is replaced by that of an empty journal.
    """
    empty = workshop / "empty" / "journal.sqlite3"
    Journal(empty).close()
    with closing(sqlite3.connect(empty)) as db:
        page_bytes: int = db.execute("PRAGMA page_size").fetchone()[0]
    head = bytearray(empty.read_bytes()[:page_bytes])
    rest = file.read_bytes()[page_bytes:]
    head[_PAGE_COUNT] = (len(rest) // page_bytes + 1).to_bytes(4, "big")
    file.write_bytes(head + rest)


def _events(file: Path) -> Iterator[tuple[str, Event | None]]:
    """Every event that is there, in order; None for one that is not what was written."""
    with closing(sqlite3.connect(file)) as db:
        db.text_factory = bytes
        for seq in range(1, _highest(db, file) + 1):
            row = _row(db, "SELECT * FROM event WHERE seq=?", seq)
            if row is not None:
                with suppress(UnicodeDecodeError, AttributeError):  # not even whose it is can be read
                    yield row[1].decode(), _event(*row[1:])


def _highest(db: sqlite3.Connection, file: Path) -> int:
    row = _row(db, "SELECT max(seq) FROM event")
    if row is not None and isinstance(row[0], int):
        return row[0]
    log = log_of(file)
    size = file.stat().st_size + (log.stat().st_size if log.exists() else 0)
    return size // _SMALLEST_EVENT_BYTES


def _row(db: sqlite3.Connection, query: str, *values: int) -> tuple[Any, ...] | None:
    try:
        row: tuple[Any, ...] | None = db.execute(query, values).fetchone()
    except (sqlite3.Error, UnicodeDecodeError):
        return None
    return row


def _event(submission_id: bytes, kind: bytes, data: bytes, checksum: int | None = None) -> Event | None:
    try:
        if checksum not in (None, checksum_of(submission_id.decode(), kind.decode(), data.decode())):
            return None
        return event_from(kind.decode(), json.loads(data))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
