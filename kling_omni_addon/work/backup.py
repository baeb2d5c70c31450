"""A copy of the journal for the day it is needed: ``backups/journal-DATE.sqlite3``, one a day, the last three."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from ..durable import fsync, make_own_folder, put_in_place

_log = logging.getLogger(__name__)

KEPT = 3
_PATIENCE_S = 0.2


def backups_of(journal: Path) -> tuple[Path, ...]:
    """The copies that were made of a journal and are still there, newest first."""
    return tuple(sorted(_folder(journal).glob(f"{journal.stem}-*{journal.suffix}"), reverse=True))


def _folder(journal: Path) -> Path:
    return journal.parent / "backups"


class Backup:
    """The making of today's copy, in a thread and on a connection of its own: it only reads, so it holds back nobody
    who writes. Whatever goes wrong is logged, and tried again the next time that the journal is opened.
    """

    def __init__(self, journal: Path, now: float) -> None:
        self._journal = journal
        date = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d")
        self._copy = _folder(journal) / f"{journal.stem}-{date}{journal.suffix}"
        self._db: sqlite3.Connection | None = None
        self._thread = threading.Thread(target=self.make, name="kling-backup", daemon=True)

    def start(self) -> None:
        """Begin, if there is no copy of today yet. Returns at once."""
        if not self._copy.exists():
            self._thread.start()

    def stop(self) -> None:
        """End it, whole or not at all, within a moment."""
        if not self._thread.is_alive():
            return
        self._thread.join(_PATIENCE_S)
        if self._db is not None and self._thread.is_alive():
            self._db.interrupt()
            self._thread.join(_PATIENCE_S)

    def make(self) -> None:
        """Make the copy now and remove the oldest."""
        unfinished = self._copy.with_name(f"unfinished-{os.getpid()}{self._copy.suffix}")
        try:
            make_own_folder(self._copy.parent)
            for left in self._copy.parent.glob(f"unfinished-*{self._copy.suffix}"):
                left.unlink(missing_ok=True)
            self._write(unfinished)
            put_in_place(unfinished, self._copy)
            for old in backups_of(self._journal)[KEPT:]:
                old.unlink(missing_ok=True)
        except (sqlite3.Error, OSError) as error:
            _log.info("the journal could not be copied to %s: %s", self._copy, error)

    def _write(self, file: Path) -> None:
        file.touch(mode=0o600)  # VACUUM INTO fills an empty file, which is for its owner only from the beginning
        with closing(sqlite3.connect(self._journal, check_same_thread=False)) as db:
            self._db = db
            try:
                db.execute("VACUUM INTO ?", (str(file),))
            finally:
                self._db = None
        # Another opening of this process may have removed the empty one, and SQLite made one of its own.
        file.chmod(0o600)
        with file.open("rb+") as written:
            fsync(written.fileno())
