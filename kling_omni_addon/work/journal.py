"""The record on disk: an append-only list of events in SQLite, and who works on which submission.

WAL with ``synchronous=FULL``: when :meth:`Journal.append` returns, the event survives a power cut. The file holds no
picture bytes, no keys and no result links. Several processes may have it open; a lease per submission says who works on
it, and the lease is checked inside the transaction that appends (design.md, section 4).
"""

from __future__ import annotations

import json
import os
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..core import events as ev
from ..core import lifecycle
from ..core.errors import JournalUnusable
from ..core.events import Event, event_from, record_of
from ..core.lifecycle import Submission

LEASE_S = 60.0
_BUSY_TIMEOUT_S = 10.0
_SCHEMA_VERSION = 1
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
CREATE TABLE IF NOT EXISTS event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    submission_id TEXT NOT NULL REFERENCES submission (id),
    kind TEXT NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS event_by_submission ON event (submission_id, seq);
"""


class LeaseLost(Exception):
    """Another process took the submission over; what this one was about to record or send must not happen."""


class AlreadyThere(Exception):
    """The journal has a submission with this id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to work on one submission. ``epoch`` grows each time that another owner takes it."""

    submission_id: str
    owner: str
    epoch: int


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
        self._last_seq = 0
        with _disk_trouble(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S, isolation_level=None)
            self._prepare()

    def _prepare(self) -> None:
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("PRAGMA foreign_keys=ON")
        version: int = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > _SCHEMA_VERSION:
            raise JournalUnusable(
                f"The journal {self.path} was written by a newer version of this add-on.",
                field="KLING_HOME",
                remedy="Update the add-on.",
            )
        if version < _SCHEMA_VERSION:
            self._db.executescript(_SCHEMA)
            self._db.execute(f"PRAGMA user_version={_SCHEMA_VERSION}")

    def close(self) -> None:
        """Close the connection; leases stay until they run out or :meth:`give_up` is called."""
        self._db.close()

    def begin(self, intended: ev.Intended) -> Submission:
        """Record a new submission; durable on return. Raises :class:`AlreadyThere` for an id that the journal knows."""
        submission = lifecycle.begin(intended)
        with self._transaction():
            known = self._db.execute("SELECT 1 FROM submission WHERE id=?", (submission.id,)).fetchone()
            if known:
                raise AlreadyThere(submission.id)
            self._db.execute(
                "INSERT INTO submission (id, phase, is_over, created_at) VALUES (?, ?, 0, ?)",
                (submission.id, submission.phase, submission.created_at),
            )
            self._insert(submission.id, intended)
        return submission

    def append(self, submission_id: str, event: Event, lease: Lease | None = None) -> Submission:
        """Record an event; durable on return. Gives the submission after it.

        With a lease the append happens only while that lease holds, in one transaction; without one it is the user's
        own act. Raises :class:`LeaseLost` or :class:`lifecycle.IllegalTransition`, and then nothing was recorded.
        """
        with self._transaction():
            if lease is not None and not self._holds(lease):
                raise LeaseLost(submission_id)
            submission = lifecycle.apply(self._read(submission_id), event)
            self._insert(submission_id, event)
            self._db.execute(
                "UPDATE submission SET phase=?, is_over=? WHERE id=?",
                (submission.phase, submission.is_over, submission_id),
            )
        return submission

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
                if owner and now < until <= now + 2 * LEASE_S and not _is_dead(owner):
                    return None
                epoch += 1
            self._db.execute(
                "UPDATE submission SET owner=?, epoch=?, leased_until=? WHERE id=?",
                (self.owner, epoch, now + LEASE_S, submission_id),
            )
        return Lease(submission_id=submission_id, owner=self.owner, epoch=epoch)

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

    def load(self, submission_id: str) -> Submission | None:
        """One submission, or None."""
        with _disk_trouble(self.path):
            return self._read(submission_id) if self._has(submission_id) else None

    def live(self) -> tuple[Submission, ...]:
        """Every submission that is not over, oldest first. Only events that are new since the last call are read."""
        with _disk_trouble(self.path):
            rows = self._db.execute("SELECT id FROM submission WHERE is_over=0 ORDER BY created_at, id").fetchall()
            return self._brought_up(rows)

    def all(self) -> tuple[Submission, ...]:
        """Every submission, oldest first."""
        with _disk_trouble(self.path):
            rows = self._db.execute("SELECT id FROM submission ORDER BY created_at, id").fetchall()
            return self._brought_up(rows)

    def last_seq(self) -> int:
        """The number of the newest event: a cheap way to see that something happened, in any process."""
        with _disk_trouble(self.path):
            row = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name='event'").fetchone()
            return int(row[0]) if row else 0

    def history(self, submission_id: str) -> tuple[Event, ...]:
        """Everything that happened to one submission, in order."""
        with _disk_trouble(self.path):
            rows = self._db.execute(
                "SELECT kind, data FROM event WHERE submission_id=? ORDER BY seq", (submission_id,)
            ).fetchall()
        return tuple(event_from(kind, json.loads(data)) for kind, data in rows)

    def _brought_up(self, rows: list[tuple[str]]) -> tuple[Submission, ...]:
        last = self.last_seq()
        changed = self._db.execute(
            "SELECT DISTINCT submission_id FROM event WHERE seq > ?", (self._last_seq,)
        ).fetchall()
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
        return lifecycle.submission_from(self.history(submission_id))

    def _holds(self, lease: Lease) -> bool:
        row = self._db.execute("SELECT owner, epoch FROM submission WHERE id=?", (lease.submission_id,)).fetchone()
        return bool(row == (lease.owner, lease.epoch))

    def _insert(self, submission_id: str, event: Event) -> None:
        kind, data = record_of(event)
        self._db.execute(
            "INSERT INTO event (submission_id, kind, data) VALUES (?, ?, ?)", (submission_id, kind, json.dumps(data))
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing, durable on a clean exit; waits for other writers, but not for ever."""
        with _disk_trouble(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise


@contextmanager
def _disk_trouble(path: Path) -> Iterator[None]:
    """Turn what SQLite and the disk complain of into one sentence; whatever it was, nothing is sent without the
    journal.
    """
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise JournalUnusable(
            f"The journal {path} cannot be used: {error}.",
            field="KLING_HOME",
            remedy="Check the disk and the folder's rights; nothing is sent without a journal.",
        ) from error


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
