"""Runs inside a windowed Blender: shots set up from strips on the timeline, each one step of undo.

``window_next_shots.py ZIP OUT``: writes ``OUT/story.json`` and ``OUT/*.png``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.gui.in_window import (
    MODULE,
    OUT,
    STORY,
    Steps,
    in_sequencer,
    install,
    narrow_side_panel,
    run,
    shoot,
    shoot_side_panel,
    show_sequencer,
    strips,
    submissions,
)

_SET_UP = ("kind", "first_frame", "end_frame", "shot_name", "fit_frames", "duration_s")


def next_shots() -> Steps:
    """The steps."""
    yield from install()
    cut(bpy.context.scene)
    yield 0.5
    yield from show_sequencer()
    for operator in ("continue_strip", "precede_strip", "bridge_gap", "shots_from_strips"):
        yield from set_up_and_undo(operator)
        shoot_side_panel(operator, "SEQUENCE_EDITOR")
    yield from narrow_side_panel("SEQUENCE_EDITOR", 200)
    shoot_side_panel("narrow", "SEQUENCE_EDITOR")
    yield from use_clip()
    with in_sequencer():
        bpy.ops.wm.call_menu(name="SEQUENCER_MT_context_menu")
    yield 0.5
    shoot("menu")


def use_clip() -> Steps:
    """Have the rehearsal make a clip, and edit it by its link, which is asked for while Blender goes on."""
    scene: Any = bpy.context.scene
    shot, blender = scene.kling, f"{MODULE}.kling_omni_addon.blender"
    snapshots, judging = (sys.modules[f"{blender}.{name}"] for name in ("connection.snapshots", "shot.judging"))
    shot.kind, shot.mode, shot.duration_s, shot.prompt = "TEXT", "std", 3, "She runs on"
    bpy.ops.kling.submit()
    for _ in range(120):
        if submissions() == ["placed"]:
            break
        yield 0.5
    (submission,) = snapshots.submissions()
    bpy.ops.kling.use_clip(submission_id=submission.id, use="EDIT")
    shot.prompt = "Make it night"
    STORY["clip"] = [faults(judging)]
    for _ in range(40):
        if not faults(judging):
            break
        yield 0.25
    STORY["clip"].append(faults(judging))
    shoot_side_panel("use_clip", "SEQUENCE_EDITOR")
    scene.sequence_editor.active_strip = next(strip for strip in strips(scene) if strip.type == "MOVIE")


def faults(judging: Any) -> list[str]:
    """What stands in the way of Generate."""
    return [problem.message for problem in judging.problems(bpy.context.scene) if problem.is_fault]


def cut(scene: Any) -> None:
    """Two pictures with three seconds and a half between them, the first one active."""
    scene.render.fps, scene.kling.prompt = 24, "She runs on"
    scene.sequence_editor_create()
    holder = scene.sequence_editor
    strips_of = holder.strips if hasattr(holder, "strips") else holder.sequences
    for name, start, grey in (("alley_02", 1, 0.2), ("alley_03", 133, 0.6)):
        strip = strips_of.new_image(name, str(paint(name, grey)), 1, start)
        setattr(strip, "duration" if hasattr(strip, "duration") else "frame_final_duration", 48)
        strip.select = True
    holder.active_strip = strips_of["alley_02"]
    scene.frame_current = 10


def paint(name: str, grey: float) -> Path:
    """A picture of one grey."""
    image: Any = bpy.data.images.new(name, 640, 360, alpha=False)
    image.pixels = [grey, grey, grey, 1.0] * (640 * 360)
    image.filepath_raw, image.file_format = str(OUT / f"{name}.png"), "PNG"
    image.save()
    return OUT / f"{name}.png"


def set_up_and_undo(operator: str) -> Steps:
    """Do it, take it back, do it again; and tell what the shot was each time."""
    bpy.ops.ed.undo_push(message="Before")
    told = [state()]
    with in_sequencer():
        getattr(bpy.ops.kling, operator)("EXEC_DEFAULT", True)
    yield 0.3
    for step in (None, bpy.ops.ed.undo, bpy.ops.ed.redo):
        if step is not None:
            with in_sequencer():
                step()
            yield 0.3
        told.append(state())
    STORY.setdefault("undone", {})[operator] = told


def state() -> dict[str, Any]:
    """The shot, the playhead and the strips."""
    scene: Any = bpy.context.scene
    shot = {name: getattr(scene.kling, name) for name in _SET_UP}
    return shot | {"board": len(scene.kling.board), "frame": scene.frame_current, "strips": len(strips(scene))}


run(next_shots)
