"""The media that a create brings: Base64 pictures decoded to files, and what can be fetched from this machine.

The server is offline: of all links it follows only those to a loopback host. Others are believed, unless their host
ends in ``.invalid``, a name that no resolver knows (RFC 2606).
"""

from __future__ import annotations

import binascii
import hashlib
import http.client
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from ..core.media import PictureRef, picture_facts
from ..durable import patiently
from .settings import is_loopback

_PIECE_CHARACTERS = 4 * 65_536  # whole groups of four, and few enough not to hold the interpreter for long
_PIECE_BYTES = 1 << 18
_FETCH_TIMEOUT_S = 5.0
_SUFFIXES = {"png": ".png", "jpeg": ".jpg"}


class Unreachable(Exception):
    """A link in a create leads nowhere; the task that wants it is doomed."""


class ReceivedMedia:
    """Pictures and videos in a new folder below ``parent``, each under the SHA-256 of its bytes, until :meth:`clear`.

    ``own_file`` finds the file behind a link of this very server, so that it need not call itself. Of a file behind
    another link ``most_bytes`` and a little more are fetched, so that one that is too large is seen to be.
    """

    def __init__(self, parent: Path, own_file: Callable[[str], Path | None], most_bytes: int) -> None:
        self._folder = parent / f"received-{uuid4()}"
        self._own_file = own_file
        self._most_bytes = most_bytes

    def clear(self) -> None:
        """Delete them all: they were lent for a clip, and are somebody's work."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def decoded(self, text: str) -> PictureRef | None:
        """Keep the picture in raw standard Base64 (R39); None when the text is no such thing, or decodes to nothing."""
        try:
            return self._picture(self._keep(_base64_pieces(text)))
        except ValueError:
            return None

    def linked_picture(self, url: str) -> PictureRef | None:
        """The picture behind a link; None for a link that is believed. Raises :class:`Unreachable`."""
        path = self.linked(url)
        return None if path is None else self._picture(path)

    def linked(self, url: str) -> Path | None:
        """The file behind a link; None for a link that is believed. Raises :class:`Unreachable`."""
        try:
            host = urlsplit(url).hostname or "invalid"
            if host == "invalid" or host.endswith(".invalid"):
                raise Unreachable(url)
            if not is_loopback(host):
                return None
            return self._own_file(url) or self._keep(_fetched_pieces(url, self._most_bytes))
        except (OSError, ValueError, http.client.HTTPException) as broken:
            raise Unreachable(url) from broken

    def lent(self, video: bytes | bytearray) -> Path:
        """Keep a video that came without a create. Raises ``ValueError`` for no bytes, and ``OSError``."""
        return self._keep((bytes(video),))

    def path(self, picture: PictureRef) -> Path:
        """Where a kept picture lies."""
        return self._folder / (picture.sha256 + _SUFFIXES.get(picture.facts.format, ""))

    def _picture(self, path: Path) -> PictureRef:
        with path.open("rb") as stream:
            facts = picture_facts(stream, path.stat().st_size)
            stream.seek(0)
            picture = PictureRef(sha256=hashlib.file_digest(stream, "sha256").hexdigest(), facts=facts)
        if path.parent == self._folder:
            self._name(path, self.path(picture))
        return picture

    def _name(self, part: Path, path: Path) -> None:
        """Keep what is there already: a clip may be in the making from it, and Windows replaces no open file."""
        if path.exists():
            part.unlink()
        else:
            patiently(lambda: part.replace(path))

    def _keep(self, pieces: Iterable[bytes]) -> Path:
        """Write the pieces to a file of their own. Raises ValueError when there is nothing in them."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"part-{uuid4()}"
        try:
            with path.open("xb") as part:
                part.writelines(pieces)
                if not part.tell():
                    raise ValueError("no bytes")
        except (OSError, ValueError, http.client.HTTPException):
            path.unlink()
            raise
        return path


def _base64_pieces(text: str) -> Iterator[bytes]:
    clean = text.replace("\r", "").replace("\n", "")
    if len(clean) % 4 or clean.endswith("==="):  # Python's strict mode takes surplus padding
        raise ValueError("not whole groups of four")
    for start in range(0, len(clean), _PIECE_CHARACTERS):
        piece = clean[start : start + _PIECE_CHARACTERS]
        if "=" in piece and start + _PIECE_CHARACTERS < len(clean):
            raise ValueError("padding before the end")
        yield binascii.a2b_base64(piece, strict_mode=True)


def _fetched_pieces(url: str, most_bytes: int) -> Iterator[bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=_FETCH_TIMEOUT_S)
    try:
        connection.request("GET", f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/")
        reply = connection.getresponse()
        if reply.status != 200:
            raise ValueError(f"HTTP {reply.status}")
        taken = 0
        while taken <= most_bytes and (piece := reply.read(_PIECE_BYTES)):
            taken += len(piece)
            yield piece
    finally:
        connection.close()
