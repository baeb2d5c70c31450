"""How a clip is doing, written on its stand-in in the Sequencer. It is drawn, never stored."""

from __future__ import annotations

from typing import Any, Final

import bpy

from ...core.life.lifecycle import Phase, Submission
from ..connection import snapshots
from ..host.isolating import on_its_own
from ..host.sequencer import Strip, end_of, open_strips_of, start_of, timeline_scene
from ..timeline import stand_in
from ..timeline.our_strips import submission_of
from . import words

_BACK: Final = (0.05, 0.05, 0.06, 0.85)
_DONE: Final = (0.85, 0.55, 0.15, 0.9)
_TROUBLE: Final = (0.75, 0.2, 0.15, 0.9)
_TEXT: Final = (1.0, 1.0, 1.0, 1.0)
_LOW, _HIGH = 0.12, 0.5  # of the height of the strip's channel
_TALLEST: Final = 18.0  # pixels at a scale of 1
_LEAST_WIDTH: Final = 8.0
_BAD: Final = (Phase.PARKED, Phase.FAILED, Phase.ABANDONED)

_drawn: list[Any] = []  # Blender's handle of our drawing


def show() -> None:
    """Draw from now on."""
    if not _drawn:
        _drawn.append(bpy.types.SpaceSequenceEditor.draw_handler_add(_draw, (), "WINDOW", "POST_PIXEL"))


def hide() -> None:
    """Draw nothing any more."""
    while _drawn:
        bpy.types.SpaceSequenceEditor.draw_handler_remove(_drawn.pop(), "WINDOW")


def state_of(submission: Submission | None) -> str:
    """What stands on a stand-in."""
    if submission is None:
        return "Not known on this machine"
    if submission.phase is Phase.ACCEPTED:
        return f"Generating {words.clock_of(submission)}"
    moved, total = snapshots.moved(submission)
    if total:
        word = "Downloading" if submission.phase is Phase.READY else "Uploading"
        return f"{word} {100 * moved // total} %"
    if submission.phase is Phase.FAILED:
        return f"Failed: {submission.problem}"
    return "The clip is here" if submission.phase is Phase.PLACED else words.STATES[submission.phase]


def share_of(submission: Submission | None) -> float:
    """How much of an upload or download is done; 0 outside of both."""
    moved, total = snapshots.moved(submission) if submission is not None else (0, 0)
    return moved / total if total else 0.0


def _draw() -> None:
    context = bpy.context
    if context.space_data.view_type == "PREVIEW" or not stand_in.waiting_lately():
        return
    scene = timeline_scene(context)
    for strip in open_strips_of(scene):
        if stand_in.is_stand_in(strip):
            on_its_own(_draw_state, strip, context)


def _draw_state(strip: Strip, context: bpy.types.Context) -> None:
    view, scale = context.region.view2d, context.preferences.system.ui_scale
    left, low = view.view_to_region(start_of(strip), strip.channel + _LOW, clip=False)
    right, high = view.view_to_region(end_of(strip), strip.channel + _HIGH, clip=False)
    left, right = max(0, left), min(context.region.width, right)
    high = min(high, low + _TALLEST * scale)
    if right - left < _LEAST_WIDTH * scale or high <= low:
        return
    submission = snapshots.submission(submission_of(strip))
    _fill(left, low, right, high, _TROUBLE if submission is not None and submission.phase in _BAD else _BACK)
    _fill(left, low, left + (right - left) * share_of(submission), high, _DONE)
    _write(state_of(submission), left, low, right, high, scale)


def _fill(left: float, low: float, right: float, high: float, colour: tuple[float, ...]) -> None:
    import gpu  # here: in background the drawing never comes to this
    from gpu_extras.batch import batch_for_shader

    if right <= left:
        return
    shader: Any = gpu.shader.from_builtin("UNIFORM_COLOR")
    corners = [(left, low, 0.0), (right, low, 0.0), (right, high, 0.0), (left, high, 0.0)]
    batch = batch_for_shader(shader, "TRIS", {"pos": corners}, indices=((0, 1, 2), (0, 2, 3)))
    gpu.state.blend_set("ALPHA")
    shader.uniform_float("color", colour)
    batch.draw(shader)
    gpu.state.blend_set("NONE")


def _write(text: str, left: float, low: float, right: float, high: float, scale: float) -> None:
    import blf

    font, size = 0, min(11.0 * scale, 0.7 * (high - low))
    blf.size(font, size)
    blf.color(font, *_TEXT)
    blf.enable(font, blf.CLIPPING)
    blf.clipping(font, left, low, right - 2 * scale, high)
    blf.position(font, left + 8 * scale, low + (high - low - 0.7 * size) / 2, 0)
    blf.draw(font, text)
    blf.disable(font, blf.CLIPPING)
