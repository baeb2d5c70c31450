"""Runs inside a windowed Blender: clips arrive while an editor is maximized and temporary windows are open.

``window_whole_placement.py ZIP OUT``: writes ``OUT/story.json`` and ``OUT/*.png``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.gui.in_window import OUT, STORY, Steps, area, install, run, shoot, strips, submissions

RATES = (25, 30)
SECONDS = 5


def whole_placement() -> Steps:
    """The steps."""
    yield from install()
    scene: Any = bpy.context.scene
    bpy.ops.wm.save_as_mainfile(filepath=str(OUT / "film.blend"))
    maximize()
    yield 1.0
    bpy.ops.screen.userpref_show("INVOKE_DEFAULT")
    yield 1.0
    STORY["windows"] = [
        [window.screen.is_temporary, window.screen.show_fullscreen] for window in bpy.context.window_manager.windows
    ]
    for number, rate in enumerate(RATES, start=1):
        scene.render.fps = rate
        generate(scene, f"at_{rate}", 1 + 300 * number)
        yield from placed(number)
    shoot("arrived_beside_preferences")
    STORY["lengths"] = {strip.name: length_of(strip) for strip in strips(scene)}
    STORY["waiting"] = sorted(strip.name for strip in strips(scene) if "kling_planned" in strip)
    STORY["editors"] = [
        sorted(place.ui_type for place in window.screen.areas) for window in bpy.context.window_manager.windows
    ]
    STORY["submissions"] = sorted(submissions())


def maximize() -> None:
    """As Ctrl Space does."""
    largest = area("VIEW_3D")
    region = next(region for region in largest.regions if region.type == "WINDOW")
    window = bpy.context.window_manager.windows[0]
    with bpy.context.temp_override(window=window, area=largest, region=region):
        bpy.ops.screen.screen_full_area()


def generate(scene: Any, name: str, frame: int) -> None:
    """One shot, from a script in the window."""
    scene.frame_current = frame
    shot = scene.kling
    shot.kind, shot.mode, shot.duration_s, shot.shot_name, shot.prompt = "TEXT", "std", SECONDS, name, f"a fox {name}"
    bpy.ops.kling.submit()


def placed(number: int) -> Steps:
    """Until so many clips are on the timeline."""
    for _ in range(160):
        if submissions().count("placed") == number:
            return
        yield 0.5


def length_of(strip: Any) -> int:
    """Frames of the scene."""
    return int(strip.duration if hasattr(strip, "duration") else strip.frame_final_duration)


run(whole_placement)
