"""What Blender makes of a clip's file, before any strip exists: an unreadable one would give a strip of one frame."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import bpy

from ...core.errors import ClipUnusable
from ...core.media import mp4_fault


class ClipFacts(NamedTuple):
    """What a clip is: ``size`` in pixels."""

    frames: int
    fps: float
    size: tuple[int, int]
    has_sound: bool

    def frames_at(self, fps: float) -> int:
        """How many frames the clip lasts in a scene of that rate, when it plays at its own speed."""
        return max(1, round(self.frames / self.fps * fps))


def clip_facts_of(clip: Path) -> ClipFacts:
    """The facts. Raises :class:`ClipUnusable` for a file that is missing or that Blender cannot play."""
    fault = _file_fault(clip)
    if not fault:
        movie: Any = bpy.data.movieclips.load(str(clip))
        frames, fps, size = movie.frame_duration, movie.fps, (int(movie.size[0]), int(movie.size[1]))
        bpy.data.movieclips.remove(movie)
        if frames >= 1 and fps > 0:
            return ClipFacts(frames=frames, fps=fps, size=size, has_sound=_has_sound(clip))
        fault = "Blender cannot decode it"
    remedy = "Download the clip again, or select another file."
    raise ClipUnusable(f"{clip} cannot be added to the Sequencer: {fault}.", field="clip", remedy=remedy)


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
