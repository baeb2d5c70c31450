"""Runs inside a windowed Blender: what docs/scripting.md says for a shell and for a window, with the real executable.

``window_commands.py ZIP OUT``: writes ``OUT/story.json``. Everything lies in ``OUT``, as it would in a folder of a job.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.gui.in_window import OUT, STORY, Steps, install, run, strips
from tests.workshop.requests_page import EXAMPLES
from tests.workshop.scripting_page import blocks

_ENVIRONMENT = os.environ | {
    "PATH": os.pathsep.join((str(Path(bpy.app.binary_path).parent), os.environ["PATH"])),
    "KLING_HOME": str(OUT / "home"),
}


def commands() -> Steps:
    """The steps."""
    yield from install()
    bpy.ops.wm.save_userpref()  # a Blender without a window finds the extension enabled
    yield from in_this_window()
    lay_out_the_job()
    (one_film,) = blocks("Operators", "sh")
    all_films, requests = blocks("A farm", "sh")
    for name, command in (("film", one_film), ("films", all_films)):
        yield from shell(name, command)
    rehearse = subprocess.Popen(["blender", "--command", "kling", "rehearse"], env=_ENVIRONMENT, stdout=subprocess.PIPE)
    assert rehearse.stdout is not None
    rehearse.stdout.readline()  # its address: it is ready
    yield from shell("requests", requests)
    rehearse.terminate()
    rehearse.wait()


def in_this_window() -> Steps:
    """The example for a window; what it prints."""
    (code,) = blocks("In a window", "python")
    said: list[str] = []
    exec(compile(code, "docs/scripting.md", "exec"), {"print": lambda *words: said.append(" ".join(map(str, words)))})
    for _ in range(120):
        if said:
            break
        yield 0.5
    STORY["in_this_window"] = said
    STORY["strips"] = [strip.type for strip in strips(bpy.context.scene)]


def lay_out_the_job() -> None:
    """A film, a folder with two more, two request files, and the script."""
    (code,) = blocks("Operators", "python")
    (OUT / "generate.py").write_text(code, encoding="utf-8")
    (OUT / "shots").mkdir()
    scene: Any = bpy.context.scene
    scene.render.engine = "BLENDER_WORKBENCH"  # EEVEE takes minutes on a machine without a graphics card
    scene.render.resolution_x, scene.render.resolution_y = 640, 360
    scene.sequence_editor_clear()
    for name in ("film", "shots/one", "shots/two"):
        bpy.ops.wm.save_as_mainfile(filepath=str(OUT / f"{name}.blend"), copy=True)
    (example, *_) = EXAMPLES
    for name in ("one", "two"):
        (OUT / "shots" / f"{name}.json").write_text(json.dumps(example.body), encoding="utf-8")


def shell(name: str, command: str) -> Steps:
    """Run a block of the page in a shell, while this Blender goes on; what it said."""
    log = OUT / f"{name}.txt"
    with log.open("w", encoding="utf-8") as stream:
        process = subprocess.Popen(
            ["bash", "-e", "-c", command], cwd=OUT, env=_ENVIRONMENT, stdout=stream, stderr=subprocess.STDOUT
        )
    while process.poll() is None:
        yield 0.5
    STORY["steps"].append(name)
    STORY[name] = {"code": process.returncode, "said": log.read_text(encoding="utf-8")}


run(commands)
