"""Takes: every clip of one shot, which of them a strip shows, and which files nobody needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from ...core.errors import ClipUnusable
from ...core.provenance import provenance_of, shot_id_of
from ...core.takes import Take, diff_of, in_order
from ...digest import has_digest
from ...paths import identity_of
from ..connection import snapshots
from ..host import sequencer
from ..host.ownership import is_own, require_own
from ..host.sequencer import Strip
from ..shot.offers import MODELS, MODES
from ..timeline import clip_strips, stand_in
from ..timeline.clip_file import clip_facts_of
from ..timeline.our_strips import submission_of
from ..timeline.provenance import FAVOURITE, clip_of, mark_with, provenance_on, shot_of_strip, text_of

if TYPE_CHECKING:
    from ...core.life.lifecycle import Submission

_deleted = {"takes": 0}
_LABELS = {identifier: label for identifier, label, *_ in (*MODELS, *MODES)}


def takes_of(strip: Strip) -> tuple[Take, ...]:
    """Every take of the shot that a strip shows, oldest first: those on record, and those in the folder of its clip.

    Reads that folder, so never while drawing.
    """
    return takes_around(shot_of_strip(strip), clip_of(strip).parent) if shot_of_strip(strip) else ()


def takes_around(shot: str, folder: Path) -> tuple[Take, ...]:
    """The same for a shot whose clips lie in ``folder``."""
    from ...work.sidecar import takes_in

    there = (s for s in _every_recorded_take(shot) if Path(s.clip).is_file())
    recorded = (Take(clip=s.clip, provenance=provenance_of(s)) for s in there)
    beside = (take for take in takes_in(folder) if take.provenance.get("shot") == shot)
    return in_order((*recorded, *beside))


def recorded_takes(shot: str) -> Iterator[Submission]:
    """The submissions of a shot that have a clip, as of the last refresh, for drawing code: the newest, that is."""
    return (s for s in snapshots.submissions() if s.clip and shot_id_of(s) == shot)


def _every_recorded_take(shot: str) -> Iterator[Submission]:
    """The same with those that are over for long. Reads the journal."""
    return (s for s in snapshots.read_takes(shot) if s.clip)


def shown_in(takes: tuple[Take, ...], strip: Strip) -> int | None:
    """The position of the take that a strip shows; None when it is none of them."""
    shown = submission_of(strip)
    return next((position for position, take in enumerate(takes) if take.submission == shown), None)


def differences(strip: Strip, take: Take) -> tuple[str, ...]:
    """What another take was made with, against the one that the strip shows: a line each."""
    return diff_of(provenance_on(strip)["wish"], take.wish, lambda text: _LABELS.get(text, text))


def show_take(scene: bpy.types.Scene, strip: Strip, take: Take, fit_frames: int = 0) -> None:
    """Let a strip play another take: where it is, as it is cut, with its effects; see ``clip_strips.replace_source``. A
    stand-in becomes ``fit_frames`` long, or as long as the clip is.

    Raises :class:`ClipUnusable` when the file is gone or broken, :class:`KlingError` for a strip of a linked scene, and
    then nothing is changed.
    """
    require_own(scene)
    clip, length = Path(take.clip), None
    if not clip.is_file():
        raise ClipUnusable(f"The clip {clip} is missing.", field="clip", remedy="Select another take.")
    if stand_in.is_stand_in(strip):  # it has no tempo yet that could be kept
        timing = str(take.provenance.get("timing", ""))
        length = clip_strips.frames_of(clip_facts_of(clip), clip_strips.scene_fps(scene), timing, fit_frames)
    clip_strips.replace_source(strip, scene, clip, submission_id=take.submission, length=length)
    mark_with(strip, take.provenance)


def has_strip(submission: Submission) -> bool:
    """Whether a strip of the open file shows a take of the submission's shot."""
    return next(_own_strips_of_shot(shot_id_of(submission)), None) is not None


def put_on_strip(submission: Submission, *, is_wanted: bool = False) -> tuple[bpy.types.Scene, Strip] | None:
    """Show an arrived take on the strips of its shot, in whatever scene of the open file they are; the first of them.

    A strip that shows its favourite keeps it, and the new take is one to switch to, unless somebody asked for this one
    (``is_wanted``). None when the shot has no strip here.
    """
    from ...work.sidecar import keep_missing

    strips = tuple(_own_strips_of_shot(shot_id_of(submission)))
    take = Take(clip=submission.clip, provenance=provenance_of(submission))
    for scene, strip in strips:
        is_shown = submission_of(strip) == submission.id and not stand_in.is_stand_in(strip)
        if is_wanted or not (is_shown or shows_favourite(strip)):
            show_take(scene, strip, take, submission.target.fit_frames)
    if strips:
        keep_missing(submission)
    return strips[0] if strips else None


def _strips_of_shot(shot: str) -> Iterator[tuple[bpy.types.Scene, Strip]]:
    for scene in bpy.data.scenes:
        for strip in sequencer.all_strips(scene):
            if shot_of_strip(strip) == shot:
                yield scene, strip


def _own_strips_of_shot(shot: str) -> Iterator[tuple[bpy.types.Scene, Strip]]:
    """Without those of linked scenes, where nothing that is changed is saved."""
    return ((scene, strip) for scene, strip in _strips_of_shot(shot) if is_own(scene))


def shows_favourite(strip: Strip) -> bool:
    """Whether the take that a strip shows is the one that the artist likes best."""
    favourite = text_of(strip, FAVOURITE)
    return bool(favourite) and favourite == submission_of(strip)


def unused_takes(strip: Strip) -> tuple[Take, ...]:
    """The takes of a strip's shot that nothing needs: not shown by any strip of this file, nor used by it otherwise,
    nobody's favourite, and not on their way to a timeline. What plays the copy with the watermark needs the take.
    """
    used = used_files()
    liked = {text_of(other, FAVOURITE) for _, other in _strips_of_shot(shot_of_strip(strip))}
    shown = {submission_of(other) for _, other in _strips_of_shot(shot_of_strip(strip))}
    awaited = {submission.id for submission in snapshots.submissions() if not submission.is_at_rest}
    kept = liked | shown | awaited
    found = (take for take in takes_of(strip) if take.submission not in kept)
    return tuple(take for take in found if not is_used(take, used))


Used = frozenset[tuple[int, int] | str]
"""Files by what they are and not by how somebody spelled them (``paths.identity_of``)."""


def used_files() -> Used:
    """Every file that this .blend plays or shows."""
    return frozenset(map(identity_of, _media_paths()))


def is_used(take: Take, used: Used) -> bool:
    """Whether one of a take's files is among them."""
    return any(identity_of(path) in used for path in _files_of(take))


def _files_of(take: Take) -> tuple[Path, ...]:
    """The clip, and the copy with the watermark that the file beside it names."""
    clip, name = Path(take.clip), Path(str(take.provenance.get("marked", ""))).name
    return (clip, clip.with_name(name)) if name else (clip,)


def _media_paths() -> Iterator[str]:
    """Every file that this .blend plays or shows, absolute."""
    for scene in bpy.data.scenes:
        for strip in sequencer.all_strips(scene):
            if strip.type == "MOVIE":
                yield bpy.path.abspath(strip.filepath)
    media: tuple[Any, ...] = (bpy.data.sounds, bpy.data.movieclips, bpy.data.images)
    for collection in media:
        yield from (bpy.path.abspath(item.filepath, library=item.library) for item in collection if item.filepath)


def deletions() -> int:
    """How many takes were deleted here: what was found before another one counts no more."""
    return _deleted["takes"]


def _delete_marked(take: Take) -> None:
    """The copy with the watermark goes with its clip, by its content: anybody may write the file beside a clip."""
    _, *marked = _files_of(take)
    sha256 = str(take.provenance.get("marked_sha256", ""))
    for path in marked:
        if sha256 and has_digest(path, sha256):
            path.unlink(missing_ok=True)


def delete_files(take: Take) -> None:
    """Delete a take's clip, and what is said of it. Raises :class:`ClipUnusable` where the system does not allow it,
    and for a file that is not the clip any more.
    """
    from ...work.sidecar import sidecar_of, take_of

    clip, sha256 = Path(take.clip), str(take.provenance.get("clip_sha256", ""))
    if sha256 and clip.exists() and not has_digest(clip, sha256):
        sentence = f"{clip.name} is no longer the clip that Kling made."
        raise ClipUnusable(sentence, field="clip", remedy="Delete the file yourself if you no longer need it.")
    _deleted["takes"] += 1
    beside = take_of(clip)
    try:
        clip.unlink(missing_ok=True)
        _delete_marked(take)
        if beside is not None and beside.submission == take.submission:  # not what somebody else keeps there
            sidecar_of(clip).unlink(missing_ok=True)
    except OSError as error:
        sentence = f"{clip.name} cannot be deleted: {error.strerror or error}."
        raise ClipUnusable(
            sentence, field="clip", remedy="Close the program that uses the file, then try again."
        ) from error
