"""Runs inside a windowed Blender: install the zip, draw the panels, take the road, leave a screenshot of each state.

``window_road.py ZIP OUT``: writes ``OUT/story.json`` and ``OUT/*.png``. Everything goes by timers, as a person's
Blender would.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Generator
from pathlib import Path
from typing import Any

import bpy

ZIP, OUT = (Path(argument).resolve() for argument in sys.argv[sys.argv.index("--") + 1 :][:2])
STORY: dict[str, Any] = {"blender": bpy.app.version_string, "steps": [], "error": "", "drawn": [], "draw_errors": []}


def shoot(name: str) -> None:
    """What stands on the screen, by the X server: Blender's own screenshot is black in software OpenGL."""
    bpy.ops.wm.redraw_timer(type="DRAW_WIN_SWAP", iterations=2)
    subprocess.run(["import", "-window", "root", str(OUT / f"{name}.png")], check=True)
    STORY["steps"].append(name)


def area(kind: str) -> Any:
    """The first area of a kind in the window."""
    return next(a for a in bpy.context.window_manager.windows[0].screen.areas if a.type == kind)


def open_side_panel(kind: str) -> None:
    """Show the side panel of an editor with our tab in front."""
    here = area(kind)
    here.spaces.active.show_region_ui = True
    region = next(r for r in here.regions if r.type == "UI")
    bpy.ops.wm.redraw_timer(type="DRAW_WIN_SWAP", iterations=2)
    region.active_panel_category = "Kling"


def watch_drawing() -> None:
    """Note every panel of ours that Blender draws, and every exception in it (Blender only prints those)."""
    for name in dir(bpy.types):
        if name.startswith("KLING_PT_"):
            kind = getattr(bpy.types, name)
            kind.draw = watched(kind.draw, name.rsplit("_", 1)[1])


def watched(draw: Any, name: str) -> Any:
    """A panel's draw function that tells."""

    def told(self: Any, context: Any) -> None:
        try:
            draw(self, context)
            STORY["drawn"].append(name)
        except Exception:  # noqa: BLE001 - told, not hidden
            STORY["draw_errors"].append(traceback.format_exc())

    return told


def road() -> Generator[float, None, None]:
    """The steps; each yield gives Blender's own loop that many seconds."""
    yield 1.0
    bpy.ops.extensions.package_install_files(filepath=str(ZIP), repo="user_default", enable_on_install=True)
    yield 1.0
    watch_drawing()
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
        if any(s.type == "MOVIE" for s in strips(scene)):
            break
        yield 0.5
    shoot("panel_placed")
    STORY["strips"] = [[s.name, s.type, int(s.frame_final_start), s.channel] for s in strips(scene)]
    STORY["undo"] = [len(strips(scene))]
    bpy.ops.ed.undo()
    yield 1.0
    STORY["undo"].append(len(strips(bpy.context.scene)))
    bpy.ops.ed.redo()
    yield 1.0
    scene = bpy.context.scene
    STORY["undo"].append(len(strips(scene)))
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


def strips(scene: Any) -> list[Any]:
    """The scene's strips in any version."""
    editor = scene.sequence_editor
    if editor is None:
        return []
    return list(editor.strips if hasattr(editor, "strips") else editor.sequences)


def submissions() -> list[str]:
    """The phases of all submissions in the journal."""
    live = sys.modules["bl_ext.user_default.kling_omni.kling_omni_addon.blender.live"]
    return [submission.phase.value for submission in live.submissions()]


bpy.context.preferences.view.show_splash = False  # before the window is drawn for the first time
STEPS = road()


def beat() -> float | None:
    """One step of the road; the end writes the story and quits."""
    try:
        return next(STEPS)
    except StopIteration:
        pass
    except Exception:  # noqa: BLE001 - whatever went wrong belongs into the story
        STORY["error"] = traceback.format_exc()
    STORY["drawn"] = sorted(set(STORY["drawn"]))
    (OUT / "story.json").write_text(json.dumps(STORY, indent=1))
    os._exit(0)


bpy.app.timers.register(beat, first_interval=1.0)
