"""How long the whole of a clip lasts on the timeline: Blender's own retiming, which stays right when handles move.

A Speed effect would do in an untouched timeline only: it jumps when the left handle is trimmed, and a transition on the
clip does not see it. Measured on Blender 4.2, 4.5, 5.0 and 5.2: retiming shows at each frame of the scene one of the
two frames of the clip around that moment, in order.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import bpy

from ...core.errors import KlingError
from ..connection import opening
from ..host.sequencer import (
    Strip,
    all_strips,
    content_length_of,
    forget_raw_frames,
    frames_behind_last_key,
    length_of,
    show_in_workspace,
    untrim,
)

_NOT_NOW: Final = "Blender cannot change the speed of a strip right now."
KEYS_OF_ONE_SPEED: Final = 2  # one at each end of the strip
_ROUNDING: Final = 0.05  # of a frame: a speed in single precision must not come out as a frame less


def set_content_length(strip: Strip, scene: bpy.types.Scene, frames: int, length: int) -> None:
    """Let a file of ``frames`` frames last ``length`` frames of the scene, from its first to its last.

    Handles end up on the ends of the file, which may be a frame less than ``length``. The strip has to be set apart
    (``channels.set_apart``). Raises :class:`KlingError` where Blender cannot do it now, or did something else.
    """
    held = frames_behind_last_key()
    wanted = max(1, round((frames - held) * length / frames))
    with opening.resting(), _only_chosen(strip, scene):
        untrim(strip)
        _set_speed(scene, 1.0)
        untrim(strip)
        _set_speed(scene, (length_of(strip) - held) / (wanted + _ROUNDING))
        untrim(strip)
    forget_raw_frames(scene)
    expected = wanted + held
    if len(strip.retiming_keys) < KEYS_OF_ONE_SPEED or abs(content_length_of(strip) - expected) > 1:
        found = f"{content_length_of(strip)} frames instead of {expected}"
        raise KlingError(f'Strip "{strip.name}" could not be set to the speed of its clip: {found}.', field="speed")


def _set_speed(scene: bpy.types.Scene, speed: float) -> None:
    """Of the chosen strip. Its keys are neither read nor written from Python: before 5.1 Blender takes another strip
    for theirs then, and crashes.
    """
    try:
        with _sequencer_of(scene):
            done = bpy.ops.sequencer.retiming_segment_speed_set(speed=100 * speed)
    except (RuntimeError, TypeError) as error:  # where Blender is just now, its operator or its context is refused
        raise KlingError(_NOT_NOW, field="speed") from error
    if done != {"FINISHED"}:
        raise KlingError(_NOT_NOW, field="speed")


@contextmanager
def _only_chosen(strip: Strip, scene: bpy.types.Scene) -> Iterator[None]:
    """The strip active, selected and in the meta strip that is open, the others not; all is as it was afterwards."""
    editor: Any = scene.sequence_editor
    chosen = [(other, other.select) for other in all_strips(scene)]
    active, stack = editor.active_strip, list(editor.meta_stack)
    editor.display_stack(strip.parent_meta())
    for other, _ in chosen:
        other.select = other == strip
    editor.active_strip = strip
    try:
        yield
    finally:
        editor.display_stack(stack[-1] if stack else None)
        for other, was_selected in chosen:
            other.select = was_selected
        editor.active_strip = active


@contextmanager
def _sequencer_of(scene: bpy.types.Scene) -> Iterator[None]:
    """A context in which the sequencer's operators act on a scene; all is as it was afterwards, before it is drawn."""
    window, area = _window_and_area()
    editor, shown = area.ui_type, show_in_workspace(window.workspace, scene)
    area.type = "SEQUENCE_EDITOR"
    region = next(region for region in area.regions if region.type == "WINDOW")
    try:
        place = bpy.context.temp_override(window=window, screen=window.screen, area=area, region=region)
        with place, bpy.context.temp_override(scene=scene):  # by itself: beside a window, the window's scene would win
            yield
    finally:
        if editor != "SEQUENCE_EDITOR":
            area.ui_type = editor
        show_in_workspace(window.workspace, shown)


def _window_and_area() -> tuple[Any, Any]:
    """A sequencer that is open, else the smallest editor of a window.

    Never one of a temporary window (preferences, render, file browser): Blender refuses to work there. A window with a
    maximized editor has that one only.
    """
    windows = [window for window in bpy.context.window_manager.windows if not window.screen.is_temporary]
    pairs = [(window, area) for window in windows for area in window.screen.areas]
    if not pairs:
        remedy = "Open a window, or set the scene to 24 fps."
        raise KlingError("Blender can change the speed of a strip only while it has a window.", remedy=remedy)
    return min(pairs, key=lambda pair: (pair[1].type != "SEQUENCE_EDITOR", pair[1].width * pair[1].height))
