"""Operators on strips that belong, or are to belong, to a submission."""

from __future__ import annotations

from typing import Any

import bpy

from ...core.errors import ClipUnusable, KlingError
from ..connection import opening
from ..host import sequencer
from ..host.language import translated
from ..host.reporting import Outcome, reported
from ..host.sequencer import active_strip, timeline_scene
from ..timeline import our_strips, stand_in
from . import acts, placing
from .operators import OfSubmission


class KLING_OT_replace_strip(OfSubmission, bpy.types.Operator):
    """Play this clip in the active strip, which keeps its place, handles, effects and transitions"""

    bl_idname = "kling.replace_strip"
    bl_label = "Use in Active Strip"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        strip = active_strip(timeline_scene(context))
        is_movie = strip is not None and strip.type == "MOVIE"
        if not is_movie:
            cls.poll_message_set(translated("Select a movie strip to play this clip"))
        return is_movie

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        scene = timeline_scene(context)
        placing.replace_with(active_strip(scene), scene, acts.with_clip(self.meant))
        return {"FINISHED"}


class KLING_OT_remove_stand_in(OfSubmission, bpy.types.Operator):
    """Delete the placeholder strip of this clip; the job continues"""

    bl_idname = "kling.remove_stand_in"
    bl_label = "Remove Placeholder"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    @reported
    def execute(self, _context: bpy.types.Context) -> Outcome:
        if not stand_in.remove_stand_ins(self.meant):
            raise KlingError("No placeholder strip in this .blend file belongs to this clip.")
        return {"FINISHED"}


class KLING_OT_reveal_strip(OfSubmission, bpy.types.Operator):
    """Select the strip of this clip, move the playhead to it and bring it into view"""

    bl_idname = "kling.reveal_strip"
    bl_label = "Show in Sequencer"
    bl_options = {"REGISTER", "UNDO"}

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        scene, strip = _strip_of(self.meant)
        _choose(scene, strip)
        scene.frame_current = sequencer.start_of(strip)
        if context.window is not None:
            context.window.scene = scene
            _bring_into_view(scene)
        return {"FINISHED"}


def _strip_of(submission_id: str) -> tuple[bpy.types.Scene, sequencer.Strip]:
    for scene in bpy.data.scenes:
        strip = our_strips.find_strip(scene, submission_id)
        if strip is not None:
            return scene, strip
    raise ClipUnusable(
        "No strip in this .blend file uses this clip.",
        field="strip",
        remedy="Press Add to Sequencer, or open the .blend file that contains the clip.",
    )


def _choose(scene: bpy.types.Scene, strip: sequencer.Strip) -> None:
    """Select nothing but the strip, with the meta strip open that it is in."""
    editor: Any = scene.sequence_editor
    editor.display_stack(strip.parent_meta())
    for other in sequencer.all_strips(scene):
        other.select = other == strip
    editor.active_strip = strip


def _bring_into_view(scene: bpy.types.Scene) -> None:
    for window in bpy.context.window_manager.windows:
        sequencer.show_in_workspace(window.workspace, scene)
        for area in window.screen.areas:
            space: Any = area.spaces.active
            if area.type == "SEQUENCE_EDITOR" and space.view_type != "PREVIEW":
                region = next(region for region in area.regions if region.type == "WINDOW")
                with opening.resting(), bpy.context.temp_override(window=window, area=area, region=region):
                    bpy.ops.sequencer.view_selected()


CLASSES = (KLING_OT_replace_strip, KLING_OT_remove_stand_in, KLING_OT_reveal_strip)
