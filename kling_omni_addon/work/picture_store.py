"""The picture store: every picture of a submission is kept under the SHA-256 of its bytes.

What was judged is what is sent, however often: an artist may render over the original file between two sends.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ..core.errors import ArgumentsInvalid, KlingError
from ..core.media import PictureRef, picture_facts
from ..durable import make_folder, put_in_place

CHUNK_BYTES = 48 * 1024
"""A multiple of 3, so that chunks encode without padding, and small enough to leave Blender its GIL
(docs/architecture.md, "Threads").
"""


class PictureStore:
    """A folder of pictures. Files appear whole or not at all and never change."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep_file(self, path: Path, field: str) -> PictureRef:
        """Copy a picture into the store. Raises :class:`ArgumentsInvalid`, naming ``field``, for a file that cannot be
        read.
        """
        with _readable(path, field) as source:
            return self._keep(source)

    def keep_base64(self, text: str) -> PictureRef | None:
        """Put a raw Base64 picture into the store; None when the text is not Base64 (rule R39 then speaks)."""
        try:
            data = base64.b64decode("".join(text.split()), validate=True)
        except (binascii.Error, ValueError):
            return None
        return self._keep(io.BytesIO(data)) if data else None

    def _keep(self, source: BinaryIO) -> PictureRef:
        digest, size = hashlib.sha256(), 0
        make_folder(self._folder)
        part = self._folder / f".{os.getpid()}-{os.urandom(4).hex()}.part"
        try:
            with part.open("wb") as target:
                while chunk := source.read(CHUNK_BYTES):
                    digest.update(chunk)
                    size += target.write(chunk)
                target.flush()
                os.fsync(target.fileno())
            source.seek(0)
            facts = picture_facts(source, size)
            put_in_place(part, self._path(digest.hexdigest()))
        finally:
            part.unlink(missing_ok=True)
        return PictureRef(sha256=digest.hexdigest(), facts=facts)

    def encoded(self, picture: PictureRef) -> Iterator[bytes]:
        """The picture as Base64, chunk by chunk.

        Raises :class:`PictureChanged` before the last chunk when the file is gone or is no longer what was judged.
        """
        digest, held = hashlib.sha256(), b""
        try:
            with self._path(picture.sha256).open("rb") as source:
                while chunk := source.read(CHUNK_BYTES):
                    digest.update(chunk)
                    if held:
                        yield held
                    held = base64.b64encode(chunk)
        except OSError as error:
            raise PictureChanged(f"A picture of this submission cannot be read: {error.strerror}.") from error
        if digest.hexdigest() != picture.sha256:
            raise PictureChanged("A picture of this submission was changed on disk after it was judged.")
        yield held

    def path_of(self, picture: PictureRef) -> Path:
        """The file of a kept picture, to look at: it must never be changed."""
        return self._path(picture.sha256)

    def _path(self, sha256: str) -> Path:
        return self._folder / sha256


class PictureChanged(KlingError):
    """A picture is no longer what was judged; it must not be sent."""

    exit_code = 2


def describe(path: Path, field: str) -> PictureRef:
    """What a picture's header says, without copying it: enough to judge, not to send. Raises like
    ``PictureStore.keep_file``.
    """
    with _readable(path, field) as source:
        return PictureRef(sha256="", facts=picture_facts(source, path.stat().st_size))


@contextmanager
def _readable(path: Path, field: str) -> Iterator[BinaryIO]:
    try:
        source = path.open("rb")
    except (OSError, ValueError) as error:  # ValueError: a NUL
        reason = getattr(error, "strerror", "") or "no file can have that name"
        raise ArgumentsInvalid(
            f"The picture {path} cannot be read: {reason}.",
            field=field,
            remedy="Choose a JPEG or PNG file that is there.",
        ) from error
    with source:
        yield source
