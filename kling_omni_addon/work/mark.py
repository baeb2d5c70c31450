"""How far the journal has come, noted in a small file beside it: so an older copy, or a journal that is gone, is
recognised when it is opened (fault 51).
"""

from __future__ import annotations

import json
import os
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from ..durable import fsync, own_opener, patiently, put_in_place

_STALE_S = 60.0
_lock = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The journal's own random name and its newest event's number."""

    journal: str
    seq: int

    def is_ahead_of(self, other: Mark) -> bool:
        """Whether this mark knows of events that a journal with the other mark lacks."""
        return self.journal != other.journal or self.seq > other.seq


NO_JOURNAL = Mark(journal="", seq=0)
"""Ahead of every journal: there was one that is lost."""


def mark_path(journal: Path) -> Path:
    """Where the mark of a journal stands: ``journal.seq`` beside ``journal.sqlite3``."""
    return journal.with_suffix(".seq")


def read_mark(journal: Path) -> Mark | None:
    """The mark beside a journal; None without one, :data:`NO_JOURNAL` where it cannot be understood. Raises OSError."""
    try:
        data = json.loads(patiently(mark_path(journal).read_bytes))  # another process may replace it just now
        return Mark(journal=str(data["journal"]), seq=int(data["seq"]))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError):
        return NO_JOURNAL


def write_mark(journal: Path, mark: Mark) -> None:
    """Put a mark beside a journal: whole or not at all, after a power cut too. Raises OSError."""
    path = mark_path(journal)
    with _lock:
        new = path.with_name(f"{path.name}.{os.getpid()}")
        with open(new, "w", encoding="utf-8", opener=own_opener) as file:
            json.dump(asdict(mark), file)
            file.flush()
            fsync(file.fileno())
        put_in_place(new, path)


def sweep_marks(journal: Path) -> None:
    """Remove what processes that died while they wrote a mark left behind. Raises OSError."""
    for left in journal.parent.glob(f"{mark_path(journal).name}.*"):
        with suppress(FileNotFoundError):  # a living process was done with it
            if left.stat().st_mtime < time.time() - _STALE_S:
                left.unlink()
