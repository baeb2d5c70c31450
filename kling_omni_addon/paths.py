"""Paths as people write them: ``~`` for a home, or a name that no path can have."""

from __future__ import annotations

from pathlib import Path

from .core.errors import ArgumentsInvalid


def expanded(path: str | Path, field: str) -> Path:
    """The path with ``~`` and ``~name`` replaced. Raises :class:`ArgumentsInvalid` for a user that is not known and for
    a NUL.
    """
    text = str(path)
    if "\0" in text:
        raise ArgumentsInvalid(f"The path {text[:60]!r} holds a NUL.", field=field, remedy="Give a path without it.")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        name = text.partition("/")[0]
        raise ArgumentsInvalid(
            f"The path {text[:200]!r} begins with the home of a user whom this computer does not know.",
            field=field,
            remedy=f"Write the whole path, or ./{name} for something of that name.",
        ) from None


def is_there(path: Path) -> bool:
    """Whether something is at a path; False for what cannot be a path, such as one that is too long."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
