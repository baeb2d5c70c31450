"""How a clip is doing, written on its stand-in in the Sequencer. It is drawn, never stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import bpy

from ...core.life.phase import Phase
from ..connection import snapshots
from ..host.isolating import on_its_own
from ..host.language import translated
from ..host.sequencer import Strip, end_of, open_strips_of, start_of, timeline_scene
from ..timeline import stand_in
from ..timeline.our_strips import submission_of
from . import words
from .progress import progress_of

if TYPE_CHECKING:
    from ...core.life.lifecycle import Submission

_BACK: Final = (0.05, 0.05, 0.06, 0.92)
_BYTES: Final = (0.72, 0.42, 0.08, 0.95)
_TIME: Final = (0.20, 0.38, 0.62, 0.95)  # not the color of bytes: it is what is usual, and not what is done
_TROUBLE: Final = (0.70, 0.16, 0.12, 0.95)
_TEXT: Final = (1.0, 1.0, 1.0, 1.0)
_HINT: Final = (1.0, 1.0, 1.0, 0.7)
_BAD: Final = (Phase.PARKED, Phase.FAILED, Phase.ABANDONED)

# A strip as Blender draws it, and our bar on a tall one, in parts of the height of the channel.
_STRIP: Final = (0.05, 0.95)
_BAR: Final = (0.12, 0.5)
# Pixels at a scale of 1.
_TALLEST: Final = 18.0
_LEGIBLE: Final = 14.0  # a bar that can hold text
_LOWEST: Final = 6.0  # below this, text would hide the channels around it
_LEAST_WIDTH: Final = 8.0
_TEXT_SIZE: Final = 11.0
_SIDE: Final = 6.0

_drawn: list[Any] = []  # Blender's handle of our drawing
_told: dict[str, tuple[str, float | None]] = {}  # what was there to draw when somebody asked last


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
        return "Started on another computer"
    told = progress_of(submission)
    if snapshots.silent_since(submission):
        return told.text
    if submission.phase is Phase.ACCEPTED:
        return f"Generating {told.text}"
    if snapshots.moved(submission)[1]:
        return f"{told.hint} · {told.text}"  # a line of two parts, each told in any language
    if submission.phase is Phase.FAILED:
        return f"Failed: {submission.problem}"
    return _need_of(submission) or words.state_of(submission)


def _need_of(submission: Submission) -> str:
    """What it waits for a person for, in one line."""
    return next((need.sentence for need in snapshots.needs() if submission.id in need.ids), "")


def _is_trouble(submission: Submission | None) -> bool:
    if submission is None:
        return False
    return submission.phase in _BAD or bool(_need_of(submission)) or bool(snapshots.silent_since(submission))


def has_news() -> bool:
    """Whether something else is to be drawn than when this was asked last."""
    before, now = dict(_told), {}
    for submission_id in stand_in.waiting_lately():
        submission = snapshots.submission(submission_id)
        share = progress_of(submission).share if submission is not None else None
        now[submission_id] = (state_of(submission), None if share is None else round(share, 2))
    _told.clear()
    _told.update(now)
    return now != before


def lane_of(bottom: float, top: float, scale: float) -> tuple[float, float, bool]:
    """Where the bar goes on a channel between these heights (pixels), from where to where, and whether it holds text.

    On a tall strip it lies below the middle, on a low one it covers it; on one that is too low for text it is as high
    as text needs, over the middle of the strip, as long as it hides no other channel; else it holds none.
    """
    height = top - bottom
    low, high = bottom + _BAR[0] * height, bottom + _BAR[1] * height
    if high - low >= _LEGIBLE * scale:
        return low, min(high, low + _TALLEST * scale), True
    low, high = bottom + _STRIP[0] * height, bottom + _STRIP[1] * height
    if high - low < _LOWEST * scale:
        return low, high, False
    middle, half = (low + high) / 2, max(high - low, _LEGIBLE * scale) / 2
    return middle - half, middle + half, True


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
    left, bottom = view.view_to_region(start_of(strip), strip.channel, clip=False)
    right, top = view.view_to_region(end_of(strip), strip.channel + 1, clip=False)
    left, right = max(0, left), min(context.region.width, right)
    low, high, holds_text = lane_of(bottom, top, scale)
    if right - left < _LEAST_WIDTH * scale or high <= low:
        return
    submission = snapshots.submission(submission_of(strip))
    told = progress_of(submission) if submission is not None else None
    is_generating = submission is not None and submission.phase is Phase.ACCEPTED
    _fill(left, low, right, high, _TROUBLE if _is_trouble(submission) else _BACK)
    if told is not None and told.share is not None:
        _fill(left, low, left + (right - left) * told.share, high, _TIME if is_generating else _BYTES)
    if holds_text:
        short, hint = (told.text, told.hint if is_generating else "") if told is not None else ("", "")
        texts = translated(state_of(submission)), translated(short)
        _write(texts, translated(hint), left, low, right, high, scale)


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


def _write(texts: tuple[str, str], hint: str, left: float, low: float, right: float, high: float, scale: float) -> None:
    """The text, or a shorter one where it has no room: half a number is another one. Beside it what more there is to
    say, where there is room for all of that.
    """
    import blf

    font, side, size = 0, _SIDE * scale, min(_TEXT_SIZE * scale, 0.7 * (high - low))
    blf.size(font, size)

    def width_of(text: str) -> float:
        return float(blf.dimensions(font, text)[0]) + 2 * side

    text = next((text for text in texts if width_of(text) <= right - left), texts[0])
    places = [(text, left + side, _TEXT)]
    if hint and width_of(text) + width_of(hint) - side <= right - left:
        places.append((hint, left + width_of(text), _HINT))
    blf.enable(font, blf.CLIPPING)
    blf.clipping(font, left, low, right - side / 2, high)
    for written, x, color in places:
        blf.color(font, *color)
        blf.position(font, x, low + (high - low - 0.7 * size) / 2, 0)
        blf.draw(font, written)
    blf.disable(font, blf.CLIPPING)
