"""Camera to Keyframes: what the camera sees at the markers, as first frame, middle frames and end frame of a clip."""

from __future__ import annotations

import bpy
from bpy.props import EnumProperty

from ...core.capability import ModelLimits
from ...core.errors import CaptureFailed
from ...core.request import Role
from ..connection import limits
from ..shot.properties import shot_of
from . import pictures
from .camera import Engine
from .camera_job import CameraJob, CameraPicture
from .operators import AFRESH, ENGINES, OfCamera

_ENDS = 2


def marked_frames(scene: bpy.types.Scene) -> list[int]:
    """The frames of the markers in the preview range while it is used, else in the frame range; in order, each once."""
    first, last = _range(scene)
    return sorted({marker.frame for marker in scene.timeline_markers if first <= marker.frame <= last})


def keyframes(scene: bpy.types.Scene, model: ModelLimits) -> list[tuple[Role, int]]:
    """What the clip begins with, passes through and ends with: a frame for each marker. Raises :class:`CaptureFailed`
    for fewer markers than two, or more than the model takes frames.
    """
    frames, most = marked_frames(scene), model.middle_frames + _ENDS
    first, last = _range(scene)
    if len(frames) < _ENDS:
        raise CaptureFailed(
            f"A first and an end frame need two markers; between frames {first} and {last} there are {len(frames)}.",
            field="frame",
            remedy="Add markers (M) at the frames to capture.",
        )
    if len(frames) > most:
        raise CaptureFailed(
            f"There are {len(frames)} markers between frames {first} and {last}; {model.label} takes {most} frames: "
            f"a first, {model.middle_frames} in the middle and an end frame.",
            field="frame",
            remedy=_removal(len(frames) - most),
        )
    roles = [Role.FIRST, *[Role.MIDDLE] * (len(frames) - _ENDS), Role.END]
    return list(zip(roles, frames, strict=True))


def _removal(surplus: int) -> str:
    if surplus == 1:
        return "Remove 1 marker, or set a preview range (P) around fewer."
    return f"Remove {surplus} markers, or set a preview range (P) around fewer."


def _range(scene: bpy.types.Scene) -> tuple[int, int]:
    if scene.use_preview_range:
        return scene.frame_preview_start, scene.frame_preview_end
    return scene.frame_start, scene.frame_end


class KLING_OT_capture_keyframes(OfCamera, bpy.types.Operator):
    """Render the scene camera at every marker of the frame range as first frame, middle frames and end frame"""

    bl_idname = "kling.capture_keyframes"
    bl_label = "Capture Frames at Markers"

    engine: EnumProperty(name="Engine", description="Engine that renders the images", items=ENGINES, options=AFRESH)

    def jobs(self, scene: bpy.types.Scene) -> list[tuple[Role, CameraJob]]:
        """A picture for each marker, all in the first frame's shape; cameras bound to markers count."""
        wanted = keyframes(scene, limits.require_middle_frames(shot_of(scene).model))
        shape, engine = pictures.usual_shape(scene, Role.FIRST), Engine[self.engine]
        return [(role, pictures.camera_job(scene, frame, aspect_ratio=shape, engine=engine)) for role, frame in wanted]

    def use(self, scene: bpy.types.Scene, taken: list[tuple[Role, CameraPicture]]) -> None:
        """Put them in the places of all frames that there were."""
        pictures.use_keyframes(scene, taken)


CLASSES = (KLING_OT_capture_keyframes,)
