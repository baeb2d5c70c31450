"""Bring arrived clips to the timeline they belong to."""

from __future__ import annotations

from pathlib import Path

import bpy

from ..core.lifecycle import Phase, Submission
from . import live, sequencer
from .identity import is_this_file


def place_arrived() -> list[sequencer.PlacedStrip]:
    """Place every arrived clip that belongs to the open file, one undo step each; the others wait for their file."""
    waiting = [s for s in live.submissions() if s.phase is Phase.FETCHED and is_this_file(s.target.blend)]
    return [place(s) for s in waiting if s.target.scene in bpy.data.scenes]


def place(submission: Submission, scene: bpy.types.Scene | None = None) -> sequencer.PlacedStrip:
    """Place one clip, in the scene it was meant for or in another. Placing it twice finds the strip that is there.

    Raises :class:`ClipUnusable` when the file is gone or broken.
    """
    chosen = scene or bpy.data.scenes[submission.target.scene]
    strip = sequencer.place_clip(
        chosen,
        Path(submission.clip),
        frame_start=submission.target.frame_start,
        name=submission.target.name or "Kling",
        channel=submission.target.channel or None,
        submission_id=submission.id,
    )
    live.session().placed(submission.id, chosen.name, strip.name)
    live.refresh()
    if not bpy.app.background:
        bpy.ops.ed.undo_push(message="Place Kling Clip")
    return strip
