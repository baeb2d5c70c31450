"""How a running rehearsal server is found: a note in ``KLING_HOME`` with its address, its keys, which protect nothing,
and a secret.

A note that a crash left behind names a port that anybody may hold by now. So nothing is sent to a rehearsal, neither a
key nor a request, before it has proved that it is the one which wrote the note. Each server has a note of its own.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from .durable import part_of, patiently
from .rehearsal.proof import PROOF_PATH, proof_of

_PATIENCE_S = 2.0
"""For a whole answer: whoever holds the port may send it byte by byte, and Blender's main thread waits."""
_REPLY_BYTES = 1 << 16
_MEMBERS = ("url", "api_key", "secret")


@contextmanager
def kept_note(home: Path, note: Mapping[str, str]) -> Iterator[None]:
    """The note stands while the server runs, for its owner only. ``note`` is ``RehearsalServer.note()``."""
    home.mkdir(parents=True, exist_ok=True)
    _sweep(home)
    path = note_path(home, urlsplit(note["url"]).port)
    part = part_of(path)
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(dict(note), file)
    patiently(lambda: part.replace(path))
    try:
        yield
    finally:
        if (_read(path) or {}).get("secret") == note["secret"]:
            with suppress(OSError):  # another program looks at it: who comes next sweeps it, and trusts it no more
                patiently(lambda: path.unlink(missing_ok=True))


def note_path(home: Path, port: int | None) -> Path:
    """Where the server at a port keeps its note."""
    return home / f"rehearsal-{port}.json"


def running_rehearsal(home: Path) -> dict[str, str] | None:
    """The newest note whose server proves that it wrote it; None for no note, or those that a crash left behind."""
    return next((note for note in _notes(home) if is_proved(note)), None)


def note_of(home: Path, port: int | None) -> dict[str, str] | None:
    """The note of a rehearsal at this port, whether that still runs or not."""
    return next((note for note in _notes(home) if urlsplit(note["url"]).port == port), None)


def is_proved(note: Mapping[str, str]) -> bool:
    """Whether the server that wrote a note answers at its address, and nobody else does."""
    nonce = secrets.token_hex(16)
    try:
        _head, _, body = _reply(note["url"], f"{PROOF_PATH}?nonce={nonce}").partition(b"\r\n\r\n")
        said = json.loads(body)["proof"]
        return hmac.compare_digest(said.encode(), proof_of(note["secret"], note["url"], nonce).encode())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def answers(url: str) -> bool:
    """Whether a rehearsal server is at an address of this machine."""
    try:
        return _reply(url, "/rehearsal/stats").partition(b"\r\n")[0].split()[1:2] == [b"200"]
    except (OSError, ValueError):
        return False


def _reply(url: str, path: str) -> bytes:
    """Head and body of the answer to a GET at an address of this machine, never by a proxy. Raises OSError, ValueError.

    A socket and no library of HTTP: those bring the email package, which enabling the extension does without, and know
    no end for an answer that drips.
    """
    import socket  # for whoever has a rehearsal to look for

    parts, until = urlsplit(url), time.monotonic() + _PATIENCE_S
    with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=_PATIENCE_S) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n".encode())
        reply = b""
        while len(reply) < _REPLY_BYTES:
            connection.settimeout(max(0.001, until - time.monotonic()))
            piece = connection.recv(_REPLY_BYTES)
            if not piece:
                break
            reply += piece
            if time.monotonic() > until:
                raise TimeoutError("the answer takes too long")
    return reply


def _notes(home: Path) -> list[dict[str, str]]:
    """Every note that can be read, newest first."""
    found: list[tuple[float, dict[str, str]]] = []
    for path in home.glob("rehearsal-*.json"):
        note = _read(path)
        if note is not None:
            with suppress(OSError):
                found.append((path.stat().st_mtime, note))
    return [note for _, note in sorted(found, key=lambda entry: -entry[0])]


def _read(path: Path) -> dict[str, str] | None:
    """A note that can be used; None for anything else."""
    try:
        note: dict[str, str] = json.loads(path.read_text("utf-8"))
        is_whole = all(isinstance(note[name], str) and note[name] for name in _MEMBERS)
        return note if is_whole and path == note_path(path.parent, urlsplit(note["url"]).port) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _sweep(home: Path) -> None:
    """Delete the notes at whose address nobody listens any more. What is slow or somebody else's stays."""
    for path in home.glob("rehearsal-*.json"):
        note = _read(path)
        if note is None:
            continue
        try:
            _reply(note["url"], PROOF_PATH)
        except ConnectionRefusedError:
            with suppress(OSError):
                path.unlink(missing_ok=True)
        except (OSError, ValueError):
            continue
