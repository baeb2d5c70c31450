"""Runs inside a windowed Blender: captures from the camera that are stopped by the Escape key, fail, or come to an end.

``window_cancel.py ZIP OUT``: writes ``OUT/story.json`` and ``OUT/*.png``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.gui.hand import xdotool
from tests.gui.in_window import OUT, STORY, Steps, area, install, run, shoot
from tests.gui.seen import changes, everything
from tests.workshop.personal_settings import OUTPUTS, make_it_personal
from tests.workshop.shots import set_up_shot

Press = Callable[[], Any]


def cancel() -> Steps:
    """The steps."""
    yield from install()
    scene: Any = bpy.context.scene
    set_up_shot(scene)
    make_it_personal(scene)
    OUTPUTS["override"](scene)
    scene.frame_start, scene.frame_end = 1, 21
    bpy.ops.wm.save_as_mainfile(filepath=str(OUT / "film.blend"))
    xdotool("mousemove", 500, 300)  # keys go to the window that the mouse is over
    yield 1.0
    yield from finished("finished", lambda: press("capture_frame", role="REFERENCE", engine="WORKBENCH"))
    scene.cycles.samples, scene.cycles.use_adaptive_sampling = 100_000, False  # for hours
    scene.cycles.use_denoising = False  # not every build has a denoiser; without one the render ends at once
    yield from stopped("stopped", lambda: press("capture_frame", role="FIRST"))
    yield from stopped("stopped_first_of_both", lambda: press("capture_both"))
    yield from undone_meanwhile()
    scene = bpy.context.scene
    scene.render.engine = "BLENDER_WORKBENCH"
    yield from finished("both", lambda: press("capture_both"))
    bpy.ops.ed.undo()
    yield 0.5
    STORY["undone"] = [bpy.context.scene.kling.first_frame, bpy.context.scene.kling.end_frame]
    fail()


def press(operator: str, **wishes: Any) -> Any:
    """As a button does it, in the 3D View."""
    window, here = bpy.context.window_manager.windows[0], area("VIEW_3D")
    region = next(region for region in here.regions if region.type == "WINDOW")
    with bpy.context.temp_override(window=window, area=here, region=region):
        return getattr(bpy.ops.kling, operator)("INVOKE_DEFAULT", True, **wishes)


def finished(name: str, begin: Press) -> Steps:
    """A capture that comes to its end."""
    before = everything()
    begin()
    yield from over()
    note(name, before)


def stopped(name: str, begin: Press) -> Steps:
    """A capture that somebody stops."""
    before = everything()
    begin()
    yield 4.0
    was_running = bpy.app.is_job_running("RENDER")
    shoot(name)
    xdotool("key", "Escape")
    yield from over()
    note(name, before)
    STORY["captures"][name]["was_running"] = was_running


def undone_meanwhile() -> Steps:
    """An undo during the render, as another window allows it: back to a state that is the same."""
    bpy.ops.ed.undo_push(message="Something")
    bpy.ops.ed.undo_push(message="Something else")
    before = everything()
    press("capture_frame", role="FIRST")
    yield 3.0
    bpy.ops.ed.undo()
    yield from over()
    note("undone_meanwhile", before)


def over() -> Steps:
    """Until nothing is rendered and nothing of ours waits any more."""
    for _ in range(240):
        yield 0.25
        running = [operator.bl_idname for operator in bpy.context.window_manager.windows[0].modal_operators]
        if not bpy.app.is_job_running("RENDER") and not any(name.startswith("KLING") for name in running):
            return
    raise TimeoutError("the capture never ended")


def note(name: str, before: dict[str, str]) -> None:
    """What the capture changed, what the shot has now, and what lies in the folder of pictures."""
    shot: Any = bpy.context.scene.kling
    STORY.setdefault("captures", {})[name] = {
        "changed": changes(before),
        "pictures": [bool(shot.first_frame), bool(shot.end_frame), len(shot.references)],
        "files": len(list((OUT / "kling" / "frames").glob("*"))),
    }


def fail() -> None:
    """A capture without a camera."""
    bpy.context.scene.camera = None
    bpy.context.scene.timeline_markers.clear()
    before = everything()
    try:
        press("capture_frame", role="FIRST")
    except RuntimeError as error:
        STORY["refusal"] = str(error)
    note("failed", before)


run(cancel)
