"""Where a .blend is saved to another folder, the paths of its shots' pictures go on leading to them.

Blender does so with its own paths, and not with those that an extension keeps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import bpy
from bpy.app.handlers import persistent

from ..host.changed import Setting, assign
from ..host.isolating import on_its_own
from ..host.ownership import own_scenes
from ..host.paths import moved_path
from .changes import the_same
from .properties import shot_of

_before: list[Setting] = []  # the paths as they were, while Blender saves to another folder


@persistent  # type: ignore[untyped-decorator]
def _on_save(file: str) -> None:
    """Blender is about to write a file; ``""`` is its startup file, beside which nothing lies."""
    _before.clear()
    if file and Path(file).parent != _open_folder():
        on_its_own(_move, Path(file).parent)


@persistent  # type: ignore[untyped-decorator]
def _on_saved(file: str) -> None:
    """Blender has written the file, or could not. After a copy the open file lies where it lay, as do its paths."""
    if Path(file).parent != _open_folder():
        on_its_own(_put, tuple(_before))
    _before.clear()


def _move(folder: Path) -> None:
    paths = tuple(_paths())
    _before.extend(paths)
    _put((owner, name, moved_path(path, folder)) for owner, name, path in paths)


def _put(paths: Iterable[Setting]) -> None:
    with the_same():
        assign(paths)


def _paths() -> Iterator[Setting]:
    """Every picture of the file's own shots, by its owner, with the path that it has now."""
    for shot in map(shot_of, own_scenes()):
        yield from ((shot, name, getattr(shot, name)) for name in ("first_frame", "end_frame"))
        yield from ((item, "path", item.path) for items in (shot.middle_frames, shot.references) for item in items)


def _open_folder() -> Path | None:
    return Path(bpy.data.filepath).parent if bpy.data.filepath else None


_HEARD = (("save_pre", _on_save), ("save_post", _on_saved), ("save_post_fail", _on_saved))


def register() -> None:
    """Hear of every file that is written."""
    for name, heard in _HEARD:
        getattr(bpy.app.handlers, name).append(heard)


def unregister() -> None:
    """Hear of it no more."""
    for name, heard in _HEARD:
        getattr(bpy.app.handlers, name).remove(heard)
