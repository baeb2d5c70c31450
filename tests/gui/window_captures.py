"""Runs inside a windowed Blender: frames of two cameras, of a span that is longer than the clip, and of a transparent
film; then a storyboard of markers, whose names are seen before they are sent.

``window_captures.py ZIP OUT``: writes ``OUT/story.json`` and ``OUT/*.png``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.gui.hand import click, find, xdotool
from tests.gui.in_window import (
    MODULE,
    OUT,
    STORY,
    Steps,
    install,
    narrow_side_panel,
    open_side_panel,
    run,
    shoot,
    shoot_side_panel,
    side_panel,
)

_FIX = "bpy.ops.kling.fix("


def captures() -> Steps:
    """The steps."""
    yield from install()
    page: Any = bpy.context.preferences.addons[MODULE].preferences
    page.service = "rehearsal"
    scene: Any = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = 640, 360
    scene.render.engine, scene.kling.prompt = "BLENDER_WORKBENCH", "The camera rises slowly"
    bpy.ops.wm.save_as_mainfile(filepath=str(OUT / "film.blend"))
    open_side_panel("VIEW_3D")
    yield 1.0
    two_cameras(scene)
    yield from show("two_cameras")
    yield from span(scene)
    yield from background(scene)
    yield from narrow_side_panel("VIEW_3D", 200)
    yield from show("narrow")
    yield from storyboard(scene)


def two_cameras(scene: Any) -> None:
    """A camera for each half of the scene, bound to a marker."""
    for name, frame, shift in (("Cam1", 1, 0.0), ("Cam3", 200, 2.0)):
        camera = scene.camera.copy()
        camera.name, camera.location.x = name, camera.location.x + shift
        scene.collection.objects.link(camera)
        scene.timeline_markers.new(name, frame=frame).camera = camera
    bpy.ops.kling.capture_both()
    shot = scene.kling
    STORY["cameras"] = [shot.first_origin, shot.end_origin, shot.first_frame, *said()]


def span(scene: Any) -> Steps:
    """One camera for the whole scene, and the fix for a clip that is shorter."""
    scene.timeline_markers["Cam3"].camera = None
    scene.render.resolution_x, scene.render.resolution_y = 1920, 1080
    bpy.ops.kling.capture_both()
    STORY["span"] = said()
    yield from show("span")
    yield from click((yield from find("VIEW_3D", _FIX)))
    STORY["set_to"] = [scene.kling.duration_s, *said()]


def background(scene: Any) -> Steps:
    """What is behind the scene."""
    scene.render.film_transparent, scene.kling.background = True, "COLOR"
    scene.kling.background_color = (0.9, 0.6, 0.2)
    bpy.ops.kling.capture_frame(role="FIRST", frame=1)
    yield from scroll(up=True)
    shoot_side_panel("background")


def storyboard(scene: Any) -> Steps:
    """Markers become shots; their names are listed before they are sent, and kept by a click."""
    scene.timeline_markers["Cam1"].name, scene.timeline_markers["Cam3"].name = "sh010", "sh020"
    scene.frame_end = 250
    bpy.ops.kling.shots_from_markers()
    STORY["borrowed"] = said()
    yield from show("borrowed")
    bpy.ops.kling.submit_each_shot("INVOKE_DEFAULT")
    yield 1.0
    shoot("each_shot")
    xdotool("key", "Escape")
    yield 0.5
    yield from click((yield from find("VIEW_3D", _FIX)))
    STORY["kept"] = said()
    yield from show("kept")


def show(name: str) -> Steps:
    """A picture of the panel's end, where Generate is."""
    yield 0.5
    yield from scroll(up=False)
    shoot_side_panel(name)


def scroll(*, up: bool) -> Steps:
    """To one end of the panel."""
    region = side_panel("VIEW_3D")
    top = bpy.context.window_manager.windows[0].height - region.y - region.height
    xdotool("mousemove", region.x + 5, top + region.height // 2)  # its margin: a list would take the wheel for itself
    xdotool("click", "--repeat", 40, "--delay", 5, 4 if up else 5)
    yield 0.5


def said() -> list[str]:
    """What the panel says of the shot itself."""
    judging = sys.modules[f"{MODULE}.kling_omni_addon.blender.shot.judging"]
    return list(_messages(judging.problems(bpy.context.scene) or ()))


def _messages(problems: Any) -> Iterator[str]:
    return (problem.message for problem in problems if problem.rule == "PANEL")


run(captures)
