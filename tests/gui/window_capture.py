"""Runs inside a windowed Blender: the 3D view and strips become pictures, the frame overlay is drawn.

``window_capture.py ZIP OUT``: writes ``OUT/story.json`` and ``OUT/*.png``.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.gui.in_window import MODULE, OUT, STORY, Steps, area, install, open_side_panel, redraw, run, shoot, strips
from tests.gui.seen import changes, everything


def capture() -> Steps:
    """The steps."""
    yield from install()
    scene: Any = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = 1280, 720
    bpy.ops.wm.save_as_mainfile(filepath=str(OUT / "film.blend"))
    area("PROPERTIES").type = "VIEW_3D"  # a second one, smaller: the large one is meant
    yield 0.5
    take("view_free", bpy.ops.kling.capture_view, role="REFERENCE")
    take("view_free_overlays", bpy.ops.kling.capture_view, role="REFERENCE", overlays=True)
    take("view_free_upright", bpy.ops.kling.capture_view, role="REFERENCE", aspect_ratio="9:16")
    shoot("free_view")
    largest().region_3d.view_perspective = "CAMERA"
    yield 0.5
    take("view_camera", bpy.ops.kling.capture_view, role="REFERENCE")
    take("render_camera", bpy.ops.kling.capture_frame, role="REFERENCE", engine="WORKBENCH")
    yield from overlays()
    refuse_cycles(scene)
    timeline(scene)
    yield from menus(scene)
    yield from undo()
    bpy.ops.kling.toggle_frame_overlay(shape="1:1")
    bpy.ops.preferences.addon_disable(module=MODULE)
    yield 0.5
    shoot("disabled")


def largest() -> Any:
    """The 3D view that fills most of the window."""
    return area("VIEW_3D").spaces.active


def take(name: str, operator: Any, **wishes: Any) -> None:
    """Take a picture for the references, keep it under that name, and note whether it changed anything else."""
    before = everything()
    operator(**wishes)
    STORY.setdefault("changed", {})[name] = changes(before)
    path = Path(bpy.path.abspath(bpy.context.scene.kling.references[-1].path))
    shutil.copy(path, OUT / f"{name}{path.suffix}")
    STORY["steps"].append(name)


def overlays() -> Steps:
    """Each shape in the camera view, and nothing in a free view."""
    open_side_panel("VIEW_3D")
    for shape in ("16:9", "9:16", "1:1"):
        bpy.ops.kling.toggle_frame_overlay(shape=shape)
        yield 0.3
        shoot(f"overlay_{shape.replace(':', '_')}")
    bpy.context.preferences.view.ui_scale = 2.0
    yield 1.0
    shoot("overlay_twice_as_large")
    bpy.context.preferences.view.ui_scale = 1.0
    largest().region_3d.view_perspective = "PERSP"
    yield 0.3
    shoot("overlay_in_a_free_view")
    bpy.ops.kling.toggle_frame_overlay(shape="1:1")
    largest().region_3d.view_perspective = "CAMERA"
    yield 0.3
    redraw()


def refuse_cycles(scene: Any) -> None:
    """A view that Cycles renders cannot be taken; what is said, and that all is as it was."""
    scene.render.engine = "CYCLES"
    largest().shading.type = "RENDERED"
    before = everything()
    try:
        bpy.ops.kling.capture_view(role="REFERENCE")
    except RuntimeError as error:
        STORY["refusal"] = str(error)
    STORY["changed"]["refusal"] = changes(before)
    largest().shading.type = "SOLID"


def timeline(scene: Any) -> None:
    """A strip of a picture gives that picture."""
    scene.sequence_editor_create()
    editor: Any = scene.sequence_editor
    bars = editor.strips if hasattr(editor, "strips") else editor.sequences
    bars.new_image("Still", str(OUT / "view_free.jpg"), 1, 1)
    take("strip", bpy.ops.kling.capture_strip, role="REFERENCE")
    STORY["strips"] = [strip.name for strip in strips(scene)]


def menus(scene: Any) -> Steps:
    """The menu of sources, and what a strip's own menu offers."""
    call = bpy.ops.wm.call_menu
    yield from opened("VIEW_3D", "menu", lambda: call("INVOKE_DEFAULT", name="KLING_MT_first_picture"))
    yield from opened("VIEW_3D", "image_dialog", lambda: bpy.ops.kling.use_image("INVOKE_DEFAULT"))
    workspace: Any = bpy.context.workspace
    if hasattr(workspace, "sequencer_scene"):
        workspace.sequencer_scene = scene
    scene.sequence_editor.active_strip = strips(scene)[0]
    area("DOPESHEET_EDITOR").type = "SEQUENCE_EDITOR"
    yield 0.5
    yield from opened("SEQUENCE_EDITOR", "strip_menu", lambda: call("INVOKE_DEFAULT", name="SEQUENCER_MT_context_menu"))


def opened(kind: str, name: str, call: Callable[[], Any]) -> Steps:
    """A menu or a dialog on the screen, closed again by the Escape key."""
    here = area(kind)
    window = bpy.context.window_manager.windows[0]
    subprocess.run(["xdotool", "mousemove", "700", "300"], check=True)
    yield 0.3
    region = next(region for region in here.regions if region.type == "WINDOW")
    with bpy.context.temp_override(window=window, area=here, region=region):
        call()
    yield 0.5
    shoot(name)
    subprocess.run(["xdotool", "key", "Escape"], check=True)
    yield 0.3


def undo() -> Steps:
    """A picture is one step of undo."""
    bpy.ops.ed.undo_push(message="What a script did")
    bpy.ops.kling.capture_view("EXEC_DEFAULT", True, role="REFERENCE")  # True: as from a button, with its undo step
    counts = [len(bpy.context.scene.kling.references)]
    for step in (bpy.ops.ed.undo, bpy.ops.ed.redo):
        yield 0.5
        step()
        yield 0.5
        counts.append(len(bpy.context.scene.kling.references))
    STORY["undo"] = counts


run(capture)
