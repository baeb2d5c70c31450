"""What the artist sets for a shot: kept per scene, saved in the .blend, never a secret among it."""

from __future__ import annotations

from typing import cast

import bpy
from bpy.props import BoolProperty, EnumProperty, IntProperty, PointerProperty, StringProperty

from . import live

MODELS = (
    ("kling-v3-omni", "Kling 3.0 Omni", "3 to 15 seconds, sound and storyboards"),
    ("kling-video-o1", "Kling O1", "5 or 10 seconds from a prompt or a first frame"),
)
MODES = (("std", "Standard", "720p"), ("pro", "Pro", "1080p"))
ASPECT_RATIOS = (
    ("16:9", "16:9", "Wide"),
    ("9:16", "9:16", "Upright"),
    ("1:1", "1:1", "Square"),
)


def _judge_again(self: KLING_PG_shot, _context: bpy.types.Context) -> None:
    live.judge(cast("bpy.types.Scene", self.id_data))


class KLING_PG_shot(bpy.types.PropertyGroup):
    """One shot as it is being set up."""

    prompt: StringProperty(
        name="Prompt", description="What happens in the shot; up to 2,500 characters", update=_judge_again
    )
    first_frame: StringProperty(
        name="First Frame", description="Picture that the clip begins with", subtype="FILE_PATH", update=_judge_again
    )
    end_frame: StringProperty(
        name="End Frame", description="Picture that the clip ends with", subtype="FILE_PATH", update=_judge_again
    )
    model: EnumProperty(
        name="Model", description="Which of Kling's models makes the clip", items=MODELS, update=_judge_again
    )
    mode: EnumProperty(name="Quality", description="Size of the clip", items=MODES, default="pro", update=_judge_again)
    duration_s: IntProperty(
        name="Duration", description="Length of the clip in seconds", default=5, min=3, max=15, update=_judge_again
    )
    aspect_ratio: EnumProperty(
        name="Aspect",
        description="Shape of the clip; a first frame decides it by itself",
        items=ASPECT_RATIOS,
        update=_judge_again,
    )
    places_clip: BoolProperty(
        name="Put on Timeline",
        description="Place the clip in the sequencer of this scene when it arrives",
        default=True,
    )


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
