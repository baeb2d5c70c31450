"""Runs inside a windowed Blender: a list of a dozen clips in every state, looked at, searched, played and cleared up.

``window_gallery.py ZIP OUT``: writes ``OUT/story.json`` and ``OUT/*.png``. One job is sent to a rehearsal server; the
others are in the job history as earlier days left them, with clips that this Blender renders.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.gui.hand import Found, click, find, xdotool
from tests.gui.in_window import (
    MODULE,
    OUT,
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

_ADDON = f"{MODULE}.kling_omni_addon"
_EDITOR = "VIEW_3D"
_KEY = "the-key-of-a-studio"
_HOUR_S, _DAY_S = 3600.0, 86_400.0
_LIGHT = "Blender_Light.xml"
_NAMES = ("alley_01", "alley_02", "harbor_at_dawn", "fox", "fox_take_2", "lighthouse_long_name_of_a_shot")


def gallery() -> Steps:
    """The steps."""
    yield from install()
    scene: Any = bpy.context.scene
    scene.render.engine = "BLENDER_WORKBENCH"
    clips = {name: render_film(name, number) for number, name in enumerate(_NAMES)}
    with serving() as url:
        remember(url, clips)
        scene.kling.kind, scene.kling.shot_name, scene.kling.duration_s = "TEXT", "market", 5
        scene.kling.prompt = "A market at noon, the camera glides between the stalls"
        bpy.ops.kling.submit()
        yield from in_sight()
        yield from look("dark")
        yield from count_drawings()
        yield from play()
        yield from right_click()
        yield from search_and_place()
        yield from delete(clips)
        yield from at_every_size()
    STORY["thumbnails"] = len(sys.modules[f"{_ADDON}.blender.host.thumbnails"]._kept["clips"])


def count_drawings() -> Steps:
    """How often the 3D Viewport and our panels are drawn while a job runs, nobody touches anything, and the tab is in
    sight or not.
    """
    drawn: list[None] = []
    handle = bpy.types.SpaceView3D.draw_handler_add(drawn.append, (None,), "WINDOW", "POST_PIXEL")
    for is_shown in (True, False):
        area(_EDITOR).spaces.active.show_region_ui = is_shown
        yield 1.5
        drawn.clear()
        before = len(STORY["drawn"])
        yield 3.0
        STORY[f"drawings_{'with' if is_shown else 'without'}_tab"] = [len(drawn), len(STORY["drawn"]) - before]
    bpy.types.SpaceView3D.draw_handler_remove(handle, "WINDOW")
    open_side_panel(_EDITOR)
    yield 0.5


def render_film(name: str, number: int) -> Path:
    """Three frames of the cube in a color and from a side of its own."""
    scene: Any = bpy.context.scene
    cube: Any = bpy.data.objects["Cube"]
    render, clip = scene.render, OUT / "clips" / f"{name}.mp4"
    scene.display.shading.color_type, scene.display.shading.light = "OBJECT", "STUDIO"
    cube.color = (*((0.9, 0.3, 0.1), (0.1, 0.4, 0.9), (0.9, 0.7, 0.2))[number % 3], 1)
    cube.rotation_euler, cube.scale = (0.2 * number, 0.3, 0.5 * number), (1 + 0.2 * number, 1, 1)
    render.resolution_x, render.resolution_y, scene.frame_start, scene.frame_end = 320, 180, 1, 3
    if hasattr(render.image_settings, "media_type"):  # from 5.0
        render.image_settings.media_type = "VIDEO"
    render.image_settings.file_format, render.ffmpeg.format = "FFMPEG", "MPEG4"
    render.ffmpeg.codec, render.filepath = "H264", str(clip)
    bpy.ops.render.render(animation=True)
    return clip


@contextmanager
def serving() -> Iterator[str]:
    """A rehearsal server that takes its time, for a key that is not a rehearsal's: prices are shown."""
    clip_maker, server_of, settings_of = (
        importlib.import_module(f"{_ADDON}.rehearsal.{name}") for name in ("clip_maker", "server", "settings")
    )
    maker = clip_maker.ClipMaker(clip_maker.default_command(bpy.app.binary_path), OUT / "made")
    settings = settings_of.RehearsalSettings(folder=OUT / "rehearsal", api_key=_KEY, processing_s=600)
    with server_of.RehearsalServer(settings, maker) as server:
        page: Any = bpy.context.preferences.addons[MODULE].preferences
        page.service, page.address, page.api_key = "other", server.url, _KEY
        page.clip_folder = str(OUT / "clips")
        yield server.url


def remember(url: str, clips: dict[str, Path]) -> None:
    """A job history of two weeks."""
    ev, payload, token = (
        importlib.import_module(f"{_ADDON}.{name}") for name in ("core.life.events", "core.payload", "remote.token")
    )
    paths, journal_of = (importlib.import_module(f"{_ADDON}.{name}") for name in ("settings", "work.journal"))
    origin = ev.Origin(service=url, key_fingerprint=token.fingerprint(token.ApiKey(key=_KEY)))
    journal = journal_of.Journal(paths.home_folder(os.environ) / "journal.sqlite3")
    here = importlib.import_module(f"{_ADDON}.blender.host.identity").this_file()
    for number, (name, prompt, age_s, mode, ends) in enumerate(_history(ev, clips)):
        body, at = (
            payload.Payload(external_task_id=f"kob-{number:032x}", model="kling-v3-omni", pieces=("{}",)),
            time.time() - age_s,
        )
        target = ev.Target(name=name, blend=here if number % 3 else "/films/harbor_film.blend")
        wish = _wish(prompt, mode)
        journal.begin(ev.Intended(at=at, payload=body, origin=origin, target=target, wish=wish, most_units="4"))
        for event in ends(at, body):
            journal.append(body.external_task_id, event)
    journal.close()


def _wish(prompt: str, mode: str) -> dict[str, Any]:
    request = importlib.import_module(f"{_ADDON}.core.request").OmniRequest(prompt=prompt, mode=mode, duration_s=5)
    wish: dict[str, Any] = importlib.import_module(f"{_ADDON}.core.provenance").wish_of(request)
    return wish


def _history(ev: Any, clips: dict[str, Path]) -> list[tuple[str, str, float, str, Any]]:
    """Name, prompt, age in seconds, quality, and what became of it after it was recorded."""

    def made(name: str, *more: Any) -> Any:
        film = clips[name].read_bytes()
        known = {"path": str(clips[name]), "sha256": hashlib.sha256(film).hexdigest(), "size_bytes": len(film)}
        return lambda at, body: (
            ev.Sent(at=at, digest=body.digest),
            ev.Accepted(at=at, task_id=f"task-{name}"),
            ev.Succeeded(at=at + 90, charge_units="4"),
            ev.Fetched(at=at + 95, **known),
            *more,
        )

    def sent(*more: Any) -> Any:
        return lambda at, body: (ev.Sent(at=at, digest=body.digest), *more)

    placed = ev.Placed(at=time.time(), scene="Scene", strip="alley_01")
    failed = ev.Failed(at=1, reason="Kling refused the prompt: content policy. Nothing was charged.", exit_code=6)
    no_units = "No units are left on this key."
    return [
        ("old_storm", "Waves break over the pier", 14 * _DAY_S, "std", sent(failed)),
        ("alley_00", "A wet alley, neon", 5 * _DAY_S, "pro", sent(ev.Scanned(at=1), ev.Parked(at=1))),
        ("lighthouse_long_name_of_a_shot", "The camera rises slowly around the lighthouse at dusk", 3 * _DAY_S, "4k",
         made("lighthouse_long_name_of_a_shot")),
        ("harbor_at_dawn", "Fishing boats leave the harbor", 1.2 * _DAY_S, "pro", made("harbor_at_dawn")),
        ("alley_01", "A slow push through the wet alley at night", 30 * _HOUR_S, "pro", made("alley_01", placed)),
        ("alley_02", "The same alley, nobody is there, only rain", 9 * _HOUR_S, "pro", made("alley_02")),
        ("gave_up", "Fog", 8 * _HOUR_S, "std", sent(ev.Abandoned(at=1, reason="You stopped waiting."))),
        ("fox", "A fox crosses the bridge in the rain", 3 * _HOUR_S, "std", made("fox")),
        ("fox_take_2", "A fox runs over the bridge", 2 * _HOUR_S, "std", made("fox_take_2")),
        ("crowd", "A crowd waits for the train", 25 * 60, "pro",
         lambda at, _body: (ev.Held(at=at, reason=no_units, exit_code=3, scope="submission"),)),
        ("station", "The train arrives", 60, "pro", sent()),
    ]  # fmt: skip


def in_sight() -> Steps:
    """The tab as wide as usual, scrolled to the list."""
    open_side_panel(_EDITOR)
    yield 1.0
    xdotool("mousemove", side_panel(_EDITOR).x + 5, 500)
    for _ in range(30):
        xdotool("click", 5)
        yield 0.03
    yield 1.0


def look(name: str) -> Steps:
    """A picture without the mouse on it, when the thumbnails have come."""
    xdotool("mousemove", 300, 300)
    area(_EDITOR).tag_redraw()
    yield 1.5
    shoot_side_panel(name)
    STORY.setdefault("widths", {})[name] = side_panel(_EDITOR).width


def modules() -> Any:
    """Parts of the extension."""
    return tuple(
        sys.modules[f"{_ADDON}.blender.{name}"] for name in ("submissions.rows", "host.player", "connection.snapshots")
    )


def row_of(name: str) -> Found:
    """Where the row of a clip is in sight: each place below the search is clicked until that one is active."""
    rows, _, snapshots = modules()
    x, head = yield from find(_EDITOR, "kling.scope")
    for y in range(head + 30, head + 300, 30):
        yield from click((x, y))
        yield 0.4  # the next one is no second click on this
        found = snapshots.submission(rows.chosen())
        if found is not None and found.target.name == name:
            return x, y
    raise LookupError(f"{name} is not in sight")


def play() -> Steps:
    """A double click on a row plays its clip."""
    place = yield from row_of("fox_take_2")
    _, player, _ = modules()
    yield 1.0
    xdotool("mousemove", *place)
    yield 0.4
    xdotool("click", "--repeat", 2, "--delay", 40, 1)
    yield 4.0
    shoot("played")
    STORY["players"] = [running.poll() for running in player._players]
    for running in player._players:
        running.kill()
    yield 0.5


def right_click() -> Steps:
    """The menu of a row that is not the active one."""
    place = yield from row_of("fox_take_2")
    rows, _, snapshots = modules()
    rows.the_list().index = 0
    watched: Any = bpy.types.UI_MT_list_item_context_menu
    watched.append(_note_menu)
    yield 0.5
    xdotool("mousemove", *place)
    yield 0.4
    xdotool("click", 3)
    yield 1.0
    shoot("right_click")
    watched.remove(_note_menu)
    STORY["active"] = snapshots.submission(rows.chosen()).target.name
    xdotool("key", "Escape")
    yield 0.5


def _note_menu(_menu: Any, context: Any) -> None:
    _, _, snapshots = modules()
    STORY["menu_of"] = snapshots.submission(context.kling_row.name).target.name


def search_and_place() -> Steps:
    """Two clips are found by a word, selected and placed."""
    rows, _, snapshots = modules()
    STORY["placed_before"] = sorted(strip.name for strip in strips(bpy.context.scene))
    _, y = yield from find(_EDITOR, "kling.scope")
    yield from click((side_panel(_EDITOR).x + side_panel(_EDITOR).width * 5 // 9, y))
    xdotool("type", "--delay", 20, "fox")
    yield 0.8
    STORY["found"] = [snapshots.submission(row.name).target.name for row in rows.the_list().rows]
    xdotool("key", "Return")
    yield 0.4
    bpy.ops.kling.select_clips(action="SELECT")
    yield from look("searched")
    bpy.ops.kling.place_selected()
    yield 0.5
    STORY["placed"] = sorted(strip.name for strip in strips(bpy.context.scene))
    rows.the_list().search = ""
    bpy.ops.kling.select_clips(action="DESELECT")


def delete(clips: dict[str, Path]) -> Steps:
    """Of three files one is not used by this file, and goes after a yes; the record stays."""
    rows, _, snapshots = modules()
    for row in rows.the_list().rows:
        row.is_selected = snapshots.submission(row.name).target.name in ("fox", "alley_02", "harbor_at_dawn")
    xdotool("mousemove", 500, 400)
    yield 0.4
    with bpy.context.temp_override(window=bpy.context.window_manager.windows[0]):
        bpy.ops.kling.delete_clips("INVOKE_DEFAULT")
    yield 0.8
    shoot("asked_to_delete")
    STORY["while_asked"] = {name: clips[name].exists() for name in _NAMES}
    xdotool("key", "Return")
    yield 1.0
    STORY["after_yes"] = {name: clips[name].exists() for name in _NAMES}
    STORY["recorded"] = len(submissions())


def at_every_size() -> Steps:
    """Dark and light, narrow and at twice the scale."""
    view: Any = bpy.context.preferences.view
    themes = bpy.utils.preset_paths("interface_theme")
    light = next(path for folder in themes for path in Path(folder).glob(_LIGHT))
    yield from look("deleted")
    yield from narrow_side_panel(_EDITOR, 200)
    yield from look("narrow")
    bpy.ops.script.execute_preset(filepath=str(light), menu_idname="USERPREF_MT_interface_theme_presets")
    yield from look("narrow_light")
    yield from narrow_side_panel(_EDITOR, 280)
    yield from look("light")
    view.ui_scale = 2.0
    yield 1.0
    yield from narrow_side_panel(_EDITOR, 560)
    yield from in_sight()
    for _ in range(8):
        xdotool("click", 4)
        yield 0.05
    yield from look("twice")


run(gallery)
