"""One frame of a strip's file, as the file has it: how a clip's last frame becomes the next clip's first."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import bpy

from ...core.errors import CaptureFailed
from ...core.media import picture_facts
from ...core.sizes import is_legal, legal_size
from ..connection import limits
from ..host.changed import assign, named
from ..host.sequencer import Strip, active_strip, all_strips, length_of, metas_around, start_of, strips_of
from ..timeline.clip_strips import PLANNED
from .camera import rendered
from .picture_file import copy_of, pass_colours_on, require_folder, scene_for_a_moment, write_picture

PICTURE_STRIPS: Final = ("MOVIE", "IMAGE")


def strip_at(scene: bpy.types.Scene, frame: int) -> Strip:
    """The movie or image strip at ``frame``: the active one if it is there, else the topmost that is not muted.

    Raises :class:`CaptureFailed` when there is none.
    """
    active = active_strip(scene)
    if active is not None and _can_be_taken(active, frame):
        return active
    seen = [strip for strip in strips_of(scene) if _can_be_taken(strip, frame) and not strip.mute]
    if not seen:
        remedy = "Move the playhead onto a strip."
        raise CaptureFailed(f"No movie or image strip is at frame {frame}.", field="strip", remedy=remedy)
    return max(seen, key=lambda strip: int(strip.channel))


def save_strip_frame(scene: bpy.types.Scene, strip: Strip, frame: int, path: Path) -> Path:
    """Write the frame of the strip's file that plays at ``frame`` of the timeline, and return where the picture is.

    It is the file's picture in its own size and colours: without the scene's view transform, and without what the strip
    or its modifiers make of it. Trimming, retiming and Speed effects count, since Blender itself picks the frame, in a
    copy of the scene that is gone afterwards. A file whose size the service refuses is brought to the nearest legal
    one. As with any render in Blender, the last Render Result is replaced.

    Raises :class:`CaptureFailed` when the strip does not play at ``frame``, or its file cannot be read.
    """
    require_folder(path)
    _require_frame(strip, frame)
    for file in _files_at(scene, strip, frame):
        _require_picture(file)
    width, height = _file_size(_first_file(strip))
    with scene_for_a_moment(copy_of(scene)) as film:
        pass_colours_on(film)
        size = _accepted(width, height)
        _fill_frame(film, _leave_only(film, strip.name), size, min(size) / min(width, height))
        film.frame_set(frame)
        return write_picture(rendered(film), path, film)


def _can_be_taken(strip: Strip, frame: int) -> bool:
    return strip.type in PICTURE_STRIPS and _shows_at(strip, frame)


def _shows_at(strip: Strip, frame: int) -> bool:
    return start_of(strip) <= frame < start_of(strip) + length_of(strip)


def _require_frame(strip: Strip, frame: int) -> None:
    if strip.type not in PICTURE_STRIPS:
        sentence = f'Strip "{strip.name}" is neither a movie nor an image.'
        raise CaptureFailed(sentence, field="strip", remedy="Select a movie or image strip.")
    if PLANNED in strip:
        sentence = f'"{strip.name}" is still being generated.'
        raise CaptureFailed(sentence, field="strip", remedy="Wait until its clip is downloaded.")
    if not _shows_at(strip, frame):
        sentence = f'Strip "{strip.name}" does not play at frame {frame}.'
        raise CaptureFailed(sentence, field="frame", remedy="Move the playhead onto the strip.")


def _files_at(scene: bpy.types.Scene, strip: Strip, frame: int) -> tuple[Path, ...]:
    """The images of a sequence that may be seen at ``frame``: one, or all of them where a Speed effect picks another.

    Blender plays one that is missing, or that it cannot read, as black without a word.
    """
    if strip.type == "MOVIE":
        return ()
    is_retimed = any(other.type == "SPEED" and other.input_1 == strip for other in all_strips(scene))
    element: Any = None if is_retimed else strip.strip_elem_from_frame(frame)
    shown = strip.elements if element is None else (element,)
    return tuple(_folder_of(strip) / str(each.filename) for each in shown)


def _require_picture(path: Path) -> None:
    """Raise :class:`CaptureFailed` for an image that is not there, or not whole."""
    try:
        with path.open("rb") as stream:
            is_whole = picture_facts(stream, path.stat().st_size).is_whole
    except OSError as error:
        raise _unreadable(path) from error
    if not is_whole:
        raise _unreadable(path)


def _file_size(path: Path) -> tuple[int, int]:
    """Width and height of the file in pixels; Blender plays a missing one as black without a word."""
    try:
        image = bpy.data.images.load(str(path), check_existing=False)
    except RuntimeError as error:
        raise _unreadable(path) from error
    size: Any = image.size
    width, height = int(size[0]), int(size[1])
    bpy.data.images.remove(image)
    if not width or not height:
        raise _unreadable(path)
    return width, height


def _first_file(strip: Strip) -> Path:
    """The movie; of a sequence of images the first that is there."""
    if strip.type == "MOVIE":
        return Path(bpy.path.abspath(strip.filepath))
    files = [_folder_of(strip) / str(element.filename) for element in strip.elements]
    return next((file for file in files if file.is_file()), files[0])


def _folder_of(strip: Strip) -> Path:
    return Path(bpy.path.abspath(strip.directory))


def _unreadable(path: Path) -> CaptureFailed:
    return CaptureFailed(f"The strip's file {path} cannot be read.", field="strip", remedy="Find the file again.")


def _accepted(width: int, height: int) -> tuple[int, int]:
    """The file's size if the service takes it, else the nearest that it takes."""
    at = limits.profile()
    return (width, height) if is_legal(width, height, at) else legal_size(width, height, None, at)


def _leave_only(film: bpy.types.Scene, name: str) -> list[Strip]:
    """Let nothing be seen but the strip, the Speed effects over it and the meta strips it lies in: these are returned,
    the strip first.
    """
    film.animation_data_clear()  # fades and moves; the values of this moment stay
    editor: Any = film.sequence_editor
    editor.display_stack(None)  # out of the meta strip that is open
    strips = all_strips(film)
    strip = strips[name]
    metas = tuple(metas_around(strip))
    shown = [strip, *(s for s in strips if s.type == "SPEED" and s.input_1 == strip), *metas]
    for channel in (channel for holder in (editor, *metas) for channel in holder.channels):
        channel.mute = False
    for other in strips:
        other.mute = other not in shown
    return shown


def _fill_frame(film: bpy.types.Scene, shown: list[Strip], size: tuple[int, int], scale: float) -> None:
    """Show the file pixel by pixel, in the middle, ``scale`` times as large."""
    render = film.render
    assign(named(render, resolution_x=size[0], resolution_y=size[1], resolution_percentage=100))
    assign(named(render, use_border=False, use_multiview=False, use_sequencer=True, use_compositing=False))
    for strip in shown:
        assign(named(strip, blend_type="REPLACE", blend_alpha=1.0, color_multiply=1.0, color_saturation=1.0))
        assign(named(strip, use_flip_x=False, use_flip_y=False))
        assign(named(strip.crop, min_x=0, max_x=0, min_y=0, max_y=0))
        assign(named(strip.transform, offset_x=0.0, offset_y=0.0, rotation=0.0, scale_x=1.0, scale_y=1.0))
        strip.transform.origin = (0.5, 0.5)
        for modifier in reversed(strip.modifiers):
            strip.modifiers.remove(modifier)
    assign(named(shown[0].transform, scale_x=scale, scale_y=scale))
