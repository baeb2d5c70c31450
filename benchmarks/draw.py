"""Draw every panel with 300 submissions, as often as Blender would while the mouse moves over it.

Run by hand, with the bpy module: ``.venv/bin/python benchmarks/draw.py``. Ends with 1 when drawing one panel takes a
millisecond or more on average.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import bpy

import kling_omni_addon
from kling_omni_addon.blender.connection import opening, snapshots
from kling_omni_addon.blender.host.sequencer import new_effect, strips_of
from kling_omni_addon.blender.panels import tab
from kling_omni_addon.blender.shot.kinds import KINDS
from kling_omni_addon.blender.shot.properties import put_picture
from kling_omni_addon.core.life.events import Target
from kling_omni_addon.core.request import OmniRequest
from tests.workshop.layout import Layout

SUBMISSIONS = 300
STRIPS = 200
ROUNDS = 100
VISIBLE_ROWS = 5
MOST_MS = 1.0


class Drawn:
    """What Blender hands to a panel's draw; of a list, the rows that fit are drawn."""

    def __init__(self) -> None:
        self.layout = Layout(most_rows=VISIBLE_ROWS)


def fill(scene: Any) -> None:
    """A shot with everything, on a timeline with strips, and submissions in the journal that wait to be sent."""
    shot = scene.kling
    shot.prompt = "a fox runs " * 100
    for role in ("FIRST", "END", "REFERENCE", "REFERENCE"):
        put_picture(scene, role, f"/shots/{role}.png", "Camera, frame 1")
    for _ in range(6):
        shot.board.add().prompt = "she waits"
    scene.sequence_editor_create()
    for number in range(STRIPS):
        new_effect(
            strips_of(scene), "COLOR", name="Card", channel=1 + number % 40, frame_start=number // 40 * 30, length=25
        )
    session = opening.session()
    for number in range(SUBMISSIONS):
        session.submit(OmniRequest(prompt="a fox", aspect_ratio="16:9"), Target(name=f"shot_{number:03}"))
    snapshots.refresh()


def average_ms(panel: Any) -> float:
    """Milliseconds of this thread for one drawing of a panel, header included: other programs do not count."""
    started = time.thread_time()
    for _ in range(ROUNDS):
        drawn = Drawn()
        panel.draw(drawn, bpy.context)
        if hasattr(panel, "draw_header_preset"):
            panel.draw_header_preset(drawn, bpy.context)
    return (time.thread_time() - started) * 1000 / ROUNDS


def main() -> int:
    """Measure every panel in every kind of shot; the slowest kind of each counts."""
    slowest: dict[str, float] = {}
    scene: Any = bpy.context.scene
    fill(scene)
    for kind in KINDS:
        scene.kling.kind = kind.identifier
        for panel in tab.CLASSES[: len(tab.CLASSES) // 2]:  # both editors have the same code
            if not hasattr(panel, "poll") or panel.poll(bpy.context):
                name = panel.__name__.rsplit("_", 1)[1]
                slowest[name] = max(slowest.get(name, 0.0), average_ms(panel))
    for name, spent_ms in slowest.items():
        print(f"{name:12} {spent_ms:6.3f} ms")
    print(f"{len(snapshots.submissions())} submissions, {STRIPS} strips")
    return int(max(slowest.values()) >= MOST_MS)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"KLING_HOME": home, "KLING_BASE_URL": "http://127.0.0.1:9", "KLING_API_KEY": "none"}
        kling_omni_addon.register()
        try:
            code = main()
        finally:
            kling_omni_addon.unregister()
    sys.exit(code)
