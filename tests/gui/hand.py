"""A person's hand in the window: real clicks and keys by xdotool, on buttons that are found by what they do."""

from __future__ import annotations

import subprocess
from collections.abc import Generator
from typing import Any

import bpy

from tests.gui.in_window import Steps, area, side_panel

Found = Generator[float, None, tuple[int, int]]

_STEP_PX = 9  # less than half the height of a button
_SEEN_S = 0.06


def xdotool(*arguments: object) -> None:
    """Move, click or type."""
    subprocess.run(["xdotool", *map(str, arguments)], check=True)


def function_key(number: int) -> None:
    """Press F1 to F10, by the key's own code: by its name xdotool adds Alt."""
    xdotool("key", 66 + number)


def click(place: tuple[int, int], button: int = 1) -> Steps:
    """One click, at a place of the screen."""
    xdotool("mousemove", *place)
    yield 0.3
    xdotool("mousedown", button)
    yield 0.1
    xdotool("mouseup", button)
    yield 0.4


def write(sentence: str) -> Steps:
    """Type into the field that was clicked, and press Enter."""
    xdotool("type", "--delay", 15, sentence)
    yield 0.5
    xdotool("key", "Return")
    yield 0.5


def under_mouse(kind: str) -> str:
    """What the button under the mouse does, in the side panel of an editor: its command or its data path."""
    manager: Any = bpy.context.window_manager
    manager.clipboard = ""
    with bpy.context.temp_override(window=manager.windows[0], area=area(kind), region=side_panel(kind)):
        copies: Any = (bpy.ops.ui.copy_python_command_button, bpy.ops.ui.copy_data_path_button)
        for copy in copies:
            if not manager.clipboard and copy.poll():
                copy()
    return str(manager.clipboard)


def find(kind: str, wanted: str) -> Found:
    """Where on the screen the button is that does this (``bpy.ops.kling.submit``), or shows this property
    (``kling.prompt``). Looks from top to bottom, as a reader does. Raises ``LookupError``.
    """
    region = side_panel(kind)
    top = bpy.context.window_manager.windows[0].height - region.y - region.height
    x = region.x + region.width // 3
    for y in range(top + 4, top + region.height, _STEP_PX):
        xdotool("mousemove", x, y)
        yield _SEEN_S
        if wanted in under_mouse(kind):
            return x, y + _STEP_PX // 2
    raise LookupError(f"no button in sight does {wanted}")


def find_tab(kind: str) -> Found:
    """Where our tab is: Blender tells only which one is in front, so each place is tried. Another is in front then."""
    region = side_panel(kind)
    top = bpy.context.window_manager.windows[0].height - region.y - region.height
    x = region.x + region.width - 10
    for y in range(top + 20, top + region.height, 20):
        yield from click((x, y))
        if region.active_panel_category == "Kling":
            yield from click((x, top + 20))
            assert region.active_panel_category != "Kling"
            return x, y
    raise LookupError("there is no tab of ours")
