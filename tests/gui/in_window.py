"""What the scripts share that run inside a windowed Blender: steps by a timer, screenshots, the tab in front."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import bpy

Steps = Generator[float, None, None]
"""Each yield gives Blender's own loop that many seconds."""

ZIP, OUT = (Path(argument).resolve() for argument in sys.argv[sys.argv.index("--") + 1 :][:2])
STORY: dict[str, Any] = {"blender": bpy.app.version_string, "steps": [], "error": "", "drawn": [], "draw_errors": []}
_EDGE_PX = (1, 9)  # where the edge takes the mouse: in the 3D View of 4.3 only where what is drawn begins
_NEAR_PX = 20  # Blender takes a step of its own
MODULE = "bl_ext.user_default.kling_omni"


def redraw() -> None:
    """Draw the window now."""
    bpy.ops.wm.redraw_timer(type="DRAW_WIN_SWAP", iterations=2)


def shoot(name: str) -> None:
    """What stands on the screen, by the X server: Blender's own screenshot is black in software OpenGL."""
    redraw()
    subprocess.run(["import", "-window", "root", str(OUT / f"{name}.png")], check=True)
    STORY["steps"].append(name)


def shoot_side_panel(name: str, kind: str = "VIEW_3D") -> None:
    """The side panel only."""
    redraw()
    region = side_panel(kind)
    top = bpy.context.window_manager.windows[0].height - region.y - region.height
    crop = f"{region.width}x{region.height}+{region.x}+{top}"
    subprocess.run(["import", "-window", "root", "-crop", crop, "+repage", str(OUT / f"{name}.png")], check=True)
    STORY["steps"].append(name)


def area(kind: str) -> Any:
    """The largest area of a kind in the window."""
    areas = [a for a in bpy.context.window_manager.windows[0].screen.areas if a.type == kind]
    return max(areas, key=lambda a: a.width * a.height)


def side_panel(kind: str) -> Any:
    """The side panel of an editor."""
    return next(region for region in area(kind).regions if region.type == "UI")


def open_side_panel(kind: str) -> None:
    """Show the side panel of an editor with our tab in front."""
    area(kind).spaces.active.show_region_ui = True
    redraw()
    side_panel(kind).active_panel_category = "Kling"


def show_sequencer() -> Steps:
    """The sequencer with our tab, instead of the 3D view."""
    area("VIEW_3D").type = "SEQUENCE_EDITOR"
    yield 0.5
    if hasattr(bpy.context.workspace, "sequencer_scene"):
        bpy.context.workspace.sequencer_scene = bpy.context.scene
    open_side_panel("SEQUENCE_EDITOR")
    yield 0.5


def in_sequencer() -> Any:
    """Where a click in the sequencer would be."""
    place = area("SEQUENCE_EDITOR")
    region = next(region for region in place.regions if region.type == "WINDOW")
    return bpy.context.temp_override(window=bpy.context.window_manager.windows[0], area=place, region=region)


def narrow_side_panel(kind: str, width: int) -> Steps:
    """Drag the edge of the side panel with the mouse, as a person would, until it is so many pixels wide."""
    for inside in _EDGE_PX:
        yield from _drag_edge(kind, inside, width)
        if abs(side_panel(kind).width - width) <= _NEAR_PX:
            return
    raise RuntimeError(f"the side panel has {side_panel(kind).width} px, not {width}")


def _drag_edge(kind: str, inside: int, width: int) -> Steps:
    region = side_panel(kind)
    y, x = bpy.context.window_manager.windows[0].height - region.y - region.height // 2, region.x + inside
    goal = region.x + region.width - width
    places = (x - 60, x - 20, x)
    for action in (
        *(["mousemove", str(place), str(y)] for place in places),
        ["mousedown", "1"],
        *(["mousemove", str(x + (goal - x) * part // 4), str(y)] for part in range(1, 5)),
        ["mouseup", "1"],
        ["mousemove", "300", "300"],
    ):
        subprocess.run(["xdotool", *action], check=True)
        yield 0.3


def install() -> Steps:
    """Install and enable the zip, and watch its panels."""
    yield 1.0
    bpy.ops.extensions.package_install_files(filepath=str(ZIP), repo="user_default", enable_on_install=True)
    yield 1.0
    watch_drawing()


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


def strips(scene: Any) -> list[Any]:
    """The scene's strips in any version."""
    editor = scene.sequence_editor
    if editor is None:
        return []
    return list(editor.strips if hasattr(editor, "strips") else editor.sequences)


def submissions() -> list[str]:
    """The phases of all submissions in the journal."""
    snapshots = sys.modules[f"{MODULE}.kling_omni_addon.blender.connection.snapshots"]
    return [submission.phase.value for submission in snapshots.submissions()]


def run(steps: Callable[[], Steps]) -> None:
    """Take the steps once Blender's window is there; the end writes the story and quits."""
    view: Any = bpy.context.preferences.view
    view.show_splash = False  # before the window is drawn for the first time
    view.show_tooltips = False  # they come in front of what a picture is to show
    going = steps()

    def beat() -> float | None:
        try:
            return next(going)
        except StopIteration:
            pass
        except Exception:  # noqa: BLE001 - whatever went wrong belongs into the story
            STORY["error"] = traceback.format_exc()
        STORY["drawn"] = sorted(set(STORY["drawn"]))
        (OUT / "story.json").write_text(json.dumps(STORY, indent=1))
        os._exit(0)

    bpy.app.timers.register(beat, first_interval=1.0)
