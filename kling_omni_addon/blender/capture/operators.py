"""Pictures for a shot: what the artist presses, or a script calls, for a first frame, an end frame or a reference."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import bpy
from bpy.props import BoolProperty, EnumProperty, IntProperty, StringProperty

from ...core.errors import CaptureFailed
from ...core.request import Role
from ..host.reporting import Outcome, reported, say
from ..host.sequencer import start_of, timeline_scene
from ..shot import frame_doubts
from ..shot.properties import scene_of, shot_of
from ..shot.reading import read_request
from . import frame_overlay, view
from . import pictures as capture_pictures
from .camera import Engine
from .camera_job import CameraJob, CameraPicture
from .moments import MOMENTS, SPANS, frame_at, last_frame_of, require_active_strip, span_at
from .while_rendering import WhileRendering

_ROLES: Final = (
    ("FIRST", "First Frame", "Image that the clip starts from"),
    ("MIDDLE", "Middle Frame", "Image that the clip passes through, after the existing ones"),
    ("END", "End Frame", "Image that the clip ends with"),
    ("REFERENCE", "Reference", "Image that the prompt mentions"),
)
ENGINES: Final = (
    ("SCENE", "Same as Scene", "Render with the engine and samples of the scene"),
    ("WORKBENCH", "Workbench", "Fast and plain"),
    ("EEVEE", "EEVEE", "Materials and lights with few samples, for machines with a graphics card"),
    ("CYCLES", "Cycles", "Few samples, for machines without a graphics card"),
)
_SHAPES: Final = (
    ("AUTO", "As Shown", "Aspect ratio of the frame overlay while it is on, else the one that suits the shot"),
    *frame_overlay.SHAPES,
)
_STRIP_FRAMES: Final = (
    ("PLAYHEAD", "Under Playhead", "The active strip's frame at the playhead, or the topmost strip's"),
    ("FIRST", "First of Strip", "The first frame that the active strip shows"),
    ("LAST", "Last of Strip", "The last frame that the active strip shows, to continue from there"),
)


AFRESH: Final = {"SKIP_SAVE"}  # a button means what it says, not what was chosen elsewhere the last time


def _tell_small_frames(operator: Any, scene: bpy.types.Scene) -> None:
    """Say it in the status bar, too, where the frames are smaller than the clip: there is no window to look at."""
    for doubt in frame_doubts.small_frames(shot_of(scene), read_request(scene)):
        say(operator, doubt.message, "WARNING")


class _OfPicture:
    """An operator that makes a picture for a role."""

    role: EnumProperty(name="Role", description="Use of the image in the shot", items=_ROLES, options=AFRESH)

    @property
    def chosen_role(self) -> Role:
        """The role that is asked for."""
        return Role[self.role]


class _OfShape(_OfPicture):
    """An operator whose picture can have several shapes."""

    aspect_ratio: EnumProperty(
        name="Aspect Ratio", description="Width to height of the image", items=_SHAPES, options=AFRESH
    )

    @property
    def chosen_shape(self) -> str | None:
        """The shape that is asked for; None for the usual one."""
        return None if self.aspect_ratio == "AUTO" else str(self.aspect_ratio)


class OfCamera(WhileRendering):
    """An operator that renders the camera: pressed in a window as a job that Escape stops, in a script at once.

    The pictures are used when all of them are there, or none is.
    """

    bl_options = {"REGISTER", "UNDO"}

    _jobs: list[tuple[Role, CameraJob]]
    _pictures: list[CameraPicture]

    def jobs(self, scene: bpy.types.Scene) -> list[tuple[Role, CameraJob]]:
        """What is to be rendered, in its order."""
        raise NotImplementedError

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        scene = scene_of(context)
        jobs = self.jobs(scene)
        return self._use(scene, jobs, [job.render() for _, job in jobs])

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> Outcome:
        """Begin the first render; without a window, where no job comes to an end, render at once."""
        return self.execute(context) if bpy.app.background or context.window is None else self._begin(context)

    @reported
    def _begin(self, context: bpy.types.Context) -> Outcome:
        self._jobs, self._pictures = self.jobs(scene_of(context)), []
        self._jobs[0][1].start()
        return self.wait_for_job(context)

    @property
    def job_at_hand(self) -> CameraJob:
        """The picture that is rendered now."""
        return self._jobs[len(self._pictures)][1]

    def go_on(self, context: bpy.types.Context) -> Outcome:
        """Begin the next render, and in the end use the pictures."""
        self._pictures.append(self.job_at_hand.finish())
        if len(self._pictures) < len(self._jobs):
            self.job_at_hand.start()
            return {"RUNNING_MODAL"}
        return self._use(self._jobs[0][1].scene, self._jobs, self._pictures)

    def use(self, scene: bpy.types.Scene, taken: list[tuple[Role, CameraPicture]]) -> None:
        """Use what the camera saw for each role at its frame."""
        for role, picture in taken:
            capture_pictures.use_render(scene, role, picture)

    def _use(
        self, scene: bpy.types.Scene, jobs: list[tuple[Role, CameraJob]], pictures: list[CameraPicture]
    ) -> Outcome:
        self.use(scene, [(role, picture) for (role, _), picture in zip(jobs, pictures, strict=True)])
        _tell_small_frames(self, scene)
        return {"FINISHED"}


class KLING_OT_capture_frame(OfCamera, _OfShape, bpy.types.Operator):
    """Render the scene camera as an image for the shot"""

    bl_idname = "kling.capture_frame"
    bl_label = "Capture from Camera"

    at: EnumProperty(name="At", description="Frame of the scene to render", items=MOMENTS, options=AFRESH)
    frame: IntProperty(
        name="Frame",
        description="Frame to render; negative uses At",
        default=-1,
        min=-1,
        options=AFRESH,
    )
    engine: EnumProperty(name="Engine", description="Engine that renders the image", items=ENGINES, options=AFRESH)

    def jobs(self, scene: bpy.types.Scene) -> list[tuple[Role, CameraJob]]:
        """The one picture."""
        frame = frame_at(scene, self.at) if self.frame < 0 else self.frame
        shape = self.chosen_shape or capture_pictures.usual_shape(scene, self.chosen_role)
        engine = Engine[self.engine]
        return [(self.chosen_role, capture_pictures.camera_job(scene, frame, aspect_ratio=shape, engine=engine))]


class KLING_OT_capture_both(OfCamera, bpy.types.Operator):
    """Render the scene camera at both ends of the scene, of the active strip, or of the span between two markers"""

    bl_idname = "kling.capture_both"
    bl_label = "Capture First and End Frames"

    span: EnumProperty(name="Span", description="Frames from the first to the end frame", items=SPANS, options=AFRESH)
    engine: EnumProperty(name="Engine", description="Engine that renders the images", items=ENGINES, options=AFRESH)

    def jobs(self, scene: bpy.types.Scene) -> list[tuple[Role, CameraJob]]:
        """Both ends; the first frame's shape decides about the end frame too."""
        shape, engine = capture_pictures.usual_shape(scene, Role.FIRST), Engine[self.engine]
        ends = zip((Role.FIRST, Role.END), span_at(scene, self.span), strict=True)
        return [
            (role, capture_pictures.camera_job(scene, frame, aspect_ratio=shape, engine=engine)) for role, frame in ends
        ]


class KLING_OT_capture_view(_OfShape, bpy.types.Operator):
    """Capture the 3D Viewport as shown, with its shading, as an image for the shot"""

    bl_idname = "kling.capture_view"
    bl_label = "Capture from 3D Viewport"
    bl_options = {"REGISTER", "UNDO"}

    overlays: BoolProperty(
        name="With Overlays", description="Include grid, outlines and bones in the image", options=AFRESH
    )

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        capture_pictures.capture_view(
            scene_of(context),
            self.chosen_role,
            view=view.view_of(context),
            layer=context.view_layer,
            aspect_ratio=self.chosen_shape,
            shows_overlays=self.overlays,
        )
        _tell_small_frames(self, scene_of(context))
        return {"FINISHED"}


class KLING_OT_capture_strip(_OfPicture, bpy.types.Operator):
    """Use a frame of a movie or image strip, as in its file, as an image for the shot"""

    bl_idname = "kling.capture_strip"
    bl_label = "Capture from Strip"
    bl_options = {"REGISTER", "UNDO"}

    at: EnumProperty(name="At", description="Frame of the strip to use", items=_STRIP_FRAMES, options=AFRESH)

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        scene, timeline = scene_of(context), timeline_scene(context)
        if self.at == "PLAYHEAD":
            capture_pictures.capture_strip(scene, self.chosen_role, timeline=timeline)
            return {"FINISHED"}
        strip = require_active_strip(timeline)
        frame = start_of(strip) if self.at == "FIRST" else last_frame_of(strip)
        capture_pictures.capture_strip(scene, self.chosen_role, strip=strip, frame=frame, timeline=timeline)
        return {"FINISHED"}


class KLING_OT_load_picture(_OfPicture, bpy.types.Operator):
    """Use an image file from disk for the shot"""

    bl_idname = "kling.load_picture"
    bl_label = "Use Image File..."
    bl_options = {"REGISTER", "UNDO"}

    filepath: StringProperty(name="File", description="Path of the image", subtype="FILE_PATH")
    filter_image: BoolProperty(name="Images", description="Show images", default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_folder: BoolProperty(
        name="Folders", description="Show folders", default=True, options={"HIDDEN", "SKIP_SAVE"}
    )

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> Outcome:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        """Use the file itself, or a copy of it where Kling does not take its format."""
        capture_pictures.use_file(scene_of(context), self.chosen_role, Path(bpy.path.abspath(self.filepath)))
        return {"FINISHED"}


class KLING_OT_use_image(_OfPicture, bpy.types.Operator):
    """Use an image data-block, also a painted, packed or rendered one, for the shot"""

    bl_idname = "kling.use_image"
    bl_label = "Use Image Data-Block..."
    bl_options = {"REGISTER", "UNDO"}

    image: StringProperty(name="Image", description="Name of the image data-block")

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Outcome:
        return context.window_manager.invoke_props_dialog(self)

    def draw(self, _context: bpy.types.Context) -> None:
        self.layout.prop_search(self, "image", bpy.data, "images")

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        image: bpy.types.Image | None = bpy.data.images.get(self.image)
        if image is None:
            sentence = f'This .blend file has no image "{self.image}".'
            raise CaptureFailed(sentence, field="image", remedy="Select one of its images.")
        capture_pictures.use_image(scene_of(context), self.chosen_role, image)
        return {"FINISHED"}


CLASSES = (
    KLING_OT_capture_frame,
    KLING_OT_capture_both,
    KLING_OT_capture_view,
    KLING_OT_capture_strip,
    KLING_OT_load_picture,
    KLING_OT_use_image,
)
