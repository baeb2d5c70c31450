"""The strip that holds a clip's place on the timeline from the moment it is submitted, and becomes the clip.

It is a movie strip that plays a short ready-made film (``docs/stand_in/make.py``), so that everything an artist does to
it (trims, effects, transitions, meta strips, fades) is done to the clip already. It is known by the submission's id in
a custom property, wherever it was moved to in the file.
"""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import bpy

from ...core.request import OmniRequest
from ...durable import make_folder, write_new
from ..connection import limits, opening
from ..host.ownership import own_scene, own_scenes, require_own
from ..host.sequencer import Strip, all_strips, set_end, show_in_workspaces, siblings_of
from . import provenance
from .channels import free_channels
from .clip_file import clip_facts_of
from .clip_strips import PLANNED, conform, frames_of, new_picture, replace_source, scene_fps
from .our_strips import SUBMISSION, PlacedStrip, find_strips, submission_of
from .taking_back import whole_or_nothing

if TYPE_CHECKING:
    from ...core.life.events import Target
    from ...core.life.lifecycle import Submission

_FILM: Final = Path(__file__).with_name("stand_in.mp4")
_FRESH_S: Final = 1.0


@dataclass(slots=True)
class _Looked:
    """What was seen when it was last looked."""

    at: float = float("-inf")
    waiting: frozenset[str] = frozenset()
    shown: frozenset[str] = frozenset()
    shots: frozenset[str] = frozenset()


_looked = _Looked()


def planned_frames(scene: bpy.types.Scene, request: OmniRequest, target: Target) -> int:
    """How many frames of the scene the clip is to last, as far as one knows before it is there."""
    if target.fit_frames:
        return target.fit_frames
    rate = scene_fps(scene) if target.timing == "speed" else limits.profile().output_fps
    return max(1, round(request.duration_s * rate))


def free_lane(scene: bpy.types.Scene, request: OmniRequest, target: Target) -> int:
    """The channel for a stand-in: where the clip will have sound, with a free one below it.

    Raises :class:`KlingError` when no channels are free.
    """
    has_sound = will_have_sound(request)
    end = target.frame_start + planned_frames(scene, request, target)
    return free_channels(scene, target.frame_start, end, 1 + has_sound, target.channel or 1) + has_sound


def will_have_sound(request: OmniRequest) -> bool:
    """Whether sound was asked for."""
    return request.sound or (request.video is not None and request.video.keep_sound)


def require_room(request: OmniRequest, target: Target) -> None:
    """Raise :class:`KlingError` when there is no place for the stand-in, or none that is saved with the file, before
    anything is sent.
    """
    if target.scene in bpy.data.scenes and own_scene(target.scene) is None:
        require_own(bpy.data.scenes[target.scene])
    scene = _scene_of(target)
    if scene is not None:
        free_lane(scene, request, target)


def place_stand_in(submission: Submission, request: OmniRequest) -> Strip | None:
    """Put the stand-in of a submission on the timeline, in one undo step of its own; None when none is wanted."""
    target, scene = submission.target, _scene_of(submission.target)
    if scene is None:
        return None
    strip = new_stand_in(
        scene,
        Path(target.folder) if target.folder else opening.session().settings.clips,
        name=target.name or "Kling",
        submission_id=submission.id,
        channel=free_lane(scene, request, target),
        frame_start=target.frame_start,
        length=planned_frames(scene, request, target),
    )
    provenance.mark(strip, submission)
    look_again()
    push_undo("Submit to Kling")
    return strip


def new_stand_in(
    scene: bpy.types.Scene,
    folder: Path,
    *,
    name: str,
    submission_id: str,
    channel: int,
    frame_start: int,
    length: int,
) -> Strip:
    """A stand-in of ``length`` frames on a channel that is known to be free; its film is kept in ``folder``."""
    strip = new_picture(scene, _film_in(folder), name=name, channel=channel, frame_start=frame_start)
    set_end(strip, frame_start + length)
    strip[SUBMISSION], strip[PLANNED] = submission_id, length
    show_in_workspaces(scene)
    return strip


def _scene_of(target: Target) -> bpy.types.Scene | None:
    """Where a stand-in is wanted."""
    return own_scene(target.scene) if target.has_stand_in else None


def pieces_of(submission_id: str) -> list[tuple[bpy.types.Scene, Strip]]:
    """Every picture strip of a submission in the open file with its scene: an artist may have cut or copied it.

    Those of a linked scene belong to another file, whose clip comes when that is open.
    """
    return [(scene, strip) for scene in own_scenes() for strip in find_strips(scene, submission_id)]


def is_stand_in(strip: Strip) -> bool:
    """Whether the clip has not come yet."""
    return PLANNED in strip


def waiting_lately() -> frozenset[str]:
    """The submissions that have stand-ins in the open file, for drawing code: looked at once a second, since a film has
    thousands of strips.
    """
    _look_once_a_second()
    return _looked.waiting


def shown_lately() -> frozenset[str]:
    """The submissions whose clip a strip of the open file plays, looked at as often."""
    _look_once_a_second()
    return _looked.shown


def shown_at_last_look() -> frozenset[str]:
    """The same, however long ago it was looked."""
    return _looked.shown


def shots_lately() -> frozenset[str]:
    """The shots of which a strip of the open file plays a take, looked at as often."""
    _look_once_a_second()
    return _looked.shots


def _look_once_a_second() -> None:
    if time.monotonic() - _looked.at > _FRESH_S:
        look_again()


def look_again() -> frozenset[str]:
    """The submissions that have stand-ins in the open file, looked at now."""
    ours = [strip for scene in own_scenes() for strip in all_strips(scene) if submission_of(strip)]
    _looked.at = time.monotonic()
    _looked.waiting = frozenset(submission_of(strip) for strip in ours if is_stand_in(strip))
    played = [strip for strip in ours if strip.type == "MOVIE" and not is_stand_in(strip)]
    _looked.shown = frozenset(submission_of(strip) for strip in played)
    _looked.shots = frozenset(provenance.shot_of_strip(strip) for strip in played)
    return _looked.waiting


def fill(strip: Strip, scene: bpy.types.Scene, submission: Submission) -> PlacedStrip:
    """Let a stand-in become the clip, at the speed that was wished for. Raises :class:`ClipUnusable`."""
    clip, target = Path(submission.clip), submission.target
    facts = clip_facts_of(clip)
    with whole_or_nothing(scene):
        if target.timing == "conform":
            conform(scene, facts.fps)
        length = frames_of(facts, scene_fps(scene), target.timing, target.fit_frames)
        return replace_source(strip, scene, clip, submission_id=submission.id, length=length)


def remove_stand_ins(submission_id: str) -> int:
    """Take the stand-ins of a submission off every timeline of the file; how many there were."""
    found = [(scene, strip) for scene, strip in pieces_of(submission_id) if is_stand_in(strip)]
    for scene, strip in found:
        siblings_of(strip, scene).remove(strip)
    return len(found)


def push_undo(message: str) -> None:
    """One step of undo for what a timer or a submitting operator did; there is no undo without a window."""
    if not bpy.app.background:
        bpy.ops.ed.undo_push(message=message)


def _film_in(folder: Path) -> Path:
    """The film beside the clips, so that the .blend finds it on another machine; ours where that cannot be written."""
    data = _FILM.read_bytes()
    named = folder / _FILM.name
    for film in (named, named.with_stem(f"{named.stem}-{hashlib.sha256(data).hexdigest()[:8]}")):
        with suppress(OSError):
            if not os.path.lexists(film):
                make_folder(folder)
                write_new(film, data)
            if film.is_file() and film.read_bytes() == data:  # another may have that name
                return film
    return _FILM
