"""The folder of rendered frames: ``FOLDER/KEY/`` with a request file, its images, and what they were made of.

A shot's folder appears whole, by a rename, so that renders may be killed, repeated, and divided among machines.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ..core.capability import Profile
from ..core.errors import ArgumentsInvalid
from ..core.payload import draft_body
from ..core.request import Role
from ..durable import fsync_folder, make_folder, patiently, write_whole
from ..request_file import RequestFile, read_request_file
from ..work.picture_store import PictureStore
from .shot import Shot

FORMAT: Final = 1
_REQUEST, _MADE_OF = "request.json", "shot.json"
_FORGOTTEN_S: Final = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeOf:
    """What a shot's folder was made of: the digest of its line, and the .blend file as it was. ``camera`` and
    ``frames`` are what was rendered, for people.
    """

    digest: str
    blend: tuple[int, int]
    camera: str = ""
    frames: tuple[int, ...] = ()


def state_of_file(path: Path) -> tuple[int, int]:
    """Size in bytes and time of change in nanoseconds. Raises OSError."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns


class FramesFolder:
    """The folder that ``batch frames`` fills and ``batch submit`` reads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()  # Blender renders to whole paths only

    def of(self, shot: Shot) -> Path:
        """Where a shot's frames are."""
        return self.folder / shot.key

    def made_of(self, shot: Shot) -> MadeOf | None:
        """What is there was made of; None where nothing whole is."""
        try:
            found = json.loads((self.of(shot) / _MADE_OF).read_bytes())
            said = MadeOf(
                digest=str(found["digest"]),
                blend=(int(found["blend"]["size"]), int(found["blend"]["changed_ns"])),
                camera=str(found["camera"]),
                frames=tuple(map(int, found["frames"])),
            )
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            return None
        return said if self._is_whole(shot) else None

    def _is_whole(self, shot: Shot) -> bool:
        names = {path.stem for path in self.of(shot).glob("*.*")}
        return {"request", *(role.value for role in shot.roles)} <= names

    def fault(self, shot: Shot) -> str:
        """Why the shot cannot be submitted with what is there, as a sentence; ``""`` for no reason."""
        made_of = self.made_of(shot)
        if made_of is None:
            return f'The frames of "{shot.key}" are not in "{self.folder}". Render them with: kling batch frames'
        if made_of.digest != shot.digest:
            return f'The line of "{shot.key}" was changed after its frames. Render them again with: kling batch frames'
        return ""

    def is_older(self, shot: Shot, folder: Path) -> bool:
        """Whether the shot's .blend file, as the ``folder`` of the manifest has it, is another one than was rendered;
        False where it is not here.
        """
        made_of = self.made_of(shot)
        try:
            return made_of is not None and made_of.blend != state_of_file(shot.blend_in(folder))
        except OSError:
            return False

    def read(self, shot: Shot, store: PictureStore, profile: Profile) -> RequestFile:
        """The shot's request with its pictures in ``store``. Raises like ``request_file.read_request_file``."""
        return read_request_file(self.of(shot) / _REQUEST, store, profile)

    @contextmanager
    def growing(self, shot: Shot) -> Iterator[Path]:
        """A folder for a shot's images, which goes in the end; :meth:`put` gives it its name before.

        Raises :class:`ArgumentsInvalid` where none can be made.
        """
        try:
            make_folder(self.folder)
            self._sweep(shot)
            part = Path(tempfile.mkdtemp(prefix=f".{shot.key}.", suffix=".part", dir=self.folder))
        except OSError as error:
            raise _unwritable(self.folder, error) from error
        try:
            yield part
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def put(self, shot: Shot, part: Path, images: Mapping[Role, Path], made_of: MadeOf, profile: Profile) -> None:
        """Complete a folder with the request and what it was made of, and give it its name.

        Raises :class:`ArgumentsInvalid` where it cannot be written.
        """
        request = shot.request(profile, {role: image.name for role, image in images.items()})
        size, changed_ns = made_of.blend
        said = {
            "format": FORMAT,
            "key": shot.key,
            "digest": made_of.digest,
            "blend": {"size": size, "changed_ns": changed_ns},
            "camera": made_of.camera,
            "frames": list(made_of.frames),
        }
        try:
            part.chmod(0o755)  # a folder of mkdtemp is for its owner only, and who submits may be somebody else
            _write(part / _REQUEST, draft_body(request, {}))
            _write(part / _MADE_OF, said)
            self._give_name(part, self.of(shot))
        except OSError as error:
            raise _unwritable(self.folder, error) from error

    def _give_name(self, part: Path, target: Path) -> None:
        """In place of what has the name. Killed in between, the shot has no frames, and is rendered again."""
        if target.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".part", dir=self.folder))
            with suppress(FileNotFoundError):  # another machine was faster
                patiently(lambda: target.rename(old / "old"))
            shutil.rmtree(old, ignore_errors=True)
        patiently(lambda: part.rename(target))
        fsync_folder(self.folder)

    def _sweep(self, shot: Shot) -> None:
        """Take away what killed renders of this shot left; a younger folder may be growing on another machine."""
        for left in self.folder.glob(f".{shot.key}.*.part"):
            with suppress(OSError):
                if time.time() - left.stat().st_mtime > _FORGOTTEN_S:
                    shutil.rmtree(left, ignore_errors=True)


def _write(path: Path, document: Mapping[str, Any]) -> None:
    write_whole(path, (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode())


def _unwritable(folder: Path, error: OSError) -> ArgumentsInvalid:
    return ArgumentsInvalid(
        f'The folder "{folder}" cannot be written: {error.strerror or error}.',
        field="out",
        remedy="Give a folder that can be written.",
    )
