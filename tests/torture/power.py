"""A disk that loses power: from the steps of a run, what may be on it afterwards.

A write is safe from the fsync of its file on, a name from the fsync of its folder on. What was not yet safe may be
there or not, in any mixture; the mixtures that are tried are named in :data:`MIXTURES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TypeAlias

from tests.torture.system_calls import Step

_SECTOR = 512
Keep: TypeAlias = Callable[[], bool]


@dataclass(slots=True)
class _File:
    """What is safe, and what was written since."""

    safe: bytes = b""
    since: list[Step] = field(default_factory=list)


class Disk:
    """Takes steps; says what a power cut now may leave.

    A new folder's own name is safe with the first thing in it that is (``is_strict``: only by an fsync of the folder
    above, which is all that POSIX promises; ext4, XFS and Btrfs do better).
    """

    def __init__(self, folder: Path, *, is_strict: bool = False) -> None:
        self._folder = str(folder)
        self._is_strict = is_strict
        self._files: dict[int, _File] = {}
        self._safe_names: dict[str, int] = {}
        self._names_since: list[Step] = []

    def take(self, step: Step) -> None:
        """Let a step happen."""
        match step.kind:
            case "create":
                self._files[step.file] = _File()
                self._names_since.append(step)
            case "mkdir" if not self._is_strict:
                return
            case "rename" | "link" | "unlink" | "mkdir":
                self._names_since.append(step)
            case "write" | "truncate":
                self._files[step.file].since.append(step)
            case "fsync" if step.file:
                file = self._files[step.file]
                file.safe, file.since = _content(file, lambda: True, None), []
            case "fsync":
                self._sync_folder(step.path)
            case _:
                return

    def _sync_folder(self, folder: str) -> None:
        synced = [step for step in self._names_since if folder in (_parent(step.path), _parent(step.target))]
        for step in synced:
            _rename(self._safe_names, step)
        self._names_since = [step for step in self._names_since if step not in synced]

    def after_a_cut(self, keeps_name: Keep, keeps_write: Keep, random: Random | None) -> Mapping[str, bytes]:
        """Path to content, relative to the folder. ``random`` tears writes at a sector's border."""
        names = dict(self._safe_names)
        for step in self._names_since:
            if not keeps_name():
                break  # names are journaled in order by every file system that we know
            _rename(names, step)
        contents = {number: _content(file, keeps_write, random) for number, file in self._files.items()}
        return {
            path.removeprefix(self._folder + "/"): contents[number]
            for path, number in names.items()
            if number and self._is_reachable(path, names) and not path.endswith("-shm")  # made anew by who opens first
        }

    def _is_reachable(self, path: str, names: Mapping[str, int]) -> bool:
        """Whether every folder on the way to it has its name; the recording's own folder was there before."""
        folder = _parent(path)
        return not self._is_strict or folder == self._folder or (folder in names and self._is_reachable(folder, names))


def mixtures(seed: int) -> Mapping[str, tuple[Keep, Keep, Random | None]]:
    """Which of the unsafe names and writes survive: none, only the names, all, and chance ones with torn writes."""
    random = Random(seed)
    yes, no = (lambda: True), (lambda: False)
    half = lambda: random.random() < 0.5  # noqa: E731
    return {
        "nothing unsafe": (no, no, None),
        "names without writes": (yes, no, None),
        "writes without names": (no, yes, None),
        "everything": (yes, yes, None),
        "some": (half, half, random),
        "names and some writes": (yes, half, random),
    }


def _content(file: _File, keeps: Keep, random: Random | None) -> bytes:
    content = bytearray(file.safe)
    for step in file.since:
        if not keeps():
            continue
        if step.kind == "truncate":
            content = content[: step.at].ljust(step.at, b"\0")
            continue
        data = step.data if random is None or random.random() < 0.5 else step.data[: _torn(len(step.data), random)]
        content = content.ljust(step.at, b"\0")
        content[step.at : step.at + len(data)] = data
    return bytes(content)


def _torn(length: int, random: Random) -> int:
    return random.randrange(0, length + 1) // _SECTOR * _SECTOR


def _rename(names: dict[str, int], step: Step) -> None:
    if step.kind == "create":
        names[step.path] = step.file
    elif step.kind == "mkdir":
        names[step.path] = 0
    elif step.kind == "link":
        names[step.target] = step.file
    else:
        names.pop(step.path, None)
        if step.kind == "rename":
            names[step.target] = step.file


def _parent(path: str) -> str:
    return path.rpartition("/")[0]
