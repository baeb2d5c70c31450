"""What the artist sets for a shot: kept per scene, saved in the .blend, never a secret among it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

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
    ("SPEED", "Keep Speed", "The clip lasts as many seconds as it has, picture and sound in step"),
    ("FRAMES", "Frame for Frame", "Every frame of the scene shows the next frame of the clip, faster or slower"),
    ("CONFORM", "Conform Scene", "The scene takes the clip's frame rate when it arrives; other strips keep theirs"),
)
CUTTERS = (
    ("CUSTOM", "Shot by Shot", "Every shot has a prompt and a length of its own"),
    ("AUTOMATIC", "By Kling", "Kling cuts the one prompt into shots"),
)
BACKGROUNDS = (
    ("WORLD", "World", "What lights the scene, as if its film were not transparent"),
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
        name="Name", description="What the prompt calls this picture, as in @image:chair", update=judge_again
    )
    path: StringProperty(
        name="Picture",
        description="Image file, JPEG or PNG",
        subtype="FILE_PATH",
        options=RELATIVE_PATHS,
        update=judge_again,
    )
    origin: StringProperty(name="Origin", description="Where the picture came from")


class KLING_PG_middle_frame(bpy.types.PropertyGroup):
    """A picture that the clip passes through."""

    path: StringProperty(
        name="Picture",
        description="Image file, JPEG or PNG",
        subtype="FILE_PATH",
        options=RELATIVE_PATHS,
        update=judge_again,
    )
    origin: StringProperty(name="Origin", description="Where the picture came from")


class KLING_PG_element(bpy.types.PropertyGroup):
    """A character or thing of the library that the account has at Kling."""

    name: StringProperty(
        name="Name", description="What the prompt calls this element, as in @element:hero", update=judge_again
    )
    # Ids have eighteen digits; an IntProperty holds nine.
    element_id: StringProperty(
        name="Id", description="Number of the element in the account's library", update=judge_again
    )


class KLING_PG_board_shot(bpy.types.PropertyGroup):
    """One shot of a storyboard."""

    prompt: StringProperty(
        name="Prompt",
        description=f"What happens in this shot; up to {LIMITS.shot_characters:,} characters",
        update=_prompt_changed,
    )
    borrowed_prompt: StringProperty(
        name="Borrowed Prompt", description="Prompt that was taken from somewhere and not looked at since"
    )
    prompt_source: EnumProperty(
        name="Prompt From", description="What the borrowed prompt was taken from", items=BORROWED
    )
    name: StringProperty(name="Name", description="Name of this shot's own clip; without one it is numbered")
    duration_s: IntProperty(
        name="Seconds", description="Length of this shot", default=2, min=1, max=999, update=judge_again
    )
    frame: IntProperty(name="Begins At", description="Frame of the timeline that this shot was read from")
    frames: IntProperty(
        name="Frames", description="Length on the timeline that this shot was read from; 0 for none", min=0
    )
    camera: PointerProperty(
        type=bpy.types.Object, name="Camera", description="Camera that the first frame of this shot is rendered with"
    )


class KLING_PG_shot(bpy.types.PropertyGroup):
    """One shot as it is being set up."""

    kind: EnumProperty(
        name="Kind",
        description="What the clip is made from; until one is chosen, the frames that are set decide",
        items=kinds.ITEMS,
        default="FRAMES",
        update=judge_again,
    )
    shot_name: StringProperty(
        name="Name", description="What clip and strip are called; while it is empty, as the scene is"
    )
    prompt: StringProperty(
        name="Prompt",
        description=f"What happens in the shot; up to {LIMITS.prompt_characters:,} characters",
        update=_prompt_changed,
    )
    borrowed_prompt: StringProperty(
        name="Borrowed Prompt", description="Prompt that was taken from somewhere and not looked at since"
    )
    prompt_source: EnumProperty(
        name="Prompt From", description="What the borrowed prompt was taken from", items=BORROWED
    )
    prompt_text: PointerProperty(
        name="Prompt Text",
        description="Text of this .blend that is the prompt, in place of the field; edit it in a text editor",
        type=bpy.types.Text,
        update=_text_changed,
    )
    first_frame: StringProperty(
        name="First Frame",
        description="Picture that the clip begins with",
        subtype="FILE_PATH",
        options=RELATIVE_PATHS,
        update=_first_changed,
    )
    first_origin: StringProperty(name="First Frame From", description="Where the first frame came from")
    first_source: PointerProperty(
        type=KLING_PG_frame_source, name="First Frame Of", description="What the first frame was rendered of"
    )
    end_frame: StringProperty(
        name="End Frame",
        description="Picture that the clip ends with",
        subtype="FILE_PATH",
        options=RELATIVE_PATHS,
        update=_end_changed,
    )
    end_origin: StringProperty(name="End Frame From", description="Where the end frame came from")
    end_source: PointerProperty(
        type=KLING_PG_frame_source, name="End Frame Of", description="What the end frame was rendered of"
    )
    background: EnumProperty(
        name="Background",
        description="What a capture shows behind a scene whose film is transparent",
        items=BACKGROUNDS,
    )
    background_color: FloatVectorProperty(
        name="Background Color",
        description="Color behind a scene whose film is transparent, where its world is not to be seen or is missing",
        subtype="COLOR_GAMMA",
        default=(0.5, 0.5, 0.5),
        min=0.0,
        max=1.0,
    )
    middle_frames: CollectionProperty(
        type=KLING_PG_middle_frame,
        name="Middle Frames",
        description="Pictures that the clip passes through between its first and its end frame",
    )
    middle_frame_index: IntProperty(name="Active Middle Frame", description="The picture that is chosen in the list")
    references: CollectionProperty(
        type=KLING_PG_reference, name="References", description="Pictures of what the clip should show"
    )
    reference_index: IntProperty(name="Active Reference", description="The picture that is chosen in the list")
    elements: CollectionProperty(
        type=KLING_PG_element, name="Elements", description="Characters and things of the account's library"
    )
    element_index: IntProperty(name="Active Element", description="The element that is chosen in the list")
    video: StringProperty(
        name="Video",
        description=f"Public link to {told_video(LIMITS)}; Kling takes no uploads of videos",
        update=judge_again,
    )
    video_of: StringProperty(
        name="Clip", description="Own clip that is the video; its link is asked for when needed", update=judge_again
    )
    video_origin: StringProperty(name="Clip Name", description="What the clip that is the video is called")
    keeps_sound: BoolProperty(
        name="Keep Its Sound", description="Carry the sound of the video over to the clip", update=judge_again
    )
    cutter: EnumProperty(name="Cut", description="Who divides the clip into shots", items=CUTTERS, update=judge_again)
    board: CollectionProperty(
        type=KLING_PG_board_shot, name="Storyboard", description="The shots of the clip, in their order"
    )
    board_index: IntProperty(name="Active Shot", description="The shot that is chosen in the list")
    model: EnumProperty(
        name="Model",
        description="Which of Kling's models makes the clip",
        items=MODELS,
        default=LIMITS.proposed.model,
        update=judge_again,
    )
    mode: EnumProperty(
        name="Quality",
        description="Size of the clip",
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
        name="Aspect",
        description="Shape of the clip; a first frame decides it by itself",
        items=ASPECT_RATIOS,
        default=LIMITS.proposed.aspect_ratio,
        update=judge_again,
    )
    sound: BoolProperty(
        name="Sound", description="Let Kling make voices, noises and music to the clip", update=judge_again
    )
    watermark: BoolProperty(
        name="Watermark", description="Ask for a copy with Kling's mark beside the clean one", update=judge_again
    )
    fit_frames: IntProperty(
        name="Fitted Frames", description="Length that the clip is stretched to on the timeline; 0 for its own", min=0
    )
    fit_start: IntProperty(
        name="Fitted From", description="Frame at which the stretched clip begins; elsewhere it keeps its length"
    )
    take_of: StringProperty(
        name="Take Of", description="Id of the shot that the next clip is one more take of; a shot of its own if empty"
    )
    take_name: StringProperty(
        name="Take Of Shot", description="What the shot is called that the next clip is a take of"
    )
    takes: IntProperty(
        name="Takes",
        description="How many clips one press of Generate makes of the shot; each is paid for",
        default=1,
        min=1,
        max=4,
    )
    timing: EnumProperty(
        name="In the Timeline",
        description="How the clip plays in a scene of another frame rate",
        items=TIMINGS,
        update=judge_again,
    )
    places_clip: BoolProperty(
        name="Put on Timeline",
        description="Place the clip in the sequencer of this scene when it arrives",
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
