"""How a running rehearsal server is found: a note in ``KLING_HOME`` with its address and its keys, which protect
nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from .durable import own_opener

_PATIENCE_S = 2.0


@contextmanager
def kept_note(home: Path, ready: Mapping[str, str]) -> Iterator[None]:
    """The note stands while the server runs. ``ready`` is the server's ready line."""
    note = _path(home)
    note.parent.mkdir(parents=True, exist_ok=True)
    with open(note, "w", encoding="utf-8", opener=own_opener) as file:
        file.write(json.dumps(dict(ready)))
    try:
        yield
    finally:
        note.unlink(missing_ok=True)


def running_rehearsal(home: Path) -> dict[str, str] | None:
    """The note of a server that answers; None for no note, or one that a crash left behind."""
    try:
        note: dict[str, str] = json.loads(_path(home).read_text("utf-8"))
        return note if answers(note["url"]) and note["api_key"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def answers(url: str) -> bool:
    """Whether a rehearsal server is at an address of this machine."""
    import http.client  # it brings the email package, which enabling the extension does without

    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_PATIENCE_S)
    try:
        connection.request("GET", "/rehearsal/stats")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _path(home: Path) -> Path:
    return home / "rehearsal.json"
