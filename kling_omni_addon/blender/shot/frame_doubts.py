"""Doubts about frames that were rendered: two cameras, another length than the clip's, fewer pixels than the clip's.

None stands in the way of Generate, and what is meant so needs no click: each is one sentence, with a way on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import bpy

from ...core.problem import Finding, Remedy
from ...core.request import OmniRequest, Role, capability_of
from ...core.sizes import clip_size
from ..connection import limits
from .kinds import kind_of_shot
from .reading import fit_frames_of

_ROUNDING_S: Final = 0.5  # clips last whole seconds
_SMALL: Final = 0.8  # a side of so much of the clip's is hardly seen to be smaller
_LARGER: Final = "Raise Resolution in Output Properties and capture again."


def frame_doubts(scene: bpy.types.Scene, request: OmniRequest) -> Iterator[Finding]:
    """What is doubtful about the frames that the shot uses."""
    shot: Any = scene.kling  # type: ignore[attr-defined] # hung on every scene by properties.register()
    first, end = (_source(shot, request, role) for role in (Role.FIRST, Role.END))
    yield from small_frames(shot, request)
    if first is None or end is None or not first.camera or not end.camera or kind_of_shot(shot).has_board:
        return
    if first.camera != end.camera:
        yield Finding(
            "end_source",
            f'The first frame is from the camera "{first.camera}", the end frame from "{end.camera}". '
            "Kling makes one move between the two.",
        )
    elif first.frame != end.frame and not fit_frames_of(scene):
        yield from _other_length(scene, request, first.frame, end.frame)


def small_frames(shot: Any, request: OmniRequest) -> Iterator[Finding]:
    """The first of the frames that were rendered much smaller than the clip will be."""
    lines = limits.profile().mode_lines.get(request.mode)
    for role, text in (
        (Role.FIRST, "The first frame is {} x {}; the clip is {} x {}."),
        (Role.END, "The end frame is {} x {}; the clip is {} x {}."),
    ):
        source = _source(shot, request, role)
        if lines is None or source is None:
            continue
        clip = clip_size(lines, f"{source.width}:{source.height}")
        if min(source.width, source.height) < _SMALL * min(clip):
            said = text.format(source.width, source.height, *clip)
            yield Finding(f"{role.value}_source", f"{said} {_LARGER}")
            return


def _source(shot: Any, request: OmniRequest, role: Role) -> Any:
    """What a frame was rendered of; None where the request does not use it, or it was not rendered."""
    if request.picture(role) is None:
        return None
    source = shot.first_source if role is Role.FIRST else shot.end_source
    return source if source.width and source.height else None


def _other_length(scene: bpy.types.Scene, request: OmniRequest, first: int, end: int) -> Iterator[Finding]:
    """What to say of a span of the scene that lasts longer or shorter than the clip."""
    lengths = limits.model_of(request.model).durations(capability_of(request))
    seconds = (abs(end - first) + 1) / _fps(scene)
    span = f"From frame {first} to frame {end} the scene lasts {seconds:.1f} s"
    if not lengths:
        return
    if not min(lengths) - _ROUNDING_S < seconds < max(lengths) + _ROUNDING_S:
        makes = f"{limits.model_of(request.model).label} makes {min(lengths)} to {max(lengths)} s"
        yield Finding("duration", f"{span}; {makes}.")
        return
    nearest = min(lengths, key=lambda length: (abs(length - seconds), -length))
    if nearest != request.duration_s:
        remedy = Remedy(path="duration", value=str(nearest), label=f"Set to {nearest} s")
        yield Finding("duration", f"{span}; the clip lasts {request.duration_s} s.", "", remedy)


def _fps(scene: bpy.types.Scene) -> float:
    """The frames of the scene that a second of the clip plays over."""
    is_kept = scene.kling.timing == "SPEED"  # type: ignore[attr-defined] # as above
    return scene.render.fps / scene.render.fps_base if is_kept else float(limits.profile().output_fps)
