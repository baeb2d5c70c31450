"""The part of the tab where strips become a video for the shot: what was rendered, whether it has a link, and what can
be done about it. Each of the two steps is a click of its own; sending is a third.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import bpy

from ...core.footage import host_of, told_bytes, told_seconds
from ...core.media import VideoFacts
from ..connection import deletions, preferences, uploads
from ..host.wrapping import characters_of, draw_text
from ..shot.footage import file_of, has_link
from ..shot.properties import scene_of, shot_of

_BETWEEN: Final = " · "
_FRAME: Final = 2  # characters that the frame of a box takes


def draw_footage(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The footage of the shot; without any, the field for a link and the button that renders strips."""
    shot = shot_of(scene_of(context))
    if not shot.footage:
        layout.prop(shot, "video", text="", icon="URL", placeholder="https://")
        layout.operator("kling.render_strips", text="From Strip", icon="SEQUENCE")
        draw_text(layout, context, "Kling accepts a video only as a public link, not as a file.", "INFO")
    else:
        _draw_video(layout.box(), context, shot)
    if trouble := deletions.trouble():
        draw_text(layout, context, trouble, "INFO")


def _draw_video(box: bpy.types.UILayout, context: bpy.types.Context, shot: Any) -> None:
    file = file_of(shot)
    draw_text(box, context, shot.footage_origin, "FILE_MOVIE")
    for line in _in_lines(_facts(uploads.video_facts_of(file)), characters_of(context) - _FRAME):
        draw_text(box, context, line, "BLANK1")
    if uploads.is_uploading(file):
        _draw_uploading(box)
    elif has_link(shot):
        _draw_linked(box, context, shot)
    else:
        _draw_unlinked(box, context)
    if trouble := uploads.trouble_of(file):
        draw_text(box, context, trouble, "ERROR")


def _facts(facts: VideoFacts) -> Iterator[str]:
    """What a video is, in words that fit a line or two."""
    if facts.duration_s:
        yield told_seconds(facts.duration_s)
    if facts.width and facts.height:
        yield f"{facts.width} x {facts.height}"
    if facts.fps:
        yield f"{facts.fps:.4g} fps"
    if facts.size_bytes:
        yield told_bytes(facts.size_bytes)


def _in_lines(facts: Iterable[str], width: int) -> tuple[str, ...]:
    """Facts beside each other, as many to a line as fit; none is broken."""
    lines = [""]
    for fact in facts:
        if lines[-1] and len(lines[-1]) + len(_BETWEEN) + len(fact) > width:
            lines.append("")
        lines[-1] += f"{_BETWEEN}{fact}" if lines[-1] else fact
    return tuple(line for line in lines if line)


def _draw_uploading(box: bpy.types.UILayout) -> None:
    row = box.row(align=True)
    row.label(text="Uploading…", icon="EXPORT")
    row.operator("kling.stop_upload", text="Stop", icon="X")


def _draw_unlinked(box: bpy.types.UILayout, context: bpy.types.Context) -> None:
    lack = uploads.missing_command()
    _draw_buttons(box, "Upload")
    if lack:
        draw_text(box, context, lack, "ERROR")
        box.operator("kling.open_preferences", text="Open Preferences", icon="PREFERENCES")
    elif preferences.service().is_rehearsal:
        draw_text(box, context, "Rehearsal: the video stays on this computer.", "INFO")
    else:
        draw_text(box, context, "Upload runs the upload command of the preferences.", "INFO")


def _draw_linked(box: bpy.types.UILayout, context: bpy.types.Context, shot: Any) -> None:
    stale = uploads.why_stale(shot.footage_link, shot.footage_at)
    draw_text(box, context, f"Link at {host_of(shot.footage_link)}", "URL")
    box.prop(shot, "footage_link", text="")
    if stale:
        draw_text(box, context, stale, "ERROR")
    _draw_buttons(box, "Upload Again" if stale else "")


def _draw_buttons(box: bpy.types.UILayout, upload: str) -> None:
    row = box.row(align=True)
    if upload:
        row.operator("kling.upload_footage", text=upload, icon="EXPORT")
    row.operator("kling.discard_footage", text="Discard", icon="TRASH")
