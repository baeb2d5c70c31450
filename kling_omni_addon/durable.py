"""Files that are there after a power cut: written, synced, named, and the name synced too.

What a disk cannot promise (``fsync`` answers EINVAL or ENOTSUP on old network and FUSE folders) is no failed write: the
bytes are there, as safe as that disk makes them.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

try:
    import fcntl
except ImportError:  # Windows
    _TO_THE_PLATTER = None
else:
    _TO_THE_PLATTER = getattr(fcntl, "F_FULLFSYNC", None)  # macOS, whose fsync ends in the cache of the drive

_IS_WINDOWS = os.name == "nt"
_NOT_OFFERED = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})
_NO_SECOND_NAMES = _NOT_OFFERED | {errno.EPERM, errno.EMLINK}
_OWN_FILE, _OWN_FOLDER = 0o600, 0o700
_WAITS_S = (0.05, 0.1, 0.2, 0.3, 0.35) if _IS_WINDOWS else ()
"""Windows renames nothing that another program looks at, and a virus scanner looks at every new file for a moment."""
_Result = TypeVar("_Result")


def part_of(target: Path, mark: str = "") -> Path:
    """Where a file grows until it may have its name. ``mark`` tells apart those who want the same name."""
    return target.with_name(f".{target.name}.{mark}.part" if mark else f".{target.name}.part")


def write_whole(target: Path, data: bytes) -> None:
    """Write a file, whole or not at all, for good. Never through a link that somebody put in the way."""
    put_in_place(_written(target, data), target)


def write_new(target: Path, data: bytes) -> None:
    """The same for a name that nothing may have yet. Raises FileExistsError, and then nothing was touched."""
    part = _written(target, data)
    try:
        put_where_free(part, target)
    finally:
        part.unlink(missing_ok=True)


def _written(target: Path, data: bytes) -> Path:
    part = part_of(target)
    part.unlink(missing_ok=True)
    with part.open("xb") as file:
        file.write(data)
        file.flush()
        fsync(file.fileno())
    return part


def put_in_place(part: Path, target: Path) -> None:
    """Give a synced temporary file its name, for good. What had that name is gone."""
    patiently(lambda: part.replace(target))
    fsync_folder(target.parent)


def patiently(step: Callable[[], _Result]) -> _Result:
    """Do something with a file, such as a rename, that Windows may refuse for as long as another program looks at it:
    again for a second there. Raises what the last try raises.
    """
    for wait_s in _WAITS_S:
        with suppress(PermissionError):
            return step()
        time.sleep(wait_s)
    return step()


def put_where_free(part: Path, target: Path) -> None:
    """Give a synced temporary file a name that nothing has, for good.

    Raises FileExistsError for a name that something has got, whatever it is, and leaves both as they are.
    """
    if _IS_WINDOWS:
        patiently(lambda: part.rename(target))  # Windows never renames over a file
        return
    try:
        os.link(part, target)
    except OSError as error:
        if error.errno not in _NO_SECOND_NAMES:
            raise
        _put_on_own_place(part, target)
        return
    fsync_folder(target.parent)  # before the other name goes: a power cut must leave one of them
    part.unlink()


def _put_on_own_place(part: Path, target: Path) -> None:
    """For file systems on which a file has one name: over an empty file that is made here, which fails where one is."""
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    try:
        part.replace(target)
    except OSError:
        target.unlink()
        raise
    fsync_folder(target.parent)


def make_folder(folder: Path) -> None:
    """Make a folder and its parents, for good."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in missing:
        fsync_folder(path.parent)


def make_own_folder(folder: Path) -> None:
    """The same for a folder that nobody but its owner may look into, also where it was there before."""
    make_folder(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(_OWN_FOLDER)
        fsync_folder(folder.parent)
    keep_to_owner(folder)


def open_own(path: Path, flags: int = os.O_CREAT | os.O_EXCL) -> int:
    """A handle for writing to a file that nobody but its owner may read, from its first byte on."""
    return os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | flags, _OWN_FILE)


def own_opener(path: str, flags: int) -> int:
    """For ``open(..., opener=own_opener)``: a file that is made for its owner only."""
    return os.open(path, flags, _OWN_FILE)


def make_own_file(path: Path) -> None:
    """Make an empty file for its owner only; one that is there stays and is kept to its owner.

    It is opened only where there was none: to close a handle of an SQLite file would drop the locks of others on it.
    """
    with suppress(FileExistsError):
        os.close(open_own(path))
    for file in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        keep_to_owner(file)


def keep_to_owner(path: Path) -> None:
    """Take from everybody but the owner what they may do with a file or folder of ours.

    Nothing happens where it is somebody else's, is not there, or where the file system knows no owners.
    """
    if _IS_WINDOWS:
        return
    with suppress(OSError):
        status = path.stat()
        if status.st_uid == os.geteuid() and status.st_mode & 0o077:
            path.chmod(status.st_mode & 0o700)


def fsync(handle: int) -> None:
    """Bring what was written to the disk, as far as the disk promises that."""
    if _TO_THE_PLATTER is not None:
        with suppress(OSError):  # a disk that cannot do that may do the other
            fcntl.fcntl(handle, _TO_THE_PLATTER)
            return
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NOT_OFFERED:
            raise


def fsync_folder(folder: Path) -> None:
    """Make names in a folder last, as far as the disk promises that. Windows cannot open folders and does not need
    it.
    """
    if _IS_WINDOWS:
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
    except PermissionError:  # files can be made in it, but it cannot be listed
        return
    try:
        fsync(handle)
    finally:
        os.close(handle)
