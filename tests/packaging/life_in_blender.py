"""One life of the installed extension: ``life_in_blender.py file EXTENSION.zip`` installs it from the disk and tells
the life as one JSON line. ``life_in_blender.py repository URL`` installs it from a repository, and takes a
step for each line that it reads, and tells a line of it: between the steps the test does its part.

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
from typing import Any

import bpy

PACKAGE = "bl_ext.user_default.kling_omni"
PATIENCE_S = 120
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


def live_from_repository(url: str) -> Iterator[dict[str, object]]:
    """Install from a repository, submit two shots, update while they are under way, fetch their clips, uninstall."""
    watch_what_cannot_be_listed()
    preferences: Any = bpy.context.preferences
    preferences.system.use_online_access = True
    repository = preferences.extensions.repos.new(name="Site", module="site", remote_url=url)
    number = list(preferences.extensions.repos).index(repository)
    before = traces()

    bpy.ops.extensions.repo_sync(repo_index=number)
    bpy.ops.extensions.package_install(repo_index=number, pkg_id="kling_omni", enable_on_install=True)
    ids = submitted()
    yield {"version": installed_version(), "ids": ids}

    bpy.ops.extensions.repo_sync(repo_index=number)
    bpy.ops.extensions.package_upgrade_all()
    yield {"version": installed_version()}

    api = functions()
    done = api.wait(ids, PATIENCE_S)
    for each in done:
        api.place(each.id)
    yield {"phases": [str(each.phase) for each in done], "clips": [each.clip for each in done]}

    bpy.ops.extensions.package_uninstall(repo_index=number, pkg_id="kling_omni")
    editor: Any = bpy.context.scene.sequence_editor
    strips = editor.strips_all if hasattr(editor, "strips_all") else editor.sequences_all
    yield {
        "left": added(before, traces()),
        "modules": sorted(name for name in sys.modules if "kling" in name),
        "files": sorted(str(path) for path in Path(repository.directory).glob("kling_omni/**/*")),
        "strips": sorted(bpy.path.abspath(strip.filepath) for strip in strips),
    }


def functions() -> Any:
    """The functions for scripts, of the version that is enabled."""
    return bpy.context.scene.kling.api


def installed_version() -> str:
    """What the code that runs takes itself for."""
    package = functions().__name__.removesuffix(".blender.api")
    return str(importlib.import_module(f"{package}.version").version())


def submitted() -> list[str]:
    """Two shots of text, on their way; their ids."""
    scene: Any = bpy.context.scene
    scene.kling.mode, scene.kling.duration_s = "std", 3
    ids = []
    for prompt in ("a fox in the snow", "an owl in the rain"):
        scene.kling.prompt = prompt
        ids.append(functions().submit(scene).id)
    return ids


def main() -> None:
    """Tell what was seen, one JSON document in a line. Blender's own chatter goes where errors go."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as told:
        os.dup2(2, 1)
        if sys.argv[1] == "file":
            print(json.dumps(live(sys.argv[2])), file=told)
            return
        for _, step in zip(sys.stdin, live_from_repository(sys.argv[2]), strict=False):
            print(json.dumps(step), file=told, flush=True)


if __name__ == "__main__":
    main()
