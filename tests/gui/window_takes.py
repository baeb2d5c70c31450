"""Runs inside a windowed Blender: a strip with three takes, switched, kept, taken back, and deleted.

``window_takes.py ZIP OUT``: writes ``OUT/story.json`` and ``OUT/*.png``.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.gui.hand import xdotool
from tests.gui.in_window import (
    MODULE,
    OUT,
    STORY,
    Steps,
    in_sequencer,
    install,
    run,
    shoot,
    shoot_side_panel,
    show_sequencer,
    strips,
)

_PROMPT = "A slow push through the wet alley at night, neon signs reflected in puddles, "
_WISH = {"prompt": f"{_PROMPT}a fox crosses", "model": "kling-v3-omni", "mode": "std", "duration_s": 5}
_NOTHING: dict[str, Any] = {"pictures": [], "elements": [], "video": None, "storyboard": "none", "shots": []}
_TAKES = (
    _WISH,
    _WISH | {"mode": "pro", "sound": True},
    _WISH | {"prompt": f"{_PROMPT}nobody is there, only rain"},
)


def takes() -> Steps:
    """The steps."""
    yield from install()
    yield from show_sequencer()
    clips = write_takes(OUT / "clips")
    add_strip(clips[0])
    yield 1.5
    shoot_side_panel("takes", "SEQUENCE_EDITOR")
    xdotool("mousemove", 800, 450)
    yield 0.3
    with in_sequencer():
        bpy.ops.wm.call_menu(name="KLING_MT_takes")
    yield 0.7
    shoot("menu")
    xdotool("key", "Escape")
    yield 0.3
    yield from do_and_undo("switch_take", submission_id="take-3")
    yield from do_and_undo("favour_take")
    yield from do_and_undo("new_take")
    shoot_side_panel("new_take", "SEQUENCE_EDITOR")
    with in_sequencer():
        bpy.ops.kling.delete_unused_takes("INVOKE_DEFAULT")
    yield 0.7
    shoot("asked")
    STORY["while_asked"] = [clip.exists() for clip in clips]
    xdotool("key", "Return")
    yield 0.7
    STORY["after_yes"] = [clip.exists() for clip in clips]
    shoot("deleted")


def write_takes(folder: Path) -> list[Path]:
    """Three clips of a shot with what is said of them."""
    folder.mkdir()
    film = (
        Path(sys.modules[f"{MODULE}.kling_omni_addon"].__file__ or "").parent / "blender" / "timeline" / "stand_in.mp4"
    )
    clips = [folder / f"alley-03_2026-11-22_0000000{number}.mp4" for number in (1, 2, 3)]
    for number, (clip, wish) in enumerate(zip(clips, _TAKES, strict=True), start=1):
        shutil.copy(film, clip)
        said = {"format": 1, "submission": f"take-{number}", "shot": "take-1", "name": "alley_03"}
        said["submitted"] = f"2026-11-22T1{number}:05:00+00:00"
        clip.with_suffix(".json").write_text(json.dumps(said | {"wish": _NOTHING | wish}))
    return clips


def add_strip(clip: Path) -> None:
    """The strip of the first take, active."""
    scene: Any = bpy.context.scene
    blender = f"{MODULE}.kling_omni_addon.blender"
    scene.sequence_editor_create()
    holder = scene.sequence_editor
    strips_of = holder.strips if hasattr(holder, "strips") else holder.sequences
    strip = strips_of.new_movie("alley_03", str(clip), 1, 1)
    said = json.loads(clip.with_suffix(".json").read_text())
    sys.modules[f"{blender}.timeline.provenance"].mark_with(strip, said)
    strip.select, holder.active_strip = True, strip


def do_and_undo(operator: str, **how: Any) -> Steps:
    """Do it, take it back, do it again; and tell what there was each time."""
    bpy.ops.ed.undo_push(message="Before")
    told = [state()]
    with in_sequencer():
        getattr(bpy.ops.kling, operator)("EXEC_DEFAULT", True, **how)
    yield 0.5
    for step in (None, bpy.ops.ed.undo, bpy.ops.ed.redo):
        if step is not None:
            with in_sequencer():
                step()
            yield 0.5
        told.append(state())
    STORY.setdefault("undone", {})[operator] = told


def state() -> list[Any]:
    """What strip and shot say."""
    scene: Any = bpy.context.scene
    shown = [
        [Path(bpy.path.abspath(strip.filepath)).name, strip["kling_submission"], strip.get("kling_favourite", "")]
        for strip in strips(scene)
    ]
    return [shown, scene.kling.words, scene.kling.take_of]


run(takes)
