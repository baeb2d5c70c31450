"""The frames that an artist names rather than counts: the scene's ends, the cuts around a strip, the markers."""

from __future__ import annotations

import bpy

from ...core.errors import CaptureFailed
from ..host.sequencer import Strip, active_strip, length_of, start_of

MOMENTS = (
    ("CURRENT", "Current Frame", "Where the playhead is"),
    ("START", "Scene Start", "First frame of the scene"),
    ("END", "Scene End", "Last frame of the scene"),
    ("STRIP_FIRST", "Strip's First Frame", "First frame of the active strip of the scene's Sequencer"),
    ("STRIP_LAST", "Strip's Last Frame", "Last frame of the active strip of the scene's Sequencer"),
    ("MARKER_PREVIOUS", "Previous Marker", "The nearest marker before the playhead"),
    ("MARKER_NEXT", "Next Marker", "The nearest marker after the playhead"),
)


SPANS = (
    ("SCENE", "Scene Range", "From the first to the last frame of the scene"),
    ("STRIP", "Active Strip", "From the first to the last frame of the active strip"),
    ("MARKERS", "Between Markers", "From the marker at or before the playhead to the next one"),
)


def span_at(scene: bpy.types.Scene, span: str) -> tuple[int, int]:
    """The first and the last frame of one of :data:`SPANS`. Raises like :func:`frame_at`."""
    if span == "MARKERS":
        is_on_marker = any(marker.frame == scene.frame_current for marker in scene.timeline_markers)
        first = scene.frame_current if is_on_marker else frame_at(scene, "MARKER_PREVIOUS")
        return first, frame_at(scene, "MARKER_NEXT")
    ends = ("STRIP_FIRST", "STRIP_LAST") if span == "STRIP" else ("START", "END")
    return frame_at(scene, ends[0]), frame_at(scene, ends[1])


def frame_at(scene: bpy.types.Scene, moment: str) -> int:
    """The frame of the scene at one of :data:`MOMENTS`.

    Raises :class:`CaptureFailed` when no strip is active or no marker is there.
    """
    if moment == "START":
        return scene.frame_start
    if moment == "END":
        return scene.frame_end
    if moment.startswith("STRIP"):
        strip = require_active_strip(scene)
        return start_of(strip) if moment == "STRIP_FIRST" else last_frame_of(strip)
    return scene.frame_current if moment == "CURRENT" else _marker(scene, moment)


def last_frame_of(strip: Strip) -> int:
    """The last frame of the scene at which the strip shows."""
    return start_of(strip) + length_of(strip) - 1


def require_active_strip(scene: bpy.types.Scene) -> Strip:
    """The active strip. Raises :class:`CaptureFailed` when there is none."""
    strip = active_strip(scene)
    if strip is None:
        remedy = "Select a strip in the Sequencer."
        raise CaptureFailed(f'No strip is active in scene "{scene.name}".', field="strip", remedy=remedy)
    return strip


def _marker(scene: bpy.types.Scene, moment: str) -> int:
    now, frames = scene.frame_current, sorted(marker.frame for marker in scene.timeline_markers)
    is_next = moment == "MARKER_NEXT"
    found = [f for f in frames if f > now][:1] if is_next else [f for f in frames if f < now][-1:]
    if not found:
        sentence = f"No marker is after frame {now}." if is_next else f"No marker is before frame {now}."
        raise CaptureFailed(sentence, field="frame", remedy="Add a marker, or move the playhead.")
    return found[0]
