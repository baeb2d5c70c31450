"""The spool: a folder, also on a network share, in which requests wait for the gateway and clips for whoever asked.

    requests/   one file for each request, pictures in it: appears whole, stays until all is done
    states/     the last word on each request; the gateway writes it
    progress/   how each request stands until then
    clips/      clips that were handed over
    aside/      requests of which no clip came
    owners/     which gateway serves (``watch``)
    claims/     whose journal a request belongs to, where Kling takes no ids of ours

A file is written under another name, synced and renamed: no locks, and no database, which shares do not keep. Anybody
may have written what lies here. Only regular files of some size are read, no link is followed, and no name that stands
in a file leads anywhere.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from ..core.errors import ArgumentsInvalid
from ..core.life.events import Asker, asker_in
from ..core.pieces import Body
from ..durable import fsync, fsync_folder, make_folder, part_of, patiently, put_in_place, put_where_free
from .state import State, state_from

FORMAT: Final = 1
LARGEST_REQUEST: Final = 200_000_000
_LARGEST_STATE: Final = 1_000_000
_ROOMS: Final = ("requests", "states", "progress", "clips", "aside", "owners", "claims")
_SUFFIX: Final = ".json"
_PLAIN = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_SLOT = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}|[a-z0-9_-]{0,40}~[0-9a-f]{16}")
_RESERVED = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]")
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def slot_of(key: str) -> str:
    """What the files of a request are called: its name where that is lower case and plain, else something like it with
    a digest, so that no name leads out of a folder and no two share a file, whatever the disk makes of capitals.
    """
    if _PLAIN.fullmatch(key) and not _RESERVED.fullmatch(key):
        return key
    readable = re.sub(r"[^a-z0-9_-]+", "-", key.lower())[:40]
    return f"{readable}~{hashlib.sha256(key.encode('utf-8', 'backslashreplace')).hexdigest()[:16]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request of the spool: ``body`` is the create body, pictures as Base64 or links. ``name`` is what the clip is
    called, ``wish`` what its writer says that it asks for (``core.once.name_of_wish``), ``asker`` who says to ask.
    """

    key: str
    name: str
    wish: str
    body: Body
    asker: Asker = field(default_factory=Asker)

    def as_json(self) -> Body:
        """As it stands in the file."""
        said = {"key": self.key, "name": self.name, "wish": self.wish, "asker": asdict(self.asker), "body": self.body}
        return {"format": FORMAT} | said


@dataclass(frozen=True, slots=True)
class Spool:
    """The folder. Every method raises OSError where the disk or the share fails."""

    folder: Path

    def make(self) -> None:
        """Make what is missing. Raises :class:`ArgumentsInvalid` for a folder that cannot be made or used."""
        try:
            for name in _ROOMS:
                make_folder(self.folder / name)
                self.room(name)
        except OSError as error:
            sentence = f'The folder "{self.folder}" cannot be used as a spool: {error.strerror or error}.'
            raise ArgumentsInvalid(sentence, field="spool", remedy="Choose a folder that can be written.") from error

    def require(self) -> None:
        """Raise :class:`ArgumentsInvalid` for a folder that no gateway has made its spool."""
        if not all((self.folder / name).is_dir() for name in _ROOMS):
            sentence = f'The folder "{self.folder}" is no spool.'
            raise ArgumentsInvalid(
                sentence, field="spool", remedy=f'Start a gateway: kling gateway --spool "{self.folder}"'
            )

    def room(self, name: str) -> Path:
        """One of the folders in it. Raises OSError for a link that stands there instead: nothing leaves the spool."""
        path = self.folder / name
        if not stat.S_ISDIR(path.lstat().st_mode):
            raise NotADirectoryError(0, f'"{path}" is no folder')
        return path

    def waiting(self) -> list[str]:
        """The slots of all requests that wait, sorted. Names that no request has are passed over."""
        names = (path.name for path in self.room("requests").iterdir())
        return sorted(
            n.removesuffix(_SUFFIX) for n in names if n.endswith(_SUFFIX) and is_slot(n.removesuffix(_SUFFIX))
        )

    def is_waiting(self, slot: str) -> bool:
        """Whether there is a request."""
        return os.path.lexists(self._file("requests", slot))

    def request(self, slot: str) -> Asked | None:
        """What is asked for; None where nothing is, or is not yet. Raises :class:`ArgumentsInvalid` for what is no
        request of this name.
        """
        try:
            text = read_regular(self._file("requests", slot), LARGEST_REQUEST)
        except FileNotFoundError:
            return None
        return asked_in(text, slot) if text else None

    def put(self, slot: str, chunks: Iterable[bytes]) -> None:
        """Put a request into the spool. Raises FileExistsError where one waits."""
        target = self._file("requests", slot)
        part = _written(target, chunks)
        try:
            put_where_free(part, target)
        except FileExistsError:
            if target.lstat().st_size:
                raise
            put_in_place(part, target)  # a writer died where files have one name only (durable.put_where_free)
        finally:
            part.unlink(missing_ok=True)

    def remove(self, slot: str) -> None:
        """Take a request away: its clip is here."""
        self._file("requests", slot).unlink(missing_ok=True)
        fsync_folder(self.room("requests"))

    def set_aside(self, slot: str) -> None:
        """Take a request away of which no clip comes, and keep it, whatever it is."""
        kept = self.room("aside") / f"{slot}-{os.urandom(4).hex()}{_SUFFIX}"
        patiently(lambda: self._file("requests", slot).rename(kept))
        fsync_folder(kept.parent)
        fsync_folder(self.room("requests"))

    def state(self, slot: str) -> State | None:
        """How a request stands; None where that is not known. The last word on an earlier one of its name counts as
        long as nothing else is known.
        """
        last = self._state_in("states", slot)
        if last is not None and not self.is_waiting(slot):
            return last
        return self._state_in("progress", slot) or last

    def _state_in(self, room: str, slot: str) -> State | None:
        found = read_object(self._file(room, slot))
        return None if found is None else state_from(found)

    def write_state(self, slot: str, state: State) -> None:
        """Say how a request stands. A last word is kept apart, for a gateway that was stopped for long may write what
        it saw before.
        """
        write(self._file("states" if state.is_final else "progress", slot), state.as_json())
        if state.is_final:
            self._file("progress", slot).unlink(missing_ok=True)

    def clip(self, name: str) -> Path | None:
        """A clip that was handed over; None where it is not there, and for a name that is none."""
        if not name or Path(name).name != name or name.startswith("."):
            return None
        path = self.room("clips") / name
        try:
            return path if stat.S_ISREG(path.lstat().st_mode) else None
        except OSError:
            return None

    def claim(self, slot: str, journal: str) -> bool:
        """Whether a request belongs to a journal: to the first that claims it."""
        target = self._file("claims", slot)
        part = _written(target, [_json({"journal": journal})])
        try:
            put_where_free(part, target)
        except FileExistsError:
            return (read_object(target) or {}).get("journal") == journal
        finally:
            part.unlink(missing_ok=True)
        return True

    def _file(self, room: str, slot: str) -> Path:
        return self.room(room) / f"{slot}{_SUFFIX}"


def is_slot(name: str) -> bool:
    """Whether a file of a request may be called that."""
    return bool(_SLOT.fullmatch(name)) and not _RESERVED.fullmatch(name)


def is_text(name: str) -> bool:
    """Whether a name can be written down: what Python makes of a file name in another encoding cannot."""
    try:
        return name.encode() is not None
    except UnicodeEncodeError:
        return False


def asked_in(text: bytes, slot: str) -> Asked:
    """The request in a file. Raises :class:`ArgumentsInvalid`."""
    try:
        found = json.loads(text)
        key, name, wish, body = (found[member] for member in ("key", "name", "wish", "body"))
        is_whole = found["format"] == FORMAT and isinstance(body, dict)
    except (ValueError, RecursionError, LookupError, TypeError) as error:
        raise _unfit("It is not the JSON of a request") from error
    if not (is_whole and all(isinstance(said, str) for said in (key, name, wish))):
        raise _unfit("It is not a request of this version")
    if not (is_text(key) and is_text(name)):
        raise _unfit("Its name has characters that no text may have")
    if not key.strip() or slot_of(key) != slot:
        raise _unfit("It has the file name of another request")
    asker = replace(asker_in(found.get("asker")), blend="")  # no clip of a spool belongs to a file
    return Asked(key=key, name=name, wish=wish, body=body, asker=asker)


def _unfit(reason: str) -> ArgumentsInvalid:
    sentence = f"The spool has a file that is no request. {reason}."
    return ArgumentsInvalid(sentence, field="request", remedy="Write requests with: kling submit --spool")


def read_regular(path: Path, limit: int) -> bytes:
    """The content of a regular file; a link, a pipe or a device is refused without waiting for it. Raises OSError, and
    :class:`ArgumentsInvalid` for what is no such file, or larger than ``limit``.
    """
    if not stat.S_ISREG(path.lstat().st_mode):
        raise _unfit("It is a folder, a link, a pipe or a device, and no regular file")
    with os.fdopen(os.open(path, _READ), "rb") as file:
        status = os.fstat(file.fileno())  # what was looked at may have been exchanged
        if not stat.S_ISREG(status.st_mode):
            raise _unfit("It is no regular file")
        text = file.read(limit + 1) if status.st_size <= limit else b""
    if status.st_size > limit or len(text) > limit:
        raise _unfit(f"It is larger than {limit // 1_000_000} MB")
    return text


def read_object(path: Path) -> dict[str, Any] | None:
    """The JSON object in a small file; None where there is none that can be read."""
    try:
        found = json.loads(read_regular(path, _LARGEST_STATE))
    except (OSError, ArgumentsInvalid, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def write(target: Path, said: Mapping[str, Any]) -> None:
    """Write a small file, whole or not at all, over what had its name."""
    part = _written(target, [_json(said)])
    try:
        put_in_place(part, target)
    finally:
        part.unlink(missing_ok=True)


def _json(said: Mapping[str, Any]) -> bytes:
    return f"{json.dumps(said, indent=1)}\n".encode()


def _written(target: Path, chunks: Iterable[bytes]) -> Path:
    """A synced file of this process alone, which is to get the name."""
    part = part_of(target, os.urandom(8).hex())
    try:
        with part.open("xb") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            fsync(file.fileno())
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return part
