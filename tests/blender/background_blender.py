"""The bpy module as a Blender of its own: ``background_blender.py install EXTENSION.zip``, then
``background_blender.py run FILM.blend SCRIPT.py``, which is ``blender --background FILM.blend --python SCRIPT.py``.

``background_blender.py commands TOLD.json`` runs command lines from stdin: a JSON list of ``blender --command ...``,
each cut into words, with what Blender itself registered for them. ``["run", FILM, SCRIPT]`` among them runs a script.
How each ended and what it printed stands in ``TOLD.json``. What is enabled in the user's preferences is enabled.

``BLENDER_USER_RESOURCES`` names the folder of the user. A bpy module starts with factory settings, so that the
installed extension has to be enabled by each process.
"""

from __future__ import annotations

import io
import json
import os
import runpy
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import bpy

_handlers: dict[str, Callable[[list[str]], int]] = {}
"""What runs each command; of ours, once the extension is enabled."""


def install(extension: str) -> None:
    """As a person does it."""
    bpy.ops.extensions.package_install_files(filepath=extension, repo="user_default", enable_on_install=False)


def run(film: str, script: str) -> None:
    """Open the film and run the script on it."""
    bpy.ops.preferences.addon_enable(module="bl_ext.user_default.kling_omni")
    _run_script(film, script)


def _run_script(film: str, script: str) -> None:
    bpy.ops.wm.open_mainfile(filepath=film)
    runpy.run_path(script, run_name="__main__")


def run_commands(lines: list[list[str]]) -> list[dict[str, Any]]:
    """Each line as Blender runs it, one after another in this process."""
    import addon_utils  # found once bpy is there

    _follow_commands()
    if (Path(os.environ["BLENDER_USER_RESOURCES"]) / "config" / "userpref.blend").exists():
        bpy.ops.wm.read_userpref()
    for addon in [each.module for each in bpy.context.preferences.addons if each.module.startswith("bl_ext.")]:
        addon_utils.enable(addon)
    return [_ran(line) for line in lines]


def _follow_commands() -> None:
    """Only the real executable leads a command to what is registered for it."""
    register = bpy.utils.register_cli_command

    def registered(id: str, execute: Callable[[list[str]], int]) -> object:
        _handlers[id] = execute
        return register(id, execute)

    bpy.utils.register_cli_command = registered
    import bl_pkg  # type: ignore[import-not-found] # Blender's own; its command was registered on starting

    _handlers["extension"] = bl_pkg.cli_extension
    _handlers["run"] = _run_words


def _run_words(words: list[str]) -> int:
    film, script = words
    _run_script(film, script)
    return 0


def _ran(line: list[str]) -> dict[str, Any]:
    system: Any = bpy.context.preferences.system
    system.use_online_access = "--online-mode" in line
    words = [word for word in line if word not in ("blender", "--online-mode", "--command")]
    with redirect_stdout(io.StringIO()) as printed:
        code = _handlers[words[0]](words[1:])
    return {"code": code, "printed": printed.getvalue()}


if __name__ == "__main__":
    if sys.argv[1] == "install":
        install(sys.argv[2])
    elif sys.argv[1] == "commands":
        told = run_commands(json.load(sys.stdin))
        Path(sys.argv[2]).write_text(json.dumps(told), encoding="utf-8")
    else:
        run(sys.argv[2], sys.argv[3])
