"""A timeline as OpenTimelineIO, for editing programs. Written as the JSON that it is: the ``opentimelineio`` package is
native code for each platform and Python, and cannot travel in an extension. The tests read it with that package.

Times follow OpenTimelineIO: a clip's ``source_range`` begins at a frame of its file, in the file's own rate, and lasts
as long as the clip shows; a clip that is not played at its own speed says so by a ``LinearTimeWarp``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, Final

METADATA: Final = "kling_omni"
_NEAR_FRAMES: Final = 1.0  # a clip that is off by less than this at its end plays at its own speed, rounded to frames


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A file. ``frames`` is None where it is unknown; ``fps`` is its own rate, for sound that of the scene."""

    url: str
    fps: float
    frames: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What one strip shows: ``start`` and ``length`` in frames of the scene; ``first`` the frame of the file (from 0)
    with which it begins, ``step`` how many frames of the file pass in one of the scene.

    ``lane`` orders the tracks from the bottom up; pieces of one lane and kind share a track and never overlap.
    ``dissolve`` is for how many frames the piece before it, which ends where this one begins, fades over into it.
    """

    name: str
    media: Media
    lane: tuple[int, ...]
    kind: str
    start: int
    length: int
    first: float = 0.0
    step: float = 1.0
    dissolve: int = 0
    metadata: Mapping[str, Any] = field(default_factory=dict)


def dissolved(pieces: Mapping[str, Piece], pairs: Iterable[tuple[str, str]]) -> tuple[dict[str, Piece], int]:
    """Make dissolves of pieces that overlap on two tracks: the second comes onto the track of the first, which ends
    where the second begins. The pieces by their keys, and how many of the ``pairs`` (of keys) became one.

    A pair stays as it is where one lies within the other, or where there is something else on the track already.
    """
    found, count = dict(pieces), 0
    for key, next_key in sorted(pairs, key=lambda pair: pieces[pair[1]].start if pair[1] in pieces else 0):
        if key in found and next_key in found and _can_join(found, key, next_key):
            before, after = found[key], found[next_key]
            overlap = before.start + before.length - after.start
            found[next_key] = replace(after, lane=before.lane, dissolve=overlap)
            found[key] = replace(before, length=before.length - overlap)
            count += 1
    return found, count


def _can_join(pieces: Mapping[str, Piece], key: str, next_key: str) -> bool:
    before, after = pieces[key], pieces[next_key]
    end, next_end = before.start + before.length, after.start + after.length
    others = (piece for name, piece in pieces.items() if name not in (key, next_key))
    is_taken = any(
        _track_of(other) == _track_of(before) and other.start < next_end and after.start < other.start + other.length
        for other in others
    )
    return before.kind == after.kind and before.start < after.start < end <= next_end and not is_taken


def timeline_of(
    name: str, fps: float, first_frame: int, pieces: Iterable[Piece], metadata: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The timeline as JSON data: a stack of tracks, sound below picture, each from ``first_frame`` of the scene on.

    ``metadata`` is what the timeline itself is to carry; that of a piece goes to its clip. Both stand under
    :data:`METADATA`.
    """
    ordered = sorted(pieces, key=_track_of)
    tracks = [
        _track(kind, lane, list(_items(sorted(shown, key=lambda piece: piece.start), fps, first_frame)))
        for (kind, lane), shown in groupby(ordered, key=_track_of)
    ]
    return {
        "OTIO_SCHEMA": "Timeline.1",
        "metadata": {METADATA: dict(metadata or {})},
        "name": name,
        "global_start_time": None,
        "tracks": _composed("Stack.1", "tracks", tracks),
    }


def _track_of(piece: Piece) -> tuple[str, tuple[int, ...]]:
    return piece.kind, piece.lane


def _track(kind: str, lane: tuple[int, ...], items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    name = f"{kind} {'.'.join(map(str, lane))}"
    return _composed("Track.1", name, items) | {"kind": kind}


def _composed(schema: str, name: str, children: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return _item(schema, name, None) | {"children": list(children)}


def _item(schema: str, name: str, source_range: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": schema,
        "metadata": {},
        "name": name,
        "source_range": source_range,
        "effects": [],
        "markers": [],
        "enabled": True,
    }


def _items(pieces: Sequence[Piece], fps: float, first_frame: int) -> Iterator[dict[str, Any]]:
    """The clips of a track with what is empty between them."""
    at = first_frame
    for piece in pieces:
        if piece.start > at:
            yield _item("Gap.1", "", _range(0.0, piece.start - at, fps))
        if piece.dissolve:
            yield _dissolve(piece.dissolve, fps)
        yield _clip(piece, fps)
        at = piece.start + piece.length


def _dissolve(frames: int, fps: float) -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": "Transition.1",
        "metadata": {},
        "name": "",
        "in_offset": _time(0.0, fps),
        "out_offset": _time(frames, fps),
        "transition_type": "SMPTE_Dissolve",
    }


def _clip(piece: Piece, fps: float) -> dict[str, Any]:
    """Clip.1: readers of today take it like Clip.2, and those of yesterday know no other."""
    rate = piece.media.fps
    item = _item("Clip.1", piece.name, _range(piece.first, piece.length / fps * rate, rate))
    return item | {
        "metadata": {METADATA: dict(piece.metadata)} if piece.metadata else {},
        "effects": list(_speed(piece, fps)),
        "media_reference": _reference(piece.media),
    }


def _speed(piece: Piece, fps: float) -> Iterator[dict[str, Any]]:
    used, usual = piece.length * piece.step, piece.length / fps * piece.media.fps
    if abs(used - usual) < _NEAR_FRAMES:
        return
    yield {
        "OTIO_SCHEMA": "LinearTimeWarp.1",
        "metadata": {},
        "name": "",
        "effect_name": "LinearTimeWarp",
        "time_scalar": used / usual,
    }


def _reference(media: Media) -> dict[str, Any]:
    known = None if media.frames is None else _range(0.0, media.frames, media.fps)
    return {
        "OTIO_SCHEMA": "ExternalReference.1",
        "metadata": {},
        "name": "",
        "available_range": known,
        "target_url": media.url,
    }


def _range(start: float, duration: float, rate: float) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "TimeRange.1", "start_time": _time(start, rate), "duration": _time(duration, rate)}


def _time(value: float, rate: float) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "RationalTime.1", "rate": rate, "value": value}
