"""Runs inside a windowed Blender: install the zip, draw the panels, take the road, leave a screenshot of each state.

``window_road.py ZIP OUT``: writes ``OUT/story.json`` and ``OUT/*.png``. Everything goes by timers, as a person's
Blender would.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.gui.in_window import STORY, Steps, area, install, open_side_panel, run, shoot, strips, submissions


def road() -> Steps:
    """The steps."""
    yield from install()
    open_side_panel("VIEW_3D")
    yield 0.5
    shoot("panel_empty")
    scene: Any = bpy.context.scene
    scene.frame_start, scene.frame_end = 1, 48
    scene.render.resolution_x, scene.render.resolution_y = 640, 360
    shot = scene.kling
    shot.mode, shot.duration_s = "std", 3
    shot.prompt = "x" * 2501
    yield 0.5
    shoot("panel_fault")
    shot.prompt = "The cube turns slowly in the evening light"
    bpy.ops.kling.capture_both(engine="WORKBENCH")
    yield 0.5
    shoot("panel_ready")
    bpy.ops.kling.submit()
    yield 1.5
    shoot("panel_waiting")
    for _ in range(120):
        if "placed" in submissions():
            break
        yield 0.5
    shoot("panel_placed")
    STORY["strips"] = [[s.name, s.type, int(s.frame_final_start), s.channel] for s in strips(scene)]
    STORY["undo"] = [len(strips(scene))]
    for step in (bpy.ops.ed.undo, bpy.ops.ed.redo):  # twice each: the clip, and the stand-in before it
        for _ in range(2):
            step()
            yield 1.0
        STORY["undo"].append(len(strips(bpy.context.scene)))
    STORY["submissions"] = submissions()
    area("VIEW_3D").type = "SEQUENCE_EDITOR"
    yield 1.0
    open_side_panel("SEQUENCE_EDITOR")
    yield 0.5
    shoot("sequencer")
    bpy.ops.preferences.addon_disable(module="bl_ext.user_default.kling_omni")
    yield 0.5
    STORY["left"] = [name for name in dir(bpy.types) if name.startswith("KLING_")]
    shoot("disabled")


run(road)
