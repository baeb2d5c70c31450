"""Secrets that must stand nowhere: looked for in every file that a test left, in every log and in what commands said.

The keys and links are those that the tests and the rehearsal server use; none of them is worth anything.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

SECRETS: Mapping[str, re.Pattern[bytes]] = {
    "an API key": re.compile(rb"api-key-kling-(?:rehearsal|canary|wrong)|a-real-key|another-key"),
    "a secret key": re.compile(rb"rehearsal-secret-key|SK_TEST"),
    "a token": re.compile(rb"eyJ[\w-]{10,}\.eyJ[\w-]{10,}"),
    "a clip's link": re.compile(rb"sig=(?:[0-9a-f]{16}|canary)"),
    "a password": re.compile(rb"canary-password"),
}
PROMPTS = re.compile(r"\b(?:a fox|a fox in the snow|waves|waves roll in)\b", re.IGNORECASE)
"""What the tests ask for. It may stand in the journal, and nowhere in a log."""
_OWN = re.compile(r"rehearsal-\d+\.json|\.?netrc|key\.pem")
"""Written by the test itself, or by the rehearsal server, which tells its key to whoever may read the home folder."""


def secrets_in(data: bytes | mmap.mmap) -> list[str]:
    """The names of the secrets that stand in some bytes."""
    return [name for name, pattern in SECRETS.items() if pattern.search(data)]


def secrets_below(folder: Path) -> Iterator[str]:
    """A line for each secret in a file below a folder, or in a file's name: journal, backups, clips, sidecars, all."""
    for path in folder.rglob("*"):
        for name in secrets_in(str(path.relative_to(folder)).encode()):
            yield f"{name} is part of the name {path}"
        if path.is_file() and not path.is_symlink() and path.stat().st_size and not _OWN.fullmatch(path.name):
            with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                for name in secrets_in(data):
                    yield f"{name} stands in {path}"
