"""The picture store: every picture of a submission is kept under the SHA-256 of its bytes.

What was judged is what is sent, however often: an artist may render over the original file between two sends. Only what
can be sent is kept: whole PNG and JPEG files of a sensible size, for their owner only.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import os
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

from ..core.errors import ArgumentsInvalid, KlingError
from ..core.media import SENT_FORMATS, PictureFacts, PictureRef, picture_facts
from ..durable import fsync, fsync_folder, make_own_folder, open_own, patiently

CHUNK_BYTES = 48 * 1024
"""A multiple of 3, so that chunks encode without padding, and small enough to leave Blender its GIL
(docs/architecture.md, "Threads").
"""
LARGEST_BYTES = 64_000_000
"""Far above what the service takes: what is larger is only measured, for the sentence that refuses it."""
_STALE_S = 60.0
_SETTLED_NS = 3_000_000_000
"""A file that was written to before that shows by its times when it is written to again: those of a FAT disk move every
two seconds only.
"""
_MOST_REMEMBERED = 256
_SHA256_DIGITS = 64
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)


class _Look(NamedTuple):
    """What of a file would be other if it had been written to, or were another one."""

    size: int
    written_ns: int
    changed_ns: int
    inode: int
    device: int

    @property
    def age_ns(self) -> int:
        """How long ago its times were; less than nothing where they are to come."""
        return time.time_ns() - max(self.written_ns, self.changed_ns)


class _Mark(NamedTuple):
    """The same of a copy, whose name may change."""

    size: int
    written_ns: int
    inode: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copy:
    """What was copied, what it is, and the copy as it was left."""

    look: _Look
    picture: PictureRef
    mark: _Mark


class PictureStore:
    """A folder of pictures. Files appear whole or not at all and never change.

    A file that this store has copied is not copied again while both are what they were. Threads may share a store.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._copies: dict[Path, _Copy] = {}

    def keep_file(self, path: Path, field: str) -> PictureRef:
        """Copy a picture into the store, if it can be sent: what cannot is only described, with no SHA-256.

        Raises :class:`ArgumentsInvalid`, naming ``field``, for what is no file that can be read.
        """
        return self.keep_files((path,), field)[path]

    def keep_files(self, paths: Iterable[Path], field: str) -> dict[Path, PictureRef]:
        """The same for several, whose names are brought to the disk together."""
        kept = {path: self._keep_file(path, field) for path in paths}
        if any(picture.sha256 for picture in kept.values()):
            self._sync()
        return kept

    def keep_ahead(self, path: Path) -> bool:
        """Copy a picture before anybody asks for it; False where it is too young for that. The copy has a name that
        :meth:`sweep` removes, until :meth:`keep_file` gives it its own.

        What cannot be copied is left to :meth:`keep_file`, which says why.
        """
        with suppress(KlingError, OSError), _readable(path, "picture") as source:
            look = _look_at(source)
            if not _is_settled(look):
                return look.age_ns < 0  # a time to come would be waited for too long
            if self._known(path, look) is None and _can_be_sent(picture_facts(source, look.size)):
                part, picture = self._copied(source, "picture")
                part.replace(self._ahead(picture.sha256))
                self._remember(path, look, source, picture, self._ahead(picture.sha256))
        return True

    def keep_base64(self, text: str) -> PictureRef | None:
        """Put a raw Base64 picture into the store; None when the text is not Base64 (rule R39 then speaks)."""
        try:
            data = base64.b64decode("".join(text.split()), validate=True)
        except (binascii.Error, ValueError):
            return None
        facts = picture_facts(io.BytesIO(data), len(data))
        if not _can_be_sent(facts):
            return PictureRef(sha256="", facts=facts) if data else None
        picture = self._keep(io.BytesIO(data), "image_list")
        self._sync()
        return picture

    def _keep_file(self, path: Path, field: str) -> PictureRef:
        with _readable(path, field) as source:
            look = _look_at(source)
            is_settled, copy = _is_settled(look), self._known(path, look)
            if copy is not None and self._has_name(copy):
                return copy.picture
            facts = picture_facts(source, look.size)
            if not _can_be_sent(facts):
                return PictureRef(sha256="", facts=facts)
            picture = self._keep(source, field)
            if is_settled:
                self._remember(path, look, source, picture, self._path(picture.sha256))
        return picture

    def _keep(self, source: BinaryIO, field: str) -> PictureRef:
        part, picture = self._copied(source, field)
        self._put(part, picture.sha256)
        return picture

    def _copied(self, source: BinaryIO, field: str) -> tuple[Path, PictureRef]:
        """A copy on the disk that has no name yet, and what it is."""
        make_own_folder(self._folder)
        part = self._folder / f".{os.getpid()}-{os.urandom(4).hex()}.part"
        try:
            with os.fdopen(open_own(part), "w+b") as target:
                digest = _copy(source, target, field)
                fsync(target.fileno())
                size = target.tell()
                target.seek(0)
                facts = picture_facts(target, size)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        return part, PictureRef(sha256=digest, facts=facts)

    def _put(self, part: Path, digest: str) -> None:
        """Give a picture its name. Windows replaces no file that is being read: the one that is there is the same, and
        nobody waits for it.
        """
        target = self._path(digest)
        try:
            if target.is_file():
                part.replace(target)
            else:
                patiently(lambda: part.replace(target))
        except PermissionError:
            if not target.is_file():
                raise
        finally:
            part.unlink(missing_ok=True)

    def _sync(self) -> None:
        """Make the names last."""
        fsync_folder(self._folder)

    def _remember(self, path: Path, look: _Look, source: BinaryIO, picture: PictureRef, place: Path) -> None:
        """Know the copy in ``place`` of a file that was not written to meanwhile."""
        mark = _mark(place)
        if mark is None or _look_at(source) != look:
            return
        if len(self._copies) >= _MOST_REMEMBERED:
            self._copies.clear()
        self._copies[path] = _Copy(look=look, picture=picture, mark=mark)

    def _known(self, path: Path, look: _Look) -> _Copy | None:
        """The copy of a file that is what it was when it was copied; None also where the copy is not what it was."""
        copy = self._copies.get(path)
        return copy if copy is not None and copy.look == look and self._place_of(copy) is not None else None

    def _place_of(self, copy: _Copy) -> Path | None:
        sha256 = copy.picture.sha256
        return next((place for place in (self._path(sha256), self._ahead(sha256)) if _mark(place) == copy.mark), None)

    def _has_name(self, copy: _Copy) -> bool:
        """Give a copy its name, unless it has it; whether it is there, for another process may have swept it away."""
        sha256, place = copy.picture.sha256, self._place_of(copy)
        if place is None:
            return False
        if place != self._path(sha256):
            with suppress(FileNotFoundError):
                self._put(place, sha256)
        return _mark(self._path(sha256)) == copy.mark

    def _ahead(self, sha256: str) -> Path:
        """Where a picture is that was kept ahead."""
        return self._folder / f".{sha256}.part"

    def sweep(self) -> None:
        """Remove what copies that were killed left behind; what is still growing stays."""
        with suppress(OSError):
            for left in self._folder.glob(".*.part"):
                with suppress(OSError):
                    if left.lstat().st_mtime < time.time() - _STALE_S:
                        left.unlink()

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
            raise PictureChanged(f"An image of this job cannot be read: {error.strerror}.") from error
        if digest.hexdigest() != picture.sha256:
            raise PictureChanged("An image of this job was changed on disk after it was checked.")
        yield held

    def path_of(self, picture: PictureRef) -> Path:
        """The file of a kept picture, to look at: it must never be changed."""
        return self._path(picture.sha256)

    def kept(self, sha256: str) -> Path | None:
        """The file of a picture that was kept once; None where it is not here. Who asks may have the name from anybody:
        only what can be a name in the store is looked for.
        """
        if len(sha256) != _SHA256_DIGITS or not (sha256.isascii() and sha256.isalnum()):
            return None
        path = self._path(sha256)
        return path if path.is_file() else None

    def _path(self, sha256: str) -> Path:
        return self._folder / sha256


class PictureJudge(PictureStore):
    """Looks at pictures as the store does, and keeps nothing of them: for what is only judged."""

    def __init__(self) -> None:
        super().__init__(Path(os.devnull))

    def _sync(self) -> None:
        """Nothing was named."""

    def _keep(self, source: BinaryIO, field: str) -> PictureRef:
        source.seek(0)
        digest = _copy(source, io.BytesIO(), field)
        size = source.tell()
        source.seek(0)
        return PictureRef(sha256=digest, facts=picture_facts(source, size))


class PictureChanged(KlingError):
    """A picture is no longer what was judged; it must not be sent."""

    exit_code = 2


def describe(path: Path, field: str) -> PictureRef:
    """What a picture's file says, without copying it: enough to judge, not to send. Raises like
    ``PictureStore.keep_file``.
    """
    with _readable(path, field) as source:
        return PictureRef(sha256="", facts=picture_facts(source, os.fstat(source.fileno()).st_size))


def _look_at(source: BinaryIO) -> _Look:
    status = os.fstat(source.fileno())
    return _Look(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev)


def _is_settled(look: _Look) -> bool:
    return look.age_ns > _SETTLED_NS


def _mark(path: Path) -> _Mark | None:
    """None where there is no file."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return _Mark(status.st_size, status.st_mtime_ns, status.st_ino) if stat.S_ISREG(status.st_mode) else None


def _can_be_sent(facts: PictureFacts) -> bool:
    return facts.format in SENT_FORMATS and facts.is_whole and facts.size_bytes <= LARGEST_BYTES


def _copy(source: BinaryIO, target: BinaryIO, field: str) -> str:
    """Copy a picture from its beginning; its SHA-256."""
    digest, size = hashlib.sha256(), 0
    source.seek(0)
    while chunk := source.read(CHUNK_BYTES):
        digest.update(chunk)
        size += len(chunk)
        if size > LARGEST_BYTES:
            raise ArgumentsInvalid(
                "The image file is still growing.", field=field, remedy="Try again when the file is complete."
            )
        target.write(chunk)
    target.flush()
    return digest.hexdigest()


@contextmanager
def _readable(path: Path, field: str) -> Iterator[BinaryIO]:
    """A regular file, open for reading. A pipe, a device or a folder is refused without waiting for it."""
    try:
        _require_regular(path.stat())
        source = os.fdopen(os.open(path, _READ), "rb")
    except (OSError, ValueError) as error:
        raise _unreadable(path, field, error) from error
    with source:
        try:
            _require_regular(os.fstat(source.fileno()))  # what was looked at may have been exchanged
        except OSError as error:
            raise _unreadable(path, field, error) from error
        yield source


def _require_regular(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise OSError(0, "It is a folder, a pipe or a device")


def _unreadable(path: Path, field: str, error: OSError | ValueError) -> ArgumentsInvalid:
    reason = (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__
    remedy = "Choose an existing JPEG or PNG file."
    return ArgumentsInvalid(f'The image "{path}" cannot be read: {reason}.', field=field, remedy=remedy)
