"""Runs inside a windowed Blender: the menu Kling by mouse, search, right click, a shortcut, the preferences, and files
that are dropped.

``window_menus.py ZIP OUT``: writes ``OUT/story.json`` and ``OUT/*.png``.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import webbrowser
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.gui.hand import click, find, function_key, xdotool
from tests.gui.in_window import (
    MODULE,
    OUT,
    STORY,
    Steps,
    area,
    install,
    open_side_panel,
    run,
    shoot,
    show_sequencer,
    strips,
    submissions,
    watched,
)

EDITORS = ("VIEW_3D", "SEQUENCE_EDITOR")
opened: list[str] = []
clips: list[str] = []


def menus() -> Steps:
    """The steps."""
    yield from install()
    watch_menus()
    opener: Any = webbrowser
    opener.open = opened.append
    bpy.context.scene.render.engine = "BLENDER_WORKBENCH"
    paint("first.png")
    STORY["board"], STORY["drops"] = {}, {}
    for frame, name in ((1, "Bridge"), (100, "Fox")):
        bpy.context.scene.timeline_markers.new(name, frame=frame)
    open_side_panel("VIEW_3D")
    yield 0.5
    yield from in_editor("VIEW_3D")
    yield from manual()
    yield from shortcut()
    yield from drop_on_the_viewport()
    yield from show_sequencer()
    yield from in_editor("SEQUENCE_EDITOR")
    yield from drop_on_the_sequencer()
    yield from preferences()
    STORY["opened"] = opened


def watch_menus() -> None:
    """Note every menu of ours that Blender draws."""
    for name in dir(bpy.types):
        if name.startswith("KLING_MT_"):
            kind = getattr(bpy.types, name)
            kind.draw = watched(kind.draw, name)


def paint(name: str) -> None:
    """An image file to be dropped."""
    image: Any = bpy.data.images.new(name, 640, 360)
    image.generated_color = (0.2, 0.4, 0.8, 1.0)
    image.filepath_raw, image.file_format = str(OUT / name), "PNG"
    image.save()


def on_screen(kind: str, region_type: str, x: float, y: float) -> tuple[int, int]:
    """A place in a region, from its left and its top, in parts of its size."""
    region = next(region for region in area(kind).regions if region.type == region_type)
    bottom = bpy.context.window_manager.windows[0].height - region.y
    return round(region.x + x * region.width), round(bottom - (1 - y) * region.height)


def in_editor(kind: str) -> Steps:
    """The menu by mouse, and a command by search."""
    yield from open_menu(kind)
    shoot(f"menu_{kind.lower()}")
    xdotool("key", "Down", "Down", "Right")
    yield 0.5
    shoot(f"submenu_{kind.lower()}")
    xdotool("key", "Escape", "Escape", "Escape")
    yield 0.5
    shot: Any = bpy.context.scene.kling
    shot.board.clear()
    xdotool("mousemove", *on_screen(kind, "WINDOW", 0.4, 0.5))
    yield 0.3
    STORY["drawn"].clear()
    function_key(3)
    for _ in range(40):
        yield 0.25
        if "KLING_MT_kling" in STORY["drawn"]:  # search goes through all menus before it opens
            break
    yield 0.5
    xdotool("type", "--delay", 15, "storyboard from markers")
    yield 1.0
    shoot(f"search_{kind.lower()}")
    xdotool("key", "Return")
    yield 0.8
    STORY["board"][kind] = [part.prompt for part in shot.board]
    shot.kind = "TEXT"


def open_menu(kind: str) -> Steps:
    """Click a menu of the header, and go along the header until ours is open; again where a slow machine missed it."""
    x, y = on_screen(kind, "HEADER", 0.0, 0.5)
    STORY["drawn"].clear()
    for pause_s in (0.1, 0.3, 0.6):
        yield from click((x + 230, y))
        yield pause_s
        for step in range(60):
            if "KLING_MT_kling" in STORY["drawn"]:
                return
            xdotool("mousemove", x + 230 + 10 * step, y)
            yield pause_s
        shoot(f"no_menu_{kind.lower()}")
        xdotool("key", "Escape", "Escape")
        yield 1.0
    raise LookupError("no menu of ours in the header")


def shortcut() -> Steps:
    """Without a key there is none; with one it generates."""
    keymaps = bpy.context.window_manager.keyconfigs.user.keymaps
    items = [item for name in ("3D View", "Sequencer") for item in keymaps[name].keymap_items]
    ours = [item for item in items if item.idname == "kling.submit"]
    STORY["keys"] = [[item.type, item.active] for item in ours]
    shot: Any = bpy.context.scene.kling
    shot.mode, shot.duration_s = "std", 3
    ours[0].type, ours[0].active = "F8", True
    xdotool("mousemove", *on_screen("VIEW_3D", "WINDOW", 0.4, 0.5))
    yield 0.3
    function_key(8)
    for _ in range(80):
        yield 0.5
        if submissions() == ["placed"]:
            break
    STORY["by_key"] = submissions()
    STORY["ids"] = [submission.id for submission in snapshots().submissions()]
    clips.extend(submission.clip for submission in snapshots().submissions())
    bpy.ops.preferences.addon_disable(module=MODULE)
    config = bpy.context.window_manager.keyconfigs.addon
    left = [i.idname for k in config.keymaps for i in k.keymap_items if i.idname.startswith("kling.")]
    STORY["keys_left"] = left
    bpy.ops.preferences.addon_enable(module=MODULE)
    yield 0.5
    watch_menus()
    open_side_panel("VIEW_3D")


def snapshots() -> Any:
    return sys.modules[f"{MODULE}.kling_omni_addon.blender.connection.snapshots"]


def manual() -> Steps:
    """Right click on Generate, and the last entry."""
    bpy.context.scene.kling.prompt = "A fox crosses the bridge"
    yield 0.5
    place = yield from find("VIEW_3D", "bpy.ops.kling.submit")
    yield from click(place, button=3)
    shoot("right_click")
    xdotool("key", "Up")
    yield 0.3
    xdotool("key", "Return")
    yield 0.8


def drop(kind: str, region_type: str, x: float, y: float, *names: str) -> Steps:
    """Let go of files there, as a file manager does."""
    place = on_screen(kind, region_type, x, y)
    xdotool("mousemove", *place)
    yield 0.3
    command = ["python3", str(Path(__file__).with_name("drop_files.py")), *map(str, place)]
    dropping = subprocess.Popen([*command, *(str(OUT / name) for name in names)])
    for _ in range(60):
        yield 0.25
        if dropping.poll() is not None:
            break
    STORY["drops"][f"{kind} {region_type} {Path(names[0]).suffix} {len(STORY['drops'])}"] = dropping.poll()
    yield 0.8


def drop_on_the_viewport() -> Steps:
    """Blender asks whose the image is to be, and we what it becomes."""
    objects = len(bpy.context.scene.objects)
    yield from drop("VIEW_3D", "WINDOW", 0.4, 0.4, "first.png")
    shoot("dropped_on_viewport")
    xdotool("key", "u")  # the letter that is underlined in Use in Kling Shot
    yield 0.8
    shoot("dropped_uses")
    xdotool("key", "f")
    yield 0.8
    STORY["dropped"] = [Path(bpy.context.scene.kling.first_frame).name, len(bpy.context.scene.objects) - objects]


def drop_on_the_sequencer() -> Steps:
    """Strips are Blender's own; the tab takes the clip of before, and no other film."""
    scene: Any = bpy.context.scene
    before = len(strips(scene))
    yield from drop("SEQUENCE_EDITOR", "WINDOW", 0.4, 0.4, "first.png")
    STORY["new_strips"] = len(strips(scene)) - before
    shoot("dropped_on_strips")
    yield from drop("SEQUENCE_EDITOR", "UI", 0.4, 0.3, clips[0])
    shoot("dropped_clip")
    xdotool("key", "n")
    yield 1.0
    shot: Any = scene.kling
    STORY["clip"] = [shot.kind, shot.video_of]
    shutil.copy(clips[0], OUT / "holiday.mp4")
    yield from drop("SEQUENCE_EDITOR", "UI", 0.4, 0.3, "holiday.mp4")
    shoot("dropped_film")
    STORY["film"] = [shot.kind, shot.video_of]
    xdotool("mousemove", *on_screen("SEQUENCE_EDITOR", "WINDOW", 0.2, 0.9))
    yield 0.8


def preferences() -> Steps:
    """The page with its buttons, at 1x and at 2x."""
    bpy.ops.preferences.addon_show(module=MODULE)
    yield 1.0
    windows = bpy.context.window_manager.windows
    with bpy.context.temp_override(window=windows[-1]):
        bpy.ops.wm.window_close()
    area("SEQUENCE_EDITOR").type = "PREFERENCES"
    yield from report()
    for scale in (1.0, 2.0):
        bpy.context.preferences.view.ui_scale = scale
        yield 1.0
        shoot(f"preferences_{scale:.0f}x")


def report() -> Steps:
    """The report, which comes while the window is alive, and ends in the clipboard."""
    manager: Any = bpy.context.window_manager
    manager.clipboard = "something else"
    bpy.ops.kling.copy_report()
    STORY["report_at_once"] = manager.clipboard
    for _ in range(60):
        yield 0.5
        if manager.clipboard != "something else":
            break
    STORY["report"] = manager.clipboard


run(menus)
