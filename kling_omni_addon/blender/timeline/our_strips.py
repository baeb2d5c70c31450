"""Strips that are ours, told by the mark that they carry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import bpy

from ..host.sequencer import Strip, all_strips

OURS: Final = "kling_"  # how the custom properties begin that we write on strips
FRAMES: Final = "kling_frames"  # custom property of our clips: how many frames the file has
SUBMISSION: Final = "kling_submission"  # custom property of the strips that we place


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedStrip:
    """A clip on the timeline, as measured there. Frames are the scene's; ``sound_name`` is None for a silent clip."""

    name: str
    channel: int
    frame_start: int
    frame_duration: int
    sound_name: str | None


def find_strip(scene: bpy.types.Scene, submission_id: str) -> Strip | None:
    """The picture strip of a submission, also inside meta strips; None when there is none (or no longer)."""
    return next(strips_with(scene, submission_id, "MOVIE"), None)


def find_strips(scene: bpy.types.Scene, submission_id: str) -> list[Strip]:
    """All its picture strips: an artist may have cut or copied it."""
    return list(strips_with(scene, submission_id, "MOVIE"))


def strips_with(scene: bpy.types.Scene, submission_id: str, kind: str) -> Iterator[Strip]:
    """The strips of one type that carry a submission's mark."""
    return (strip for strip in all_strips(scene) if strip.type == kind and submission_of(strip) == submission_id)


def submission_of(strip: Strip) -> str:
    """The submission that a strip belongs to; ``""`` for a strip that is not ours."""
    return str(strip.get(SUBMISSION, ""))
