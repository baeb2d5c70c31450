"""One shot after another: from the last frame of a clip, or from the clip itself as a video."""

from __future__ import annotations

import bpy
from bpy.props import EnumProperty, StringProperty

from ...core.errors import ClipUnusable
from ...core.life.phase import Phase
from ...core.request import Role
from ...core.shot_names import beside
from ..capture import pictures
from ..capture.moments import last_frame_of, require_active_strip
from ..capture.strip import PICTURE_STRIPS
from ..connection import clip_links, opening, snapshots
from ..connection.online import WhileOnline
from ..host.language import translated
from ..host.ownership import OnOwnScene, require_own
from ..host.reporting import Outcome, reported, say
from ..host.sequencer import Strip, active_strip, length_of, start_of, timeline_scene
from ..shot import judging
from ..shot.borrowed import borrow
from ..shot.kinds import KINDS
from ..shot.properties import KLING_PG_shot, scene_of, shot_of
from ..timeline.clip_strips import scene_frames
from ..timeline.our_strips import find_strip, submission_of

# Those that go on from the clip come first, the first of them is the default.
_CLIP_USES = [
    (kind.identifier, *kind.clip_use) for kind in sorted(KINDS, key=lambda kind: not kind.opening) if kind.clip_use
]


def follow_strip(scene: bpy.types.Scene, timeline: bpy.types.Scene, strip: Strip) -> None:
    """Set the scene's shot up to go on from the exact last frame of a strip, right behind it.

    Raises :class:`CaptureFailed` where that frame cannot be had; then nothing is changed.
    """
    shot, last = shot_of(scene), last_frame_of(strip)
    pictures.capture_strip(scene, Role.FIRST, strip=strip, frame=last, timeline=timeline)
    begin(shot, "FIRST")
    shot.end_frame = ""
    shot.shot_name = beside(str(strip.name), "next")
    go_to(scene, timeline, last + 1)


def lead_to_strip(scene: bpy.types.Scene, timeline: bpy.types.Scene, strip: Strip) -> None:
    """Set the scene's shot up to end with the exact first frame of a strip, right before it.

    The clip is stretched to end there to the frame. Kling needs a first frame beside an end frame: the shot's own is
    kept, and the panel asks for one where there is none. Raises like :func:`follow_strip`.
    """
    shot, start = shot_of(scene), start_of(strip)
    pictures.capture_strip(scene, Role.END, strip=strip, frame=start, timeline=timeline)
    begin(shot, "FRAMES")
    shot.shot_name = beside(str(strip.name), "previous")
    length = scene_frames(timeline, shot.duration_s)
    go_to(scene, timeline, start - length)
    fill_place(shot, start - length, length)


def fill_place(shot: KLING_PG_shot, frame_start: int, frames: int) -> None:
    """Stretch the next clip to so many frames, if it is made for that place."""
    shot.fit_start, shot.fit_frames = frame_start, frames


def go_to(scene: bpy.types.Scene, timeline: bpy.types.Scene, frame: int) -> None:
    """Move the playhead, also of the timeline where that is another scene's (from 5.0)."""
    for each in {scene.name: scene, timeline.name: timeline}.values():
        each.frame_set(frame)


def begin(shot: KLING_PG_shot, kind: str) -> None:
    """Make it a new shot of that kind: no take of another one, made for no place, with nothing between its frames. Its
    prompt is the last shot's until somebody has seen it.
    """
    borrow(shot, "SHOT")
    shot.kind, shot.fit_frames = kind, 0
    shot.take_of = shot.take_name = ""
    shot.middle_frames.clear()


class _OnActiveStrip:
    """An operator on the movie or image strip that was clicked last."""

    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        strip = active_strip(timeline_scene(context))
        cls.poll_message_set(translated("Select a movie or image strip in the Sequencer"))  # type: ignore[attr-defined] # Operator's
        return strip is not None and strip.type in PICTURE_STRIPS


class KLING_OT_continue_strip(_OnActiveStrip, bpy.types.Operator):
    """Use the last frame of this strip as the first frame of the next shot"""

    bl_idname = "kling.continue_strip"
    bl_label = "Continue from Last Frame"

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        timeline = timeline_scene(context)
        follow_strip(scene_of(context), timeline, require_active_strip(timeline))
        say(self, f"The next shot is {shot_of(scene_of(context)).shot_name}; describe it in the prompt")
        return {"FINISHED"}


class KLING_OT_precede_strip(_OnActiveStrip, bpy.types.Operator):
    """Use the first frame of this strip as the end frame of a shot placed before it"""

    bl_idname = "kling.precede_strip"
    bl_label = "Lead in to First Frame"

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        timeline = timeline_scene(context)
        lead_to_strip(scene_of(context), timeline, require_active_strip(timeline))
        return {"FINISHED"}


class KLING_OT_use_clip(WhileOnline, bpy.types.Operator):
    """Use a Kling clip as the video of the shot. Requests its link, which is free"""

    bl_idname = "kling.use_clip"
    bl_label = "Use Clip as Video"
    bl_options = {"REGISTER", "UNDO"}

    submission_id: StringProperty(
        name="Job",
        description="ID of the clip's job; uses the active strip when empty",
        options={"HIDDEN", "SKIP_SAVE"},
    )
    use: EnumProperty(name="Use", description="Shot to make from the clip", items=_CLIP_USES)

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        """Choose the clip and ask for its link."""
        require_own(scene_of(context))
        shot, chosen = shot_of(scene_of(context)), self.submission_id or _submission_at_hand(context)
        name = _clip_name(context, chosen)
        begin(shot, self.use)
        shot.video_origin, shot.video_of = name, chosen
        shot.shot_name = beside(name, self.use.lower())
        _go_beside(context, chosen, self.use)
        clip_links.ask(chosen)
        judging.judge(scene_of(context))
        return {"FINISHED"}


def _go_beside(context: bpy.types.Context, submission_id: str, use: str) -> None:
    """Move the playhead to where the new clip belongs: behind the clip's strip, before it, or over it."""
    scene, timeline = scene_of(context), timeline_scene(context)
    strip = find_strip(timeline, submission_id)
    if strip is None:
        return
    places = {"NEXT": length_of(strip), "PREVIOUS": -scene_frames(timeline, shot_of(scene).duration_s), "EDIT": 0}
    go_to(scene, timeline, start_of(strip) + places[use])


def _submission_at_hand(context: bpy.types.Context) -> str:
    """The submission behind the active strip."""
    strip = active_strip(timeline_scene(context))
    found = "" if strip is None else submission_of(strip)
    if not found:
        raise ClipUnusable(
            "The active strip is not a Kling clip.", field="strip", remedy="Select one in the Sequencer."
        )
    return found


def _clip_name(context: bpy.types.Context, submission_id: str) -> str:
    """What the artist calls the clip: as its strip is called now, else as it was submitted."""
    opening.session()
    snapshots.refresh()
    submission = snapshots.read_submission(submission_id)
    if submission is not None and submission.phase not in (Phase.READY, Phase.FETCHED, Phase.PLACED):
        raise ClipUnusable("This clip is not ready yet.", field="submission_id", remedy="Wait until it is downloaded.")
    strip = active_strip(timeline_scene(context))
    if strip is not None and submission_of(strip) == submission_id:
        return str(strip.name)
    return submission_id if submission is None else submission.target.name or submission_id


class KLING_OT_clear_clip(OnOwnScene, bpy.types.Operator):
    """Remove the clip from the shot without deleting it"""

    bl_idname = "kling.clear_clip"
    bl_label = "Clear Video Clip"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    def execute(self, context: bpy.types.Context) -> Outcome:
        shot = shot_of(scene_of(context))
        shot.video_origin = shot.video_of = ""
        return {"FINISHED"}


CLASSES = (KLING_OT_continue_strip, KLING_OT_precede_strip, KLING_OT_use_clip, KLING_OT_clear_clip)
