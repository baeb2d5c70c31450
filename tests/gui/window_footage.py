"""Runs inside a windowed Blender: a strip becomes a video, the video gets a link, and a clip is made of it, by mouse.

``window_footage.py ZIP OUT``: writes ``OUT/story.json`` and ``OUT/*.png``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
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
    area,
    install,
    narrow_side_panel,
    run,
    shoot,
    shoot_side_panel,
    show_sequencer,
    strips,
    submissions,
)

_EDITOR = "SEQUENCE_EDITOR"


def footage() -> Steps:
    """The steps."""
    yield from install()
    page: Any = bpy.context.preferences.addons[MODULE].preferences
    page.service = "rehearsal"
    scene: Any = bpy.context.scene
    cut(scene)
    bpy.ops.wm.save_as_mainfile(filepath=str(OUT / "film.blend"))
    yield from show_sequencer()
    yield from narrow_side_panel(_EDITOR, 280)
    yield from click(place_of(36, 1.5))
    STORY["selected"] = [strip.name for strip in strips(scene) if strip.select]
    shoot_side_panel("from_strip", _EDITOR)
    yield from stopped(scene)
    yield from rendered(scene)
    yield from uploaded(scene)
    yield from generated(scene)


def cut(scene: Any) -> None:
    """A shot that edits a video, and a strip of three seconds that is not selected."""
    shot = scene.kling
    shot.kind, shot.prompt, shot.mode = "EDIT", "Make @video at night", "std"
    scene.render.fps, scene.render.resolution_x, scene.render.resolution_y = 24, 1280, 720
    scene.frame_end = 120
    scene.sequence_editor_create()
    holder = scene.sequence_editor
    found = holder.strips if hasattr(holder, "strips") else holder.sequences
    extent = "length" if "length" in found.bl_rna.functions["new_effect"].parameters else "frame_end"
    until = 72 if extent == "length" else 73
    for name, channel, color in (("alley_04", 1, (0.1, 0.25, 0.5)), ("title", 2, (0.8, 0.4, 0.1))):
        strip = found.new_effect(name=name, type="COLOR", channel=channel, frame_start=1, **{extent: until})
        strip.color, strip.select = color, False


def place_of(frame: float, channel: float) -> tuple[int, int]:
    """Where on the screen a frame of a channel is in the Sequencer."""
    region = next(region for region in area(_EDITOR).regions if region.type == "WINDOW")
    x, y = region.view2d.view_to_region(frame, channel, clip=False)
    return region.x + x, bpy.context.window_manager.windows[0].height - region.y - y


def is_rendering() -> bool:
    """Whether Blender shows the progress of a render."""
    return bool(bpy.app.is_job_running("RENDER"))


def until(is_so: Callable[[], bool], seconds: float) -> Steps:
    """Wait, while Blender goes on, until something is so."""
    for _ in range(int(seconds / 0.2)):
        if is_so():
            return
        yield 0.2


def press(operator: str) -> Steps:
    """Find the button that does this, and click it."""
    place = yield from find(_EDITOR, f"bpy.ops.kling.{operator}")
    yield from click(place)


def standing(scene: Any) -> dict[str, Any]:
    """What must be as it was after a render."""
    render = scene.render
    return {
        "scenes": len(bpy.data.scenes),
        "size": [render.resolution_x, render.resolution_y, render.resolution_percentage],
        "range": [scene.frame_start, scene.frame_end, scene.frame_current],
        "format": render.image_settings.file_format,
        "path": render.filepath,
        "muted": [strip.mute for strip in strips(scene)],
        "files": sorted(path.name for path in OUT.glob("kling/footage/*")),
    }


def stopped(scene: Any) -> Steps:
    """Escape ends a render, and nothing is left of it."""
    before = standing(scene)
    yield from press("render_strips")
    yield from until(is_rendering, 5)
    STORY["rendered_beside_the_window"] = is_rendering()
    xdotool("key", "Escape")
    yield from until(lambda: not is_rendering(), 30)
    yield 0.5
    shoot("stopped")
    yield from click(place_of(100, 5))  # what was said beside the mouse goes with a click elsewhere
    yield from click(place_of(36, 1.5))
    STORY["stopped"] = {"changed": changed(before, standing(scene)), "footage": scene.kling.footage}


def changed(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [f"{name}: {before[name]} -> {after[name]}" for name in before if before[name] != after[name]]


def rendered(scene: Any) -> Steps:
    """The strip as a video; nothing is sent."""
    before = standing(scene)
    yield from press("render_strips")
    yield from until(is_rendering, 5)
    yield 0.4
    shoot("rendering")
    yield from until(lambda: bool(scene.kling.footage), 90)
    yield 0.5
    after = standing(scene)
    STORY["files"] = len(after.pop("files"))
    before.pop("files")
    STORY["rendered"] = {"changed": changed(before, after), "submissions": submissions(), "link": scene.kling.video}
    shoot_side_panel("rendered", _EDITOR)


def uploaded(scene: Any) -> Steps:
    """Its link, from the rehearsal server, seen at three widths."""
    yield from press("upload_footage")
    yield from until(lambda: bool(scene.kling.footage_link), 20)
    yield 0.5
    STORY["link"] = scene.kling.video
    STORY["submissions_after_upload"] = submissions()
    shoot_side_panel("linked", _EDITOR)
    yield from narrow_side_panel(_EDITOR, 200)
    shoot_side_panel("linked_narrow", _EDITOR)
    view: Any = bpy.context.preferences.view
    view.ui_scale = 2.0
    yield 1.0
    shoot_side_panel("linked_twice_as_large", _EDITOR)
    view.ui_scale = 1.0
    yield 1.0
    yield from narrow_side_panel(_EDITOR, 280)


def generated(scene: Any) -> Steps:
    """The clip that the rehearsal makes of it arrives."""
    yield from press("submit")
    yield from until(lambda: submissions() == ["placed"], 90)
    yield 0.5
    STORY["submissions"] = submissions()
    STORY["strips"] = [strip.type for strip in strips(scene)]
    shoot("arrived")


run(footage)
