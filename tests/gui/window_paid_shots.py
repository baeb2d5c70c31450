"""Runs inside a windowed Blender: a clip in 4K, and a storyboard between two frames, as somebody with a key makes them.

``window_paid_shots.py ZIP OUT``: writes ``OUT/story.json`` and ``OUT/*.png``. The service is a rehearsal server at an
address of its own, which the panel takes for one that costs: it shows prices and asks.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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
    in_sequencer,
    install,
    open_side_panel,
    run,
    shoot,
    shoot_side_panel,
    show_sequencer,
    side_panel,
    strips,
    submissions,
)
from tests.workshop.layout import Layout

_ADDON = f"{MODULE}.kling_omni_addon"
_GENERATE = "bpy.ops.kling.submit("  # and not the storyboard's submit_each_shot
_PATIENCE_S = 200


def paid_shots() -> Steps:
    """The steps."""
    yield from install()
    scene: Any = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = 640, 360
    with serving():
        open_side_panel("VIEW_3D")
        yield 0.5
        yield from in_4k(scene)
        scene.frame_current = 121
        yield from board_between_frames(scene)
        yield from look_at(scene, 49)
    STORY["strips"] = {strip.name: what_is(strip) for strip in strips(scene)}


@contextmanager
def serving() -> Iterator[None]:
    """A rehearsal server inside this Blender, and the preferences of somebody who has a key for its address."""
    clip_maker, server_of, settings_of = (
        importlib.import_module(f"{_ADDON}.rehearsal.{name}") for name in ("clip_maker", "server", "settings")
    )
    maker = clip_maker.ClipMaker(clip_maker.default_command(bpy.app.binary_path), OUT / "made")
    settings = settings_of.RehearsalSettings(folder=OUT / "rehearsal")
    with server_of.RehearsalServer(settings, maker) as server:
        page: Any = bpy.context.preferences.addons[MODULE].preferences
        page.service, page.address, page.api_key = "other", server.url, settings.api_key
        page.clip_folder = str(OUT / "clips")
        yield


_LINE_PX = 32  # from the middle of Generate up to the line above it


def in_4k(scene: Any) -> Steps:
    """The quality by a click, the price on the button, a yes to the question, the clip."""
    shot = scene.kling
    shot.kind, shot.shot_name, shot.duration_s = "TEXT", "lighthouse", 4
    shot.prompt = "The camera rises slowly around the lighthouse"
    x, generate = yield from find("VIEW_3D", _GENERATE)
    yield from click((x, generate - _LINE_PX))  # the output in a line, which a click opens
    _, y = yield from find("VIEW_3D", "kling.mode")
    region = side_panel("VIEW_3D")
    yield from click((region.x + region.width * 5 // 7, y))  # the third of three
    STORY["chosen"] = shot.mode
    yield from show("4k_priced")
    yield from click((yield from find("VIEW_3D", _GENERATE)))
    shoot("asked")
    STORY["before_yes"] = submissions()
    xdotool("key", "Return")
    yield from placed(1)
    yield from show("4k_placed")


def board_between_frames(scene: Any) -> Steps:
    """Two frames of the scene's camera, two shots between them, the clip."""
    shot = scene.kling
    shot.kind, shot.shot_name, shot.mode, shot.duration_s = "BOARD_FRAMES", "bridge", "std", 3
    bpy.ops.kling.capture_both(engine="WORKBENCH")
    for prompt, seconds in (("Wide shot: a fox crosses the bridge", 1), ("Close-up: the fox looks up", 2)):
        bpy.ops.kling.add_item(which="board")
        shot.board[-1].prompt, shot.board[-1].duration_s = prompt, seconds
    yield from show("board_priced")
    yield from scroll_down()
    yield from click((yield from find("VIEW_3D", _GENERATE)))
    yield from placed(2)
    yield from show("board_placed")


def show(name: str) -> Steps:
    """A picture of the tab without the mouse on it, and what there is to read at the button and of the jobs."""
    xdotool("mousemove", 300, 300)
    yield 0.5
    shoot_side_panel(name)
    layout, panels = Layout(), f"{_ADDON}.blender.panels"
    sys.modules[f"{panels}.generate"].draw_generate(layout, bpy.context)
    sys.modules[f"{panels}.submissions"].draw_submissions(layout, bpy.context)
    STORY.setdefault("says", {})[name] = layout.text


def scroll_down() -> Steps:
    """To the end of the tab, with the mouse on its margin: a list would take the wheel for itself."""
    region = side_panel("VIEW_3D")
    xdotool("mousemove", region.x + 5, bpy.context.window_manager.windows[0].height - region.y - region.height // 2)
    for _ in range(20):
        xdotool("click", 5)
        yield 0.05
    yield 0.5


def placed(number: int) -> Steps:
    """Until so many clips are on the timeline."""
    for _ in range(2 * _PATIENCE_S):
        if submissions().count("placed") == number:
            return
        yield 0.5


def look_at(scene: Any, frame: int) -> Steps:
    """The sequencer with its preview, at a frame."""
    yield from show_sequencer()
    area("SEQUENCE_EDITOR").spaces.active.view_type = "SEQUENCER_PREVIEW"
    scene.frame_current = frame
    yield 1.0
    with in_sequencer():
        bpy.ops.sequencer.view_all()
    yield 2.0
    shoot("placed")


def what_is(strip: Any) -> dict[str, Any]:
    """What Blender says of a strip."""
    size = strip.elements[0]
    return {
        "type": strip.type,
        "frames": [strip.frame_final_start, strip.frame_final_duration],
        "pixels": [size.orig_width, size.orig_height],
        "scale": strip.transform.scale_x,
        "file": bpy.path.abspath(strip.filepath),
    }


run(paid_shots)
