"""How long *Generate* holds up Blender's main thread: the first press of a session, and one with seven 10 MB images.

Needs bpy. Each time a fresh Blender in background mode, ``python -m benchmarks.pressing --press ours`` or ``plain``:
there the operator does what it does in a window, but for the question of a price that is to be confirmed, and the
benchmark beats the timer as a window does while somebody sets up a shot.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import fast_service
from benchmarks.large_files import written_pictures
from benchmarks.measuring import ROOT, Figures, compared, in_ms
from benchmarks.row import Goal, Row, row_of, tell

ROUNDS = 3
HOUR_S = 3600.0
FIRST, WITH_IMAGES = "first press", "with images"


def rows() -> list[Row]:
    """Both presses, on the wall's clock: the main thread also waits for the disk."""
    figures = compared(lambda: pressed_in_blender("ours"), lambda: pressed_in_blender("plain"), ROUNDS)
    return [
        row_of(
            "Generate, the first press of a session: main thread, against importing requests, jwt, jsonschema, sqlite3",
            figures[FIRST],
            "ms",
            goal=Goal(limit=50),
        ),
        row_of(
            "Generate with seven 10 MB images: main thread, against reading and encoding them and json.dumps",
            figures[WITH_IMAGES],
            "ms",
            goal=Goal(limit=50),
        ),
    ]


def pressed_in_blender(whose: str) -> Figures:
    """Milliseconds of each press. Raises CalledProcessError."""
    with tempfile.TemporaryDirectory() as name, fast_service.running(HOUR_S) as url:
        service = {"KLING_BASE_URL": url, "KLING_API_KEY": "none"}
        places = {"KLING_HOME": f"{name}/home", "BLENDER_USER_RESOURCES": f"{name}/blender", "TMPDIR": name}
        command = [sys.executable, "-m", "benchmarks.pressing", "--press", whose]
        environment = os.environ | service | places
        done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def press(folder: Path) -> Figures:
    """Ours: the operator, twice."""
    import bpy

    import kling_omni_addon

    operators, scene = bpy.ops, bpy.context.scene
    kling_omni_addon.register()
    set_up_in_peace(scene, "TEXT", [])
    first_ms = in_ms(lambda: operators.kling.submit(again=True))
    set_up_in_peace(scene, "REFERENCES", written_pictures(folder))
    return {FIRST: first_ms, WITH_IMAGES: in_ms(lambda: operators.kling.submit(again=True))}


def set_up_in_peace(scene: Any, kind: str, pictures: list[Path]) -> None:
    """Set up a shot, and press when all is done that a window does by itself meanwhile: some seconds later."""
    from kling_omni_addon.blender.connection import preparing
    from kling_omni_addon.blender.host import heartbeat
    from kling_omni_addon.blender.shot import kept_ahead

    preparing.begin()  # as the first drawing of the tab does
    set_up(scene, kind, pictures)
    while preparing.is_under_way() or kept_ahead.is_under_way():
        heartbeat.beat()
        time.sleep(heartbeat.BUSY_S)


def set_up(scene: Any, kind: str, pictures: list[Path]) -> None:
    """A shot that can be sent."""
    from kling_omni_addon.blender.shot.properties import put_picture

    shot = scene.kling
    shot.kind, shot.mode, shot.duration_s = kind, "std", 5
    shot.prompt = "a fox " + " ".join(f"<<<image_{number}>>>" for number in range(1, len(pictures) + 1))
    for path in pictures:
        put_picture(scene, "REFERENCE", str(path), "File")


def press_plainly(folder: Path) -> Figures:
    """What an add-on does on the main thread that sends from another one."""
    import bpy  # noqa: F401 - as much is loaded already as for ours

    pictures = written_pictures(folder)
    return {FIRST: in_ms(import_plainly), WITH_IMAGES: in_ms(lambda: written_body(pictures))}


def import_plainly() -> None:
    """On the first use, as ours does."""
    import sqlite3  # noqa: F401 - the time is what counts

    import jsonschema  # noqa: F401
    import jwt  # noqa: F401
    import requests  # noqa: F401


def written_body(pictures: list[Path]) -> str:
    """The whole body as one text."""
    images = [{"image_url": base64.b64encode(path.read_bytes()).decode()} for path in pictures]
    return json.dumps({"model_name": "kling-v3-omni", "prompt": "a fox", "image_list": images})


def tell_press(whose: str) -> None:
    """The child's part: press, say how long it took, and end without Blender's farewell."""
    with tempfile.TemporaryDirectory() as name:
        figures = press(Path(name)) if whose == "ours" else press_plainly(Path(name))
    print(f"\n{json.dumps(figures)}", flush=True)
    os._exit(0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--press"]:
        tell_press(sys.argv[2])
    sys.exit(tell(rows))
