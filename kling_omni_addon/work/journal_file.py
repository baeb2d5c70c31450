"""The journal as an SQLite file: its tables, how it is opened so that a commit lasts, and a look for damage.

What the rows mean is written in ``journal`` and ``leases``; what SQLite complains of becomes a sentence in
``disk_trouble``.
"""

from __future__ import annotations

import sqlite3
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path, PurePath
from urllib.parse import quote

from ..durable import make_folder, make_own_file
from .disk_trouble import corrupt, disk_trouble, too_new

OWN_NAME = "journal"
"""The entry of ``meta`` with the file's own random name."""

_BUSY_TIMEOUT_S = 10.0
_LOCK_POLL_S = 0.05
_CHECKED_WHOLE_BYTES = 64 * 1024 * 1024
_SCHEMA_VERSION = 2
_SCHEMA = """
CREATE TABLE IF NOT EXISTS submission (
    id TEXT PRIMARY KEY,
    phase TEXT NOT NULL,
    is_over INTEGER NOT NULL,
    created_at REAL NOT NULL,
    owner TEXT NOT NULL DEFAULT '',
    epoch INTEGER NOT NULL DEFAULT 0,
    leased_until REAL NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS submission_by_phase ON submission (is_over, phase);
CREATE INDEX IF NOT EXISTS submission_by_age ON submission (is_over, created_at);
CREATE TABLE IF NOT EXISTS event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    submission_id TEXT NOT NULL REFERENCES submission (id),
    kind TEXT NOT NULL,
    data TEXT NOT NULL,
    checksum INTEGER
);
CREATE INDEX IF NOT EXISTS event_by_submission ON event (submission_id, seq);
CREATE TABLE IF NOT EXISTS meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
"""
ONCE = "CASE WHEN json_valid(data) THEN json_extract(data, '$.once') END"
"""Of an event: the name under which it asks for a clip once."""
FIRST_EVENT = "(SELECT min(seq) FROM event WHERE submission_id=submission.id)"
"""Of a submission: the number of the event that began it."""
OLDEST_FIRST = f"ORDER BY created_at, {FIRST_EVENT}"
"""Submissions as they were recorded. The time alone does not tell: the clock of Windows moves every 15 ms only."""
_INDEX_OF_NAMES = f"CREATE INDEX IF NOT EXISTS event_by_once ON event ({ONCE}) WHERE kind='Intended'"


def opened(path: Path) -> sqlite3.Connection:
    """A connection on which a commit is on disk when it returns. The file and its folder are made if need be."""
    make_folder(path.parent)  # the name of the folder must last too: what is in it is worth money
    make_own_file(path)
    db = sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S, isolation_level=None)
    try:
        _prepare(db, path)
    except BaseException:
        db.close()
        raise
    return db


def _prepare(db: sqlite3.Connection, path: Path) -> None:
    _write_ahead(db)
    db.execute("PRAGMA synchronous=FULL")
    for pragma in ("fullfsync", "checkpoint_fullfsync"):  # what fsync alone does not do on macOS, and no other knows
        db.execute(f"PRAGMA {pragma}=ON")
    db.execute("PRAGMA foreign_keys=ON")
    if not has_current_tables(db, path):
        _make_tables(db)
    with suppress(sqlite3.OperationalError):  # a full disk, another writer: it only makes looking for a name quick
        db.execute(_INDEX_OF_NAMES)


def _write_ahead(db: sqlite3.Connection) -> None:
    """Switch to WAL. SQLite answers "locked" at once while another process switches, so the waiting is ours."""
    patience = time.monotonic() + _BUSY_TIMEOUT_S
    while db.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        try:
            db.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > patience:
                raise
            time.sleep(_LOCK_POLL_S)


def has_current_tables(db: sqlite3.Connection, path: Path) -> bool:
    """Whether this version made the tables, and no earlier one. Raises :class:`JournalUnusable` for a later one."""
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    if version > _SCHEMA_VERSION:
        raise too_new(path)
    return version == _SCHEMA_VERSION


def _make_tables(db: sqlite3.Connection) -> None:
    with committed(db):
        version: int = db.execute("PRAGMA user_version").fetchone()[0]
        if version >= _SCHEMA_VERSION:  # another process was faster
            return
        for statement in _SCHEMA.split(";\n")[:-1]:
            db.execute(statement)
        if version == 1:
            db.execute("ALTER TABLE event ADD COLUMN checksum INTEGER")
        put_meta(db, OWN_NAME, uuid.uuid4().hex)
        db.execute(f"PRAGMA user_version={_SCHEMA_VERSION}")


@contextmanager
def committed(db: sqlite3.Connection) -> Iterator[None]:
    """One transaction, alone from its start: all of it, or nothing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def put_meta(db: sqlite3.Connection, name: str, value: str) -> None:
    """Note something about the file as a whole."""
    db.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (name, value))


def look_for_damage(path: Path) -> None:
    """Look through the whole file, but of a very large one only through the tables that are not events.

    Nothing is written: closing a writer would move the log into the damaged file before it is copied aside. Raises
    :class:`JournalCorrupt`.
    """
    if not path.exists():
        return
    with disk_trouble(path):
        try:
            _check_quickly(path)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_READONLY_ROLLBACK:
                raise
            _undo_making(path)
            _check_quickly(path)


def _check_quickly(path: Path) -> None:
    with closing(opened_for_reading(reading_address(path.absolute()))) as db:
        check_quickly(db, path)


def check_quickly(db: sqlite3.Connection, path: Path) -> None:
    """Look through the file over an open connection. Raises :class:`JournalCorrupt`, and SQLite's own errors."""
    is_small = path.stat().st_size <= _CHECKED_WHOLE_BYTES
    for pragma in ("quick_check(1)",) if is_small else ("quick_check(submission)", "quick_check(meta)"):
        found = db.execute(f"PRAGMA {pragma}").fetchone()[0]
        if found != "ok":
            raise corrupt(path, found)


def opened_for_reading(address: str) -> sqlite3.Connection:
    """A connection to what :func:`reading_address` names. Raises OSError for an address that SQLite does not take: that
    says nothing of the file, and must not look like damage.
    """
    try:
        return sqlite3.connect(address, uri=True, isolation_level=None)
    except sqlite3.Error as error:
        raise OSError(f"SQLite cannot open it: {error}") from error


def reading_address(path: PurePath, *more: str) -> str:
    """How SQLite is told to open a file for reading, with ``more`` words of its own (``immutable=1``).

    Unlike ``Path.as_uri`` also one on a Windows share or of the form ``//?/``: what would stand for a host there is one
    that SQLite refuses.
    """
    place = quote(path.as_posix(), safe="/:")
    return f"file://{'' if place.startswith('/') else '/'}{place}?{'&'.join(('mode=ro', *more))}"


def _undo_making(path: Path) -> None:
    """Let SQLite undo what a process was at when it died in the first moments of the file, before it had a write-ahead
    log. A reader may not do that, and until it is done nobody can read.
    """
    with closing(sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S)) as db:
        db.execute("SELECT 1 FROM sqlite_master").fetchone()
