"""Our clips on the timeline: placed at a frame, or put into a strip that is there already, at the right speed.

The length that counts is the file's own, never a promised one. A clip is a picture strip and, where the file has sound,
a sound strip beside it with the same handles.
"""

from __future__ import annotations

from math import isclose
from pathlib import Path
from typing import Final

import bpy

from ...core.errors import ClipUnusable, KlingError
from ..host.paths import stored_path
from ..host.sequencer import (
    Strip,
    can_retime_sound,
    content_length_of,
    content_start_of,
    end_of,
    length_of,
    set_end,
    set_start,
    show_in_workspaces,
    siblings_of,
    start_of,
    strips_of,
)
from .channels import end_of_room, free_channel_beside, free_channels, set_apart
from .clip_file import ClipFacts, clip_facts_of
from .our_strips import FRAMES, SUBMISSION, PlacedStrip, find_strip, submission_of
from .provenance import clip_of
from .retiming import KEYS_OF_ONE_SPEED, set_content_length
from .taking_back import whole_or_nothing

PLANNED: Final = "kling_planned"  # custom property of a stand-in: how many frames its clip was to last
_LENGTH: Final = "kling_length"  # custom property of our clips: how many frames of the scene the file was to last


def scene_fps(scene: bpy.types.Scene) -> float:
    """Frames a second."""
    return scene.render.fps / scene.render.fps_base


def frames_of(facts: ClipFacts, fps: float, timing: str, fit_frames: int) -> int:
    """How many frames a clip lasts in a scene of that rate; for the others see ``core.life.events.Target``."""
    if fit_frames:
        return fit_frames
    return facts.frames if timing == "frames" else facts.frames_at(fps)


def conform(scene: bpy.types.Scene, fps: float) -> None:
    """Give the scene a clip's rate."""
    scene.render.fps = max(1, round(fps + 0.4))  # 23.976 is 24 / 1.001
    scene.render.fps_base = scene.render.fps / fps


def place_clip(
    scene: bpy.types.Scene,
    clip: Path,
    *,
    frame_start: int,
    name: str,
    submission_id: str,
    channel: int | None = None,
    timing: str = "speed",
    fit_frames: int = 0,
) -> PlacedStrip:
    """Put an MP4 on the timeline of ``scene`` so that it begins at ``frame_start``.

    It plays as ``timing`` and ``fit_frames`` say (``core.life.events.Target``), at its own speed without them. The
    strips go on adjacent free channels, from ``channel`` or 1 upwards, in Blender's own order: a sound strip if the
    clip has sound, and above it the picture, fitted into the frame. Lengths are rounded to the nearest frame of the
    scene.
    Selection and active strip stay as they are.

    Once only: when the scene has the strip of this submission already, wherever it was moved to, that one is returned.

    Raises :class:`ClipUnusable` for a file that is missing or that Blender cannot play, :class:`KlingError` when no
    channels are free, or when length, speed, sound or place do not come out right; in every case nothing is changed.
    """
    strip = find_strip(scene, submission_id)
    if strip is None:
        facts = clip_facts_of(clip)
        rate = facts.fps if timing == "conform" else scene_fps(scene)
        length = frames_of(facts, rate, timing, fit_frames)
        end = frame_start + max(length, facts.frames)
        lane = free_channels(scene, frame_start, end, 1 + facts.has_sound, 1 if channel is None else channel)
        with whole_or_nothing(scene):
            if timing == "conform":
                conform(scene, facts.fps)
            strip = new_picture(scene, clip, name=name, channel=lane + facts.has_sound, frame_start=frame_start)
            strip[SUBMISSION] = submission_id
            _play(strip, scene, facts, length, (frame_start, frame_start + length))
            if facts.has_sound:
                _add_sound(strip, scene, clip, facts)
        show_in_workspaces(scene)
    return measured(strip, scene)


def new_picture(scene: bpy.types.Scene, clip: Path, *, name: str, channel: int, frame_start: int) -> Strip:
    """A movie strip fitted into the frame, on a channel that is known to be free: Blender adds over what is there."""
    scene.sequence_editor_create()  # keeps the one that is there
    strip = strips_of(scene).new_movie(name, stored_path(clip), channel, frame_start, fit_method="FIT")
    strip.select = False
    return strip


def replace_source(
    strip: Strip, scene: bpy.types.Scene, clip: Path, *, submission_id: str = "", length: int | None = None
) -> PlacedStrip:
    """Let a movie strip play another file: start, channel, name, effects, transitions, meta strips, keyframes stay.

    The whole clip then lasts ``length`` frames of the scene; None keeps the tempo that the strip has now. A right
    handle that stood at the end of the file (or of what a stand-in was planned to last) stands at the new end, or where
    the next strip on the channel begins; one that an artist moved stays where it is. The sound strip beside it is
    replaced, added or removed with it. ``submission_id`` marks the strip as that submission's; ``""`` leaves the mark.

    Raises :class:`ClipUnusable` for a file that is missing or that Blender cannot play, :class:`KlingError` when the
    strip does not come out right; then nothing is changed.
    """
    facts, sound = clip_facts_of(clip), _sound_beside(strip, scene)
    goal = _kept_length(strip, scene, facts) if length is None else length
    handles = _handles_after(strip, scene, goal)
    was_fitted = _is_fitted(strip, scene)
    with whole_or_nothing(scene, strip, sound):
        strip[SUBMISSION] = submission_id or submission_of(strip)
        with set_apart(strip, scene):
            strip.filepath = stored_path(clip)
            _play(strip, scene, facts, goal, handles)
        if was_fitted:
            _fit(strip, scene, facts.size)
        _follow(strip, scene, clip, facts, sound)
        strip.pop(PLANNED, None)  # last: as long as it is there, the clip has not come
    return measured(strip, scene)


def renew(strip: Strip, scene: bpy.types.Scene, clip: Path) -> None:
    """Let a strip play its clip that came back to the disk, maybe in another place: all else of it stays. Raises like
    :func:`replace_source`.
    """
    replace_source(strip, scene, clip, length=_whole_length(strip))


def measured(strip: Strip, scene: bpy.types.Scene) -> PlacedStrip:
    """Where a clip is now."""
    sound = _sound_beside(strip, scene)
    return PlacedStrip(
        name=strip.name,
        channel=strip.channel,
        frame_start=start_of(strip),
        frame_duration=length_of(strip),
        sound_name=None if sound is None else sound.name,
    )


# The picture ---------------------------------------------------------------------------------------------------------


def _play(strip: Strip, scene: bpy.types.Scene, facts: ClipFacts, length: int, handles: tuple[int, int]) -> None:
    """Let the whole file last ``length`` frames, and show the part between the handles."""
    strip[FRAMES], strip[_LENGTH] = facts.frames, length
    is_ours = len(strip.retiming_keys) <= KEYS_OF_ONE_SPEED  # more are a ramp or a freeze that somebody made
    if is_ours and (length != facts.frames or strip.retiming_keys):
        with set_apart(strip, scene):
            set_content_length(strip, scene, facts.frames, length)
            _set_handles(strip, *handles)
    else:
        _set_handles(strip, *handles)
    if is_ours:
        _require_place(strip, *handles)


def _require_place(strip: Strip, start: int, end: int) -> None:
    """Raise :class:`KlingError` unless the strip shows what is between these frames. A handle beyond the file, which an
    artist moved there, stands where Blender lets it.
    """
    content, length = content_start_of(strip), max(_whole_length(strip), 1)
    is_in_file = content <= start and end <= content + length
    if is_in_file and (start_of(strip), end_of(strip)) != (start, end):
        found = f"frames {start_of(strip)} to {end_of(strip) - 1} instead of {start} to {end - 1}"
        raise KlingError(f'Strip "{strip.name}" could not be moved to its place: {found}.', field="frame_start")


def _set_handles(strip: Strip, start: int, end: int) -> None:
    """Show what is between these frames."""
    set_start(strip, start)
    set_end(strip, end)
    set_start(strip, start)  # the first time it could not pass the right one


def _kept_length(strip: Strip, scene: bpy.types.Scene, facts: ClipFacts) -> int:
    """How long a new file lasts at the strip's tempo; at its own speed where the old file is away."""
    if PLANNED in strip:
        return facts.frames_at(scene_fps(scene))
    try:
        old = clip_facts_of(clip_of(strip))
    except ClipUnusable:
        return facts.frames_at(scene_fps(scene))
    seconds = facts.frames / facts.fps
    return max(1, round(_whole_length(strip) * seconds * old.fps / old.frames))


def _handles_after(strip: Strip, scene: bpy.types.Scene, length: int) -> tuple[int, int]:
    """Where the handles will be when the whole file lasts ``length`` frames."""
    content, start, end = content_start_of(strip), start_of(strip), end_of(strip)
    if end == content + int(strip.get(PLANNED, 0) or _whole_length(strip)):
        room = end_of_room(strip, scene)
        end = max(start + 1, content + length)
        end = end if room is None else min(end, room)
    return start, end


def _whole_length(strip: Strip) -> int:
    """How long the whole file lasts; the last frame may be held for one more (``retiming.set_content_length``)."""
    now, wanted = content_length_of(strip), int(strip.get(_LENGTH, 0))
    return wanted if abs(now - wanted) <= 1 else now


def _is_fitted(strip: Strip, scene: bpy.types.Scene) -> bool:
    """Whether the picture is as large as it was when it was placed."""
    size = _size_of(strip)
    if not all(size):
        return False
    scale = _scale(scene, size)
    return all(isclose(now, scale, rel_tol=1e-4) for now in (strip.transform.scale_x, strip.transform.scale_y))


def _size_of(strip: Strip) -> tuple[int, int]:
    """The pixels of its file. Blender renews what it knows of them only when it draws the strip."""
    try:
        return clip_facts_of(clip_of(strip)).size
    except ClipUnusable:
        element = strip.elements[0]
        return element.orig_width, element.orig_height


def _fit(strip: Strip, scene: bpy.types.Scene, size: tuple[int, int]) -> None:
    strip.transform.scale_x = strip.transform.scale_y = _scale(scene, size)


def _scale(scene: bpy.types.Scene, size: tuple[int, int]) -> float:
    return min(scene.render.resolution_x / size[0], scene.render.resolution_y / size[1])


# The sound beside it -------------------------------------------------------------------------------------------------


def _sound_beside(strip: Strip, scene: bpy.types.Scene) -> Strip | None:
    """The sound strip of the same clip; of several, when the clip was cut, the one that begins nearest."""
    mark = submission_of(strip)
    found = [s for s in siblings_of(strip, scene) if mark and s.type == "SOUND" and submission_of(s) == mark]
    return min(found, key=lambda sound: abs(start_of(sound) - start_of(strip)), default=None)


def _follow(strip: Strip, scene: bpy.types.Scene, clip: Path, facts: ClipFacts, sound: Strip | None) -> None:
    """Give a strip with a new file the sound of that file. A sound strip that is there keeps its volume and fades."""
    if sound is None:
        if facts.has_sound:
            _add_sound(strip, scene, clip, facts)
    elif facts.has_sound:
        sound.sound = bpy.data.sounds.load(stored_path(clip), check_existing=True)
        sound[SUBMISSION] = submission_of(strip)
        _keep_step(strip, sound, scene, facts)
    else:
        siblings_of(strip, scene).remove(sound)


def _add_sound(strip: Strip, scene: bpy.types.Scene, clip: Path, facts: ClipFacts) -> None:
    """Add a sound strip in step with the picture, on the nearest free channel.

    None where Blender finds a sound stream but nothing in it, and gives it a single frame.
    """
    strips, channel = siblings_of(strip, scene), free_channel_beside(strip, scene)
    sound = strips.new_sound(f"{strip.name} Sound", stored_path(clip), channel, content_start_of(strip))
    if length_of(sound) <= 1 < facts.frames:
        strips.remove(sound)
        return
    sound[SUBMISSION] = submission_of(strip)
    sound.select = False
    _keep_step(strip, sound, scene, facts)


def _keep_step(strip: Strip, sound: Strip, scene: bpy.types.Scene, facts: ClipFacts) -> None:
    """Let the sound last as long as the picture, with the same handles: AAC ends in padding.

    Where Blender cannot retime sound, that of a clip with a changed speed begins in step and keeps its own.
    """
    natural, length = facts.frames_at(scene_fps(scene)), content_length_of(strip)
    with set_apart(sound, scene):
        if can_retime_sound() and (length != natural or sound.retiming_keys):
            frames = content_length_of(sound)
            set_content_length(sound, scene, frames, round(frames * length / natural))
        _set_handles(sound, start_of(strip), end_of(strip))
    if (start_of(sound), end_of(sound)) != (start_of(strip), end_of(strip)):
        raise KlingError(f'The sound of strip "{strip.name}" could not be synchronized.', field="sound")


def scene_frames(scene: bpy.types.Scene, seconds: float) -> int:
    """How many frames of the scene so many seconds are."""
    return max(1, round(seconds * scene_fps(scene)))
