"""A file server on a raw socket that misbehaves as told, a film of any size, and a record of how its download goes."""

from __future__ import annotations

import hashlib
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from kling_omni_addon.remote.clips import Clip, Limits, download
from tests.workshop.sockets import read_until, reset

BLOCK = 64 * 1024
SMALL = Limits(sync_bytes=BLOCK, spare_bytes=0, waits_s=(0.0, 0.0))
"""Limits under which a film of a few hundred kilobytes shows what a large one does."""


class Film:
    """An MP4 whose every block differs, made as it is asked for. ``size`` is rounded up to whole blocks."""

    def __init__(self, size: int, seed: str = "film") -> None:
        blocks = -(-size // BLOCK)
        self.size = blocks * BLOCK
        self._seed = seed
        ftyp, moov = struct.pack(">I4s8s", 16, b"ftyp", b"isom"), struct.pack(">I4s", 8, b"moov")
        self._head = ftyp + moov + struct.pack(">I4s", self.size - len(ftyp) - len(moov), b"mdat")

    def bytes_from(self, start: int, end: int) -> Iterator[bytes]:
        for block in range(start // BLOCK, -(-end // BLOCK)):
            data = hashlib.sha256(f"{self._seed}{block}".encode()).digest() * (BLOCK // 32)
            if block == 0:
                data = self._head + data[len(self._head) :]
            at = block * BLOCK
            yield data[max(0, start - at) : end - at]

    @property
    def data(self) -> bytes:
        return b"".join(self.bytes_from(0, self.size))

    @property
    def sha256(self) -> str:
        digest = hashlib.sha256()
        for piece in self.bytes_from(0, self.size):
            digest.update(piece)
        return digest.hexdigest()


@dataclass
class Book:
    """A reception that remembers: what a journal would hold, and in which order it came."""

    etag: str = ""
    total_bytes: int | None = None
    received: int = 0
    mark: str = ""
    named: str = ""
    named_sha256: str = ""
    told: list[tuple[int, int | None]] = field(default_factory=list)
    events: list[tuple[Any, ...]] = field(default_factory=list)

    def __call__(self, received: int, total: int | None) -> None:
        self.told.append((received, total))

    def began(self, etag: str, total_bytes: int | None) -> None:
        self.etag, self.total_bytes, self.received = etag, total_bytes, 0
        self.events.append(("began", etag, total_bytes))

    def naming(self, path: str, sha256: str) -> None:
        self.named, self.named_sha256 = path, sha256

    def kept(self, offset: int) -> None:
        self.received = offset
        self.events.append(("kept", offset))


Turn = Callable[["Source", socket.socket, dict[str, str]], None]


class Listener:
    """A server on this machine that has one talk at a time; use it in ``with``."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                try:
                    self.talk(connection)
                except OSError:
                    continue  # the client had enough

    def talk(self, connection: socket.socket) -> None:
        raise NotImplementedError


class Source(Listener):
    """A server of one film. Each connection takes the next of ``turns``, and is honest when there is none."""

    def __init__(self, film: Film, etag: str = '"v1"') -> None:
        super().__init__()
        self.film = film
        self.etag = etag
        self.turns: list[Turn] = []
        self.asked: list[dict[str, str]] = []
        self.sent = 0

    @property
    def link(self) -> str:
        return f"http://127.0.0.1:{self.port}/clip.mp4?sig=canary-link"

    def talk(self, connection: socket.socket) -> None:
        lines = read_until(connection, b"\r\n\r\n").decode().split("\r\n")
        pairs = (line.partition(":") for line in lines[1:] if line)
        head = {name.lower(): value.strip() for name, _, value in pairs} | {"": lines[0]}
        self.asked.append(head)
        turn = self.turns.pop(0) if self.turns else honest()
        turn(self, connection, head)

    def give(self, connection: socket.socket, pieces: Iterator[bytes], most: int) -> None:
        for piece in pieces:
            piece = piece[:most]
            connection.sendall(piece)
            self.sent += len(piece)
            most -= len(piece)
            if not most:
                return


def wanted_from(source: Source, head: dict[str, str]) -> int:
    """Where the asked part begins; 0 for the whole, also when ``If-Range`` names another file."""
    asked = re.fullmatch(r"bytes=(\d+)-", head.get("range", ""))
    return int(asked[1]) if asked and head.get("if-range", source.etag) == source.etag else 0


def honest(*, cut_after: int | None = None, by_reset: bool = False) -> Turn:
    """What was asked for; with ``cut_after``, only so many bytes of it."""

    def turn(source: Source, connection: socket.socket, head: dict[str, str]) -> None:
        start, size = wanted_from(source, head), source.film.size
        lines = ["HTTP/1.1 206 Partial Content" if start else "HTTP/1.1 200 OK", f"Content-Length: {size - start}"]
        lines += [f"Content-Range: bytes {start}-{size - 1}/{size}"] if start else []
        lines += [f"ETag: {source.etag}"] if source.etag else []
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")
        source.give(connection, source.film.bytes_from(start, size), size if cut_after is None else cut_after)
        if by_reset:
            reset(connection)

    return turn


def says(status: str, *headers: str, body: bytes = b"") -> Turn:
    """Exactly this answer; the connection ends after it."""

    def turn(source: Source, connection: socket.socket, head: dict[str, str]) -> None:
        connection.sendall("\r\n".join([f"HTTP/1.1 {status}", *headers]).encode() + b"\r\n\r\n")
        source.give(connection, iter((body,)), len(body))

    return turn


def fetch(link: str, target: Path, book: Book, *, limits: Limits = SMALL, **how: Any) -> Clip:
    """A download as the service does it, from this machine unless told otherwise."""
    how = {"may_be_local": True} | how
    return download(link, target, book, user_agent="test", limits=limits, **how)


def part_of(target: Path) -> Path:
    return target.with_name(f".{target.name}.part")
