"""The partial file of a download: written from where it is known to be good, and never a way to another file."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..core.errors import ClipUnusable
from ..durable import fsync

_OPEN = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


class Written:
    """An open partial file and how far it is written. Unbuffered, so that a full disk never takes more than it says.

    Every ``sync_bytes`` and at :meth:`sync` what is written is brought to the disk, and then ``kept`` hears how far.
    """

    def __init__(self, handle: int, offset: int, kept: Callable[[int], None], sync_bytes: int) -> None:
        self.offset = offset
        self._handle = handle
        self._synced = offset
        self._kept = kept
        self._sync_bytes = sync_bytes
        self._is_lost = False

    def write(self, chunk: bytes) -> None:
        """Append. Raises OSError with ``offset`` at the end of what was taken."""
        rest = memoryview(chunk)
        while rest:
            count = os.write(self._handle, rest)
            rest = rest[count:]
            self.offset += count
        if self.offset - self._synced >= self._sync_bytes:
            self.sync()

    def discard(self) -> None:
        """Empty the file: too short for what is on record, so that the next try starts over."""
        os.ftruncate(self._handle, 0)

    def sync(self) -> None:
        """Bring what is written to the disk, then onto the record: never the other way round."""
        if self.offset > self._synced and not self._is_lost:
            self._is_lost = True  # after a failed fsync the next may say yes to bytes that are gone (fault 48)
            fsync(self._handle)
            self._is_lost = False
            self._synced = self.offset
            self._kept(self.offset)


@contextmanager
def opened_part(part: Path, start: int) -> Iterator[int]:
    """The partial file, ready to be written from ``start``: an own plain file, and nothing that leads elsewhere."""
    if start == 0:
        part.unlink(missing_ok=True)
        handle = os.open(part, _OPEN | os.O_CREAT | os.O_EXCL, 0o666)
    else:
        handle = os.open(part, _OPEN)
    try:
        if not _is_plain(os.fstat(handle)):
            raise ClipUnusable("The partial file was replaced by something else.")
        os.ftruncate(handle, start)
        os.lseek(handle, start, os.SEEK_SET)
        yield handle
    finally:
        os.close(handle)


def _is_plain(status: os.stat_result) -> bool:
    """An ordinary file with one name: a second one would be somebody else's file."""
    return stat.S_ISREG(status.st_mode) and status.st_nlink == 1


def plain_size(path: Path) -> int | None:
    """Bytes of a plain file; None where there is none."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    return status.st_size if _is_plain(status) else None
