"""What the panel says in words: what Generate will do, how a submission is doing, how much is left."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import bpy

from ..core import capability
from ..core.errors import KlingError
from ..core.events import Target
from ..core.library import Pack
from ..core.lifecycle import Phase, Submission
from ..core.pricing import plain
from ..core.protocol import CLIP_KEPT_S
from ..core.request import OmniRequest, Role
from . import placing, sequencer, stand_in
from .clip_strips import scene_fps
from .properties import shot_of
from .read_panel import has_chosen_kind, read_target

_FRESH_S = 1.0
_looked: dict[str, Any] = {"wanted": None, "at": 0.0, "channel": 0}

STATES: Mapping[Phase, str] = {
    Phase.INTENDED: "Waiting to be sent",
    Phase.UNANSWERED: "Looking for an answer",
    Phase.PARKED: "No answer came",
    Phase.ACCEPTED: "Generating",
    Phase.READY: "Downloading",
    Phase.FETCHED: "The clip is here",
    Phase.PLACED: "On the timeline",
    Phase.FAILED: "Failed",
    Phase.ABANDONED: "Given up",
}


def outcome(scene: bpy.types.Scene, request: OmniRequest) -> str:
    """One sentence, or two: what pressing Generate will do, where, and how long that is."""
    what = "the edited clip, as long as its video," if request.is_edit else f"a {request.duration_s} s clip"
    if not shot_of(scene).places_clip:
        return f"Fetches {what.rstrip(',')} and leaves the timeline alone.{_source(scene, request)}"
    if shot_of(scene).take_of:
        return f"Makes {what.rstrip(',')} for the strip of {shot_of(scene).take_name}, which shows it when it arrives."
    target = read_target(scene)
    try:
        channel = _channel(scene, request, target)
    except KlingError as error:
        return str(error)
    where = f"on channel {channel} at frame {scene.frame_current}.{_conforming(scene, target)}"
    return f"Puts {what}{_length(scene, request, target)} {where}{_source(scene, request)}"


def _length(scene: bpy.types.Scene, request: OmniRequest, target: Target) -> str:
    """How long the clip is on the timeline, in frames, and in seconds where these are not the clip's own."""
    frames = stand_in.planned_frames(scene, request, target)
    if target.fit_frames:
        return f" (stretched to {frames} frames)"
    if request.is_edit:
        return ""
    if target.timing == "conform":
        return f" ({frames} frames)"
    is_longer_or_shorter = frames != scene_frames(scene, request.duration_s)
    seconds = f", {frames / scene_fps(scene):.1f} s," if is_longer_or_shorter else ""
    return f" ({frames} frames{seconds} at {_rate(scene)} fps)"


def _conforming(scene: bpy.types.Scene, target: Target) -> str:
    """What else changes when the scene takes the clip's rate."""
    rate = capability.profile().output_fps
    is_so = target.timing != "conform" or abs(scene_fps(scene) - rate) < 0.001
    return "" if is_so else f" The whole scene then plays at {rate:g} fps in place of {_rate(scene)}."


def _source(scene: bpy.types.Scene, request: OmniRequest) -> str:
    """What decides while nobody has chosen a kind."""
    shot = shot_of(scene)
    if has_chosen_kind(shot) or request.picture(Role.END):
        return ""
    if request.picture(Role.FIRST):
        return " It begins with the first frame; the end is Kling's."
    return "" if request.pictures or request.elements else " No frame is set: it comes from the prompt alone."


def scene_frames(scene: bpy.types.Scene, seconds: float) -> int:
    """How many frames of the scene so many seconds are."""
    return max(1, round(seconds * scene_fps(scene)))


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
        channel = sequencer.free_channels(scene, start, start + length, count, 1)
        _looked.update(wanted=wanted, at=now, channel=channel)
    return int(_looked["channel"])


def clock_of(submission: Submission) -> str:
    """For the list: how long a live one has been going, else the time of day when it was begun."""
    if submission.is_settled:
        return time.strftime("%H:%M", time.localtime(submission.created_at))
    return elapsed(time.time() - submission.created_at)


def elapsed(seconds: float) -> str:
    """Minutes and seconds: 1:42, or 1:02:03."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    return f"{minutes}:{rest:02}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def account_of(submission: Submission, usual_s: Sequence[float]) -> str:
    """A submission in plain words."""
    if submission.problem:
        return submission.problem
    if submission.phase is Phase.ACCEPTED and time.time() - submission.accepted_at > CLIP_KEPT_S:
        return "It was sent more than 30 days ago, and Kling keeps clips for 30 days. Stop Waiting ends this."
    if submission.phase is Phase.ACCEPTED:
        return f"Kling is making it, for {clock_of(submission)} now.{_usual(usual_s)}"
    cost = f" Kling charged {submission.charge_units} units." if submission.charge_units else ""
    told = {
        Phase.INTENDED: "It will be sent as soon as it can be.",
        Phase.UNANSWERED: "It was sent; its answer is being looked for.",
        Phase.READY: "Kling has made it; it is being downloaded.",
        Phase.FETCHED: placing.waits_because(submission) or "The clip is here and is being placed.",
        Phase.PLACED: f"On the timeline as {submission.strip}{_placed_length(submission)}.",
    }
    return told.get(submission.phase, STATES[submission.phase] + ".") + cost


def _placed_length(submission: Submission) -> str:
    length = placing.length_of(submission)
    return f": {length}" if length else ""


def _usual(usual_s: Sequence[float]) -> str:
    if not usual_s:
        return ""
    least, most = elapsed(min(usual_s)), elapsed(max(usual_s))
    return f" The last ones took {least}." if least == most else f" The last ones took {least} to {most}."


def balance(packs: Sequence[Pack]) -> str:
    """What is left on the account."""
    left = sum((pack.remaining for pack in packs if pack.status == "online"), Decimal(0))
    return f"{plain(left)} units"
