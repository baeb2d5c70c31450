"""Runs inside a windowed Blender: words from the menus by mouse, and the camera in words.

``window_prompt_words.py ZIP OUT``: writes ``OUT/story.json`` and ``OUT/*.png``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.gui.hand import Found, click, find, xdotool
from tests.gui.in_window import (
    STORY,
    Steps,
    area,
    install,
    narrow_side_panel,
    open_side_panel,
    run,
    shoot,
    shoot_side_panel,
)
from tests.workshop.places import ROOT

_GROUPS = json.loads((ROOT / "schemas" / "prompt_words.json").read_text("utf-8"))["groups"]
_UNDER_PROMPT, _FIRST_LINE, _FIRST_GROUP, _LINE = 24, 23, 52, 21  # pixels from the prompt down, and in the menu
_ENTRIES = 150  # and from the menu to the right


def prompt_words() -> Steps:
    """The steps."""
    yield from install()
    scene: Any = bpy.context.scene
    shot = scene.kling
    shot.kind, shot.prompt = "FRAMES", "A fox runs."
    open_side_panel("VIEW_3D")
    yield 0.5
    button = yield from find_button()
    for group, entry in (("Camera Move", "Dolly In"), ("Lens", "24 mm Wide"), ("Angle", "Low Angle")):
        yield from choose(button, group, entry)
    STORY["prompt"] = shot.prompt
    yield from describe(button, scene)
    yield from in_storyboard(shot)
    yield from look_at_menus()


def find_button(scale: int = 1) -> Found:
    """Where the button of the menu is: below the prompt."""
    x, y = yield from find("VIEW_3D", "kling.prompt")
    return x, y + scale * _UNDER_PROMPT


def open_menu(button: tuple[int, int]) -> Steps:
    """Click it."""
    yield from click(button)
    yield 0.4


def choose(button: tuple[int, int], group: str, entry: str) -> Steps:
    """Click one entry of a group."""
    yield from open_menu(button)
    x, y = button
    number = [each["label"] for each in _GROUPS].index(group)
    y += _FIRST_GROUP + _LINE * number
    yield from click((x, y))
    yield 0.6
    beside = x + _ENTRIES
    for part in range(1, 4):  # as a hand moves: a jump would leave the menu
        xdotool("mousemove", x + (beside - x) * part // 3, y)
        yield 0.1
    shoot(f"choose_{number}")
    yield from click((beside, y + _LINE * [each["label"] for each in _GROUPS[number]["entries"]].index(entry)))


def describe(button: tuple[int, int], scene: Any) -> Steps:
    """A camera that goes to the right, told by the first line of the menu."""
    camera = scene.camera
    camera.rotation_euler, camera.location = (1.5707963, 0, 0), (-4, -10, 0)
    camera.keyframe_insert("location", frame=1)
    camera.location.x = 4
    camera.keyframe_insert("location", frame=scene.frame_end)
    scene.frame_set(40)
    yield from open_menu(button)
    yield from click((button[0], button[1] + _FIRST_LINE))
    yield 0.6
    STORY["described"], STORY["frame"] = scene.kling.prompt, scene.frame_current
    shoot("described")


def in_storyboard(shot: Any) -> Steps:
    """The second of two shots gets its words."""
    shot.kind = "STORYBOARD"
    for _ in range(2):
        shot.board.add()
    shot.board_index = 1
    yield 0.6
    shoot_side_panel("storyboard")
    with bpy.context.temp_override(area=area("VIEW_3D")):
        bpy.ops.kling.insert_words(text="at golden hour")
    STORY["board"] = [part.prompt for part in shot.board]
    shot.kind = "FRAMES"
    yield 0.5


def look_at_menus() -> Steps:
    """In a narrow panel, and twice as large."""
    yield from narrow_side_panel("VIEW_3D", 200)
    x, y = yield from find_button()
    yield from open_menu((x, y))
    yield from click((x, y + _FIRST_GROUP + _LINE))
    yield 0.6
    shoot("narrow")
    for _ in range(2):
        xdotool("key", "Escape")
        yield 0.3
    preferences: Any = bpy.context.preferences
    preferences.view.ui_scale = 2.0
    yield 1.0
    x, y = yield from find_button(2)
    y += _FIRST_LINE // 2  # the upper edge of the field was found
    yield from open_menu((x, y))
    shoot("large")


run(prompt_words)
