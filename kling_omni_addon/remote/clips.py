"""Download a clip: the file that comes of it is whole and checked, or it is not there.

Bytes go to a partial file beside the target (``.name.MARK.part``) and are synced now and then; how far that came is
told to a :class:`Reception`, which records it, so that any later process goes on from there. Parts are joined only
where the service names the content (a strong ETag) and says which bytes it sends; in every other case the download
starts over.

No file is ever replaced: where something has the name already, whoever made it, the clip gets the next one
(``alley-2.mp4``). Which file is this download's own is told by the record (name and content), never by a name alone.
"""

from __future__ import annotations

import http.client
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import requests
import urllib3.exceptions

from ..core.errors import ClipUnusable
from ..core.media import mp4_fault
from ..digest import digest_of, has_digest
from ..durable import fsync_folder as _fsync_folder
from ..durable import make_folder, part_of, put_where_free
from .addresses import LOOPBACK, NO_TRUST, Trust, opened
from .byte_ranges import check_answer, etag_of, span_of, total_of
from .partial_file import Written, opened_part, plain_size

__all__ = ["LOOPBACK", "Clip", "Limits", "Reception", "Trust", "download"]

_log = logging.getLogger(__name__)

_READ_BYTES = 256 * 1024
_TELL_BYTES = 256 * 1024
_MOST_NAMES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A finished, verified file."""

    path: Path
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a download may cost in space and patience. Less than ``least_bytes_per_s`` over ``window_s`` breaks it off;
    ``sync_bytes`` are at most lost to a power cut; ``spare_bytes`` of the disk stay free; ``waits_s`` are the pauses
    between tries to rename a file that another program holds.
    """

    size_bytes: int = 2 * 1024**3
    sync_bytes: int = 8 * 1024**2
    spare_bytes: int = 16 * 1024**2
    least_bytes_per_s: float = 1024.0
    window_s: float = 60.0
    waits_s: tuple[float, ...] = (0.2, 0.5, 1.0)


class Reception(Protocol):
    """A download as it is on record. Where it stands: ``received`` bytes of the content that ``etag`` names.

    ``mark`` tells its partial file from those of other downloads that want the same name. ``named`` is the name that
    the whole clip was about to get the last time, ``named_sha256`` its content; both may be ``""``.

    Calling it tells of bytes so far and in all, for whoever watches. ``began`` (nothing counts any more), ``kept`` (so
    many bytes are on disk, synced) and ``naming`` return when that is on record; what they raise ends the download.
    """

    @property
    def etag(self) -> str: ...
    @property
    def total_bytes(self) -> int | None: ...
    @property
    def received(self) -> int: ...
    @property
    def mark(self) -> str: ...
    @property
    def named(self) -> str: ...
    @property
    def named_sha256(self) -> str: ...
    def __call__(self, received: int, total: int | None) -> None: ...
    def began(self, etag: str, total_bytes: int | None) -> None: ...
    def kept(self, offset: int) -> None: ...
    def naming(self, path: str, sha256: str) -> None: ...


DEFAULT_LIMITS = Limits()


def download(
    link: str,
    target: Path,
    reception: Reception,
    *,
    may_be_local: bool,
    user_agent: str,
    trust: Trust = NO_TRUST,
    limits: Limits = DEFAULT_LIMITS,
    monotonic: Callable[[], float] = time.monotonic,
) -> Clip:
    """Fetch ``link`` into ``target``, or into the next name where something has that one, from where an earlier try
    ended.

    Raises LinkExpired on 403, ClipGone on 404, :class:`ClipUnusable` for everything else that is not a whole MP4. Then
    no clip appears; what came is kept for the next try, and a file that is complete but no MP4 lies beside the target
    as ``.rejected``. OSError (a full disk) and what ``reception`` raises are let through, and what came is kept.
    """
    make_folder(target.parent)
    part = part_of(target, reception.mark)
    named = Path(reception.named)
    if reception.named and _is_own(named, named.with_name(part.name), reception.named_sha256):
        named.with_name(part.name).unlink(missing_ok=True)
        _fsync_folder(named.parent)
        return _clip(named, reception.named_sha256)
    if part.is_dir() and not part.is_symlink():
        raise ClipUnusable(f'A folder has the name "{part.name}" of the download.', remedy="Rename the folder.")
    if not _is_complete(part, reception):
        getting = _Getting(part, reception, limits, monotonic)
        getting.run(
            lambda headers: opened(link, headers, may_be_local=may_be_local, user_agent=user_agent, trust=trust)
        )
    _check(part, _rejected(target, reception.mark))
    sha256 = digest_of(part)
    return _clip(_named(part, target, sha256, reception, limits.waits_s), sha256)


def _is_complete(part: Path, reception: Reception) -> bool:
    """Whether an earlier try had got everything and ended before the clip had its name."""
    return bool(reception.total_bytes) and plain_size(part) == reception.received == reception.total_bytes


def _is_own(named: Path, part: Path, sha256: str) -> bool:
    """Whether an earlier try gave the clip this name and ended before that was on record as done: the partial file is
    the same file or has become it. A file of somebody else's may have the name as well.
    """
    try:
        if named.is_symlink() or not named.is_file():
            return False
        return part.samefile(named) if os.path.lexists(part) else has_digest(named, sha256)
    except OSError:
        return False


@dataclass(frozen=True, slots=True)
class _Getting:
    """One try to bring a partial file to its end."""

    part: Path
    reception: Reception
    limits: Limits
    monotonic: Callable[[], float]

    def run(self, ask: Callable[[Mapping[str, str]], AbstractContextManager[requests.Response]]) -> None:
        for kept in (self._resumable(), 0):
            headers = {"Range": f"bytes={kept}-", "If-Range": self.reception.etag} if kept else {}
            with ask(headers) as response:
                check_answer(response)
                start = self._start(response, kept)
                if start is not None:
                    self._take(response, start)
                    return
        raise ClipUnusable("The server sent the wrong part of the file.")

    def _resumable(self) -> int:
        """How many bytes of the partial file can be built on."""
        on_record, size = self.reception.received, plain_size(self.part)
        is_sound = size is not None and on_record <= size and on_record < (self.reception.total_bytes or on_record + 1)
        return on_record if self.reception.etag and is_sound else 0

    def _start(self, response: requests.Response, kept: int) -> int | None:
        """Where in the file the answer's bytes belong; None when it is of no use and the whole has to be asked for."""
        if response.status_code == 200:
            if kept and response.headers.get("content-type", "").startswith("text/html"):
                raise ClipUnusable("The server sent a web page instead of the clip.")  # not worth what is kept
            return 0
        span = span_of(response)
        if not kept or span is None or etag_of(response) != self.reception.etag:
            return None
        start, total = span
        is_ours = start == kept and self.reception.total_bytes in (None, total)
        return start if is_ours else None

    def _take(self, response: requests.Response, start: int) -> None:
        total = total_of(response)
        if total is not None and total > self.limits.size_bytes:
            raise ClipUnusable("The server announced a clip larger than 2 GB. The download was stopped.")
        if start == 0:
            self.reception.began(etag_of(response), total)
        with opened_part(self.part, start) as handle:
            self._check_room((total or 0) - start)
            written = Written(handle, start, self.reception.kept, self.limits.sync_bytes)
            try:
                self._copy(response, written, total)
            except _TooLong:
                written.discard()
                raise
            except (ClipUnusable, OSError):
                written.sync()
                raise
        if total is not None and written.offset != total:
            raise ClipUnusable(f"The download is incomplete: {written.offset} of {total} bytes.")

    def _check_room(self, wanted: int) -> None:
        free = _free_bytes(self.part.parent)
        free = None if free is None else free - self.limits.spare_bytes
        if free is not None and wanted > free:
            missing = (wanted - free + 999_999) // 1_000_000
            raise ClipUnusable(
                f"The disk is too full: the clip needs {missing} MB more.", remedy="Free some space on the disk."
            )

    def _copy(self, response: requests.Response, written: Written, total: int | None) -> None:
        most = self.limits.size_bytes if total is None else total
        told = written.offset
        for chunk in self._paced(_chunks(response)):
            if written.offset + len(chunk) > most:
                raise _TooLong("The file is larger than announced, or larger than 2 GB.")
            written.write(chunk)
            if written.offset - told >= _TELL_BYTES:
                told = written.offset
                self.reception(told, total)
        written.sync()
        self.reception(written.offset, total)

    def _paced(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """The chunks, for as long as they come fast enough."""
        since, count = self.monotonic(), 0
        for chunk in chunks:
            yield chunk
            count += len(chunk)
            passed_s = self.monotonic() - since
            if passed_s < self.limits.window_s:
                continue
            if count < self.limits.least_bytes_per_s * passed_s:
                raise ClipUnusable("The download stalled. The extension continues the download later.")
            since, count = since + passed_s, 0


class _TooLong(ClipUnusable):
    """More came than can belong to the clip; nothing of it is worth keeping."""


def _chunks(response: requests.Response) -> Iterator[bytes]:
    """The body as it comes in: reading larger pieces would lose what arrived before a break, and hide a trickle."""
    # The urllib3 1.26 of Blender 4.2 (ours is there after a restart only) has no read1 of its own.
    raw: Any = response.raw
    read = getattr(raw, "read1", None) or raw._fp.read1
    try:
        while chunk := read(_READ_BYTES):
            yield chunk
    except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError) as error:
        _log.debug("a download broke off", exc_info=error)
        raise ClipUnusable("The download was interrupted.") from None


def _fault(path: Path) -> str:
    with path.open("rb") as file:
        return mp4_fault(file, path.stat().st_size)


def _free_bytes(folder: Path) -> int | None:
    """What a disk has room for; None where it does not say, as some network folders do."""
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return None
    return usage.free if usage.total else None


def _rejected(target: Path, mark: str) -> Path:
    """Where a file of this download goes that is no clip."""
    return target.with_name(f"{target.name}.{mark}.rejected" if mark else f"{target.name}.rejected")


def _check(part: Path, rejected: Path) -> None:
    """Set a complete file that is no MP4 aside, for a person to look at."""
    fault = _fault(part)
    if fault:
        with suppress(OSError):  # whatever lies there instead of a file: what counts is that no clip came
            part.replace(rejected)
        part.unlink(missing_ok=True)
        raise ClipUnusable(f"The downloaded file is not a complete MP4 file: {fault}.")


def _clip(path: Path, sha256: str) -> Clip:
    return Clip(path=path, sha256=sha256, size_bytes=path.stat().st_size)


def _named(part: Path, target: Path, sha256: str, reception: Reception, waits_s: tuple[float, ...]) -> Path:
    """Give the clip the first name that nothing has, on record before it has it; the name."""
    for name in _names(target):
        if _is_free(name):
            reception.naming(str(name), sha256)
            with suppress(FileExistsError):  # somebody was faster
                _name(part, name, waits_s)
                return name
    raise ClipUnusable(f'Every name like "{target.name}" is in use.', remedy="Move or rename some of those files.")


def _names(target: Path) -> Iterator[Path]:
    yield target
    for number in range(2, _MOST_NAMES):
        yield target.with_name(f"{target.stem}-{number}{target.suffix}")


def _is_free(name: Path) -> bool:
    """Whether neither the clip nor the file beside it, which says where it comes from, would meet another."""
    return not os.path.lexists(name) and not os.path.lexists(name.with_suffix(".json"))


def _name(part: Path, target: Path, waits_s: tuple[float, ...]) -> None:
    """Give the clip a name; Windows refuses while another program has the file open. Raises FileExistsError."""
    for wait_s in (*waits_s, None):
        try:
            put_where_free(part, target)
        except PermissionError:
            if wait_s is None:
                break
            time.sleep(wait_s)
        else:
            return
    raise ClipUnusable(
        f'"{target.name}" cannot be saved: another program is using the file, or the folder is write-protected.',
        remedy="The downloaded clip is kept in the same folder.",
    )
