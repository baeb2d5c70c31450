"""Runs inside a windowed Blender: the parts of the panel that need one: a text editor, popovers, the status bar.

``window_panel_parts.py ZIP OUT``: writes ``OUT/story.json`` and ``OUT/*.png``.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).parents[2]))

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
    strips,
    submissions,
)


def parts() -> Steps:
    """The steps."""
    yield from install()
    open_side_panel("VIEW_3D")
    scene: Any = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = 640, 360
    shot: Any = scene.kling
    shot.prompt, shot.kind, shot.mode, shot.duration_s = "The cube turns", "TEXT", "std", 3
    yield from status_bar()
    yield from text(shot)
    yield from library(shot)
    yield from reveal(scene)
    yield from ask(shot)
    bpy.ops.preferences.addon_disable(module=MODULE)
    yield 0.5
    shoot("disabled")


def status_bar() -> Steps:
    """What it says from sending to the strip, each sentence once."""
    told: list[str] = []
    told_by = sys.modules[f"{MODULE}.kling_omni_addon.blender.submissions.status_bar"]
    bpy.ops.kling.submit()
    for _ in range(120):
        sentence = told_by._told.line.text
        if sentence and sentence not in told:
            told.append(sentence)
            shoot(f"status_bar_{len(told)}")
        if submissions() == ["placed"] and "in the Sequencer" in sentence:
            break
        yield 0.5
    STORY["told"] = told


def text(shot: Any) -> Steps:
    """The prompt goes to a text, which opens in a window; what is written there is judged by itself."""
    bpy.ops.kling.prompt_to_text()
    yield 1.0
    windows = bpy.context.window_manager.windows
    STORY["editors"] = [[a.type for a in window.screen.areas] for window in windows]
    shot.prompt_text.from_string("x" * 2501)
    yield 2.0
    judging = sys.modules[f"{MODULE}.kling_omni_addon.blender.shot.judging"]
    STORY["judged"] = [problem.message for problem in judging.problems(bpy.context.scene) if problem.is_fault]
    shot.prompt_text.from_string("First the bridge in the rain.\nThen a fox crosses it.\n" * 3)
    yield 2.0
    shoot("prompt_in_text")
    with bpy.context.temp_override(window=windows[-1]):
        bpy.ops.wm.window_close()
    yield 0.5


def library(shot: Any) -> Steps:
    """The elements that Kling offers, asked for and one of them taken."""
    shot.kind = "REFERENCES"
    bpy.ops.kling.show_library()
    manager: Any = bpy.context.window_manager
    elements = manager.kling_library.elements
    for _ in range(60):
        yield 0.5
        if elements:
            break
    yield 0.5
    STORY["library"] = [element.name for element in elements]
    bpy.ops.kling.add_library_element(element_id=elements[0].element_id)
    yield 0.5
    shoot_side_panel("library")
    shot.kind = "TEXT"


def reveal(scene: Any) -> Steps:
    """The list's way to the strip, in the sequencer; its panel as narrow as can be."""
    area("VIEW_3D").type = "SEQUENCE_EDITOR"
    yield 0.5
    open_side_panel("SEQUENCE_EDITOR")
    scene.frame_current = 200
    for strip in strips(scene):
        strip.select = False
    snapshots = sys.modules[f"{MODULE}.kling_omni_addon.blender.connection.snapshots"]
    bpy.ops.kling.reveal_strip(submission_id=snapshots.submissions()[0].id)
    yield 0.5
    shoot("revealed")
    STORY["revealed"] = [scene.frame_current, [strip.select for strip in strips(scene)]]
    yield from narrow_side_panel("SEQUENCE_EDITOR", 200)
    STORY["narrow_px"] = side_panel("SEQUENCE_EDITOR").width
    shoot_side_panel("narrow", "SEQUENCE_EDITOR")


def ask(shot: Any) -> Steps:
    """A dear clip is asked about; Esc sends nothing."""
    page = bpy.context.preferences.addons[MODULE].preferences
    page.service, page.address, page.api_key = "other", "http://127.0.0.1:9", "k"
    shot.duration_s, shot.mode, before = 15, "pro", submissions()
    subprocess.run(["xdotool", "mousemove", "700", "450"], check=True)
    yield 0.5
    with bpy.context.temp_override(window=bpy.context.window_manager.windows[0]):
        bpy.ops.kling.submit("INVOKE_DEFAULT")
    yield 0.8
    shoot("asked")
    subprocess.run(["xdotool", "key", "Escape"], check=True)
    yield 1.0
    STORY["asked"] = [before, submissions()]


run(parts)
