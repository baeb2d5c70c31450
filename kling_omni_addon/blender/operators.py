"""What the artist, or a script, can do: capture, submit, place, and decide about submissions that wait for a person."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import bpy
from bpy.props import EnumProperty, FloatProperty, IntProperty, StringProperty

from ..core.errors import ClipUnusable, KlingError, RequestInvalid
from ..core.lifecycle import Phase
from . import frames, live, placing, pump
from .properties import scene_of, shot_of
from .read_panel import media_folder, read_request, read_target

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    Outcome: TypeAlias = set[OperatorReturnItems]

_ROLES = (
    ("FIRST", "First Frame", "The picture that the clip begins with"),
    ("END", "End Frame", "The picture that the clip ends with"),
)
_ENGINES = (
    ("SCENE", "As the Scene", "Render with the engine and samples of the scene"),
    ("WORKBENCH", "Workbench", "Fast and plain"),
    ("CYCLES", "Cycles", "Few samples, for machines without a graphics card"),
)


def reported(execute: Callable[[Any, bpy.types.Context], Outcome]) -> Callable[[Any, bpy.types.Context], Outcome]:
    """Show a :class:`KlingError` as the report of an operator that is cancelled. Anything else is a bug and shows."""

    @wraps(execute)
    def told(operator: bpy.types.Operator, context: bpy.types.Context) -> Outcome:
        try:
            return execute(operator, context)
        except RequestInvalid as error:
            for problem in error.problems:
                operator.report({"ERROR"}, problem.message)
        except KlingError as error:
            operator.report({"ERROR"}, str(error))
        return {"CANCELLED"}

    return told


class KLING_OT_capture_frame(bpy.types.Operator):
    """Render the scene camera to a picture that the shot begins or ends with"""

    bl_idname = "kling.capture_frame"
    bl_label = "Capture Frame"
    bl_options = {"REGISTER", "UNDO"}

    role: EnumProperty(name="Role", description="What the picture is for", items=_ROLES)
    frame: IntProperty(name="Frame", description="Frame to render; below zero is the current one", default=-1, min=-1)
    engine: EnumProperty(name="Engine", description="What renders the picture", items=_ENGINES)

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        """Render, and put the picture's path into the shot."""
        scene = scene_of(context)
        frame = scene.frame_current if self.frame < 0 else self.frame
        path = capture_path(scene.name, frame)
        ratio = None if self.role == "FIRST" or shot_of(scene).first_frame else shot_of(scene).aspect_ratio
        picture = frames.render_camera_frame(scene, frame, path, aspect_ratio=ratio, engine=frames.Engine[self.engine])
        setattr(shot_of(scene), "first_frame" if self.role == "FIRST" else "end_frame", str(picture))
        return {"FINISHED"}


class KLING_OT_capture_both(bpy.types.Operator):
    """Render the scene camera at the first and the last frame of the scene"""

    bl_idname = "kling.capture_both"
    bl_label = "Camera to First + End"
    bl_options = {"REGISTER", "UNDO"}

    engine: EnumProperty(name="Engine", description="What renders the pictures", items=_ENGINES)

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        """Capture one after the other."""
        ops: Any = bpy.ops  # the stubs know Blender's own operators only
        ends = {"FIRST": scene_of(context).frame_start, "END": scene_of(context).frame_end}
        for role, frame in ends.items():
            if ops.kling.capture_frame(role=role, frame=frame, engine=self.engine) != {"FINISHED"}:
                return {"CANCELLED"}
        return {"FINISHED"}


class KLING_OT_submit(bpy.types.Operator):
    """Send the shot to Kling; the clip arrives in the sequencer when it is done"""

    bl_idname = "kling.submit"
    bl_label = "Generate"
    bl_options = {"REGISTER"}

    wait_s: FloatProperty(
        name="Wait", description="For scripts: wait this many seconds for the clip and place it", default=0.0, min=0.0
    )

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Not while Blender is set to stay offline."""
        reason = live.offline_reason()
        if reason:
            cls.poll_message_set(reason)
        return not reason

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        """Record the submission and set the worker to it."""
        submission = live.submit_once(read_request(scene_of(context)), read_target(scene_of(context)))
        pump.start()
        if submission is None:
            self.report({"INFO"}, "This shot was submitted a moment ago")
            return {"CANCELLED"}
        if not self.wait_s:
            self.report({"INFO"}, f"Submitted {submission.target.name}")
            return {"FINISHED"}
        return self._wait(submission.id)

    def _wait(self, submission_id: str) -> Outcome:
        session = live.session()
        found = session.wait(lambda states: any(s.is_settled for s in states.values()), [submission_id], self.wait_s)
        submission = found[submission_id]
        if submission.phase is not Phase.FETCHED:
            self.report({"ERROR"}, submission.problem or "The wait ended before the clip was done; it goes on")
            return {"CANCELLED"}
        placing.place_arrived()
        return {"FINISHED"}


class _OfSubmission:
    """An operator on one submission."""

    submission_id: StringProperty(name="Submission", description="The submission's id", options={"HIDDEN"})


class KLING_OT_place_clip(_OfSubmission, bpy.types.Operator):
    """Put the clip on the timeline of this scene"""

    bl_idname = "kling.place_clip"
    bl_label = "Place Clip"
    bl_options = {"REGISTER"}

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        """Place it where it was meant to go, but in this scene."""
        submission = next((s for s in live.submissions() if s.id == self.submission_id), None)
        if submission is None or not submission.clip:
            raise ClipUnusable("There is no clip of that submission yet.")
        placing.place(submission, scene_of(context))
        return {"FINISHED"}


class KLING_OT_look_again(_OfSubmission, bpy.types.Operator):
    """Ask Kling again whether it knows this submission"""

    bl_idname = "kling.look_again"
    bl_label = "Look Again"
    bl_options = {"REGISTER"}

    @reported
    def execute(self, _context: bpy.types.Context) -> Outcome:
        """Open another window of looking."""
        live.session().look_again(self.submission_id)
        pump.start()
        return {"FINISHED"}


class KLING_OT_send_again(_OfSubmission, bpy.types.Operator):
    """Send the same request once more; Kling may charge for both"""

    bl_idname = "kling.send_again"
    bl_label = "Send Again"
    bl_options = {"REGISTER"}

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Outcome:
        """Ask first: this may cost."""
        return context.window_manager.invoke_confirm(self, event)

    @reported
    def execute(self, _context: bpy.types.Context) -> Outcome:
        """Send the same bytes under the same id."""
        live.session().send_again(self.submission_id)
        pump.start()
        return {"FINISHED"}


class KLING_OT_stop_waiting(_OfSubmission, bpy.types.Operator):
    """Stop waiting for this submission; Kling may still finish and charge it"""

    bl_idname = "kling.stop_waiting"
    bl_label = "Stop Waiting"
    bl_options = {"REGISTER"}

    @reported
    def execute(self, _context: bpy.types.Context) -> Outcome:
        """Withdraw what was never sent, abandon what was."""
        session = live.session()
        if not session.withdraw(self.submission_id, "Withdrawn before it was sent; nothing was charged.", 0):
            session.abandon(self.submission_id)
        live.refresh()
        return {"FINISHED"}


class KLING_OT_resume(bpy.types.Operator):
    """Go on with every submission that is unfinished or was held back"""

    bl_idname = "kling.resume"
    bl_label = "Resume"
    bl_options = {"REGISTER"}

    @reported
    def execute(self, _context: bpy.types.Context) -> Outcome:
        """Open the session and let go of what is held."""
        live.session().release()
        live.refresh()
        pump.start()
        return {"FINISHED"}


def capture_path(scene_name: str, frame: int) -> Path:
    """Where a captured frame goes: beside a saved file, else in the user's data folder; never the temporary folder."""
    from ..settings import home_folder

    folder = media_folder("frames") or home_folder(os.environ) / "frames"
    plain = bpy.path.clean_name(scene_name)
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S-%f")
    return folder / f"{plain}_{frame:04d}_{stamp}.jpg"
