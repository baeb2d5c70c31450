"""Runs inside a windowed Blender: the clicks that README.md lists, by a real mouse, from the fresh install to the clip.

``window_clicks.py ZIP OUT``: writes ``OUT/story.json`` and ``OUT/*.png``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.gui.hand import click, find, find_tab, write, xdotool
from tests.gui.in_window import STORY, Steps, area, install, run, shoot, strips, submissions
from tests.gui.readme_clicks import SENTENCE, listed_clicks

_BUTTONS = {
    "Prompt": "kling.prompt",
    "Camera to First + End": "bpy.ops.kling.capture_both",
    "Generate": "bpy.ops.kling.submit",
}


def clicks() -> Steps:
    """The steps."""
    yield from install()
    scene: Any = bpy.context.scene
    scene.render.engine = "BLENDER_WORKBENCH"  # EEVEE takes minutes on a machine without a graphics card
    scene.render.resolution_x, scene.render.resolution_y = 640, 360
    tab = yield from look_for_tab()
    for label in listed_clicks():
        if label == "Kling":
            yield from press_n()
            place = tab
        else:
            place = yield from find("VIEW_3D", _BUTTONS[label])
        yield from click(place)
        STORY.setdefault("clicks", []).append(label)
        if label == "Prompt":
            yield from write(SENTENCE)
        if label == "Camera to First + End":
            yield from both_captured(scene)
        shoot(f"after_{len(STORY['clicks'])}")
    STORY["prompt"] = scene.kling.prompt
    for _ in range(360):
        if "placed" in submissions():
            break
        yield 0.5
    shoot("placed")
    STORY["submissions"] = submissions()
    STORY["strips"] = [strip.type for strip in strips(scene)]


def both_captured(scene: Any) -> Steps:
    """Until the renders are over: a person sees the two pictures."""
    for _ in range(360):
        if scene.kling.end_frame:
            return
        yield 0.5


def look_for_tab() -> Any:
    """Where the tab will be; the side panel is closed again, as Blender has it."""
    yield from press_n()
    place = yield from find_tab("VIEW_3D")
    yield from press_n()
    return place


def press_n() -> Steps:
    """Open or close the side panel with the mouse over the 3D View."""
    here = area("VIEW_3D")
    xdotool(
        "mousemove", here.x + here.width // 3, bpy.context.window_manager.windows[0].height - here.y - here.height // 2
    )
    yield 0.4
    xdotool("key", "n")
    yield 1.0


run(clicks)
