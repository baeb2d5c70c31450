"""Pictures for a shot: what the artist presses, or a script calls, for a first frame, an end frame or a reference."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import bpy
from bpy.props import BoolProperty, EnumProperty, IntProperty, StringProperty

from ..core.errors import CaptureFailed
from . import frame_overlay, frames, picture_file, strip_frames, viewport
from .moments import MOMENTS, frame_at, last_frame_of, require_active_strip
from .operators import reported
from .properties import put_picture, scene_of, shot_of
from .read_panel import media_folder

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    Outcome: TypeAlias = set[OperatorReturnItems]

_ROLES: Final = (
    ("FIRST", "First Frame", "The picture that the clip begins with"),
    ("END", "End Frame", "The picture that the clip ends with"),
    ("REFERENCE", "Reference", "A picture that the prompt speaks of"),
)
_ENGINES: Final = (
    ("SCENE", "As the Scene", "Render with the engine and samples of the scene"),
    ("WORKBENCH", "Workbench", "Fast and plain"),
    ("EEVEE", "EEVEE", "Materials and lights with few samples, for machines with a graphics card"),
    ("CYCLES", "Cycles", "Few samples, for machines without a graphics card"),
)
_SHAPES: Final = (
    ("AUTO", "As Shown", "The shape of the frame overlay while it is on, else what suits the shot"),
    *frame_overlay.SHAPES,
)
_STRIP_FRAMES: Final = (
    ("PLAYHEAD", "Under Playhead", "The active strip's frame at the playhead, or the topmost strip's"),
    ("FIRST", "First of Strip", "The first frame that the active strip shows"),
    ("LAST", "Last of Strip", "The last frame that the active strip shows: the next clip goes on from there"),
)
_READY_TO_SEND: Final = (".jpg", ".jpeg", ".png")


class _OfPicture:
    """An operator that makes a picture for a role."""

    role: EnumProperty(name="Role", description="What the picture is for", items=_ROLES)

    def put(self, context: bpy.types.Context, picture: Path, origin: str) -> Outcome:
        """Use the picture in the shot."""
        put_picture(scene_of(context), self.role, str(picture), origin)
        return {"FINISHED"}


class _OfShape(_OfPicture):
    """An operator whose picture can have several shapes."""

    aspect_ratio: EnumProperty(name="Shape", description="Width to height of the picture", items=_SHAPES)

    def ratio(self, scene: bpy.types.Scene) -> str | None:
        """The aspect ratio that is asked for; None for the scene's own."""
        if self.aspect_ratio != "AUTO":
            return str(self.aspect_ratio)
        if frame_overlay.shown_shape():
            return frame_overlay.shown_shape()
        is_free = self.role == "END" and not shot_of(scene).first_frame  # a first frame decides about the end frame too
        return str(shot_of(scene).aspect_ratio) if is_free else None


class KLING_OT_capture_frame(_OfShape, bpy.types.Operator):
    """Render the scene camera to a picture for the shot"""

    bl_idname = "kling.capture_frame"
    bl_label = "Capture From Camera"
    bl_options = {"REGISTER", "UNDO"}

    at: EnumProperty(name="At", description="Where on the timeline the picture is taken", items=MOMENTS)
    frame: IntProperty(
        name="Frame", description="Frame to render; below zero, the one that At names", default=-1, min=-1
    )
    engine: EnumProperty(name="Engine", description="What renders the picture", items=_ENGINES)

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        """Render, and use the picture."""
        scene = scene_of(context)
        frame = frame_at(scene, self.at) if self.frame < 0 else self.frame
        engine = frames.Engine[self.engine]
        path = capture_path(scene.name, frame)
        picture = frames.render_camera_frame(scene, frame, path, aspect_ratio=self.ratio(scene), engine=engine)
        return self.put(context, picture, f"Scene camera, frame {frame}")


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


class KLING_OT_capture_view(_OfShape, bpy.types.Operator):
    """Take the 3D view as it stands, with its shading, as a picture for the shot"""

    bl_idname = "kling.capture_view"
    bl_label = "Capture From 3D View"
    bl_options = {"REGISTER", "UNDO"}

    overlays: BoolProperty(name="With Overlays", description="Let grid, outlines and bones be in the picture")

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        """Draw, and use the picture."""
        scene, layer = scene_of(context), context.view_layer
        assert layer is not None
        path = capture_path(f"{scene.name}_view", scene.frame_current)
        view = viewport.view_of(context)
        picture = viewport.capture_view(
            scene, layer, view, path, aspect_ratio=self.ratio(scene), shows_overlays=self.overlays
        )
        return self.put(context, picture, f"3D view, frame {scene.frame_current}")


class KLING_OT_capture_strip(_OfPicture, bpy.types.Operator):
    """Take a frame of a movie or image strip, as its file has it, as a picture for the shot"""

    bl_idname = "kling.capture_strip"
    bl_label = "Capture From Strip"
    bl_options = {"REGISTER", "UNDO"}

    at: EnumProperty(name="At", description="Which frame of the strip", items=_STRIP_FRAMES)

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        """Decode, and use the picture."""
        scene = strip_frames.timeline_scene(context)
        if self.at == "PLAYHEAD":
            frame, strip = scene.frame_current, strip_frames.strip_at(scene, scene.frame_current)
        else:
            strip = require_active_strip(scene)
            frame = frame_at(scene, "STRIP_FIRST") if self.at == "FIRST" else last_frame_of(strip)
        path = capture_path(strip.name, frame, ".png")
        origin = f"{strip.name}, frame {frame}"
        return self.put(context, strip_frames.save_strip_frame(scene, strip, frame, path), origin)


class KLING_OT_load_picture(_OfPicture, bpy.types.Operator):
    """Choose an image file as a picture for the shot"""

    bl_idname = "kling.load_picture"
    bl_label = "Image File"
    bl_options = {"REGISTER", "UNDO"}

    filepath: StringProperty(name="File", description="Path of the image", subtype="FILE_PATH")
    filter_image: BoolProperty(name="Images", description="Show images", default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_folder: BoolProperty(
        name="Folders", description="Show folders", default=True, options={"HIDDEN", "SKIP_SAVE"}
    )

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> Outcome:
        """Let the artist look for it."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        """Use the file itself, or a copy of it where Kling does not take its format."""
        path = Path(bpy.path.abspath(self.filepath))
        if not path.is_file():
            raise CaptureFailed(f"There is no file {path}.", field="filepath", remedy="Choose an image.")
        picture = path if path.suffix.lower() in _READY_TO_SEND else _converted(path)
        return self.put(context, picture, path.name)


class KLING_OT_use_image(_OfPicture, bpy.types.Operator):
    """Take an image of this .blend, also a painted, packed or rendered one, as a picture for the shot"""

    bl_idname = "kling.use_image"
    bl_label = "Image in This File"
    bl_options = {"REGISTER", "UNDO"}

    image: StringProperty(name="Image", description="Name of the image")

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Outcome:
        """Let the artist choose it."""
        return context.window_manager.invoke_props_dialog(self)

    def draw(self, _context: bpy.types.Context) -> None:
        """The choice of images."""
        self.layout.prop_search(self, "image", bpy.data, "images")

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        """Save a copy, and use it."""
        image: bpy.types.Image | None = bpy.data.images.get(self.image)
        if image is None:
            sentence = f'There is no image "{self.image}" in this file.'
            raise CaptureFailed(sentence, field="image", remedy="Choose one of its images.")
        if image.type == "RENDER_RESULT":
            picture = frames.save_last_render(scene_of(context), capture_path(image.name, None))
        else:
            picture = picture_file.save_image(image, capture_path(image.name, None, ".png"))
        return self.put(context, picture, image.name)


def _converted(path: Path) -> Path:
    try:
        return picture_file.save_file(path, capture_path(path.stem, None, ".png"))
    except RuntimeError as error:
        sentence = f"Blender cannot read {path} as an image."
        raise CaptureFailed(sentence, field="filepath", remedy="Choose another file.") from error


def capture_path(name: str, frame: int | None, suffix: str = ".jpg") -> Path:
    """Where a captured picture goes: beside a saved file, else in the user's data folder; never the
    temporary folder.
    """
    from ..settings import home_folder

    folder = media_folder("frames") or home_folder(os.environ) / "frames"
    plain = bpy.path.clean_name(name)
    number = "" if frame is None else f"_{frame:04d}"
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S-%f")
    return folder / f"{plain}{number}_{stamp}{suffix}"


CLASSES = (
    KLING_OT_capture_frame,
    KLING_OT_capture_both,
    KLING_OT_capture_view,
    KLING_OT_capture_strip,
    KLING_OT_load_picture,
    KLING_OT_use_image,
)
