"""Load Settings: what a clip was made with, put back into the panel, from the record or from what a strip carries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import bpy
from bpy.props import StringProperty

from ...core.errors import ArgumentsInvalid
from ...core.request import OmniRequest, Role, Storyboard, Video, VideoUse
from ...digest import has_digest
from ..connection import preferences, snapshots
from ..host.ownership import require_own
from ..host.paths import stored_path
from ..host.reporting import Outcome, reported, say
from ..host.sequencer import Strip, active_strip, timeline_scene
from ..shot import judging
from ..shot.kinds import kind_that_makes
from ..shot.properties import KLING_PG_shot, scene_of, shot_of
from ..shot.reading import media_folder
from ..timeline.provenance import clip_of, provenance_on, shot_of_strip

_ROLE_NAMES: Final[Mapping[str, str]] = {
    "first": "The first frame",
    "middle": "The middle frame",
    "end": "The end frame",
    "reference": "The reference",
}


def load_settings(scene: bpy.types.Scene, provenance: Mapping[str, Any]) -> tuple[str, ...]:
    """Set up the scene's shot as a clip was made (``core.provenance``), and return what could not be restored, a
    sentence each.

    Pictures are those that were sent: the file where it is unchanged, else the same picture beside this .blend, else
    the copy that this machine kept. Raises :class:`ArgumentsInvalid` where what was asked for is not known,
    :class:`KlingError` for a linked scene, and then nothing is changed.
    """
    require_own(scene)
    wish = provenance.get("wish") or {}
    request = _request(wish)
    pictures = tuple(_found(picture) for picture in wish["pictures"])
    shot = shot_of(scene)
    losses = [*_put_settings(shot, request), *_put_sources(shot, request, pictures)]
    name = str(provenance.get("name", ""))
    shot.shot_name = "" if name == scene.name else name
    with suppress(TypeError):  # a timing that this version does not know
        shot.timing = str(provenance.get("timing", "")).upper()
    judging.judge(scene)
    return tuple(losses)


def _request(wish: Mapping[str, Any]) -> OmniRequest:
    from ...core.provenance import request_from

    try:
        request = request_from(wish)
        if all(isinstance(text, str) for text in (request.prompt, *(part.prompt for part in request.shots))):
            return request
    except (KeyError, TypeError, ValueError, AttributeError):
        pass
    sentence = "No generation settings are stored for this clip."
    raise ArgumentsInvalid(sentence, field="strip", remedy="Load the settings of a newer clip.")


class _Found:
    """A picture of a wish as it is found now: ``path`` is ``""`` when it is gone, ``note`` says what is wrong."""

    def __init__(self, path: str, origin: str = "", note: str = "") -> None:
        self.path, self.origin, self.note = path, origin, note


def _found(picture: Mapping[str, Any]) -> _Found:
    """Where the picture is that was sent."""
    from ...work.picture_store import PictureStore

    source, sha256 = str(picture.get("source", "")), str(picture.get("sha256", ""))
    name = Path(source).name
    here = [Path(source)] if source else []
    beside = media_folder("frames")
    here += [beside / name] if beside is not None and name else []
    there = [path for path in here if path.is_file()]
    same = next((path for path in there if not sha256 or has_digest(path, sha256)), None)
    if same is not None:
        return _Found(str(same))
    kept = PictureStore(preferences.home() / "pictures").kept(sha256)
    if kept is not None:
        return _Found(str(kept), origin=f"{name or 'Image'}, as sent")
    what = _ROLE_NAMES.get(str(picture.get("role")), "The image")
    if there:
        return _Found(str(there[0]), note=f'{what} "{name}" has changed since the clip was generated')
    return _Found(
        "", note=f'{what} "{source}" is missing' if source else f"{what} was a link, and links are not stored"
    )


def _put_settings(shot: KLING_PG_shot, request: OmniRequest) -> Iterator[str]:
    """All that is not a picture, an element or a video."""
    kind = kind_that_makes(request)
    shot.kind, opening = kind.identifier, kind.opening
    is_ours = bool(opening) and "@video" not in request.prompt.removeprefix(opening).lower()
    shot.prompt_text = None  # a text of the artist's is not written over
    shot.prompt = request.prompt.removeprefix(opening) if is_ours else request.prompt
    shot.cutter = "AUTOMATIC" if request.storyboard is Storyboard.AUTOMATIC else "CUSTOM"
    shot.board.clear()
    for part in request.shots:
        row = shot.board.add()
        row.prompt, row.duration_s = part.prompt, part.duration_s
    shot.board_index = 0
    wanted = {"model": request.model, "mode": request.mode, "duration_s": request.duration_s}
    wanted |= {"aspect_ratio": request.aspect_ratio} if request.aspect_ratio else {}
    wanted |= {} if request.video is not None else {"sound": request.sound}
    yield from _set(shot, wanted | {"watermark": request.watermark, "fit_frames": 0})


def _set(shot: KLING_PG_shot, wanted: Mapping[str, object]) -> Iterator[str]:
    for name, value in wanted.items():
        with suppress(TypeError):  # an enum without this item, or a strip that somebody edited
            setattr(shot, name, value)
        if getattr(shot, name) != value:
            yield f"This panel does not offer {shot.bl_rna.properties[name].name} {value}"


def _put_sources(shot: KLING_PG_shot, request: OmniRequest, found: Sequence[_Found]) -> Iterator[str]:
    shot.first_frame, shot.end_frame = "", ""
    shot.middle_frames.clear()
    shot.references.clear()
    shot.elements.clear()
    for picture, at in zip(request.pictures, found, strict=True):
        _put_picture(shot, picture.role, picture.name, at)
        if at.note:
            yield at.note
    for element in request.elements:
        row = shot.elements.add()
        row.name, row.element_id = element.name, str(element.id) if element.id else ""
    shot.middle_frame_index = shot.reference_index = shot.element_index = 0
    yield from _put_video(shot, request.video)


def _put_video(shot: KLING_PG_shot, video: Video | None) -> Iterator[str]:
    shot.video, shot.video_of, shot.video_origin = "", "", ""
    shot.keeps_sound = video is not None and video.keep_sound
    if video is None:
        return
    if video.clip:
        made = snapshots.read_submission(video.clip)
        shot.video_origin = made.target.name if made is not None else video.clip
        shot.video_of = video.clip
        return
    use = "to edit" if video.use is VideoUse.EDIT else "to follow"
    yield f"The video {use} was a link, and links are not stored. Enter it again"


def _put_picture(shot: KLING_PG_shot, role: Role, name: str, found: _Found) -> None:
    path = stored_path(found.path)
    if role is Role.FIRST:
        shot.first_frame = path
        shot.first_origin = found.origin
    elif role is Role.MIDDLE:
        frame = shot.middle_frames.add()
        frame.origin, frame.path = found.origin, path
    elif role is Role.END:
        shot.end_frame = path
        shot.end_origin = found.origin
    else:
        row = shot.references.add()
        row.origin, row.name, row.path = found.origin, name, path


def provenance_for(strip: Strip | None) -> dict[str, Any]:
    """What is known of the clip that a strip shows: on the strip, beside its file, in the record, in this order.

    Raises :class:`ArgumentsInvalid` for a strip that is none of ours.
    """
    from ...core.provenance import provenance_of
    from ...work.sidecar import take_of

    if strip is None or strip.type != "MOVIE":
        raise ArgumentsInvalid("No movie strip is active.", field="strip", remedy="Select a Kling clip.")
    if shot_of_strip(strip):
        found = provenance_on(strip)
        if found["wish"]:
            return found
        recorded = snapshots.read_submission(found["submission"])
        if recorded is not None:
            return provenance_of(recorded)
    beside = take_of(clip_of(strip))
    if beside is None:
        sentence = f'Strip "{strip.name}" has no Kling settings.'
        raise ArgumentsInvalid(sentence, field="strip", remedy="Select a Kling clip.")
    return dict(beside.provenance)


class KLING_OT_load_settings(bpy.types.Operator):
    """Load the settings of the active strip's clip, or of the selected job, into the panel"""

    bl_idname = "kling.load_settings"
    bl_label = "Load Settings"
    bl_options = {"REGISTER", "UNDO"}

    submission_id: StringProperty(
        name="Job",
        description="ID of the job; uses the active strip when empty",
        options={"HIDDEN", "SKIP_SAVE"},
    )

    @reported
    def execute(self, context: bpy.types.Context) -> Outcome:
        """Load them, and say what could not be restored."""
        from ...core.provenance import provenance_of

        if self.submission_id:
            provenance = provenance_of(snapshots.require_submission(self.submission_id))
        else:
            provenance = provenance_for(active_strip(timeline_scene(context)))
        losses = load_settings(scene_of(context), provenance)
        for loss in losses:
            say(self, loss, "WARNING")
        if not losses:
            name = provenance.get("name")
            say(self, f'Settings of "{name}" are in the panel' if name else "Settings of the clip are in the panel")
        return {"FINISHED"}


CLASSES = (KLING_OT_load_settings,)
