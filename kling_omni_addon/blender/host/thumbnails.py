"""Small pictures for the panel: of frames and references, asked for when a picture is set, and of clips, asked for when
their row is first drawn. Blender makes them in a thread of its own. Freed on disabling.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import bpy
import bpy.utils.previews

from .editors import redraw_tab
from .isolating import on_its_own

_MOST: Final = 64
_MOST_CLIPS: Final = 48
"""More than any panel shows at once: a thumbnail of 256 pixels is a quarter of a megabyte."""
_AGAIN_S: Final = 30.0  # then a file that was missing is looked for again
_kept: dict[str, Any] = {}  # "pictures", "clips" -> Blender's collection, made on first use and not on enabling
_drawn: dict[str, None] = {}  # the clips that were drawn, the latest last
_wanted: dict[str, None] = {}  # clips that were drawn without a thumbnail
_missing: dict[str, float] = {}  # clips that had no file, with the monotonic time at which they were looked for


def load(paths: Iterable[str]) -> None:
    """Have Blender make thumbnails of these pictures. It reads the files when it draws first."""
    if bpy.app.background:
        return
    previews = _collection("pictures")
    if len(previews) > _MOST:
        previews.clear()
    for path in paths:
        if path not in previews:
            on_its_own(previews.load, path, path, "IMAGE")


def icon_of(path: str) -> int:
    """The number of the picture's thumbnail among Blender's icons; 0 while there is none."""
    previews = _kept.get("pictures")
    found = previews.get(bpy.path.abspath(path)) if previews is not None else None
    return found.icon_id if found is not None else 0


def icon_of_clip(clip: str) -> int:
    """The same for a clip, for drawing code: one that has none is asked for after the drawing."""
    previews = _kept.get("clips")
    found = previews.get(clip) if previews is not None else None
    if found is not None:
        _drawn.pop(clip, None)
        _drawn[clip] = None
        return int(found.icon_id)
    if time.monotonic() - _missing.get(clip, float("-inf")) > _AGAIN_S:
        _wanted[clip] = None
        if not bpy.app.background and not bpy.app.timers.is_registered(load_wanted):
            bpy.app.timers.register(load_wanted, first_interval=0.0)
    return 0


def is_missing(clip: str) -> bool:
    """Whether the clip's file was not there when its thumbnail was wanted."""
    return clip in _missing


def load_wanted() -> None:
    """Have Blender make the thumbnails of the clips that were drawn without one, in place of those that were not drawn
    for longest.
    """
    previews = _collection("clips")
    for clip in _wanted:
        if not on_its_own(Path(clip).is_file):
            _missing[clip] = time.monotonic()
        elif on_its_own(previews.load, clip, clip, "MOVIE") is not None:
            _drawn[clip] = None
            _missing.pop(clip, None)
    _wanted.clear()
    for clip in tuple(_drawn)[:-_MOST_CLIPS]:
        _release(clip)
    redraw_tab()


def forget_clip(clip: str) -> None:
    """The file was deleted, or another came in its place: look again when it is drawn next."""
    _missing.pop(clip, None)
    _release(clip)


def free() -> None:
    """Give all of them back to Blender."""
    if bpy.app.timers.is_registered(load_wanted):
        bpy.app.timers.unregister(load_wanted)
    while _kept:
        bpy.utils.previews.remove(_kept.popitem()[1])
    for remembered in (_drawn, _wanted, _missing):
        remembered.clear()


def _collection(kind: str) -> Any:
    if kind not in _kept:
        _kept[kind] = bpy.utils.previews.new()
    return _kept[kind]


def _release(clip: str) -> None:
    _drawn.pop(clip, None)
    if clip in _kept.get("clips", ()):
        del _kept["clips"][clip]
