"""One life of the installed extension, told as JSON in a file: ``life_in_blender.py EXTENSION.zip STORY.json``.

Runs in a Python of its own, with ``BLENDER_USER_RESOURCES`` naming an empty folder: the extension is installed the way
a person installs it, and what it does to Blender is seen from outside. ``while_enabled`` is the place to look at more.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import bpy

PACKAGE = "bl_ext.user_default.kling_omni"
RUNTIME_PACKAGES = ("attr", "certifi", "charset_normalizer", "idna", "jsonschema", "jwt", "platformdirs", "requests")
HEAVY = {"asyncio", "jsonschema", "jwt", "requests", "sqlite3", "urllib3"}

Traces = dict[str, list[str]]
timers_seen: list[Callable[[], float | None]] = []
commands_alive: dict[int, str] = {}


def watch_what_cannot_be_listed() -> None:
    """Blender keeps no list of timers and commands that Python can read: note each one on its way in."""
    add_timer, add_command = bpy.app.timers.register, bpy.utils.register_cli_command
    drop_command = bpy.utils.unregister_cli_command

    def timer_added(function: Callable[[], float | None], **how: object) -> None:
        timers_seen.append(function)
        add_timer(function, **how)  # type: ignore[arg-type]

    def command_added(id: str, execute: Callable[[list[str]], int]) -> object:
        handle = add_command(id, execute)
        commands_alive[hash(handle)] = id
        return handle

    def command_dropped(handle: object) -> None:
        drop_command(handle)
        commands_alive.pop(hash(handle), None)  # Blender's own, added before anybody watched, go at exit

    bpy.app.timers.register = timer_added
    bpy.utils.register_cli_command = command_added
    bpy.utils.unregister_cli_command = command_dropped


def traces() -> Traces:
    """Everything an extension can leave in Blender, as names."""
    types = {name: getattr(bpy.types, name) for name in dir(bpy.types)}
    ruled = {name: kind.bl_rna for name, kind in types.items() if hasattr(kind, "bl_rna")}
    lists = {name: getattr(bpy.app.handlers, name) for name in dir(bpy.app.handlers)}
    handlers = {name: functions for name, functions in lists.items() if isinstance(functions, list)}
    drawn = {name: getattr(getattr(kind, "draw", None), "_draw_funcs", ()) for name, kind in types.items()}
    return {
        "classes": sorted(types),
        "properties": sorted(f"{name}.{key}" for name, rna in ruled.items() for key in rna.properties.keys()),  # noqa: SIM118 - a collection of Blender's, not a dict
        "handlers": sorted(f"{name}: {one.__module__}.{one.__name__}" for name in handlers for one in handlers[name]),
        # Blender's own draw function joins the list when somebody first adds to a menu, and stays there.
        "menus": sorted(
            f"{name}: {one.__module__}.{one.__name__}"
            for name in drawn
            for one in drawn[name]
            if not one.__module__.startswith("bl_ui")
        ),
        "timers": sorted(one.__name__ for one in timers_seen if bpy.app.timers.is_registered(one)),
        "commands": sorted(commands_alive.values()),
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "addons": sorted(bpy.context.preferences.addons.keys()),
        "wheels": sorted(
            path.name
            for path in Path(os.environ["BLENDER_USER_RESOURCES"]).glob("**/site-packages/*")
            if path.name != "__pycache__"  # Python's own, of modules that are files; Blender leaves the folder
        ),
    }


def added(before: Traces, after: Traces) -> Traces:
    """What stands in ``after`` and not in ``before``; kinds without any are left out."""
    more = {kind: sorted(set(after[kind]) - set(before[kind])) for kind in before}
    return {kind: names for kind, names in more.items() if names}


@contextmanager
def printed_to(lines: list[str]) -> Iterator[None]:
    """Collect what is written to stdout and stderr meanwhile, by Blender's own code too."""
    with tempfile.TemporaryFile("w+") as told:
        kept = [os.dup(stream) for stream in (1, 2)]
        for stream in (1, 2):
            os.dup2(told.fileno(), stream)
        try:
            yield
        finally:
            for stream, saved in zip((1, 2), kept, strict=True):
                os.dup2(saved, stream)
                os.close(saved)
            told.seek(0)
            lines += told.read().splitlines()


def while_enabled() -> dict[str, object]:
    """Look at the enabled extension. More checks of the installed add-on belong here."""
    return {"imported_from": {name: importlib.import_module(name).__file__ for name in RUNTIME_PACKAGES}}


def live(extension: str) -> dict[str, object]:
    """Install, then enable and disable three times. Returns what was seen."""
    watch_what_cannot_be_listed()
    bpy.ops.extensions.package_install_files(filepath=extension, repo="user_default", enable_on_install=False)
    printed: list[str] = []
    before, modules_before = traces(), set(sys.modules)
    with printed_to(printed):
        bpy.ops.preferences.addon_enable(module=PACKAGE)
    heavy = (set(sys.modules) - modules_before) & HEAVY
    told = {"brought": added(before, traces()), "heavy": sorted(heavy), **while_enabled()}
    left = []
    for _ in range(3):
        with printed_to(printed):
            bpy.ops.preferences.addon_disable(module=PACKAGE)
            left.append(added(before, traces()))
            bpy.ops.preferences.addon_enable(module=PACKAGE)
    return {**told, "left": left, "brought_again": added(before, traces()), "printed": printed}


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(json.dumps(live(sys.argv[1])), encoding="utf-8")
