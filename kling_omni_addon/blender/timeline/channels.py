"""Channels of a timeline: which are free, and how a strip is held apart while its handles move."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import bpy

from ...core.errors import KlingError
from ..host.sequencer import Strip, end_of, held_by, holder_of, siblings_of, start_of

_HIGHEST_CHANNEL: Final = 128


def free_channels(scene: bpy.types.Scene, frame_start: int, frame_end: int, count: int, lowest: int) -> int:
    """The first of ``count`` adjacent channels, from ``lowest`` up, that are free from ``frame_start`` to before
    ``frame_end``, and neither locked nor muted.

    Raises :class:`KlingError` when there are none up to channel 128, Blender's last.
    """
    taken = _taken(scene.sequence_editor, frame_start, frame_end)
    for first in range(max(1, lowest), _HIGHEST_CHANNEL - count + 2):
        if taken.isdisjoint(range(first, first + count)):
            return first
    sentence = f"No {count} adjacent channels from {lowest} up are free at frame {frame_start}."
    raise KlingError(sentence, field="channel", remedy="Free or unlock a channel, or select a lower one.")


def free_channel_beside(strip: Strip, scene: bpy.types.Scene) -> int:
    """The nearest channel to a strip's that is free for as long as the strip shows; the lower of two.

    Raises :class:`KlingError` when there is none.
    """
    taken = _taken(holder_of(strip, scene), start_of(strip), end_of(strip)) | {strip.channel}
    free = [channel for channel in range(1, _HIGHEST_CHANNEL + 1) if channel not in taken]
    if free:
        return min(free, key=lambda channel: abs(channel - strip.channel))
    raise _full(start_of(strip))


@contextmanager
def set_apart(strip: Strip, scene: bpy.types.Scene) -> Iterator[None]:
    """Hold a strip on a channel where nothing else is, so that its handles can move over its neighbours' places.

    Elsewhere Blender puts a strip that comes to lie on another one onto some other channel; 5.2 does so with the
    effects over it. Setting a channel that is occupied hangs 4.5 for ever. Raises :class:`KlingError` when no channel
    is empty.
    """
    channels = [(other, other.channel) for other in siblings_of(strip, scene)]
    used = {channel for _, channel in channels}
    empty = next((number for number in range(_HIGHEST_CHANNEL, 0, -1) if number not in used), None)
    if empty is None:
        raise _full(start_of(strip))
    strip.channel = empty
    try:
        yield
    finally:
        for moved, channel in channels:
            if moved.channel != channel and _is_free(moved, channel, scene):
                moved.channel = channel
        if strip.channel == empty:
            strip.channel = free_channel_beside(strip, scene)


def _is_free(strip: Strip, channel: int, scene: bpy.types.Scene) -> bool:
    """Whether a strip can be put on that channel."""
    others = (other for other in siblings_of(strip, scene) if other.channel == channel and other != strip)
    return not any(_is_between(other, start_of(strip), end_of(strip)) for other in others)


def end_of_room(strip: Strip, scene: bpy.types.Scene) -> int | None:
    """The frame at which the next strip on the same channel begins; None when there is none behind it."""
    others = (other for other in siblings_of(strip, scene) if other.channel == strip.channel and other != strip)
    return min((start_of(other) for other in others if start_of(other) >= end_of(strip)), default=None)


def _taken(holder: Any, frame_start: int, frame_end: int) -> set[int]:
    if holder is None:
        return set()
    taken = {strip.channel for strip in held_by(holder) if _is_between(strip, frame_start, frame_end)}
    return taken | {number for number, lane in enumerate(holder.channels) if lane.lock or lane.mute}


def _is_between(strip: Strip, frame_start: int, frame_end: int) -> bool:
    return start_of(strip) < frame_end and frame_start < end_of(strip)


def _full(frame: int) -> KlingError:
    sentence = f"All channels are in use at frame {frame}."
    return KlingError(sentence, field="channel", remedy="Free or unlock a channel.")
