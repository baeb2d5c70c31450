"""Paths as people write them: ``~`` for a home, a name that no path can have, or another spelling of a file."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

from .core.errors import ArgumentsInvalid
from .core.problem import escaped
from .core.projects import same_path_for


def expanded(path: str | Path, field: str) -> Path:
    """The path with ``~`` and ``~name`` replaced. Raises :class:`ArgumentsInvalid` for a user that is not known and for
    a NUL.
    """
    text = str(path)
    if "\0" in text:
        raise ArgumentsInvalid(
            f'The path "{escaped(text[:60])}" contains a NUL character.', field=field, remedy="Remove the character."
        )
    try:
        return Path(text).expanduser()
    except RuntimeError:
        name = text.partition("/")[0]
        raise ArgumentsInvalid(
            f'The path "{escaped(text[:200])}" begins with the home folder of an unknown user.',
            field=field,
            remedy=f"Give the full path, or ./{name} for a file or folder of that name.",
        ) from None


def is_there(path: Path) -> bool:
    """Whether something is at a path; False for what cannot be a path, such as one that is too long."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def identity_of(path: str | Path) -> tuple[int, int] | str:
    """Equal for two paths that lead to one file, whatever their case, their drive letter and their way to it. Of a
    file that is not there, or on a disk that numbers none, the spelling has to do. Reads the disk.
    """
    found = Path(path)
    try:
        status = found.stat()
        if status.st_ino:
            return status.st_dev, status.st_ino
        found = found.resolve()
    except (OSError, ValueError):
        found = found.absolute()
    return os.path.normcase(unicodedata.normalize("NFC", str(found)))


def is_same_path(one: str, other: str) -> bool:
    """Whether two paths are spellings of one. The disk is asked only about what looks alike, and differs."""
    return one == other or (same_path_for(one) == same_path_for(other) and identity_of(one) == identity_of(other))
