"""What is in a file, by its SHA-256: how a picture or a clip is known again, whatever its name."""

from __future__ import annotations

import hashlib
from pathlib import Path


def digest_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal. Reads all of it. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def has_digest(path: Path, sha256: str) -> bool:
    """Whether a file has these bytes; False for one that is not there or cannot be read. Reads all of it."""
    try:
        return digest_of(path) == sha256
    except OSError:
        return False
