"""What pressing Generate will do, in words: how long the clip is, where it goes, what else changes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import bpy

from ...core.errors import KlingError
from ...core.request import OmniRequest, Role
from ..connection import limits
from ..shot.kinds import has_chosen_kind
from ..shot.properties import shot_of
from ..shot.reading import read_target
from ..timeline import channels, stand_in
from ..timeline.clip_strips import scene_fps, scene_frames

if TYPE_CHECKING:
    from ...core.life.events import Target

_FRESH_S = 1.0


_looked: dict[str, Any] = {"wanted": None, "at": 0.0, "channel": 0}


def outcome(scene: bpy.types.Scene, request: OmniRequest) -> str:
    """One sentence, or two: what pressing Generate will do, where, and how long that is."""
    what = "the edited clip (same length as the video)" if request.is_edit else f"a {request.duration_s} s clip"
    if not shot_of(scene).places_clip:
        return f"Downloads {what} without adding it to the Sequencer.{_source(scene, request)}"
    if shot_of(scene).take_of:
        return f'Adds {what} as a take to "{shot_of(scene).take_name}"; the strip switches to it when it arrives.'
    target = read_target(scene)
    try:
        channel = _channel(scene, request, target)
    except KlingError as error:
        return str(error)
    added = f"Adds {_with_length(what, scene, request, target)} on channel {channel} at frame {scene.frame_current}."
    return f"{added}{_conforming(scene, target)}{_source(scene, request)}"


def _with_length(what: str, scene: bpy.types.Scene, request: OmniRequest, target: Target) -> str:
    """The clip with its length on the timeline in frames, and in seconds where these are not the clip's own."""
    frames = stand_in.planned_frames(scene, request, target)
    if target.fit_frames:
        return f"{what} (stretched to {frames} frames)"
    if request.is_edit:
        return what
    if target.timing == "conform":
        return f"{what} ({frames} frames)"
    if frames == scene_frames(scene, request.duration_s):
        return f"{what} ({frames} frames at {_rate(scene)} fps)"
    return f"{what} ({frames} frames, {frames / scene_fps(scene):.1f} s, at {_rate(scene)} fps)"


def _conforming(scene: bpy.types.Scene, target: Target) -> str:
    """What else changes when the scene takes the clip's rate."""
    rate = limits.profile().output_fps
    is_so = target.timing != "conform" or abs(scene_fps(scene) - rate) < 0.001
    return "" if is_so else f" Changes the scene from {_rate(scene)} to {rate:g} fps."


def _source(scene: bpy.types.Scene, request: OmniRequest) -> str:
    """What decides while nobody has chosen a kind."""
    shot = shot_of(scene)
    if has_chosen_kind(shot) or request.picture(Role.END):
        return ""
    if request.picture(Role.FIRST):
        return " Starts from the first frame; Kling decides how it ends."
    return "" if request.pictures or request.elements else " No frames set: generated from the prompt only."


def _rate(scene: bpy.types.Scene) -> str:
    return f"{scene_fps(scene):.2f}".rstrip("0").rstrip(".")


def _channel(scene: bpy.types.Scene, request: OmniRequest, target: Target) -> int:
    """The channel that the picture would go on now; see ``stand_in.free_lane``."""
    has_sound = stand_in.will_have_sound(request)
    length = stand_in.planned_frames(scene, request, target)
    wanted = (scene.name, scene.frame_current, length, 1 + has_sound)
    return _first_channel(scene, wanted) + has_sound


def _first_channel(scene: bpy.types.Scene, wanted: tuple[str, int, int, int]) -> int:
    """Looked for at most once a second: a long timeline takes longer than a panel may take to draw."""
    now = time.monotonic()
    if _looked["wanted"] != wanted or now - _looked["at"] > _FRESH_S:
        _, start, length, count = wanted
        channel = channels.free_channels(scene, start, start + length, count, 1)
        _looked.update(wanted=wanted, at=now, channel=channel)
    return int(_looked["channel"])
