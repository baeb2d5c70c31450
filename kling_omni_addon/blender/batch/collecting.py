"""Put the clips of a batch into one edit, in the order of the manifest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import bpy

from ...batch.checking import judged_lines, request_to_come
from ...batch.shot import Shot
from ...batch.taking import Look, Standing, State, looked_up
from ...core.errors import ArgumentsInvalid, ClipUnusable, KlingError
from ...durable import make_folder
from ...work.sidecar import take_of
from ..connection import limits
from ..host.sequencer import timeline_scene
from ..timeline import provenance
from ..timeline.clip_file import clip_facts_of
from ..timeline.clip_strips import place_clip, scene_frames
from ..timeline.otio_export import export_otio, require_otio
from ..timeline.our_strips import PlacedStrip, find_strip

_UNSIZED = "kling_unsized"
"""Stands in a scene that this made and that has the size of no clip yet, in its file, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """One shot of the edit: how its clip stands, and its strip where it has one. ``problem`` says why it has none."""

    key: str
    line: int
    standing: Standing
    strip: PlacedStrip | None = None
    problem: str = ""


@dataclass(slots=True)
class _Edit:
    """The edit as it grows. ``next_frame`` is where the next clip without a place of its own begins."""

    scene: bpy.types.Scene
    is_new: bool
    next_frame: int
    last_frame: int = 0
    has_clips: bool = False


def collect_batch(manifest: Path, edit: Path, look: Look, otio: Path | None = None) -> Iterator[Collected]:
    """Put the clips that are there into the .blend file ``edit``, which is made where there is none, and save it; then
    its timeline as OpenTimelineIO. **Another file is opened**: what is open and not saved is lost.

    A clip begins at the place of its line, else where the one before ends; a shot whose clip is not there keeps its
    length free. A strip that is there already stays as it is, wherever it was moved to, so that this may be repeated.
    Of several takes the first that is there is shown. Raises :class:`ArgumentsInvalid` for a manifest with faults, or a
    file that Blender cannot open or write; then nothing was changed.
    """
    if otio is not None:
        require_otio(otio)
    for _ in _shots(manifest):  # before anything is opened
        pass
    with _opened(edit) as grown:
        for shot in _shots(manifest):
            yield _collected(grown, shot, look)
    if otio is not None and grown.has_clips:
        export_otio(grown.scene, otio)


def _shots(manifest: Path) -> Iterator[Shot]:
    for judged in judged_lines(manifest, limits.profile(), needs_blend=False):
        if judged.shot is None or not judged.is_good:
            sentence = f"Line {judged.line} of the manifest has faults."
            raise ArgumentsInvalid(sentence, field="manifest", remedy="List them with: kling batch check")
        yield judged.shot


def _collected(edit: _Edit, shot: Shot, look: Look) -> Collected:
    wish = request_to_come(shot, limits.profile())
    takes = [looked_up(look, name, wish) for name in shot.names]
    best = next((take for take in takes if take.state is State.DONE), takes[0])
    begins = edit.next_frame if shot.place is None else shot.place
    strip, problem = None, best.problem or "The clip is not there yet."
    if best.state is State.DONE:
        try:
            strip, problem = _placed(edit, shot, best, begins), ""
        except KlingError as error:
            problem = str(error)
    length = scene_frames(edit.scene, shot.duration or limits.profile().proposed.duration_s)
    edit.next_frame = begins + length if strip is None else strip.frame_start + strip.frame_duration
    edit.last_frame = max(edit.last_frame, edit.next_frame - 1)
    edit.has_clips |= strip is not None
    return Collected(key=shot.key, line=shot.line, standing=best, strip=strip, problem=problem)


def _placed(edit: _Edit, shot: Shot, done: Standing, begins: int) -> PlacedStrip:
    clip = Path(done.clip)
    if edit.scene.pop(_UNSIZED, None) is not None:
        edit.scene.render.resolution_x, edit.scene.render.resolution_y = clip_facts_of(clip).size
    placed = place_clip(edit.scene, clip, frame_start=begins, name=shot.clip_name, submission_id=done.id)
    strip, take = find_strip(edit.scene, done.id), take_of(clip)
    if strip is None:
        raise ClipUnusable(f'The strip of "{shot.key}" is not there.', field="clip")
    if take is not None:
        provenance.mark_with(strip, take.provenance)
    return placed


@contextmanager
def _opened(path: Path) -> Iterator[_Edit]:
    """The edit, open; saved in the end, in whatever state a batch that was stopped left it."""
    is_new = not path.exists()
    try:
        if is_new:
            make_folder(path.absolute().parent)
            bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
            timeline_scene(bpy.context)[_UNSIZED] = True
            _save(path)  # now: a saved file has its clips by relative paths
        else:
            bpy.ops.wm.open_mainfile(filepath=str(path.absolute()))
    except (RuntimeError, OSError) as error:
        raise _unusable(path, str(error).strip()) from error
    scene = timeline_scene(bpy.context)
    edit = _Edit(scene=scene, is_new=is_new, next_frame=scene.frame_start)
    try:
        yield edit
    finally:
        scene.frame_end = max(scene.frame_start, edit.last_frame, 0 if is_new else scene.frame_end)
        try:
            _save(path)
        except RuntimeError as error:
            raise _unusable(path, str(error).strip()) from error


def _save(path: Path) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(path.absolute()), check_existing=False)


def _unusable(path: Path, reason: str) -> ArgumentsInvalid:
    return ArgumentsInvalid(f'Blender cannot open or save "{path}": {reason}', field="to", remedy="Check the file.")
