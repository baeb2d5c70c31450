"""Draw every panel with 300 submissions, as often as Blender would while the mouse moves over it; needs bpy."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from typing import Any

import bpy

import kling_omni_addon
from benchmarks.measuring import Compared, repeated
from benchmarks.row import Goal, Row, row_of, tell
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
ROUNDS = 25
VISIBLE_ROWS = 5


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


def rows() -> list[Row]:
    """Every panel in every kind of shot; the slowest kind of each counts."""
    address = {"KLING_BASE_URL": "http://127.0.0.1:9", "KLING_API_KEY": "none"}
    with tempfile.TemporaryDirectory() as home:
        os.environ |= address | {"KLING_HOME": home}
        kling_omni_addon.register()
        try:
            slowest = measured(bpy.context.scene)
        finally:
            kling_omni_addon.unregister()
    shown = f"{SUBMISSIONS} jobs, {STRIPS} strips"
    return [
        row_of(f"drawing the panel {name}, {shown}", each, "ms", goal=Goal(limit=1)) for name, each in slowest.items()
    ]


def measured(scene: Any) -> dict[str, Compared]:
    """Milliseconds of each panel in its slowest kind of shot."""
    found: dict[str, list[Compared]] = {}
    fill(scene)
    for kind in KINDS:
        scene.kling.kind = kind.identifier
        for panel in tab.CLASSES[: len(tab.CLASSES) // 2]:  # both editors have the same code
            if not hasattr(panel, "poll") or panel.poll(bpy.context):
                each = repeated(lambda panel=panel: {"ms": average_ms(panel)}, rounds=3)["ms"]  # type: ignore[misc]
                found.setdefault(panel.bl_label, []).append(each)
    return {name: max(all_kinds, key=lambda each: each.ours) for name, all_kinds in found.items()}


if __name__ == "__main__":
    sys.exit(tell(rows))
