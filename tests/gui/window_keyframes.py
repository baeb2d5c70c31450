"""Runs inside a windowed Blender: Kling 4.0 chosen, and the camera taken at the timeline's markers as its keyframes.

``window_keyframes.py ZIP OUT``: writes ``OUT/story.json`` and ``OUT/*.png``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.gui.in_window import MODULE, STORY, Steps, install, open_side_panel, run, shoot_side_panel

_MARKERS = (1, 40, 80, 120)


def keyframes() -> Steps:
    """The steps."""
    yield from install()
    page: Any = bpy.context.preferences.addons[MODULE].preferences
    page.service, page.dialect, page.relayed_models = "rehearsal", "new", True
    scene: Any = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = 640, 360
    for frame in _MARKERS:
        scene.timeline_markers.new(f"key {frame}", frame=frame)
    camera = scene.camera
    for frame in _MARKERS:
        camera.location.x += 0.8
        camera.keyframe_insert("location", frame=frame)
    shot = scene.kling
    shot.kind, shot.model, shot.duration_s = "FRAMES", "kling-4.0", 12
    shot.prompt = "The camera glides past @middle1 and @middle2"
    open_side_panel("VIEW_3D")
    yield 1.0
    shoot_side_panel("before")
    bpy.ops.kling.capture_keyframes(engine="WORKBENCH")
    yield 1.0
    STORY["taken"] = [frame.origin for frame in shot.middle_frames]
    shoot_side_panel("keyframes")
    shot.model = "kling-v3-omni"
    yield 1.0
    shoot_side_panel("other_model")


run(keyframes)
