"""Runs inside a windowed Blender: how far a clip is, on the strip and in the status bar; what waits for a person, there
and on the tab, and its buttons; what the list says after an undo.

``window_news.py ZIP OUT``: writes ``OUT/story.json`` and ``OUT/*.png``.
"""

from __future__ import annotations

import importlib
import struct
import sys
import threading
from collections.abc import Callable, Iterator
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
    narrow_side_panel,
    open_side_panel,
    run,
    shoot,
    shoot_side_panel,
    show_sequencer,
    side_panel,
    strips,
    submissions,
)

_ADDON = f"{MODULE}.kling_omni_addon"
_HIGH, _LOW, _LOWEST = 6, 26, 70  # channels in sight
_PATIENCE = 240  # looks
_PADDING = 12_000_000  # bytes: as large as a clip


def news() -> Steps:
    """The steps."""
    yield from install()
    scene: Any = bpy.context.scene
    scene.frame_start, scene.frame_end, scene.render.fps = 1, 280, 30
    bpy.ops.wm.save_as_mainfile(filepath=str(OUT / "film.blend"))
    with serving() as (server, films):
        yield from show_sequencer()
        yield from undone(scene)
        yield from generating(scene, films)
        yield from silent(server)
        yield from downloading(server, films)
        yield from refused(scene, server)


class Films:
    """What the server gives out as clips: a film that is there, as soon as the gate is open."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()

    def make(self, _spec: Any) -> Path:
        """The film."""
        self.gate.wait()
        ready = Path(part("blender.timeline.stand_in").__file__).with_name("stand_in.mp4").read_bytes()
        film = OUT / "film.mp4"
        film.write_bytes(ready + struct.pack(">I4s", 8 + _PADDING, b"free") + bytes(_PADDING))
        return film

    def close(self) -> None:
        """Let everybody go."""
        self.gate.set()


@contextmanager
def serving() -> Iterator[tuple[Any, Films]]:
    """A rehearsal server inside this Blender, and the preferences of somebody who has a key for its address."""
    films, server_of, settings_of = Films(), part("rehearsal.server"), part("rehearsal.settings")
    settings = settings_of.RehearsalSettings(folder=OUT / "rehearsal", submitted_s=0.1, processing_s=0.1)
    with server_of.RehearsalServer(settings, films) as server:
        page: Any = bpy.context.preferences.addons[MODULE].preferences
        page.service, page.address, page.api_key = "other", server.url, settings.api_key
        page.clip_folder, page.confirm_units = str(OUT / "clips"), 0
        yield server, films


def part(name: str) -> Any:
    """A module of the extension that is enabled."""
    return importlib.import_module(f"{_ADDON}.{name}")


def until(is_so: Callable[[], bool]) -> Steps:
    """Wait for it."""
    for _ in range(_PATIENCE):
        if is_so():
            return
        yield 0.25
    raise TimeoutError(f"{submissions()}, {status()}")


def status() -> str:
    """All that stands in the status bar."""
    line = part("blender.submissions.status_bar")._told.line
    return " | ".join(filter(None, (line.need, line.text, line.share_text)))


def share() -> float | None:
    """How far the bar in the status bar is filled."""
    filled: float | None = part("blender.submissions.status_bar")._told.line.share
    return filled


def latest() -> Any:
    """The newest submission."""
    return part("blender.connection.snapshots").submissions()[-1]


def generate(name: str, frame: int) -> None:
    """One shot, from a script in the window."""
    scene: Any = bpy.context.scene
    scene.frame_current = frame
    shot = scene.kling
    shot.kind, shot.mode, shot.duration_s, shot.shot_name, shot.prompt = "TEXT", "std", 3, name, f"{name}: a cat"
    bpy.ops.kling.submit()


def undone(scene: Any) -> Steps:
    """A clip arrives; two steps of undo, two of redo; what the list says each time."""
    generate("alley_01", 1)
    yield from until(lambda: submissions() == ["placed"])
    yield 1.0
    told = [("arrived", None), ("undone", bpy.ops.ed.undo), ("undone twice", bpy.ops.ed.undo)]
    for name, step in [*told, ("redone", bpy.ops.ed.redo), ("redone twice", bpy.ops.ed.redo)]:
        if step is not None:
            step()
        yield 0.6
        words, actions = part("blender.submissions.words"), part("blender.submissions.actions")
        sentence = words.account_of(latest(), ()).partition(" Kling charged")[0].partition(" Rehearsal is free")[0]
        said = [words.state_of(latest()), sentence, actions.actions_of(latest())[0]]
        STORY.setdefault("undo", {})[name] = [len(strips(bpy.context.scene)), *said]
        if name == "undone twice":
            yield from scroll_down()
            shoot_side_panel("undone_twice", "SEQUENCE_EDITOR")


def scroll_down() -> Steps:
    """To the end of the tab, with the mouse on its margin: a list would take the wheel for itself."""
    region = side_panel("SEQUENCE_EDITOR")
    xdotool("mousemove", region.x + 5, bpy.context.window_manager.windows[0].height - region.y - region.height // 2)
    for _ in range(20):
        xdotool("click", 5)
        yield 0.03
    yield 0.5


def generating(scene: Any, films: Films) -> Steps:
    """The bar by the usual time, on high and low strips."""
    films.gate.clear()
    session = part("blender.connection.opening").session()
    for seconds in (25.0, 40.0, 95.0):
        session._crew.memory.learn_duration(latest().payload.kind, seconds)
    generate("alley_02", 94)
    yield from until(lambda: submissions() == ["placed", "accepted"])
    yield 6.0
    STORY["generating"] = status()
    for scale in (1.0, 2.0):
        bpy.context.preferences.view.ui_scale = scale
        area("SEQUENCE_EDITOR").spaces.active.show_region_ui = scale == 1.0
        for name, channels in (("high", _HIGH), ("low", _LOW), ("lowest", _LOWEST)):
            yield from show_channels(channels)
            shoot(f"generating_{name}_{scale:.0f}x")
    bpy.context.preferences.view.ui_scale = 1.0
    area("SEQUENCE_EDITOR").spaces.active.show_region_ui = True
    yield from show_channels(_HIGH)


def show_channels(number: int) -> Steps:
    """Have so many channels in sight, by a card on the highest."""
    scene: Any = bpy.context.scene
    editor = scene.sequence_editor
    there = editor.strips if hasattr(editor, "strips") else editor.sequences
    for card in [strip for strip in there if strip.type == "COLOR"]:
        there.remove(card)
    part("blender.host.sequencer").new_effect(there, "COLOR", name="Card", channel=number, frame_start=190, length=30)
    yield 0.3
    with in_sequencer():
        bpy.ops.sequencer.view_all()
    yield 0.8


def silent(server: Any) -> Steps:
    """The service does not answer any more: after ten seconds that is said."""
    server.arm("slow-answer@query=18:1")
    yield from until(lambda: "No response" in status())
    progress, overlay = part("blender.submissions.progress"), part("blender.submissions.overlay")
    STORY["silent"] = [status(), progress.progress_of(latest()).text, overlay.state_of(latest())]
    shoot("silent")


def downloading(server: Any, films: Films) -> Steps:
    """The bar by bytes, and the clip."""
    server.arm("drips@file=8")
    films.gate.set()
    yield from until(lambda: "downloading" in status() and (share() or 0.0) > 0.3)
    STORY["downloading"] = status()
    shoot("downloading")
    yield from until(lambda: submissions() == ["placed", "placed"])
    STORY["news"] = status()


def refused(scene: Any, server: Any) -> Steps:
    """A key that is not accepted: it is said until it is dealt with, and two clicks deal with it."""
    page: Any = bpy.context.preferences.addons[MODULE].preferences
    right, page.api_key = page.api_key, "wrong"
    generate("alley_03", 190)
    yield from until(lambda: "Key refused" in status())
    yield 9.0  # longer than news stand
    STORY["needs"] = status()
    shoot("needs")
    yield from looks()
    yield from click((yield from find("SEQUENCE_EDITOR", "bpy.ops.kling.open_preferences")))
    yield 1.5
    shoot("preferences")
    windows = bpy.context.window_manager.windows
    STORY["preferences"] = [[a.type for a in window.screen.areas] for window in windows[1:]]
    STORY["searched"] = bpy.context.window_manager.addon_search
    page.api_key = right
    if len(windows) > 1:
        with bpy.context.temp_override(window=windows[-1]):
            bpy.ops.wm.window_close()
        yield 0.5
    yield from click((yield from find("SEQUENCE_EDITOR", "bpy.ops.kling.resume")))
    yield from until(lambda: submissions() == ["placed"] * 3)
    yield 1.0
    STORY["dealt_with"] = status()
    shoot_side_panel("dealt_with", "SEQUENCE_EDITOR")


def looks() -> Steps:
    """The line on the tab: light, twice as large, narrow."""
    xdotool("mousemove", 300, 300)
    yield 0.3
    shoot_side_panel("needs_dark", "SEQUENCE_EDITOR")
    theme = Path(bpy.utils.preset_paths("interface_theme")[0]) / "Blender_Light.xml"
    bpy.ops.script.execute_preset(filepath=str(theme), menu_idname="USERPREF_MT_interface_theme_presets")
    yield 0.5
    shoot("needs_light")
    bpy.context.preferences.view.ui_scale = 2.0
    yield 0.8
    open_side_panel("SEQUENCE_EDITOR")
    yield 0.5
    shoot("needs_light_2x")
    bpy.context.preferences.view.ui_scale = 1.0
    bpy.ops.preferences.reset_default_theme()
    yield 0.8
    yield from narrow_side_panel("SEQUENCE_EDITOR", 200)
    shoot_side_panel("needs_narrow", "SEQUENCE_EDITOR")


run(news)
