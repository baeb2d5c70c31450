"""Files that are there after a power cut: written, synced, renamed, and the name synced too."""

from __future__ import annotations

import os
from pathlib import Path


def part_of(target: Path) -> Path:
    """Where a file grows until it may have its name."""
    return target.with_name(f".{target.name}.part")


def write_whole(target: Path, data: bytes) -> None:
    """Write a file, whole or not at all, for good. Never through a link that somebody put in the way."""
    part = part_of(target)
    part.unlink(missing_ok=True)
    with part.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    put_in_place(part, target)


def put_in_place(part: Path, target: Path) -> None:
    """Give a synced temporary file its name, for good."""
    part.replace(target)
    fsync_folder(target.parent)


def make_folder(folder: Path) -> None:
    """Make a folder and its parents, for good."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in missing:
        fsync_folder(path.parent)


def fsync_folder(folder: Path) -> None:
    """Make names in a folder last. Windows cannot open folders and does not need it."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
