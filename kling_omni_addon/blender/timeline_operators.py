"""Operators on strips that belong, or are to belong, to a submission."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import bpy

from ..core.errors import KlingError
from . import api, placing, stand_in
from .operators import OfSubmission, reported
from .sequencer import active_strip, timeline_scene

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    Outcome: TypeAlias = set[OperatorReturnItems]


class KLING_OT_replace_strip(OfSubmission, bpy.types.Operator):
    """Let the active strip play this clip; its place, handles, effects and transitions stay"""

    bl_idname = "kling.replace_strip"
    bl_label = "Replace Source Strip"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """With a movie strip that is active."""
        strip = active_strip(timeline_scene(context))
        is_movie = strip is not None and strip.type == "MOVIE"
        if not is_movie:
            cls.poll_message_set("Click the movie strip that is to play the clip")
        return is_movie

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        """Replace the file."""
        scene = timeline_scene(context)
        placing.replace_with(active_strip(scene), scene, api.with_clip(self.submission_id))
        return {"FINISHED"}


class KLING_OT_remove_stand_in(OfSubmission, bpy.types.Operator):
    """Take the strip that waits for this clip off the timeline; the submission goes on"""

    bl_idname = "kling.remove_stand_in"
    bl_label = "Remove Stand-In"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    @reported
    def execute(self, _context: bpy.types.Context) -> Outcome:
        """Remove it, and every piece of it."""
        if not stand_in.remove_stand_ins(self.submission_id):
            raise KlingError("No strip of this file waits for that clip.")
        return {"FINISHED"}


CLASSES = (KLING_OT_replace_strip, KLING_OT_remove_stand_in)
