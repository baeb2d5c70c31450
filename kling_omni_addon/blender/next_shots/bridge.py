"""Bridge a gap: a clip from the last frame of one strip to the first frame of the next, exactly as long as the gap."""

from __future__ import annotations

from typing import Final, NamedTuple

import bpy

from ...core.capability import Capability
from ...core.errors import KlingError
from ...core.request import Role
from ...core.shot_names import plain_name
from ..capture import pictures
from ..capture.moments import last_frame_of
from ..capture.strip import PICTURE_STRIPS
from ..connection import limits
from ..host.language import translated
from ..host.reporting import Outcome, reported, say
from ..host.sequencer import Strip, start_of, strips_of, timeline_scene
from ..shot.properties import scene_of, shot_of
from ..timeline.clip_strips import scene_fps
from .follow import begin, fill_place, go_to

_FASTEST: Final = 2.0
"""How many times as fast a clip may be made to play: beyond that motion looks wrong."""
_NOTHING_S: Final = 1e-6


class Gap(NamedTuple):
    """Where nothing plays between two strips. ``frame_start`` is its first frame, ``frames`` its length, both the
    scene's.
    """

    left: Strip
    right: Strip

    @property
    def frame_start(self) -> int:
        """The frame after the left strip."""
        return last_frame_of(self.left) + 1

    @property
    def frames(self) -> int:
        """Frames between the strips; below one where they touch or overlap."""
        return start_of(self.right) - self.frame_start


def gap_at_hand(timeline: bpy.types.Scene) -> Gap:
    """The gap between the two strips that are selected, else the one that the playhead stands in.

    Movie and image strips count, on whatever channel. Raises :class:`KlingError` where there is no gap.
    """
    strips = [strip for strip in strips_of(timeline) if strip.type in PICTURE_STRIPS and not strip.mute]
    selected = sorted((strip for strip in strips if strip.select), key=start_of)
    gap = Gap(left=selected[0], right=selected[1]) if len(selected) == 2 else _gap_around(strips, timeline)
    if gap.frames < 1:
        sentence = f'There is no gap between "{gap.left.name}" and "{gap.right.name}".'
        raise KlingError(sentence, field="strip", remedy="Move them apart.")
    return gap


def _gap_around(strips: list[Strip], timeline: bpy.types.Scene) -> Gap:
    now = timeline.frame_current
    before = [strip for strip in strips if last_frame_of(strip) < now]
    after = [strip for strip in strips if start_of(strip) > now]
    is_covered = len(before) + len(after) < len(strips)
    if is_covered or not before or not after:
        remedy = "Select the two strips, or move the playhead between them."
        raise KlingError("The playhead is not in a gap between two clips.", field="strip", remedy=remedy)
    # Of strips that end or begin together the topmost is what is seen.
    left = max(before, key=lambda strip: (last_frame_of(strip), strip.channel))
    right = min(after, key=lambda strip: (start_of(strip), -strip.channel))
    return Gap(left=left, right=right)


def clip_length(seconds: float, model: str) -> int:
    """The shortest clip with both frames that the model makes and that is not shorter than a gap of so many seconds.

    Raises :class:`KlingError` for a gap that no clip can fill well.
    """
    makes = limits.require_model(model)
    lengths = makes.durations(Capability.FRAMES)
    shortest, longest = min(lengths), max(lengths)
    if seconds > longest + _NOTHING_S:
        sentence = f"The gap is {seconds:.1f} s long; {makes.label} makes at most {longest} s."
        raise KlingError(sentence, field="gap", remedy="Add a clip in between, or move the clips together.")
    if seconds * _FASTEST < shortest - _NOTHING_S:
        sentence = (
            f"The gap is {seconds:.1f} s long; Kling's shortest clip ({shortest} s) would play more than twice as fast."
        )
        remedy = f"Move the clips at least {shortest / _FASTEST:g} s apart."
        raise KlingError(sentence, field="gap", remedy=remedy)
    return min(length for length in lengths if length >= seconds - _NOTHING_S)


def bridge(scene: bpy.types.Scene, timeline: bpy.types.Scene, gap: Gap) -> None:
    """Set the scene's shot up to fill the gap. Raises :class:`KlingError`, for a gap that no clip can fill before
    anything is changed.
    """
    shot = shot_of(scene)
    length = clip_length(gap.frames / scene_fps(timeline), shot.model)
    last = last_frame_of(gap.left)
    pictures.capture_strip(scene, Role.FIRST, strip=gap.left, frame=last, timeline=timeline)
    pictures.capture_strip(scene, Role.END, strip=gap.right, frame=start_of(gap.right), timeline=timeline)
    begin(shot, "FRAMES")
    shot.duration_s = length
    shot.shot_name = f"{plain_name(gap.left.name)} to {plain_name(gap.right.name)}"
    go_to(scene, timeline, gap.frame_start)
    fill_place(shot, gap.frame_start, gap.frames)


class KLING_OT_bridge_gap(bpy.types.Operator):
    """Fill the gap between two strips exactly, from the last frame of one to the first frame of the other"""

    bl_idname = "kling.bridge_gap"
    bl_label = "Bridge Gap"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Where there is a timeline with two strips at least."""
        cls.poll_message_set(translated("Add two movie or image strips first"))
        return sum(strip.type in PICTURE_STRIPS for strip in strips_of(timeline_scene(context))) > 1

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        scene, timeline = scene_of(context), timeline_scene(context)
        gap = gap_at_hand(timeline)
        bridge(scene, timeline, gap)
        said = f"The clip of {shot_of(scene).duration_s} s will fill the gap of {gap.frames} frames"
        say(self, said)
        return {"FINISHED"}


class KLING_OT_keep_length(bpy.types.Operator):
    """Keep the length of the clip instead of stretching it to fill a gap"""

    bl_idname = "kling.keep_length"
    bl_label = "Keep Length"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    def execute(self, context: bpy.types.Context) -> Outcome:
        shot_of(scene_of(context)).fit_frames = 0
        return {"FINISHED"}


CLASSES = (KLING_OT_bridge_gap, KLING_OT_keep_length)
