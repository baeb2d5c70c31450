"""The record on disk: an append-only list of events in SQLite, and who works on which submission.

WAL with ``synchronous=FULL``: when :meth:`Journal.append` returns, the event survives a power cut. The file holds no
picture bytes, no keys and no result links. Several processes may have it open; a lease per submission says who works on
it, and the lease is checked inside the transaction that appends (docs/architecture.md, "The Commit Point").
"""

from __future__ import annotations

import json
import logging
import os
import socket
import sqlite3
import time
import uuid
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import JournalUnusable
from ..core.life import events as ev
from ..core.life import lifecycle
from ..core.life.events import Event, Origin, event_from, record_of
from ..core.life.lifecycle import IllegalTransition, Phase, Submission
from ..durable import make_folder, make_own_file
from .disk_trouble import corrupt, disk_trouble, too_new
from .mark import Mark, read_mark, write_mark

_log = logging.getLogger(__name__)

LEASE_S = 60.0
_BUSY_TIMEOUT_S = 10.0
_LOCK_POLL_S = 0.05
_MARK_EVERY_S = 5.0
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
_JOURNAL, _DOUBTFUL, _RECONCILED = "journal", "is doubtful", "reconciled with "


class LeaseLost(Exception):
    """Another process took the submission over; what this one was about to record or send must not happen."""


class AlreadyThere(Exception):
    """The journal has a submission with this id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to work on one submission. ``epoch`` grows each time that another owner takes it; ``was_dropped`` tells
    that the one before never gave it up: it died, or does not stir any more.
    """

    submission_id: str
    owner: str
    epoch: int
    was_dropped: bool = False


def this_process() -> str:
    """Who we are, to other processes on the same journal: host and process number."""
    return f"{socket.gethostname()}:{os.getpid()}"


class Journal:
    """One connection to the journal. Use it in the thread that made it; open another for another thread.

    Every method raises :class:`JournalUnusable` when the file cannot be read or written.
    """

    def __init__(self, path: Path, owner: str | None = None) -> None:
        self.path = path
        self.owner = owner or this_process()
        self._known: dict[str, Submission] = {}
        self._seen: dict[str, tuple[tuple[str, int, float], float]] = {}
        self._last_seq = 0
        self._marked_at = time.monotonic() - _MARK_EVERY_S
        with disk_trouble(path):
            make_folder(path.parent)  # the name of the folder must last too: what is in it is worth money
            make_own_file(path)
            self._db = sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S, isolation_level=None)
            try:
                self._prepare()
            except BaseException:
                self._db.close()
                raise
            self._file = path.stat()

    def _prepare(self) -> None:
        self._write_ahead()
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("PRAGMA foreign_keys=ON")
        version: int = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > _SCHEMA_VERSION:
            raise too_new(self.path)
        if version < _SCHEMA_VERSION:
            self._make_tables()

    def _write_ahead(self) -> None:
        """Switch to WAL. SQLite answers "locked" at once while another process switches, so the waiting is ours."""
        patience = time.monotonic() + _BUSY_TIMEOUT_S
        while self._db.execute("PRAGMA journal_mode").fetchone() != ("wal",):
            try:
                self._db.execute("PRAGMA journal_mode=WAL")
            except sqlite3.OperationalError:
                if time.monotonic() > patience:
                    raise
                time.sleep(_LOCK_POLL_S)

    def _make_tables(self) -> None:
        with _committed(self._db):
            version: int = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version >= _SCHEMA_VERSION:  # another process was faster
                return
            for statement in _SCHEMA.split(";\n")[:-1]:
                self._db.execute(statement)
            if version == 1:
                self._db.execute("ALTER TABLE event ADD COLUMN checksum INTEGER")
            self._put(_JOURNAL, uuid.uuid4().hex)
            self._db.execute(f"PRAGMA user_version={_SCHEMA_VERSION}")

    def close(self) -> None:
        """Close the connection; leases stay until they run out or :meth:`give_up` is called."""
        self._note_mark()
        self._db.close()

    def check(self) -> None:
        """Find out now, and not when something is to be sent, whether the file can be written."""
        with self._transaction():
            pass

    def begin(self, intended: ev.Intended) -> Submission:
        """Record a new submission; durable on return. Raises :class:`AlreadyThere` for an id that the journal knows."""
        with self._transaction():
            return self._begin(intended)

    def _begin(self, opening: ev.Intended | ev.Adopted) -> Submission:
        submission = lifecycle.begin(opening)
        if self._has(submission.id):
            raise AlreadyThere(submission.id)
        self._db.execute(
            "INSERT INTO submission (id, phase, is_over, created_at) VALUES (?, ?, 0, ?)",
            (submission.id, submission.phase, submission.created_at),
        )
        self._insert(submission.id, opening)
        return submission

    def append(
        self,
        submission_id: str,
        event: Event,
        lease: Lease | None = None,
        check: Callable[[], None] | None = None,
    ) -> Submission:
        """Record an event; durable on return. Gives the submission after it.

        With a lease the append happens only while that lease holds, in one transaction; without one it is the user's
        own act. ``check`` is called in that transaction, and what it raises forbids the append: no other process
        records anything in between. Raises :class:`LeaseLost` or :class:`lifecycle.IllegalTransition`, and then nothing
        was recorded.
        """
        with self._transaction():
            if lease is not None and not self._holds(lease):
                raise LeaseLost(submission_id)
            if check is not None:
                check()
            return self._append(self._read(submission_id), event)

    def _append(self, submission: Submission, event: Event) -> Submission:
        after = lifecycle.apply(submission, event)
        self._insert(submission.id, event)
        self._db.execute(
            "UPDATE submission SET phase=?, is_over=? WHERE id=?", (after.phase, after.is_over, submission.id)
        )
        return after

    def carry_over(self, histories: Iterable[Iterable[Event]]) -> int:
        """Take histories from another file, all or none; how many there were. Each must be legal from its start."""
        count = 0
        with self._transaction():
            for opening, *rest in histories:
                assert isinstance(opening, ev.OPENINGS)
                submission = self._begin(opening)
                for event in rest:
                    submission = self._append(submission, event)
                count += 1
        return count

    def doubt_if_older(self, now: float) -> bool:
        """Whether the mark beside this journal knows of events that it lacks: an older copy, or a new one in place of
        another.

        If so, what it calls never sent may have been sent: it is looked for instead, and nothing may be sent before
        :meth:`settle`.
        """
        noted = read_mark(self.path)  # before the journal's own number, which may grow at any moment
        if noted is None or not noted.is_ahead_of(self._mark()):
            return False
        with self._transaction():
            noted = read_mark(self.path)
            if noted is None or not noted.is_ahead_of(self._mark()):
                return False  # another process was faster
            self._doubt(now)
            write_mark(self.path, self._mark())
        return True

    def _doubt(self, now: float) -> None:
        self._db.execute("DELETE FROM meta")
        self._put(_JOURNAL, uuid.uuid4().hex)
        self._put(_DOUBTFUL, str(now))
        rows = self._db.execute("SELECT id FROM submission WHERE is_over=0 AND phase=?", (Phase.INTENDED,)).fetchall()
        for (submission_id,) in rows:
            self._append(self._read(submission_id), ev.Doubted(at=now))

    def needs_reconciling(self, origin: Origin) -> bool:
        """Whether the account's list must be read, and :meth:`settle` called, before anything may be sent to it."""
        with disk_trouble(self.path):
            rows = self._db.execute("SELECT name FROM meta WHERE name IN (?, ?)", (_DOUBTFUL, _settled(origin)))
            return [name for (name,) in rows] == [_DOUBTFUL]

    def settle(self, origin: Origin, found: Iterable[ev.Adopted]) -> int:
        """Take what stands on the account's whole list, in one transaction; how many submissions that changed.

        A task that the journal does not know begins a submission; one that it calls unsent or unanswered is accepted.
        """
        with self._transaction():
            count = sum(self._adopt(adopted) for adopted in found)
            self._put(_settled(origin), "yes")
        return count

    def _adopt(self, adopted: ev.Adopted) -> bool:
        if not self._has(adopted.submission_id):
            self._begin(adopted)
            return True
        submission = self._read(adopted.submission_id)
        if submission.origin != adopted.origin:
            return False
        try:
            self._append(submission, adopted)
        except IllegalTransition:  # it is past that, or that task has ended
            return False
        return True

    def claim(self, submission_id: str, now: float) -> Lease | None:
        """Take or renew the right to work on a submission; None while another living process has it."""
        with self._transaction():
            row = self._db.execute(
                "SELECT owner, epoch, leased_until FROM submission WHERE id=?", (submission_id,)
            ).fetchone()
            if row is None:
                return None
            owner, epoch, until = row
            if owner != self.owner:
                if owner and not self._has_lapsed(submission_id, (owner, epoch, until), now) and not _is_dead(owner):
                    return None
                epoch += 1
            self._db.execute(
                "UPDATE submission SET owner=?, epoch=?, leased_until=? WHERE id=?",
                (self.owner, epoch, now + LEASE_S, submission_id),
            )
        was_dropped = owner not in ("", self.owner)
        return Lease(submission_id=submission_id, owner=self.owner, epoch=epoch, was_dropped=was_dropped)

    def _has_lapsed(self, submission_id: str, row: tuple[str, int, float], now: float) -> bool:
        """Whether a lease was not renewed for its whole time, by our own clock: those of two processes may differ."""
        seen = self._seen.get(submission_id)
        if seen is None or seen[0] != row:
            self._seen[submission_id] = (row, now)
            return False
        return now - seen[1] >= LEASE_S

    def renew(self, now: float) -> None:
        """Prolong every lease of this process."""
        with self._transaction():
            self._db.execute(
                "UPDATE submission SET leased_until=? WHERE owner=? AND is_over=0", (now + LEASE_S, self.owner)
            )

    def give_up(self) -> None:
        """Let go of every lease of this process, so that another can go on at once."""
        with self._transaction():
            self._db.execute("UPDATE submission SET owner='', leased_until=0 WHERE owner=?", (self.owner,))

    def knows(self, submission_id: str) -> bool:
        """Whether there is a submission with this id."""
        with disk_trouble(self.path):
            return self._has(submission_id)

    def load(self, submission_id: str) -> Submission | None:
        """One submission, or None."""
        with disk_trouble(self.path):
            return self._read(submission_id) if self._has(submission_id) else None

    def live(self) -> tuple[Submission, ...]:
        """Every submission that is not over, oldest first. Only events that are new since the last call are read."""
        with disk_trouble(self.path):
            rows = self._db.execute("SELECT id FROM submission WHERE is_over=0 ORDER BY created_at, id").fetchall()
            return self._brought_up(rows)

    def all(self) -> tuple[Submission, ...]:
        """Every submission, oldest first."""
        with disk_trouble(self.path):
            rows = self._db.execute("SELECT id FROM submission ORDER BY created_at, id").fetchall()
            return self._brought_up(rows)

    def recent(self, over: int) -> tuple[Submission, ...]:
        """Every submission that is not over, and the newest of those that are, so many; oldest first."""
        with disk_trouble(self.path):
            rows = self._db.execute(
                "SELECT id FROM (SELECT id, created_at FROM submission WHERE is_over=0 UNION ALL SELECT * FROM "
                "(SELECT id, created_at FROM submission WHERE is_over=1 ORDER BY created_at DESC LIMIT ?)) "
                "ORDER BY created_at, id",
                (over,),
            ).fetchall()
            return self._brought_up(rows)

    def sent_since(self, at: float) -> tuple[Submission, ...]:
        """Every submission of which a task may have been made after ``at`` (Unix seconds), oldest first."""
        with disk_trouble(self.path):
            rows = self._db.execute(
                "SELECT id FROM submission WHERE id IN (SELECT submission_id FROM event "
                "WHERE kind IN ('Sent', 'Doubted', 'Adopted') AND json_extract(data, '$.at') > ?) "
                "ORDER BY created_at, id",
                (at,),
            ).fetchall()
            return self._brought_up(rows)

    def last_seq(self) -> int:
        """The number of the newest event: a cheap way to see that something happened, in any process."""
        with disk_trouble(self.path):
            row = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name='event'").fetchone()
            return int(row[0]) if row else 0

    def _mark(self) -> Mark:
        with disk_trouble(self.path):
            row = self._db.execute("SELECT value FROM meta WHERE name=?", (_JOURNAL,)).fetchone()
            return Mark(journal=row[0] if row else "", seq=self.last_seq())

    def _note_mark(self) -> None:
        """Bring the mark up to date. It is never set back, for then it would vouch for an older copy."""
        self._marked_at = time.monotonic()
        try:
            noted, mark = read_mark(self.path), self._mark()
            if noted is None or (noted.journal == mark.journal and noted.seq < mark.seq):
                write_mark(self.path, mark)
        except (JournalUnusable, OSError) as error:
            _log.info("the journal's mark could not be written: %s", error)

    def history(self, submission_id: str) -> tuple[Event, ...]:
        """Everything that happened to one submission, in order."""
        with disk_trouble(self.path):
            rows = self._db.execute(
                "SELECT kind, data, checksum FROM event WHERE submission_id=? ORDER BY seq", (submission_id,)
            ).fetchall()
        return tuple(self._event(submission_id, *row) for row in rows)

    def _event(self, submission_id: str, kind: str, data: str, checksum: int | None) -> Event:
        if {type(text) for text in (submission_id, kind, data)} != {str}:  # one flipped bit, and a text is a blob
            raise corrupt(self.path, f"an event of {submission_id!r} is no text")
        if checksum not in (None, checksum_of(submission_id, kind, data)):
            raise corrupt(self.path, f"an event of {submission_id} is not what was written")
        try:
            return event_from(kind, json.loads(data))
        except (ValueError, TypeError, KeyError):
            if checksum is None:
                raise corrupt(self.path, f"an event of {submission_id} cannot be read") from None
            raise too_new(self.path) from None

    def _brought_up(self, rows: list[tuple[str]]) -> tuple[Submission, ...]:
        last = self.last_seq()
        if self._known:
            changed = self._db.execute("SELECT DISTINCT submission_id FROM event WHERE seq > ?", (self._last_seq,))
            for (submission_id,) in changed:
                self._known.pop(submission_id, None)
        self._last_seq = last
        return tuple(self._known.get(row[0]) or self._remember(row[0]) for row in rows)

    def _remember(self, submission_id: str) -> Submission:
        submission = self._known[submission_id] = self._read(submission_id)
        return submission

    def _has(self, submission_id: str) -> bool:
        return self._db.execute("SELECT 1 FROM submission WHERE id=?", (submission_id,)).fetchone() is not None

    def _read(self, submission_id: str) -> Submission:
        history = self.history(submission_id)
        try:
            return lifecycle.submission_from(history)
        except (IllegalTransition, ValueError):
            raise corrupt(self.path, f"the history of {submission_id} has gaps") from None

    def _holds(self, lease: Lease) -> bool:
        row = self._db.execute("SELECT owner, epoch FROM submission WHERE id=?", (lease.submission_id,)).fetchone()
        return bool(row == (lease.owner, lease.epoch))

    def _insert(self, submission_id: str, event: Event) -> None:
        kind, fields = record_of(event)
        data = json.dumps(fields)
        self._db.execute(
            "INSERT INTO event (submission_id, kind, data, checksum) VALUES (?, ?, ?, ?)",
            (submission_id, kind, data, checksum_of(submission_id, kind, data)),
        )

    def _put(self, name: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (name, value))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing, durable on a clean exit; waits for other writers, but not for ever."""
        with disk_trouble(self.path):
            if not os.path.samestat(self._file, self.path.stat()):
                raise OSError("it was replaced while it was open")
            with _committed(self._db):
                yield
        if time.monotonic() - self._marked_at >= _MARK_EVERY_S:
            self._note_mark()


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
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
        is_small = path.stat().st_size <= _CHECKED_WHOLE_BYTES
        for pragma in ("quick_check(1)",) if is_small else ("quick_check(submission)", "quick_check(meta)"):
            found = db.execute(f"PRAGMA {pragma}").fetchone()[0]
            if found != "ok":
                raise corrupt(path, found)


def _undo_making(path: Path) -> None:
    """Let SQLite undo what a process was at when it died in the first moments of the file, before it had a write-ahead
    log. A reader may not do that, and until it is done nobody can read.
    """
    with closing(sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S)) as db:
        db.execute("SELECT 1 FROM sqlite_master").fetchone()


@contextmanager
def _committed(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def checksum_of(submission_id: str, kind: str, data: str) -> int:
    """What is stored beside an event: SQLite itself does not see a flipped bit in a text."""
    return zlib.crc32("\n".join((submission_id, kind, data)).encode())


def _settled(origin: Origin) -> str:
    return f"{_RECONCILED}{origin.service} {origin.key_fingerprint}"


def _is_dead(owner: str) -> bool:
    """Whether a process of this machine is certainly gone; a wrong guess costs nothing, for every commit checks the
    epoch.
    """
    host, _, pid = owner.rpartition(":")
    if os.name == "nt" or host != socket.gethostname() or not pid.isdigit():
        return False  # on Windows os.kill(pid, 0) is no question but a signal
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
