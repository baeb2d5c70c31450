"""Bring arrived clips to their timeline: into their stand-in, onto the strip of their shot, or to a frame."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import bpy

from ...core.errors import ClipUnusable, KlingError
from ...core.life.phase import Phase
from ..connection import opening, snapshots
from ..host.identity import is_this_file
from ..host.isolating import tell_once
from ..host.ownership import own_scene, require_own
from ..host.sequencer import Strip
from ..takes import takes
from ..timeline import clip_strips, provenance, stand_in
from ..timeline.clip_file import clip_facts_of
from ..timeline.our_strips import PlacedStrip, find_strip
from ..timeline.provenance import shot_of_strip

if TYPE_CHECKING:
    from ...core.life.events import Target
    from ...core.life.lifecycle import Submission

Put = tuple[bpy.types.Scene, Strip, PlacedStrip]
"""Where a clip is: the scene, its picture strip, and what was measured of it."""
_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 60.0
_AGAIN: Final = "The extension tries again by itself."
_BUG: Final = "Downloaded, but an error in the extension kept the clip from the Sequencer. See the system console."


class _Trouble(NamedTuple):
    """What kept a clip from its place, and when the next try is due (a monotonic time)."""

    sentence: str
    pause_s: float
    again_at: float


_homeless: dict[str, str] = {}  # submission -> why its clip waits for a person, as a sentence
_troubled: dict[str, _Trouble] = {}  # submission -> why its clip could not be placed so far
_lengths: dict[str, str] = {}  # submission -> how long its clip turned out to be, in words
_as_loaded: set[str] = set()  # submissions whose stand-ins were in the file when it was opened


def place_arrived(*, is_patient: bool = False) -> list[PlacedStrip]:
    """Place every arrived clip that belongs to the open file, one undo step each; the others wait.

    A file that has the stand-in is the clip's, under whatever name it was saved since. One that was opened with the
    stand-in of a clip that had been placed (it was not saved after that) gets it once more; after an undo nothing comes
    by itself. A clip whose place is gone, or whose file is broken, waits for a person (:func:`waits_because`). One that
    something else keeps from its place is tried again, after a pause that grows where nobody asked (``is_patient``). No
    clip stops another.
    """
    waiting = stand_in.waiting_lately() if is_patient else stand_in.look_again()
    snapshots.know(_as_loaded | waiting)
    arrived = [s for s in snapshots.at_hand() if s.clip and s.id not in _homeless and _is_due(s)]
    placed = [_try_to_place(s) for s in arrived if not (is_patient and _pauses(s.id))]
    _as_loaded.difference_update(s.id for s in arrived if s.id not in _troubled)
    return [strip for strip in placed if strip is not None]


def _is_due(submission: Submission) -> bool:
    if submission.phase is Phase.FETCHED:
        return is_this_file(submission.target.blend) or submission.id in stand_in.waiting_lately()
    return submission.phase is Phase.PLACED and submission.id in _as_loaded


def _pauses(submission_id: str) -> bool:
    trouble = _troubled.get(submission_id)
    return trouble is not None and time.monotonic() < trouble.again_at


def _try_to_place(submission: Submission) -> PlacedStrip | None:
    try:
        return _place_if_possible(submission)
    except ClipUnusable as error:
        _homeless[submission.id] = str(error)
    except KlingError as error:
        _try_later(submission.id, f"{error} {_AGAIN}")
    except Exception as error:  # noqa: BLE001 - a clip that trips us up keeps no other from its place
        tell_once(error, f"placing {submission.id}")
        _try_later(submission.id, f"{_BUG} {_AGAIN}")
    return None


def _try_later(submission_id: str, sentence: str) -> None:
    before = _troubled.get(submission_id)
    pause_s = _FIRST_PAUSE_S if before is None else min(2 * before.pause_s, _LONGEST_PAUSE_S)
    _troubled[submission_id] = _Trouble(sentence=sentence, pause_s=pause_s, again_at=time.monotonic() + pause_s)


def _place_if_possible(submission: Submission) -> PlacedStrip | None:
    is_away = own_scene(submission.target.scene) is None
    has_place = bool(stand_in.pieces_of(submission.id)) or takes.has_strip(submission)
    if not has_place and (submission.target.has_stand_in or is_away):
        _homeless[submission.id] = "Downloaded, but its placeholder strip was deleted. Press Add to Sequencer."
        return None
    return place(submission) if opening.session().may_place(submission) else None


def place(
    submission: Submission,
    scene: bpy.types.Scene | None = None,
    *,
    frame: int | None = None,
    channel: int | None = None,
) -> PlacedStrip:
    """Place one clip: where its stand-in is, else where it was meant to go, or there in another scene; at a ``frame``
    and from a ``channel`` of somebody's choice, where these are given.

    Every stand-in of the submission becomes the clip, also one that was cut in two. Placing a clip twice finds the
    strip that is there. Raises :class:`ClipUnusable` when the file is gone or broken, and :class:`KlingError` where
    the scene is gone or linked from another file.
    """
    return _noted(submission, put(submission, scene, frame=frame, channel=channel))


def put(
    submission: Submission,
    scene: bpy.types.Scene | None = None,
    *,
    frame: int | None = None,
    channel: int | None = None,
) -> Put:
    """Put a clip on a timeline, and record nothing: for whoever has no session.

    It goes to ``frame`` and on the lowest free channel from ``channel``; its stand-ins go. With neither it goes where
    :func:`place` says. Where it is already it stays. Raises like :func:`place`; then nothing is changed.
    """
    if scene is not None:
        require_own(scene)
    if frame is None and channel is None:
        return _put_into_stand_ins(submission) or _put_on(submission, scene)
    there = clips_of(submission.id, scene)
    if there:
        return (*there[0], clip_strips.measured(there[0][1], there[0][0]))
    target = submission.target
    if frame is not None and frame != target.frame_start:
        target = replace(target, frame_start=frame, fit_frames=0)  # it was to fill another place
    home = scene or _home(submission)
    clip_facts_of(Path(submission.clip))  # while the stand-ins are there
    stand_in.remove_stand_ins(submission.id)
    return _put_new(submission, home, replace(target, channel=channel or target.channel))


def clips_of(submission_id: str, scene: bpy.types.Scene | None = None) -> list[tuple[bpy.types.Scene, Strip]]:
    """The strips that play a submission's clip, in a scene or in any of the file."""
    pieces = [(home, strip) for home, strip in stand_in.pieces_of(submission_id) if not stand_in.is_stand_in(strip)]
    return [(home, strip) for home, strip in pieces if scene is None or home == scene]


def _noted(submission: Submission, put_there: Put) -> PlacedStrip:
    """Put on record where a clip is now."""
    home, strip, placed = put_there
    opening.session().placed(submission.id, home.name, strip.name)
    _has_place(submission.id)
    seconds = placed.frame_duration / clip_strips.scene_fps(home)
    _lengths[submission.id] = f"{placed.frame_duration} frames, {seconds:.2f} s"
    snapshots.refresh()
    stand_in.push_undo("Add Kling Clip to Sequencer")
    return placed


def replace_with(strip: Strip, scene: bpy.types.Scene, submission: Submission) -> PlacedStrip:
    """Let a strip of the artist's own play a clip. Raises :class:`ClipUnusable` when the file is gone or broken, and
    :class:`KlingError` for a strip of a linked scene.
    """
    require_own(scene)
    placed = clip_strips.replace_source(strip, scene, Path(submission.clip), submission_id=submission.id)
    provenance.mark(strip, submission)
    if submission.phase is Phase.FETCHED:
        opening.session().placed(submission.id, scene.name, strip.name)
        snapshots.refresh()
    _has_place(submission.id)
    return placed


def _has_place(submission_id: str) -> None:
    stand_in.look_again()
    _homeless.pop(submission_id, None)
    _troubled.pop(submission_id, None)


def waits_because(submission: Submission) -> str:
    """Why a clip that is here is not on the timeline, as a sentence; ``""`` when it will be in a moment."""
    blend = submission.target.blend
    if submission.id in _homeless:
        return _homeless[submission.id]
    if submission.id in _troubled:
        return _troubled[submission.id].sentence
    if not blend:
        return "Downloaded. Add to Sequencer was off."
    if not is_this_file(blend):
        name = "a .blend file that was never saved" if blend.startswith("unsaved:") else Path(blend).name
        return f"Downloaded. The clip belongs to {name}; open that file to add it."
    return ""


def length_of(submission: Submission) -> str:
    """How long a clip was on the timeline when it came, in frames and seconds; ``""`` where that was not seen."""
    return _lengths.get(submission.id, "")


def forget() -> None:
    """An undo may have brought back what was gone: look again."""
    _homeless.clear()
    _troubled.clear()
    snapshots.know(stand_in.look_again())


def follow_file() -> None:
    """Another file is open."""
    forget()
    _as_loaded.clear()
    _as_loaded.update(stand_in.look_again())


def _put_into_stand_ins(submission: Submission) -> Put | None:
    waiting = [(home, strip) for home, strip in stand_in.pieces_of(submission.id) if stand_in.is_stand_in(strip)]
    filled = []
    for home, strip in waiting:
        filled.append((home, strip, stand_in.fill(strip, home, submission)))
        provenance.mark(strip, submission)
    return filled[0] if filled else None


def _put_on(submission: Submission, scene: bpy.types.Scene | None) -> Put:
    """On the strip of its shot when it is one more take, else at its frame; or it is there already."""
    target, pieces = submission.target, stand_in.pieces_of(submission.id)
    if pieces and scene is None:
        _finish(submission, pieces)
        return (*pieces[0], clip_strips.measured(pieces[0][1], pieces[0][0]))
    shown = None if pieces else takes.put_on_strip(submission, is_wanted=scene is not None)
    if shown is not None:
        return (*shown, clip_strips.measured(shown[1], shown[0]))
    return _put_new(submission, scene or _home(submission), target)


def _home(submission: Submission) -> bpy.types.Scene:
    """The scene that the clip was to go to."""
    home = own_scene(submission.target.scene)
    if home is None:
        sentence = f'This .blend file has no scene "{submission.target.scene}" of its own.'
        raise KlingError(sentence, field="scene", remedy="Add the clip to another scene.")
    return home


def _put_new(submission: Submission, home: bpy.types.Scene, target: Target) -> Put:
    """A new strip, where there is none yet."""
    placed = clip_strips.place_clip(
        home,
        Path(submission.clip),
        frame_start=target.frame_start,
        name=target.name or "Kling",
        channel=target.channel or None,
        submission_id=submission.id,
        timing=target.timing,
        fit_frames=target.fit_frames,
    )
    strip = find_strip(home, submission.id)
    provenance.mark(strip, submission)
    return home, strip, placed


def _finish(submission: Submission, pieces: list[tuple[bpy.types.Scene, Strip]]) -> None:
    """What an earlier try may not have come to: the provenance, and the other strips of the shot. A clip that was here
    before and came back is read anew.
    """
    came_back = submission.phase is Phase.FETCHED and submission.strip
    for home, strip in pieces if came_back else ():
        clip_strips.renew(strip, home, Path(submission.clip))
    for _, strip in pieces:
        if not shot_of_strip(strip):
            provenance.mark(strip, submission)
    if submission.phase is Phase.FETCHED and submission.target.shot:
        takes.put_on_strip(submission)
