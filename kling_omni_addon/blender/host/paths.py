"""Paths as a .blend keeps them: relative to it where they are, so that a project can be moved."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import bpy

RELATIVE_PATHS: Final[set[str]] = (
    {"PATH_SUPPORTS_BLEND_RELATIVE"}
    if "is_path_supports_blend_relative" in bpy.types.StringProperty.bl_rna.properties
    else set()
)
"""Options of a property whose path may begin with ``//``. Since 4.5 Blender has to be told, before it could not be."""


def stored_path(path: str | Path) -> str:
    """Relative to the .blend, as Blender itself stores new paths; ``""`` for no path."""
    is_relative = path and bpy.data.filepath and _prefers_relative()
    return _relative(str(path), None) if is_relative else str(path)


def moved_path(path: str, folder: Path) -> str:
    """What a path has to be in a .blend that is saved to ``folder`` now, so that it leads to the same file.

    One that was relative stays so, as Blender has it with its own paths; an absolute one becomes relative where the
    file lies in that folder.
    """
    leads_to = bpy.path.abspath(path)
    is_beside = Path(leads_to).is_relative_to(folder) and _prefers_relative()
    return _relative(leads_to, folder) if path.startswith("//") or is_beside else path


def _prefers_relative() -> bool:
    preferences: Any = bpy.context.preferences
    return bool(preferences.filepaths.use_relative_paths)


def _relative(path: str, folder: Path | None) -> str:
    try:
        return str(bpy.path.relpath(path, start=None if folder is None else str(folder)))
    except ValueError:  # another drive, on Windows
        return path
