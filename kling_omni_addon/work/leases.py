"""Who works on which submission, where several processes share a journal.

A lease is taken and renewed here; that nothing is recorded without it is checked by ``Journal.append``. The rows are
the journal's own, so that both happen in its transactions.
"""

from __future__ import annotations

import os
import socket
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from . import windows_processes

_IS_WINDOWS = os.name == "nt"
LEASE_S = 60.0
"""How long a lease lasts unless it is renewed."""


class LeaseLost(Exception):
    """Another process took the submission over; what this one was about to record or send must not happen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to work on one submission. ``epoch`` grows each time that another owner takes it; ``was_dropped`` tells
    that the one before never gave it up: it died, or does not stir any more.
    """

    submission_id: str
    owner: str
    epoch: int
    was_dropped: bool = False


def this_machine() -> str:
    """Where a process number means what it means here: the host; on Linux the container, which has numbers of its own
    and may have the name of its host.
    """
    host, space = socket.gethostname(), Path("/proc/self/ns/pid")
    return host if _IS_WINDOWS or not space.is_symlink() else f"{host}/{space.readlink()}"


def this_process() -> str:
    """Who we are, to other processes on the same journal: machine and process number. Windows soon gives a number to
    another process, so there it has the moment at which ours began, too.
    """
    number = f"{os.getpid()}.{windows_processes.began(os.getpid()) or 0}" if _IS_WINDOWS else str(os.getpid())
    return f"{this_machine()}:{number}"


class Leases:
    """The leases in a journal, as one owner takes them. Call every method within a transaction of that journal."""

    def __init__(self, db: sqlite3.Connection, owner: str) -> None:
        self._db = db
        self._owner = owner
        self._seen: dict[str, tuple[tuple[str, int, float], float]] = {}

    def claim(self, submission_id: str, now: float) -> Lease | None:
        """Take or renew the right to work on a submission; None while another living process has it."""
        row = self._db.execute(
            "SELECT owner, epoch, leased_until FROM submission WHERE id=?", (submission_id,)
        ).fetchone()
        if row is None:
            return None
        owner, epoch, until = row
        if owner != self._owner:
            if owner and not self._has_lapsed(submission_id, (owner, epoch, until), now) and not _is_dead(owner):
                return None
            epoch += 1
        self._db.execute(
            "UPDATE submission SET owner=?, epoch=?, leased_until=? WHERE id=?",
            (self._owner, epoch, now + LEASE_S, submission_id),
        )
        was_dropped = owner not in ("", self._owner)
        return Lease(submission_id=submission_id, owner=self._owner, epoch=epoch, was_dropped=was_dropped)

    def _has_lapsed(self, submission_id: str, row: tuple[str, int, float], now: float) -> bool:
        """Whether a lease was not renewed for its whole time, by our own clock: those of two processes may differ."""
        seen = self._seen.get(submission_id)
        if seen is None or seen[0] != row:
            self._seen[submission_id] = (row, now)
            return False
        return now - seen[1] >= LEASE_S

    def renew(self, now: float, ids: Iterable[str]) -> None:
        """Prolong the owner's leases on those of these submissions that are not over. Not on others: a process that
        died may have had the same name, and what it left with another key nobody here works on.
        """
        prolonged = ((now + LEASE_S, each, self._owner) for each in ids)
        self._db.executemany("UPDATE submission SET leased_until=? WHERE id=? AND owner=? AND is_over=0", prolonged)

    def give_up(self) -> None:
        """Let go of every lease of the owner."""
        self._db.execute("UPDATE submission SET owner='', leased_until=0 WHERE owner=?", (self._owner,))

    def free(self, submission_id: str) -> None:
        """Take a submission from whoever has it: they worked on it with another key, and would renew it for ever."""
        self._db.execute("UPDATE submission SET owner='', leased_until=0 WHERE id=?", (submission_id,))

    def holds(self, lease: Lease) -> bool:
        """Whether nobody has taken the submission over since the lease was given."""
        row = self._db.execute("SELECT owner, epoch FROM submission WHERE id=?", (lease.submission_id,)).fetchone()
        return bool(row == (lease.owner, lease.epoch))


def _is_dead(owner: str) -> bool:
    """Whether a process of this machine is certainly gone; a wrong guess costs nothing, for every commit checks the
    epoch.
    """
    host, _, number = owner.rpartition(":")
    pid, _, began = number.partition(".")
    if host != this_machine() or not pid.isdigit():
        return False
    if _IS_WINDOWS:
        return windows_processes.is_gone(int(pid), int(began) if began.isdigit() else 0)
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
