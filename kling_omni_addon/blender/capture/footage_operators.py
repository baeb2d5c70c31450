"""Own footage as video: what the artist presses to render strips, to upload what was rendered, and to discard it."""

from __future__ import annotations

import bpy
from bpy.props import BoolProperty

from ...core.errors import CaptureFailed
from ...core.footage import told_seconds
from ..connection import uploads
from ..connection.online import offline_reason
from ..host.language import translated
from ..host.ownership import OnOwnScene, own_scene, require_own
from ..host.reporting import Outcome, reported
from ..host.sequencer import timeline_scene
from ..shot.footage import put_footage
from ..shot.properties import scene_of, shot_of
from . import footage as own_footage
from .footage import Footage, FootageJob
from .operators import AFRESH
from .while_rendering import WhileRendering


class KLING_OT_render_strips(WhileRendering, OnOwnScene, bpy.types.Operator):
    """Render the selected strips, with cuts and effects, as a video for the shot. Nothing is uploaded"""

    bl_idname = "kling.render_strips"
    bl_label = "Render Strips as Video"
    bl_options = {"REGISTER", "UNDO"}

    cut: BoolProperty(
        name="Cut to Longest",
        description="Leave out the end when the video is longer than Kling accepts",
        options=AFRESH,
    )

    _footage: Footage | None = None
    _job: FootageJob
    _scene: str

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Outcome:
        """Begin the render; ask first where the end has to be cut off. Without a window, render at once."""
        if bpy.app.background or context.window is None:
            return self.execute(context)
        outcome = self._plan(context)
        if self._footage is None:
            return outcome
        if self.cut or not self._footage.plan.is_cut:
            return self.execute(context)
        return context.window_manager.invoke_confirm(
            self,
            event,
            title="Render the Beginning?",
            message=own_footage.too_long(self._footage),
            confirm_text=translated(f"Render the First {told_seconds(self._footage.plan.seconds)}"),
            icon="QUESTION",
        )

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        if self._footage is not None:  # pressed in a window, and agreed to where that was asked
            return self._begin(context, self._footage)
        own_footage.render_strips(scene_of(context), timeline=timeline_scene(context), cuts=self.cut)
        return {"FINISHED"}

    @reported
    def _plan(self, context: bpy.types.Context) -> Outcome:
        require_own(scene_of(context))
        self._footage = own_footage.plan_strips(scene_of(context), timeline_scene(context))
        return {"FINISHED"}

    def _begin(self, context: bpy.types.Context, footage: Footage) -> Outcome:
        self._scene, self._job = scene_of(context).name, own_footage.footage_job(footage)
        self._job.start()
        return self.wait_for_job(context)

    @property
    def job_at_hand(self) -> FootageJob:
        """The one render."""
        return self._job

    def go_on(self, _context: bpy.types.Context) -> Outcome:
        """Make the video the footage of the shot."""
        path, scene = self._job.finish(), own_scene(self._scene)
        if scene is None:
            raise CaptureFailed("The scene that this video was rendered for was deleted.", remedy="Render again.")
        put_footage(scene, path, self._job.footage.origin)
        return {"FINISHED"}


class _OfFootage(OnOwnScene):
    """An operator about the footage that the shot has."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Not without footage."""
        if not super().poll(context):
            return False
        has_footage = bool(shot_of(scene_of(context)).footage)
        if not has_footage:
            cls.poll_message_set(translated("Render strips as a video first"))  # type: ignore[attr-defined] # Operator's
        return has_footage


class KLING_OT_upload_footage(_OfFootage, bpy.types.Operator):
    """Run the upload command of the preferences on this video. In rehearsal it stays on this computer"""

    bl_idname = "kling.upload_footage"
    bl_label = "Upload Video"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Not without a command for it, nor while Blender is set to stay offline."""
        reason = uploads.missing_command() or offline_reason()
        if reason:
            cls.poll_message_set(reason.removesuffix("."))
        return super().poll(context) and not reason

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        own_footage.upload(scene_of(context))
        return {"FINISHED"}


class KLING_OT_stop_upload(bpy.types.Operator):
    """Stop the upload command and all programs that it started"""

    bl_idname = "kling.stop_upload"
    bl_label = "Stop Upload"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        is_uploading = uploads.is_uploading()
        if not is_uploading:
            cls.poll_message_set(translated("No video is being uploaded"))
        return is_uploading

    def execute(self, _context: bpy.types.Context) -> Outcome:
        uploads.stop()
        return {"FINISHED"}


class KLING_OT_discard_footage(_OfFootage, bpy.types.Operator):
    """Delete this video from the disk, and from where it was uploaded when a delete command is set"""

    bl_idname = "kling.discard_footage"
    bl_label = "Discard Video"
    bl_options = {"REGISTER", "UNDO"}

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        own_footage.discard(scene_of(context))
        return {"FINISHED"}


CLASSES = (KLING_OT_render_strips, KLING_OT_upload_footage, KLING_OT_stop_upload, KLING_OT_discard_footage)
