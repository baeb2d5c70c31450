"""A .blend file that is opened to read from it, or to change and save it, without anybody in front of a window."""

from __future__ import annotations

from pathlib import Path

import bpy

from ...core.errors import ArgumentsInvalid
from .ownership import own_scene


def open_file(path: Path) -> None:
    """Open a file. **What is open and not saved is lost.** Raises :class:`ArgumentsInvalid`."""
    try:
        bpy.ops.wm.open_mainfile(filepath=str(path.absolute()))
    except RuntimeError as error:
        sentence = f'Blender cannot open "{path}": {str(error).strip()}'
        raise ArgumentsInvalid(sentence, field="blend", remedy="Check the file.") from error


def save_file() -> None:
    """Save the open file where it is. Raises :class:`ArgumentsInvalid` where that fails; it is then as it was."""
    try:
        bpy.ops.wm.save_mainfile()
    except RuntimeError as error:
        sentence = f'Blender cannot save "{bpy.data.filepath}": {str(error).strip()}'
        raise ArgumentsInvalid(sentence, field="blend", remedy="Check the folder and the disk.") from error


def scene_named(name: str) -> bpy.types.Scene:
    """The open file's own scene of that name. Raises :class:`ArgumentsInvalid` where it has none."""
    scene = own_scene(name)
    if scene is None:
        names = ", ".join(f'"{each.name}"' for each in bpy.data.scenes)
        sentence = f'"{Path(bpy.data.filepath).name}" has no scene "{name}", only {names}.'
        raise ArgumentsInvalid(sentence, field="scene", remedy="Name one of the file.")
    return scene
