"""The record on disk: an append-only list of events.

When :meth:`Journal.append` returns, the event survives a power cut. The file (``journal_file``) holds no picture bytes,
no keys and no result links. Several processes may have it open; a lease per submission (``leases``) says who works on
it, and the lease is checked inside the transaction that appends (docs/architecture.md, "The Commit Point").
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import time
import uuid
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..core.errors import JournalUnusable
from ..core.life import events as ev
from ..core.life import lifecycle
from ..core.life.events import Event, Origin, event_from, record_of
from ..core.life.lifecycle import IllegalTransition, Phase, Submission
from .disk_trouble import corrupt, disk_trouble, too_new
from .journal_file import FIRST_EVENT, OLDEST_FIRST, ONCE, OWN_NAME, committed, opened, put_meta
from .leases import Lease, LeaseLost, Leases, this_process
from .mark import Mark, read_mark, write_mark

_log = logging.getLogger(__name__)

_MARK_EVERY_S = 5.0
_DOUBTFUL, _RECONCILED = "is doubtful", "reconciled with "


class AlreadyThere(Exception):
    """The journal has a submission with this id."""


class Journal:
    """One connection to the journal. Use it in the thread that made it; open another for another thread.

    Every method raises :class:`JournalUnusable` when the file cannot be read or written.
    """

    def __init__(
        self, path: Path, owner: str | None = None, connect: Callable[[Path], sqlite3.Connection] = opened
    ) -> None:
        self.path = path
        self.owner = owner or this_process()
        self._known: dict[str, Submission] = {}
        self._last_seq = 0
        self._marked_at = time.monotonic() - _MARK_EVERY_S
        with disk_trouble(path):
            self._db = connect(path)
            self._file = path.stat()
        self._leases = Leases(self._db, self.owner)

    def close(self) -> None:
        """Close the connection; leases stay until they run out or :meth:`give_up` is called."""
        self._note_mark()
        self._db.close()

    @property
    def is_in_place(self) -> bool:
        """Whether the file that was opened is still the one with this path."""
        try:
            return os.path.samestat(self._file, self.path.stat())
        except OSError:
            return False

    def check(self) -> None:
        """Find out now, and not when something is to be sent, whether the file can be written."""
        with self._transaction():
            pass

    def begin(self, intended: ev.Intended) -> Submission:
        """Record a new submission; durable on return. Raises :class:`AlreadyThere` for an id that the journal knows."""
        return self.begin_all((intended,))[0]

    def begin_all(self, wanted: Iterable[ev.Intended]) -> tuple[Submission, ...]:
        """The same for several, all or none. Raises :class:`AlreadyThere`, and then none was recorded."""
        with self._transaction():
            return tuple(self._begin(intended) for intended in wanted)

    def adopt(self, adopted: ev.Adopted) -> Submission:
        """Record a task of the account that nobody here asked for; durable on return. Raises :class:`AlreadyThere` for
        an id that the journal knows, other than one that was found to be taken.
        """
        with self._transaction():
            known = self._read(adopted.submission_id) if self._has(adopted.submission_id) else None
            if known is not None and known.id_is_taken:
                return self._append(known, adopted)
            return self._begin(adopted)

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
            if lease is not None and not self._leases.holds(lease):
                raise LeaseLost(submission_id)
            if check is not None:
                check()
            return self._append(self._read(submission_id), event)

    def _append(self, submission: Submission, event: Event) -> Submission:
        after = lifecycle.apply(submission, event)
        self._insert(submission.id, event)
        self._db.execute(
            "UPDATE submission SET phase=?, is_over=? WHERE id=?", (after.phase, after.is_at_rest, submission.id)
        )
        if isinstance(event, ev.Rebound | ev.Vanished):  # whoever works on it does so for another key, or another file
            self._leases.free(submission.id)
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
        put_meta(self._db, OWN_NAME, uuid.uuid4().hex)
        put_meta(self._db, _DOUBTFUL, str(now))
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
            put_meta(self._db, _settled(origin), "yes")
        return count

    def _adopt(self, adopted: ev.Adopted) -> bool:
        if not self._has(adopted.submission_id):
            self._begin(adopted)
            return True
        submission = self._read(adopted.submission_id)
        if submission.origin != adopted.origin or submission.id_is_taken:
            return False
        try:
            self._append(submission, adopted)
        except IllegalTransition:  # it is past that, or that task has ended
            return False
        return True

    def claim(self, submission_id: str, now: float) -> Lease | None:
        """Take or renew the right to work on a submission; None while another living process has it."""
        with self._transaction():
            return self._leases.claim(submission_id, now)

    def renew(self, now: float, ids: Iterable[str]) -> None:
        """Prolong the leases of this process on these submissions, those of its other connections too."""
        with self._transaction():
            self._leases.renew(now, ids)

    def give_up(self) -> None:
        """Let go of every lease of this process, so that another can go on at once."""
        with self._transaction():
            self._leases.give_up()

    def knows(self, submission_id: str) -> bool:
        """Whether there is a submission with this id."""
        with disk_trouble(self.path):
            return self._has(submission_id)

    def load(self, submission_id: str) -> Submission | None:
        """One submission as it stands on disk now; None for an id that the journal does not know."""
        with disk_trouble(self.path):
            return self._read(submission_id) if self._has(submission_id) else None

    def live(self) -> tuple[Submission, ...]:
        """Every submission that something is to be done for, oldest first: what is not over, and clips of which a
        marked copy is to come. Only events that are new since the last call are read.
        """
        with disk_trouble(self.path):
            rows = self._db.execute(f"SELECT id FROM submission WHERE is_over=0 {OLDEST_FIRST}").fetchall()
            return self._brought_up(rows)

    def some(self, ids: Iterable[str]) -> tuple[Submission, ...]:
        """Those of these submissions that there are, over or not, oldest first. Only new events are read, as above."""
        with disk_trouble(self.path):
            query = f"SELECT created_at, {FIRST_EVENT}, id FROM submission WHERE id=?"
            rows = sorted(row for each in set(ids) for row in self._db.execute(query, (each,)))
            return self._brought_up([(submission_id,) for _, _, submission_id in rows])

    def of_shot(self, shot: str) -> tuple[Submission, ...]:
        """Every submission that is a take of a shot: the one of that id, and those that name it as their shot."""
        with disk_trouble(self.path):
            rows = self._db.execute(
                "SELECT id FROM submission WHERE id=?1 OR id IN (SELECT submission_id FROM event WHERE kind='Intended' "
                f"AND instr(data, ?2)) {OLDEST_FIRST}",
                (shot, json.dumps(shot)),
            ).fetchall()
            return tuple(s for s in self._brought_up(rows) if shot in (s.id, s.target.shot))

    def of_once(self, key: str) -> tuple[Submission, ...]:
        """Every submission that was asked for once under a name, oldest first."""
        with disk_trouble(self.path):
            rows = self._db.execute(
                "SELECT id FROM submission WHERE id IN (SELECT submission_id FROM event WHERE kind='Intended' "
                f"AND {ONCE}=json_extract(?, '$')) {OLDEST_FIRST}",
                (json.dumps(key),),  # read by SQLite as the events are: a name may be what is no legal text
            ).fetchall()
            return tuple(s for s in self._brought_up(rows) if s.once == key)

    def all(self) -> tuple[Submission, ...]:
        """Every submission, oldest first."""
        with disk_trouble(self.path):
            rows = self._db.execute(f"SELECT id FROM submission {OLDEST_FIRST}").fetchall()
            return self._brought_up(rows)

    def recent(self, over: int) -> tuple[Submission, ...]:
        """Every submission that is not over, and the newest of those that are, so many; oldest first."""
        with disk_trouble(self.path):
            rows = self._db.execute(
                "SELECT id FROM (SELECT id, created_at FROM submission WHERE is_over=0 UNION ALL SELECT * FROM "
                f"(SELECT id, created_at FROM submission WHERE is_over=1 ORDER BY created_at DESC, {FIRST_EVENT} DESC "
                f"LIMIT ?)) AS submission {OLDEST_FIRST}",
                (over,),
            ).fetchall()
            return self._brought_up(rows)

    def sent_since(self, at: float) -> tuple[Submission, ...]:
        """Every submission of which a task may have been made after ``at`` (Unix seconds), oldest first."""
        with disk_trouble(self.path):
            rows = self._db.execute(
                "SELECT id FROM submission WHERE id IN (SELECT submission_id FROM event "
                "WHERE kind IN ('Sent', 'Doubted', 'Adopted') AND "
                "max(json_extract(data, '$.at'), ifnull(json_extract(data, '$.wall_at'), 0)) > ?) "
                f"{OLDEST_FIRST}",
                (at,),
            ).fetchall()
            return self._brought_up(rows)

    def durations(self, service: str, most: int) -> tuple[tuple[str, float], ...]:
        """The kinds of those of a service among the ``most`` tasks that were made last, and the seconds from their
        acceptance to the word that the clip is ready, oldest first. What cannot be read is passed over.
        """
        with disk_trouble(self.path):
            rows = self._db.execute(
                "SELECT submission_id FROM event WHERE kind='Succeeded' ORDER BY seq DESC LIMIT ?", (most,)
            ).fetchall()
        found: list[tuple[str, float]] = []
        for submission_id in dict.fromkeys(submission_id for (submission_id,) in reversed(rows)):
            with suppress(JournalUnusable):
                found += duration_in(self.history(submission_id), service)
        return tuple(found)

    def last_seq(self) -> int:
        """The number of the newest event: a cheap way to see that something happened, in any process."""
        with disk_trouble(self.path):
            row = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name='event'").fetchone()
            return int(row[0]) if row else 0

    @property
    def name(self) -> str:
        """The journal's own random name; an older copy that came back gets another one."""
        return self._mark().journal

    def _mark(self) -> Mark:
        with disk_trouble(self.path):
            row = self._db.execute("SELECT value FROM meta WHERE name=?", (OWN_NAME,)).fetchone()
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
        return tuple(event_in(self.path, submission_id, *row) for row in rows)

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
        return submission_in(self.path, submission_id, self.history(submission_id))

    def _insert(self, submission_id: str, event: Event) -> None:
        kind, fields = record_of(event)
        data = json.dumps(fields)
        self._db.execute(
            "INSERT INTO event (submission_id, kind, data, checksum) VALUES (?, ?, ?, ?)",
            (submission_id, kind, data, checksum_of(submission_id, kind, data)),
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing, durable on a clean exit; waits for other writers, but not for ever."""
        with disk_trouble(self.path):
            if not os.path.samestat(self._file, self.path.stat()):
                raise OSError("it was replaced while it was open")
            with committed(self._db):
                yield
        if time.monotonic() - self._marked_at >= _MARK_EVERY_S:
            self._note_mark()


def duration_in(history: Iterable[Event], service: str) -> Iterator[tuple[str, float]]:
    """The kind of a task, and the seconds from its acceptance until it was ready for the first time; nothing for one of
    another service, and for one that never was.
    """
    intended: ev.Intended | None = None
    accepted_at = 0.0
    for event in history:
        if isinstance(event, ev.Intended):
            intended = event
        elif isinstance(event, ev.Accepted):
            accepted_at = event.at
        elif isinstance(event, ev.Succeeded):
            if intended is not None and intended.origin.service == service and accepted_at:
                yield intended.payload.kind, event.at - accepted_at
            return


def event_in(path: Path, submission_id: str, kind: str, data: str, checksum: int | None) -> Event:
    """The event in a row of the journal at ``path``. Raises :class:`JournalUnusable`."""
    if {type(text) for text in (submission_id, kind, data)} != {str}:  # one flipped bit, and a text is a blob
        raise corrupt(path, f"an event of {submission_id!r} is no text")
    if checksum not in (None, checksum_of(submission_id, kind, data)):
        raise corrupt(path, f"an event of {submission_id} is not what was written")
    try:
        return event_from(kind, json.loads(data))
    except (ValueError, TypeError, KeyError):
        if checksum is None:
            raise corrupt(path, f"an event of {submission_id} cannot be read") from None
        raise too_new(path) from None


def submission_in(path: Path, submission_id: str, history: Iterable[Event]) -> Submission:
    """The submission of a history of the journal at ``path``. Raises :class:`JournalUnusable`."""
    try:
        return lifecycle.submission_from(history)
    except (IllegalTransition, ValueError):
        raise corrupt(path, f"the history of {submission_id} has gaps") from None


def checksum_of(submission_id: str, kind: str, data: str) -> int:
    """What is stored beside an event: SQLite itself does not see a flipped bit in a text."""
    return zlib.crc32("\n".join((submission_id, kind, data)).encode())


def _settled(origin: Origin) -> str:
    return f"{_RECONCILED}{origin.service} {origin.key_fingerprint}"
