"""From what the artist set in a scene to a request."""

from __future__ import annotations

from pathlib import Path

import bpy

from ..core.events import Target
from ..core.request import OmniRequest, Picture, Role
from .identity import this_file
from .properties import shot_of


def read_request(scene: bpy.types.Scene) -> OmniRequest:
    """The request that the scene's shot describes."""
    shot = shot_of(scene)
    sources = ((Role.FIRST, shot.first_frame), (Role.END, shot.end_frame))
    pictures = tuple(Picture(source=bpy.path.abspath(path), role=role) for role, path in sources if path)
    return OmniRequest(
        prompt=shot.prompt,
        pictures=pictures,
        model=shot.model,
        mode=shot.mode,
        aspect_ratio="" if shot.first_frame else shot.aspect_ratio,
        duration_s=shot.duration_s,
    )


def read_target(scene: bpy.types.Scene) -> Target:
    """Where the clip belongs: this scene from its current frame on, in ``//kling/`` beside a saved file."""
    on_timeline = shot_of(scene).places_clip
    return Target(
        blend=this_file() if on_timeline else "",
        scene=scene.name if on_timeline else "",
        frame_start=scene.frame_current,
        folder=str(media_folder("clips") or ""),
        name=scene.name,
    )


def media_folder(kind: str) -> Path | None:
    """``//kling/<kind>`` of a saved file; None while it is unsaved."""
    return Path(bpy.path.abspath("//")) / "kling" / kind if bpy.data.filepath else None
