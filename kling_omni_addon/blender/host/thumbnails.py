"""Small pictures of the frames and references for the panel: asked for when a picture is set, freed on disabling."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import bpy
import bpy.utils.previews

from .isolating import on_its_own

_MOST = 64
_kept: dict[str, Any] = {}  # "previews" -> Blender's collection, made on first use: register() does nothing heavy


def load(paths: Iterable[str]) -> None:
    """Have Blender make thumbnails of these pictures. It reads the files when it draws first."""
    if bpy.app.background:
        return
    if "previews" not in _kept:
        _kept["previews"] = bpy.utils.previews.new()
    previews = _kept["previews"]
    if len(previews) > _MOST:
        previews.clear()
    for path in paths:
        if path not in previews:
            on_its_own(previews.load, path, path, "IMAGE")


def icon_of(path: str) -> int:
    """The number of the picture's thumbnail among Blender's icons; 0 while there is none."""
    previews = _kept.get("previews")
    found = previews.get(bpy.path.abspath(path)) if previews is not None else None
    return found.icon_id if found is not None else 0


def free() -> None:
    """Give all of them back to Blender."""
    if "previews" in _kept:
        bpy.utils.previews.remove(_kept.pop("previews"))
