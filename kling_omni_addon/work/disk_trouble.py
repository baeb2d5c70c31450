"""What SQLite and the disk complain of, as sentences with a remedy."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ..core.errors import JournalUnusable

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT, sqlite3.SQLITE_ERROR)
"""The last is said of a table or column that is not there: our queries are fixed, so the file is not what it was."""
_WRITABLE = "Make the file and its folder writable, or set KLING_HOME to another folder."
_LOCAL = "Another program is using the file. Close it, and keep KLING_HOME on a local disk, not on a network share."
_REMEDY = "Check the disk and the permissions of the folder."
_REMEDIES: Mapping[int | None, str] = {
    sqlite3.SQLITE_READONLY: _WRITABLE,
    sqlite3.SQLITE_CANTOPEN: _WRITABLE,
    sqlite3.SQLITE_PERM: _WRITABLE,
    sqlite3.SQLITE_BUSY: _LOCAL,
    sqlite3.SQLITE_PROTOCOL: _LOCAL,
    sqlite3.SQLITE_IOERR: "Check the disk, and keep KLING_HOME on a local disk, not on a network share.",
    sqlite3.SQLITE_FULL: "Free some space on the disk.",
}


class JournalCorrupt(JournalUnusable):
    """The file is damaged, or no journal at all. Opening it anew rebuilds it (``work.recovery``)."""


@contextmanager
def disk_trouble(path: Path) -> Iterator[None]:
    """Turn what SQLite and the disk complain of into one sentence; whatever it was, nothing is sent without the
    journal.
    """
    try:
        yield
    except UnicodeDecodeError as error:  # the damage shows in SQLite's own complaint
        raise corrupt(path, "a text cannot be read") from error
    except (sqlite3.Error, OSError) as error:
        code = getattr(error, "sqlite_errorcode", None)
        primary = code & 0xFF if isinstance(code, int) else None
        if primary in _DAMAGED or (primary is None and str(error).startswith("Could not decode")):
            raise corrupt(path, str(error)) from error
        raise JournalUnusable(
            f'The job history "{path}" cannot be used: {str(error).rstrip(".")}.',
            field="KLING_HOME",
            remedy=f"{_remedy(error, primary)} Nothing is sent without the job history.",
        ) from error


def _remedy(error: Exception, primary: int | None) -> str:
    if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return _WRITABLE
    return _REMEDIES.get(primary, _REMEDY)


def corrupt(path: Path, what: str) -> JournalCorrupt:
    """The error to raise for a damaged journal; ``what`` is what SQLite or we found wrong."""
    return JournalCorrupt(
        f'The job history "{path}" is damaged: {what.splitlines()[-1]}.',
        field="KLING_HOME",
        remedy="The next submit or resume repairs the file. Nothing is sent without the job history.",
    )


def too_new(path: Path) -> JournalUnusable:
    """The error to raise for a journal that a newer version of the add-on wrote."""
    return JournalUnusable(
        f'The job history "{path}" was written by a newer version of the extension.',
        field="KLING_HOME",
        remedy="Update the extension.",
    )
