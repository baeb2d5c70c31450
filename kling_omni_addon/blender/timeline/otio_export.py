"""Hand-over: the clips of a scene as OpenTimelineIO, each with what it comes from."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import quote

import bpy
from bpy.props import BoolProperty, StringProperty
from bpy_extras.io_utils import ExportHelper

from ...core.errors import ArgumentsInvalid, KlingError
from ...durable import write_whole
from ..host import sequencer
from ..host.reporting import Outcome, reported, say
from ..host.sequencer import (
    Strip,
    content_length_of,
    content_start_of,
    end_of,
    holder_of,
    left_out_of,
    length_of,
    start_of,
    timeline_scene,
)
from .clip_strips import scene_fps
from .our_strips import SUBMISSION
from .provenance import clip_of, provenance_on, shot_of_strip, text_of

if TYPE_CHECKING:
    from ...core.otio import Piece

_CLIPS: Final = ("MOVIE", "IMAGE", "SOUND")
_DISSOLVES: Final = ("CROSS", "GAMMA_CROSS")


class _View(NamedTuple):
    """From where to where something shows in a scene, and on which track: inside a meta strip, no more than that."""

    start: int
    end: int
    lane: tuple[int, ...]


def require_otio(path: Path) -> None:
    """Raise :class:`ArgumentsInvalid` for a path that a timeline must not be written to, for something else has it."""
    if path.suffix.lower() != ".otio":
        sentence = f'The name "{path.name}" does not end in .otio.'
        raise ArgumentsInvalid(sentence, field="otio", remedy="Give a file whose name ends in .otio.")
    if os.path.lexists(path) and (path.is_symlink() or not path.is_file()):
        sentence = f'"{path}" is no file of its own.'
        raise ArgumentsInvalid(sentence, field="otio", remedy="Give another name.")


def export_otio(scene: bpy.types.Scene, path: Path, *, is_relative: bool = False) -> tuple[int, int]:
    """Write the clips of a scene to an ``.otio`` file: how many there are, and how many strips had to be left out.

    A track for each channel, sound apart from picture; trims, speed and files as they are, links relative to the file
    (``is_relative``) or absolute, and a cross fade as a dissolve where both clips fit on one track. What is muted is
    left out, and so is what no other program knows: effects, texts, scenes. Raises :class:`KlingError` where there is
    no clip, or where the file cannot be written, and like :func:`require_otio`.
    """
    from ...core.otio import dissolved, timeline_of

    require_otio(path)
    strips = tuple(_shown(scene))
    beside = path if is_relative else None
    found = {strip.name: piece for strip, view in strips for piece in _pieces(scene, strip, view, beside)}
    fades = [strip for strip, _ in strips if strip.type in _DISSOLVES]
    joined, dissolves = dissolved(found, [(fade.input_1.name, fade.input_2.name) for fade in fades])
    pieces = tuple(joined.values())
    if not pieces:
        sentence = f'The Sequencer of scene "{scene.name}" has no clips.'
        raise KlingError(sentence, field="scene", remedy="Add clips, or unmute them.")
    first = min(scene.frame_start, *(piece.start for piece in pieces))
    data = timeline_of(scene.name, scene_fps(scene), first, pieces, {"frame_start": first})
    _write(path, json.dumps(data, ensure_ascii=False, indent=4).encode("utf-8", "backslashreplace"))
    left_out = sum(strip.type not in (*_CLIPS, "SPEED") for strip, _ in strips) - dissolves
    return len(pieces), left_out


def _write(path: Path, data: bytes) -> None:
    try:
        write_whole(path, data)
    except OSError as error:
        sentence = f"{path} cannot be written: {error.strerror or error}."
        raise KlingError(sentence, field="filepath", remedy="Select another folder.") from error


def _shown(scene: bpy.types.Scene) -> Iterator[tuple[Strip, _View]]:
    """Every strip that is not muted, those in meta strips too, with where it shows."""
    for strip in sequencer.all_strips(scene):
        chain = tuple(_chain(strip))
        view = _View(
            start=max(map(start_of, chain)),
            end=min(map(end_of, chain)),
            lane=tuple(each.channel for each in chain),
        )
        if strip.type != "META" and view.start < view.end and not any(_is_muted(each, scene) for each in chain):
            yield strip, view


def _chain(strip: Strip) -> Iterator[Strip]:
    """The meta strips that a strip is in, from the outermost, and itself."""
    meta = strip.parent_meta()
    if meta is not None:
        yield from _chain(meta)
    yield strip


def _is_muted(strip: Strip, scene: bpy.types.Scene) -> bool:
    return bool(strip.mute or holder_of(strip, scene).channels[strip.channel].mute)


def _pieces(scene: bpy.types.Scene, strip: Strip, view: _View, beside: Path | None) -> Iterator[Piece]:
    """The strip as a piece; none where its file has nothing to show there."""
    if strip.type == "MOVIE":
        piece = _movie(scene, strip, beside)
    elif strip.type == "SOUND":
        piece = _still(scene, strip, "Audio", _url(Path(bpy.path.abspath(strip.sound.filepath)), beside))
    elif strip.type == "IMAGE" and len(strip.elements) == 1:
        file = Path(bpy.path.abspath(strip.directory)) / str(strip.elements[0].filename)
        piece = replace(_still(scene, strip, "Video", _url(file, beside)), first=0.0)
    else:
        return
    piece = _within(replace(piece, lane=view.lane), view.start, view.end)
    if piece.length > 0:
        yield piece


def _movie(scene: bpy.types.Scene, strip: Strip, beside: Path | None) -> Piece:
    from ...core.otio import Media, Piece

    frames, fps = _file_facts(strip)
    cut, cut_end = left_out_of(strip)
    step = max(1, frames - cut - cut_end) / max(1, content_length_of(strip)) * _speed_of(scene, strip)
    piece = Piece(
        name=strip.name,
        media=Media(url=_url(clip_of(strip), beside), fps=fps, frames=frames),
        lane=(),
        kind="Video",
        start=start_of(strip),
        length=length_of(strip),
        first=cut + (start_of(strip) - content_start_of(strip)) * step,
        step=step,
        metadata=_provenance(strip),
    )
    # A strip that is longer than its file holds its first or last picture; other programs have no picture there.
    until = piece.start + ceil((frames - piece.first) / step - 1e-6)
    return _within(piece, piece.start + max(0, ceil(-piece.first / step - 1e-6)), until)


def _within(piece: Piece, start: int, end: int) -> Piece:
    """The part of a piece that shows from ``start`` to before ``end``."""
    first, last = max(piece.start, start), min(piece.start + piece.length, end)
    at = piece.first + (first - piece.start) * piece.step
    return replace(piece, start=first, length=last - first, first=at)


def _still(scene: bpy.types.Scene, strip: Strip, kind: str, url: str) -> Piece:
    """A sound or a picture: its file is counted in frames of the scene."""
    from ...core.otio import Media, Piece

    found = Piece(
        name=strip.name,
        media=Media(url=url, fps=scene_fps(scene)),
        lane=(),
        kind=kind,
        start=start_of(strip),
        length=length_of(strip),
        first=float(max(0, start_of(strip) - content_start_of(strip))),
    )
    submission = text_of(strip, SUBMISSION)
    return replace(found, metadata={"submission": submission}) if submission else found


def _file_facts(strip: Strip) -> tuple[int, float]:
    """Frames and rate of the file; for one that is gone what the strip remembers."""
    path = clip_of(strip)
    if path.is_file():
        movie: Any = bpy.data.movieclips.load(str(path))
        frames, fps = int(movie.frame_duration), float(movie.fps)
        bpy.data.movieclips.remove(movie)
        if frames > 0 and fps > 0:
            return frames, fps
    return max(1, content_length_of(strip)), float(strip.fps) or scene_fps(strip.id_data)


def _speed_of(scene: bpy.types.Scene, strip: Strip) -> float:
    """What a Speed effect makes of the strip's tempo; ours are retimed and have none."""
    for effect in sequencer.all_strips(scene):
        if effect.type == "SPEED" and not effect.mute and effect.input_1 == strip:
            if effect.speed_control == "STRETCH":
                return content_length_of(strip) / max(1, length_of(strip))
            if effect.speed_control == "MULTIPLY":
                return float(effect.speed_factor)
    return 1.0


def _url(path: Path, beside: Path | None) -> str:
    """A link to a file: relative to the folder of ``beside`` if that is given and on the same drive."""
    if beside is not None:
        try:
            relative = bpy.path.relpath(str(path), start=str(beside.parent)).removeprefix("//")
            return quote(relative.replace("\\", "/"))
        except ValueError:  # another drive, on Windows
            pass
    return path.absolute().as_uri()


def _provenance(strip: Strip) -> dict[str, Any]:
    from ...work.sidecar import take_of

    if shot_of_strip(strip):
        return provenance_on(strip)
    take = take_of(clip_of(strip))
    return {} if take is None else dict(take.provenance)


class KLING_OT_export_otio(bpy.types.Operator, ExportHelper):
    """Export the Sequencer's strips with the sources of their clips, for other editing programs"""

    bl_idname = "kling.export_otio"
    bl_label = "Export OpenTimelineIO..."
    bl_options = {"REGISTER"}

    filename_ext = ".otio"
    filter_glob: StringProperty(
        name="Filter", description="Files that the browser lists", default="*.otio", options={"HIDDEN"}
    )
    relative: BoolProperty(
        name="Relative Links",
        description="Store clip paths relative to the .otio file, so that both can be moved together",
        default=False,
    )

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        """Write it, and say what is missing in it."""
        given: Any = self  # ExportHelper's path
        path = Path(bpy.path.abspath(given.filepath))
        count, left_out = export_otio(timeline_scene(context), path, is_relative=self.relative)
        say(self, f"Wrote {'1 clip' if count == 1 else f'{count} clips'} to {path.name}")
        if left_out:
            strips = "1 strip is" if left_out == 1 else f"{left_out} strips are"
            say(self, f"{strips} left out: effects, texts and scenes stay in Blender", "WARNING")
        return {"FINISHED"}


def _draw_entry(menu: bpy.types.Menu, _context: bpy.types.Context) -> None:
    menu.layout.operator_context = "INVOKE_DEFAULT"
    menu.layout.operator("kling.export_otio", text="OpenTimelineIO (.otio)")


_MENUS: Final = ("TOPBAR_MT_file_export", "SEQUENCER_MT_view")


def register() -> None:
    """Add to Blender's own menus."""
    for name in _MENUS:
        getattr(bpy.types, name).append(_draw_entry)


def unregister() -> None:
    """Take it out again."""
    for name in _MENUS:
        getattr(bpy.types, name).remove(_draw_entry)


CLASSES = (KLING_OT_export_otio,)
