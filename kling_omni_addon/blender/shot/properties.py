"""What the artist sets for a shot: kept per scene, saved in the .blend, never a secret among it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, cast

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatVectorProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

from ..host import heartbeat
from ..host.ownership import require_own
from ..host.paths import RELATIVE_PATHS, stored_path
from . import kinds
from .borrowed import BORROWED
from .changes import is_the_same, shot_changed
from .offers import ASPECT_RATIOS, LIMITS, LONGEST_S, MODELS, MODES, SHORTEST_S, told_video
from .prompt import prompt_of, set_prompt

TIMINGS = (
    ("SPEED", "Keep Speed", "Keep the length of the clip in seconds, with image and sound in sync"),
    ("FRAMES", "One-to-One Frames", "Play one clip frame per scene frame; the clip plays faster or slower"),
    (
        "CONFORM",
        "Match Scene to Clip",
        "Change the frame rate of the scene to that of the clip",
    ),
)
CUTTERS = (
    ("CUSTOM", "Shot by Shot", "Give every shot its own prompt and length"),
    ("AUTOMATIC", "By Kling", "Let Kling divide the one prompt into shots"),
)
BACKGROUNDS = (
    ("WORLD", "World", "Use the world of the scene, as if Transparent were off"),
    ("COLOR", "Color", "One color"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """What Blender rendered a picture of: ``camera`` is its name, ``""`` for a view; ``size`` is in pixels."""

    frame: int
    size: tuple[int, int]
    camera: str = ""


def judge_again(self: bpy.types.PropertyGroup, _context: bpy.types.Context) -> None:
    """Tell that the scene's shot was changed, so that it is judged again."""
    if not is_the_same():
        shot_changed.send(cast("bpy.types.Scene", self.id_data))


def _first_changed(self: KLING_PG_shot, context: bpy.types.Context) -> None:
    if not is_the_same():
        self.first_origin = ""
        self.first_source.note(None)
    judge_again(self, context)


def _end_changed(self: KLING_PG_shot, context: bpy.types.Context) -> None:
    if not is_the_same():
        self.end_origin = ""
        self.end_source.note(None)
    judge_again(self, context)


def _prompt_changed(self: KLING_PG_shot | KLING_PG_board_shot, context: bpy.types.Context) -> None:
    self.borrowed_prompt = ""  # whoever writes a prompt has seen it
    judge_again(self, context)


def _text_changed(self: KLING_PG_shot, context: bpy.types.Context) -> None:
    judge_again(self, context)
    heartbeat.start()  # from now on it looks whether the text was edited


class KLING_PG_frame_source(bpy.types.PropertyGroup):
    """What a frame was rendered of; without a size it was not rendered for the shot. Beside the words for the panel."""

    camera: StringProperty(name="Camera", description="Camera that rendered the frame, if it was one")
    frame: IntProperty(name="Frame", description="Frame of the scene that was rendered")
    width: IntProperty(name="Width", description="Width of the frame in pixels", min=0)
    height: IntProperty(name="Height", description="Height of the frame in pixels", min=0)

    def note(self, rendered: Rendered | None) -> None:
        """Remember it; None for a frame that nothing is known of."""
        self.camera, self.frame = (rendered.camera, rendered.frame) if rendered is not None else ("", 0)
        self.width, self.height = rendered.size if rendered is not None else (0, 0)


class KLING_PG_reference(bpy.types.PropertyGroup):
    """A picture that shows the model what something looks like."""

    name: StringProperty(
        name="Name", description="Name of this image in the prompt, as in @image:chair", update=judge_again
    )
    path: StringProperty(
        name="Image",
        description="Image file, JPEG or PNG",
        subtype="FILE_PATH",
        options=RELATIVE_PATHS,
        update=judge_again,
    )
    origin: StringProperty(name="Origin", description="Source of the image")


class KLING_PG_middle_frame(bpy.types.PropertyGroup):
    """A picture that the clip passes through."""

    path: StringProperty(
        name="Image",
        description="Image file, JPEG or PNG",
        subtype="FILE_PATH",
        options=RELATIVE_PATHS,
        update=judge_again,
    )
    origin: StringProperty(name="Origin", description="Source of the image")


class KLING_PG_element(bpy.types.PropertyGroup):
    """A character or thing of the library that the account has at Kling."""

    name: StringProperty(
        name="Name", description="Name of this element in the prompt, as in @element:hero", update=judge_again
    )
    # Ids have eighteen digits; an IntProperty holds nine.
    element_id: StringProperty(
        name="ID", description="Number of the element in the element library of the account", update=judge_again
    )


class KLING_PG_board_shot(bpy.types.PropertyGroup):
    """One shot of a storyboard."""

    prompt: StringProperty(
        name="Prompt",
        description=f"What happens in this shot; up to {LIMITS.shot_characters:,} characters",
        update=_prompt_changed,
    )
    borrowed_prompt: StringProperty(
        name="Borrowed Prompt", description="Prompt that was copied from elsewhere and has not been edited since"
    )
    prompt_source: EnumProperty(name="Prompt From", description="Source of the borrowed prompt", items=BORROWED)
    name: StringProperty(name="Name", description="Name of the clip of this shot; numbered when empty")
    duration_s: IntProperty(
        name="Seconds", description="Length of this shot", default=2, min=1, max=999, update=judge_again
    )
    frame: IntProperty(name="Start Frame", description="Frame of the scene where this shot starts")
    frames: IntProperty(name="Frames", description="Length of this shot in the scene; 0 for none", min=0)
    camera: PointerProperty(
        type=bpy.types.Object, name="Camera", description="Camera that the first frame of this shot is rendered with"
    )


class KLING_PG_shot(bpy.types.PropertyGroup):
    """One shot as it is being set up.

    ``api`` is the module ``blender.api``, hung here on registering: a script that knows a scene needs no name of the
    repository that the extension was installed from.
    """

    api: ClassVar[property]

    kind: EnumProperty(
        name="Kind",
        description="What the clip is generated from. When unset, depends on which frames are set",
        items=kinds.ITEMS,
        default="FRAMES",
        update=judge_again,
    )
    shot_name: StringProperty(name="Name", description="Name of the clip and its strip; uses the scene name when empty")
    prompt: StringProperty(
        name="Prompt",
        description=f"What happens in the shot; up to {LIMITS.prompt_characters:,} characters",
        update=_prompt_changed,
    )
    borrowed_prompt: StringProperty(
        name="Borrowed Prompt", description="Prompt that was copied from elsewhere and has not been edited since"
    )
    prompt_source: EnumProperty(name="Prompt From", description="Source of the borrowed prompt", items=BORROWED)
    prompt_text: PointerProperty(
        name="Prompt Text",
        description="Text data-block used as the prompt instead of the field",
        type=bpy.types.Text,
        update=_text_changed,
    )
    first_frame: StringProperty(
        name="First Frame",
        description="Image that the clip starts from",
        subtype="FILE_PATH",
        options=RELATIVE_PATHS,
        update=_first_changed,
    )
    first_origin: StringProperty(name="Origin of First Frame", description="Source of the image, as shown in the panel")
    first_source: PointerProperty(
        type=KLING_PG_frame_source, name="First Frame of", description="What the first frame was rendered from"
    )
    end_frame: StringProperty(
        name="End Frame",
        description="Image that the clip ends with",
        subtype="FILE_PATH",
        options=RELATIVE_PATHS,
        update=_end_changed,
    )
    end_origin: StringProperty(name="Origin of End Frame", description="Source of the image, as shown in the panel")
    end_source: PointerProperty(
        type=KLING_PG_frame_source, name="End Frame of", description="What the end frame was rendered from"
    )
    background: EnumProperty(
        name="Background",
        description="Background of captures from a scene with a transparent film",
        items=BACKGROUNDS,
    )
    background_color: FloatVectorProperty(
        name="Background Color",
        description="Background color of captures when the film is transparent and no world is shown",
        subtype="COLOR_GAMMA",
        default=(0.5, 0.5, 0.5),
        min=0.0,
        max=1.0,
    )
    middle_frames: CollectionProperty(
        type=KLING_PG_middle_frame,
        name="Middle Frames",
        description="Images that the clip passes through between its first and its end frame",
    )
    middle_frame_index: IntProperty(name="Active Middle Frame", description="Image that is selected in the list")
    references: CollectionProperty(
        type=KLING_PG_reference, name="References", description="Images of what the clip should show"
    )
    reference_index: IntProperty(name="Active Reference", description="Image that is selected in the list")
    elements: CollectionProperty(
        type=KLING_PG_element,
        name="Elements",
        description="Characters and things in the element library",
    )
    element_index: IntProperty(name="Active Element", description="Element that is selected in the list")
    video: StringProperty(
        name="Video",
        description=f"Public link to {told_video(LIMITS)}; Kling accepts no uploads",
        update=judge_again,
    )
    video_of: StringProperty(
        name="Clip", description="Kling clip used as the video; its link is requested when needed", update=judge_again
    )
    video_origin: StringProperty(name="Clip Name", description="Name of the clip that is used as the video")
    footage: StringProperty(
        name="Footage", description="Video rendered from strips", subtype="FILE_PATH", update=judge_again
    )
    footage_origin: StringProperty(name="Footage From", description="Strips and frames that the footage shows")
    footage_link: StringProperty(name="Footage Link", description="Link to the uploaded footage")
    footage_at: IntProperty(
        name="Footage Uploaded", description="Time of the upload in Unix seconds; 0 for none", min=0
    )
    keeps_sound: BoolProperty(
        name="Keep Original Sound", description="Use the sound of the video in the clip", update=judge_again
    )
    cutter: EnumProperty(name="Cut", description="Who divides the clip into shots", items=CUTTERS, update=judge_again)
    board: CollectionProperty(type=KLING_PG_board_shot, name="Storyboard", description="Shots of the clip, in order")
    board_index: IntProperty(name="Active Shot", description="Shot that is selected in the list")
    model: EnumProperty(
        name="Model",
        description="Kling model that generates the clip",
        items=MODELS,
        default=LIMITS.proposed.model,
        update=judge_again,
    )
    mode: EnumProperty(
        name="Quality",
        description="Resolution and price tier of the clip",
        items=MODES,
        default=LIMITS.proposed.mode,
        update=judge_again,
    )
    duration_s: IntProperty(
        name="Duration",
        description="Length of the clip in seconds",
        default=LIMITS.proposed.duration_s,
        min=SHORTEST_S,
        max=LONGEST_S,
        soft_min=LIMITS.duration_s[0],
        soft_max=LIMITS.duration_s[1],
        update=judge_again,
    )
    aspect_ratio: EnumProperty(
        name="Aspect Ratio",
        description="Width to height of the clip; ignored when a first frame is set",
        items=ASPECT_RATIOS,
        default=LIMITS.proposed.aspect_ratio,
        update=judge_again,
    )
    sound: BoolProperty(
        name="Sound", description="Generate voices, sound effects and music for the clip", update=judge_again
    )
    watermark: BoolProperty(name="Watermark", description="Also generate a watermarked copy", update=judge_again)
    fit_frames: IntProperty(
        name="Fit Length",
        description="Frames that the clip is stretched to; 0 for its own length",
        min=0,
    )
    fit_start: IntProperty(
        name="Fit Start", description="Frame where the stretched clip begins; elsewhere it keeps its length"
    )
    take_of: StringProperty(
        name="Take of", description="ID of the shot that the next take belongs to; a new shot when empty"
    )
    take_name: StringProperty(name="Shot of Take", description="Name of the shot that the next take belongs to")
    takes: IntProperty(
        name="Takes",
        description="Clips that one press of Generate makes of the shot; each is charged",
        default=1,
        min=1,
        max=4,
    )
    timing: EnumProperty(
        name="Frame Rate Handling",
        description="How the clip plays in a scene with another frame rate",
        items=TIMINGS,
        update=judge_again,
    )
    places_clip: BoolProperty(
        name="Add to Sequencer",
        description="Add the clip to the Sequencer of this scene when it arrives",
        default=True,
    )

    @property
    def words(self) -> str:
        """The prompt, wherever it is written."""
        return prompt_of(self)

    @words.setter
    def words(self, prompt: str) -> None:
        set_prompt(self, prompt)


def put_picture(scene: bpy.types.Scene, role: str, path: str, origin: str, rendered: Rendered | None = None) -> None:
    """Use the picture at ``path`` (absolute) in the scene's shot. It is kept relative to the .blend, as Blender's
    preferences say of paths.

    ``role`` is ``FIRST``, ``END``, ``MIDDLE``, which appends to the middle frames, or ``REFERENCE``, which appends to
    the references under a name of its own. ``origin`` says where it came from, for the panel: "Camera, frame 1";
    ``rendered`` says the same as data, where it was rendered. Raises :class:`KlingError` for a linked scene.
    """
    require_own(scene)
    shot, path = shot_of(scene), stored_path(path)
    if role == "REFERENCE":
        name = free_name(shot.references, "image")
        reference = shot.references.add()
        reference.origin, reference.name, reference.path = origin, name, path
        shot.reference_index = len(shot.references) - 1
    elif role == "MIDDLE":
        frame = shot.middle_frames.add()
        frame.origin, frame.path = origin, path
        shot.middle_frame_index = len(shot.middle_frames) - 1
    elif role == "FIRST":
        shot.first_frame = path
        shot.first_origin = origin
        shot.first_source.note(rendered)
    else:
        shot.end_frame = path
        shot.end_origin = origin
        shot.end_source.note(rendered)
    if rendered is not None:
        shot_changed.send(scene)  # what it was rendered of is judged, too


def free_name(items: Any, stem: str) -> str:
    """``stem`` with the lowest number that no item of the collection is called by: image1, image2."""
    taken = {item.name for item in items}
    return next(name for number in range(1, len(taken) + 2) if (name := f"{stem}{number}") not in taken)


def picture_paths(shot: KLING_PG_shot) -> tuple[str, ...]:
    """The absolute paths of every picture that is set, used by this kind or not."""
    listed = (item.path for items in (shot.middle_frames, shot.references) for item in items)
    paths = (shot.first_frame, shot.end_frame, *listed)
    return tuple(bpy.path.abspath(path) for path in paths if path)


def scene_of(context: bpy.types.Context) -> bpy.types.Scene:
    """The scene at hand; there always is one, whatever the stubs say."""
    assert context.scene is not None
    return context.scene


def shot_of(scene: bpy.types.Scene) -> KLING_PG_shot:
    """The shot that a scene is set up for."""
    shot: KLING_PG_shot = scene.kling  # type: ignore[attr-defined] # hung on every scene by register()
    return shot


def register() -> None:
    """Hang the shot on every scene."""
    shot = PointerProperty(type=KLING_PG_shot, name="Kling Shot", description="The shot being set up")
    bpy.types.Scene.kling = shot  # type: ignore[attr-defined]


def unregister() -> None:
    """Take it off again."""
    del bpy.types.Scene.kling  # type: ignore[attr-defined]


CLASSES = (
    KLING_PG_frame_source,
    KLING_PG_reference,
    KLING_PG_middle_frame,
    KLING_PG_element,
    KLING_PG_board_shot,
    KLING_PG_shot,
)
