"""Clips on Blender's timeline, and the one place that knows how the sequencer's API moved between 4.2 and 5.2.

What moved is asked for by name, never by version, and never with ``or``: an empty collection is false.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import bpy

from ..core.errors import ClipUnusable, KlingError
from ..core.media import mp4_fault

# The stubs describe one Blender; these are called Sequence and SequencesTopLevel in 4.2.
Strip = Any
Strips = Any

_SUBMISSION: Final = "kling_submission"  # custom property of the strips that we place
_HIGHEST_CHANNEL: Final = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedStrip:
    """A clip on the timeline, as measured there. Frames are the scene's; ``sound_name`` is None for a silent clip."""

    name: str
    channel: int
    frame_start: int
    frame_duration: int
    sound_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _ClipFacts:
    frames: int
    fps: float
    has_sound: bool

    def frames_at(self, fps: float) -> int:
        """How many frames the clip lasts in a scene of that rate, when it plays at its own speed."""
        return max(1, round(self.frames / self.fps * fps))


def place_clip(
    scene: bpy.types.Scene,
    clip: Path,
    *,
    frame_start: int,
    name: str,
    submission_id: str,
    channel: int | None = None,
) -> PlacedStrip:
    """Put an MP4 on the timeline of ``scene`` so that it begins at ``frame_start`` and plays at its own speed.

    The strips go on adjacent free channels (:func:`free_channels`), from ``channel`` or 1 upwards, in Blender's own
    order: a sound strip if the clip has sound, no longer than the picture; the picture, fitted into the frame; and a
    Speed effect over it if the clip's frame rate is not the scene's, which works alike in every version of Blender.
    Lengths are rounded to the nearest frame of the scene. Selection and active strip stay as they are.

    Once only: when the scene has the strip of this submission already, wherever it was moved to, that one is returned.

    Raises :class:`ClipUnusable` for a file that is missing or that Blender cannot play, :class:`KlingError` when no
    channels are free; in both cases nothing is changed.
    """
    if find_strip(scene, submission_id) is None:
        facts = _facts_of(clip)
        length = facts.frames_at(scene.render.fps / scene.render.fps_base)
        count = 1 + facts.has_sound + (length != facts.frames)
        # Free beforehand: Blender adds over what is there, and can hang for ever when a strip is then moved away (4.5).
        lane = free_channels(scene, frame_start, frame_start + length, count, 1 if channel is None else channel)
        for strip in _add_strips(scene, clip, facts, name=name, lane=lane, frame_start=frame_start, length=length):
            strip[_SUBMISSION] = submission_id
            strip.select = False
        _show_in_workspaces(scene)
    return _measured(scene, submission_id)


def find_strip(scene: bpy.types.Scene, submission_id: str) -> Strip | None:
    """The picture strip of a submission, also inside meta strips; None when there is none (or no longer)."""
    return next(_strips_with(scene, submission_id, "MOVIE"), None)


def free_channels(scene: bpy.types.Scene, frame_start: int, frame_end: int, count: int, lowest: int) -> int:
    """The first of ``count`` adjacent channels, from ``lowest`` up, that are free from ``frame_start`` to before
    ``frame_end``, and neither locked nor muted.

    Raises :class:`KlingError` when there are none up to channel 128, Blender's last.
    """
    editor = scene.sequence_editor
    taken = {strip.channel for strip in strips_of(scene) if _is_between(strip, frame_start, frame_end)}
    if editor is not None:
        taken |= {number for number, lane in enumerate(editor.channels) if lane.lock or lane.mute}
    for first in range(max(1, lowest), _HIGHEST_CHANNEL - count + 2):
        if taken.isdisjoint(range(first, first + count)):
            return first
    sentence = f"No {count} adjacent channels from {lowest} up are free at frame {frame_start}."
    raise KlingError(sentence, field="channel", remedy="Free or unlock a channel, or choose a lower one.")


def strips_of(scene: bpy.types.Scene) -> Strips:
    """The strips of a scene, without those inside meta strips; an empty tuple when it has no timeline yet."""
    editor: Any = scene.sequence_editor
    if editor is None:
        return ()
    return editor.strips if hasattr(editor, "strips") else editor.sequences


def new_effect(
    strips: Strips, kind: str, *, name: str, channel: int, frame_start: int, length: int, over: Strip | None = None
) -> Strip:
    """Add an effect strip of ``length`` frames, acting on the strip ``over`` if that is given."""
    parameters = strips.bl_rna.functions["new_effect"].parameters
    extent = {"length": length} if "length" in parameters else {"frame_end": frame_start + length}
    first_input = "input1" if "input1" in parameters else "seq1"
    inputs = {} if over is None else {first_input: over}
    return strips.new_effect(name=name, type=kind, channel=channel, frame_start=frame_start, **extent, **inputs)


def _facts_of(clip: Path) -> _ClipFacts:
    """What Blender makes of the clip, before any strip exists: an unreadable file would give a strip of one frame."""
    fault = _file_fault(clip)
    if not fault:
        movie = bpy.data.movieclips.load(str(clip))
        frames, fps = movie.frame_duration, movie.fps
        bpy.data.movieclips.remove(movie)
        if frames >= 1 and fps > 0:
            return _ClipFacts(frames=frames, fps=fps, has_sound=_has_sound(clip))
        fault = "Blender cannot decode it"
    remedy = "Download it again, or choose another file."
    raise ClipUnusable(f"{clip} cannot be placed: {fault}.", field="clip", remedy=remedy)


def _file_fault(clip: Path) -> str:
    try:
        with clip.open("rb") as stream:
            return mp4_fault(stream, clip.stat().st_size)
    except OSError as error:
        return f"it cannot be read ({error.strerror})"


def _has_sound(clip: Path) -> bool:
    sound = bpy.data.sounds.load(str(clip))
    channels = sound.channels
    bpy.data.sounds.remove(sound)
    return channels != "INVALID"  # also in a Blender that was built without sound


def _add_strips(
    scene: bpy.types.Scene, clip: Path, facts: _ClipFacts, *, name: str, lane: int, frame_start: int, length: int
) -> list[Strip]:
    scene.sequence_editor_create()  # keeps the one that is there
    strips, path = strips_of(scene), _stored_path(clip)
    made = _add_sound(strips, f"{name} Sound", path, lane, frame_start, length) if facts.has_sound else []
    movie = strips.new_movie(name, path, lane + len(made), frame_start, fit_method="FIT")
    made.append(movie)
    if length != facts.frames:
        _set_length(movie, length)
        place = {"channel": lane + len(made), "frame_start": frame_start, "length": length}
        made.append(new_effect(strips, "SPEED", name=f"{name} Speed", over=movie, **place))
    return made


def _add_sound(strips: Strips, name: str, path: str, lane: int, frame_start: int, length: int) -> list[Strip]:
    """The sound strip; or none, where Blender finds a sound stream but nothing in it, and gives it a single frame."""
    sound = strips.new_sound(name, path, lane, frame_start)
    if length_of(sound) <= 1 < length:
        strips.remove(sound)
        return []
    _set_length(sound, min(length_of(sound), length))  # AAC ends in padding
    return [sound]


def _measured(scene: bpy.types.Scene, submission_id: str) -> PlacedStrip:
    movie = next(_strips_with(scene, submission_id, "MOVIE"))
    sound = next(_strips_with(scene, submission_id, "SOUND"), None)
    return PlacedStrip(
        name=movie.name,
        channel=movie.channel,
        frame_start=start_of(movie),
        frame_duration=length_of(movie),
        sound_name=None if sound is None else sound.name,
    )


def _stored_path(clip: Path) -> str:
    """Relative to the .blend, as Blender itself stores new paths, so that a project can be moved."""
    preferences: Any = bpy.context.preferences
    is_relative = bpy.data.filepath and preferences.filepaths.use_relative_paths
    try:
        return bpy.path.relpath(str(clip)) if is_relative else str(clip)
    except ValueError:  # another drive, on Windows
        return str(clip)


def _show_in_workspaces(scene: bpy.types.Scene) -> None:
    """From 5.0 a workspace shows the timeline of the scene that it names, and none while it names none."""
    for workspace in bpy.data.workspaces:
        if hasattr(workspace, "sequencer_scene") and workspace.sequencer_scene is None:
            workspace.sequencer_scene = scene


def _strips_with(scene: bpy.types.Scene, submission_id: str, kind: str) -> Iterator[Strip]:
    editor: Any = scene.sequence_editor
    if editor is None:
        return
    for strip in editor.strips_all if hasattr(editor, "strips_all") else editor.sequences_all:
        if strip.type == kind and strip.get(_SUBMISSION) == submission_id:
            yield strip


def _is_between(strip: Strip, frame_start: int, frame_end: int) -> bool:
    start = start_of(strip)
    return start < frame_end and frame_start < start + length_of(strip)


# Handles and lengths have new names from 5.1; the old ones warn there, and go in 6.0.


def start_of(strip: Strip) -> int:
    """The first frame of the scene at which the strip shows."""
    return int(strip.left_handle if hasattr(strip, "left_handle") else strip.frame_final_start)


def length_of(strip: Strip) -> int:
    """For how many frames of the scene the strip shows."""
    return int(strip.duration if hasattr(strip, "duration") else strip.frame_final_duration)


def _set_length(strip: Strip, frames: int) -> None:
    setattr(strip, "duration" if hasattr(strip, "duration") else "frame_final_duration", frames)
