"""A storyboard from the timeline: from markers, camera-bound ones too, or from the strips that are selected."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import bpy

from ...core.apportion import apportion
from ...core.shot_names import plain_name
from ..connection import limits
from ..host.language import translated
from ..host.ownership import require_own
from ..host.reporting import Outcome, reported, say
from ..host.sequencer import Strip, length_of, start_of, strips_of, timeline_scene
from ..shot import judging
from ..shot.borrowed import borrow
from ..shot.properties import KLING_PG_shot, scene_of, shot_of
from ..timeline.clip_strips import scene_fps
from .follow import begin

_UNNAMED: Final = re.compile(r"F_\d+")  # what Blender calls a new marker


class Cut(NamedTuple):
    """One shot of the timeline: ``frames`` of the scene from ``frame`` on, and the camera bound to it, if any.

    ``name`` is what it is called, and ``source`` what gave it that name: one of ``borrowed.BORROWED``.
    """

    name: str
    source: str
    frame: int
    frames: int
    camera: bpy.types.Object | None = None


def marked_cuts(scene: bpy.types.Scene) -> list[Cut]:
    """What happens from each marker of the frame range to the next, and from the last to the end of the range.

    It is called what the marker is called, or the camera that is bound to it. What is before the first marker belongs
    to its shot. Of markers at one frame the last counts. Nothing without a marker in the frame range.
    """
    start, end = scene.frame_start, scene.frame_end + 1
    inside = {marker.frame: marker for marker in scene.timeline_markers if start <= marker.frame < end}
    frames = sorted(inside)
    bounds = [start, *frames[1:], end]
    return [
        Cut(**_named_by(inside[at]), frame=a, frames=b - a, camera=inside[at].camera)
        for at, a, b in zip(frames, bounds, bounds[1:], strict=False)
    ]


def _named_by(marker: bpy.types.TimelineMarker) -> dict[str, str]:
    is_named = marker.name.strip() and not _UNNAMED.fullmatch(marker.name)
    if is_named or marker.camera is None:
        return {"name": marker.name, "source": "MARKER"}
    return {"name": marker.camera.name, "source": "CAMERA"}


def strip_cuts(timeline: bpy.types.Scene) -> list[Cut]:
    """The selected strips in their order, if they show a picture by themselves: no sounds, no effects over others."""
    chosen = [strip for strip in strips_of(timeline) if strip.select and _is_picture(strip)]
    return [
        Cut(name=plain_name(str(strip.name)), source="STRIP", frame=start_of(strip), frames=length_of(strip))
        for strip in sorted(chosen, key=lambda strip: (start_of(strip), strip.channel))
    ]


def _is_picture(strip: Strip) -> bool:
    return strip.type != "SOUND" and not getattr(strip, "input_count", 0)


def set_board(scene: bpy.types.Scene, cuts: Sequence[Cut], fps: float) -> str:
    """Replace the scene's storyboard, in whole seconds whose sum is exact; what is in the way of one clip, if anything,
    as a sentence. Raises :class:`KlingError` for a scene of a linked library.
    """
    require_own(scene)
    shot = shot_of(scene)
    profile = limits.of_model(shot.model)
    shortest, longest = profile.duration_s
    lengths = [cut.frames / fps for cut in cuts]
    is_stretched = sum(lengths) < shortest
    if is_stretched:
        lengths = [length * shortest / sum(lengths) for length in lengths]
    seconds = apportion(lengths)
    begin(shot, "STORYBOARD")
    shot.cutter = "CUSTOM"
    _fill_board(shot, cuts, seconds)
    shot.duration_s = max(shortest, min(sum(seconds), longest))
    judging.judge(scene)
    if len(cuts) > profile.shots or sum(seconds) > longest:
        more = f"{len(cuts)} shots of {sum(seconds)} s are more than one clip ({profile.shots} shots, {longest} s)"
        return f"{more}; Generate Each Shot makes a clip of each"
    return f"The shots were made longer: Kling's shortest clip lasts {shortest} s" if is_stretched else ""


def _fill_board(shot: KLING_PG_shot, cuts: Sequence[Cut], seconds: Sequence[int]) -> None:
    shot.board.clear()
    for cut, length in zip(cuts, seconds, strict=True):
        part: Any = shot.board.add()
        part.name, part.duration_s = cut.name, length
        part.prompt = cut.name.replace("_", " ") if cut.source == "STRIP" else cut.name
        borrow(part, cut.source)
        part.frame, part.frames, part.camera = cut.frame, cut.frames, cut.camera
    shot.board_index = 0


class _FromTimeline:
    """An operator that makes a storyboard of the timeline."""

    bl_options = {"REGISTER", "UNDO"}

    def make(self, context: bpy.types.Context, cuts: Sequence[Cut], fps: float) -> Outcome:
        """Replace the storyboard, and say what has to be said."""
        told = set_board(scene_of(context), cuts, fps)
        if told:
            say(self, told, "WARNING")
        return {"FINISHED"}


class KLING_OT_shots_from_markers(_FromTimeline, bpy.types.Operator):
    """Create one shot per marker, named after it and lasting until the next"""

    bl_idname = "kling.shots_from_markers"
    bl_label = "Create Storyboard from Markers"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where there is a marker in the frame range."""
        cls.poll_message_set(translated("Add a marker in the frame range of the scene"))
        return bool(marked_cuts(scene_of(context)))

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        scene = scene_of(context)
        return self.make(context, marked_cuts(scene), scene_fps(scene))


class KLING_OT_shots_from_strips(_FromTimeline, bpy.types.Operator):
    """Create one shot per selected strip, with its name and length"""

    bl_idname = "kling.shots_from_strips"
    bl_label = "Create Storyboard from Strips"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where such strips are selected."""
        cls.poll_message_set(translated("Select strips in the Sequencer"))
        return bool(strip_cuts(timeline_scene(context)))

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        timeline = timeline_scene(context)
        return self.make(context, strip_cuts(timeline), scene_fps(timeline))


CLASSES = (KLING_OT_shots_from_markers, KLING_OT_shots_from_strips)
