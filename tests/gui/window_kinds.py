"""Runs inside a windowed Blender: every kind of shot in the side panel, at the usual size, twice as large, and narrow.

``window_kinds.py ZIP OUT``: writes ``OUT/story.json`` and ``OUT/*.png``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.gui.hand import click, find, xdotool
from tests.gui.in_window import (
    MODULE,
    STORY,
    Steps,
    area,
    install,
    narrow_side_panel,
    open_side_panel,
    run,
    shoot,
    shoot_side_panel,
    side_panel,
)

_KINDS = ("TEXT", "FIRST", "FRAMES", "REFERENCES", "EDIT", "NEXT", "PREVIOUS", "STORYBOARD", "BOARD_FRAMES")


def kinds() -> Steps:
    """The steps."""
    yield from install()
    open_side_panel("VIEW_3D")
    shot: Any = bpy.context.scene.kling
    fill(shot)
    yield 1.0
    for kind in _KINDS:
        shot.kind = kind
        yield 0.5
        shoot_side_panel(f"kind_{kind.lower()}")
    yield from one_screen(shot)
    page = bpy.context.preferences.addons[MODULE].preferences
    shot.kind, shot.mode = "TEXT", "4k"
    yield 0.5
    shoot_side_panel("in_4k")
    page.profile = "seed"
    yield 0.5
    shoot_side_panel("in_4k_by_seed")
    page.profile, shot.mode = "late", "pro"
    shot.kind, shot.model, shot.duration_s = "TEXT", "kling-video-o1", 7
    yield 0.5
    shoot_side_panel("o1_with_a_fault")
    shot.kind, shot.model = "FRAMES", "kling-v3-omni"
    bpy.ops.kling.submit()
    bpy.ops.kling.check_account()
    yield 2.0
    shoot_side_panel("waiting")
    yield from narrow_side_panel("VIEW_3D", 200)
    STORY["narrow_px"] = side_panel("VIEW_3D").width
    shoot_side_panel("narrow")
    bpy.context.preferences.view.ui_scale = 2.0
    yield 1.0
    shoot("twice_as_large")
    bpy.context.preferences.view.ui_scale = 1.0
    yield from light()
    bpy.context.preferences.active_section = "ADDONS"
    bpy.context.window_manager.addon_search = "kling"
    area("VIEW_3D").type = "PREFERENCES"
    yield 0.5
    bpy.ops.preferences.addon_expand(module=MODULE)
    page.service = "kling"
    yield 0.5
    shoot("preferences")


def one_screen(shot: Any) -> Steps:
    """All down to Generate in sight, and a picture that is enlarged by a click."""
    shot.kind, shot.prompt, region = "FRAMES", "The camera rises slowly around the cube", side_panel("VIEW_3D")
    shot.references.clear()
    yield 0.5
    _, y = yield from find("VIEW_3D", "bpy.ops.kling.submit")
    STORY["generate_px"] = y - (bpy.context.window_manager.windows[0].height - region.y - region.height)
    shoot("one_screen")
    # A thumbnail tells nobody what it does: it is above the button that captures both.
    x, both = yield from find("VIEW_3D", "bpy.ops.kling.capture_both")
    yield from click((x, both - 90))
    shoot("enlarged")
    xdotool("key", "Escape")
    yield 0.5


def light() -> Steps:
    """Blender's own light theme."""
    themes = Path(bpy.utils.system_resource("SCRIPTS")) / "presets" / "interface_theme"
    bpy.ops.script.execute_preset(
        filepath=str(themes / "Blender_Light.xml"), menu_idname="USERPREF_MT_interface_theme_presets"
    )
    yield 0.5
    shoot("light")
    bpy.ops.preferences.reset_default_theme()
    yield 0.5


def fill(shot: Any) -> None:
    """Something of everything."""
    scene: Any = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = 640, 360
    shot.prompt = "The camera circles @image:chair while @element:hero looks up"
    bpy.ops.kling.capture_both(engine="WORKBENCH")
    first = shot.first_frame
    bpy.ops.kling.add_references(directory=str(Path(first).parent), files=[{"name": Path(first).name}])
    shot.references[0].name = "chair"
    bpy.ops.kling.add_item(which="elements")
    shot.elements[0].name, shot.elements[0].element_id = "hero", "829836802793406551"
    shot.video = "https://example.com/street.mp4"
    for prompt, seconds in (("Wide shot: @element:hero crosses a bridge", 2), ("Close-up of @image:chair", 3)):
        bpy.ops.kling.add_item(which="board")
        shot.board[-1].prompt, shot.board[-1].duration_s = prompt, seconds


run(kinds)
