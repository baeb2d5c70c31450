"""Runs inside a windowed Blender: stand-ins on the timeline, what is written on them, and how one becomes its clip.

``window_timeline.py ZIP OUT``: writes ``OUT/story.json`` and ``OUT/*.png``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.gui.in_window import (
    OUT,
    STORY,
    Steps,
    area,
    in_sequencer,
    install,
    run,
    shoot,
    show_sequencer,
    strips,
    submissions,
)


def timeline() -> Steps:
    """The steps."""
    yield from install()
    scene: Any = bpy.context.scene
    scene.frame_start, scene.frame_end, scene.render.fps = 1, 280, 30
    bpy.ops.wm.save_as_mainfile(filepath=str(OUT / "film.blend"))
    generate("alley_01", "The camera drives along the alley", 1)
    yield from placed(1)
    generate("alley_03", "A cat jumps off the wall", 187)
    bpy.ops.kling.stop_waiting(submission_id=stands()[-1].id)
    generate("alley_02", "The camera turns into the yard", 94)
    yield from show_sequencer()
    with in_sequencer():
        bpy.ops.sequencer.view_all()
    yield 1.5
    shoot("stand_in")
    bpy.context.preferences.view.ui_scale = 2.0
    area("SEQUENCE_EDITOR").spaces.active.show_region_ui = False
    yield 1.0
    shoot("stand_in_twice_as_large")
    bpy.context.preferences.view.ui_scale = 1.0
    area("SEQUENCE_EDITOR").spaces.active.show_region_ui = True
    yield from placed(2)
    yield 1.0
    shoot("became_clip")
    tell("became_clip")
    for name, step in (("undone", bpy.ops.ed.undo), ("redone", bpy.ops.ed.redo)):
        step()
        yield 1.0
        tell(name)
    STORY["submissions"] = sorted(submissions())


def generate(name: str, prompt: str, frame: int) -> None:
    """One shot, from a script in the window."""
    scene: Any = bpy.context.scene
    scene.frame_current = frame
    shot = scene.kling
    shot.kind, shot.mode, shot.duration_s, shot.shot_name, shot.prompt = "TEXT", "std", 3, name, prompt
    bpy.ops.kling.submit()


def placed(number: int) -> Steps:
    """Until so many clips are on the timeline."""
    for _ in range(160):
        if submissions().count("placed") == number:
            return
        yield 0.5


def stands() -> Any:
    """All submissions, as the extension knows them."""
    return sys.modules["bl_ext.user_default.kling_omni.kling_omni_addon.blender.connection.snapshots"].submissions()


def tell(name: str) -> None:
    """Every strip, and whether it still waits for its clip."""
    STORY[name] = sorted([strip.name, "kling_planned" in strip] for strip in strips(bpy.context.scene))


run(timeline)
