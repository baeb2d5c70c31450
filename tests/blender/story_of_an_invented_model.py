"""What the panel offers of an invented model, from inside Blender: ``story_of_an_invented_model.py TOLD.json FILM``.

Runs on whatever package and data are on the path, with or without that model. A film that is not there is saved with
the model chosen; one that is there is opened, and said what became of the choice.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import bpy

import kling_omni_addon
from kling_omni_addon.blender.capture import camera, frame_overlay
from kling_omni_addon.blender.connection import clip_links
from kling_omni_addon.blender.shot import judging, reading
from tests.workshop.invented_model import LONGEST_S, MODE, MODEL, RATIO


def items_of(properties: Any, name: str) -> list[tuple[str, str, str, int]]:
    """The choices of an enum, and the number under which a file keeps each."""
    found = properties[name].enum_items
    return [(item.identifier, item.name, item.description, item.value) for item in found]


def offered(shot: Any) -> dict[str, Any]:
    of_shot = shot.bl_rna.properties
    of_length: Any = bpy.ops.kling.set_duration.get_rna_type().properties["seconds"]
    length = of_shot["duration_s"]
    enums = ("model", "mode", "aspect_ratio")
    return {name: items_of(of_shot, name) for name in enums} | {
        "overlay": [shape for shape, *_ in frame_overlay.SHAPES],
        "lengths": [length.hard_min, length.hard_max],
        "lengths_of_operator": [of_length.hard_min, of_length.hard_max],
        "defaults": [of_shot[name].default for name in (*enums, "duration_s")],
        "words": [of_shot[name].description for name in ("prompt", "video")],
    }


def chosen(scene: Any) -> dict[str, Any]:
    """The shot set to the model and to more seconds than it makes, by the fields that the panel has."""
    shot = scene.kling
    shot.prompt = "A fox"
    try:
        shot.model, shot.mode, shot.aspect_ratio = MODEL, MODE, RATIO
    except TypeError as error:
        return {"refused": str(error)}
    shot.duration_s = LONGEST_S + 5
    request, price = reading.read_request(scene), clip_links.list_price_of(reading.read_request(scene))
    if frame_overlay.shown_shape() != RATIO:
        bpy.ops.kling.toggle_frame_overlay(shape=RATIO)
    return {
        "asked": [request.model, request.mode, request.aspect_ratio, request.duration_s],
        "faults": [problem.message for problem in judging.judge(scene) if problem.is_fault],
        "price": price.label if price else "no price",
        "shown": frame_overlay.shown_shape(),
        "picture": camera.picture_size(scene.render, RATIO),
    }


def opened(film: Path) -> dict[str, Any]:
    """What a film that was saved with the model has here: its choices, its faults, and its choices after fixes."""
    bpy.ops.wm.open_mainfile(filepath=str(film))
    scene: Any = bpy.context.scene
    shot = scene.kling
    found = {"asked": [shot.model, shot.mode], "faults": []}
    for problem in judging.judge(scene):
        if problem.is_fault:
            found["faults"].append(problem.message)
            bpy.ops.kling.fix(rule=problem.rule, path=problem.path)
    return found | {"fixed": [shot.model, shot.mode], "left": [p.message for p in judging.judge(scene) if p.is_fault]}


if __name__ == "__main__":
    bpy.ops.wm.read_factory_settings(use_empty=True)
    kling_omni_addon.register()
    scene: Any = bpy.context.scene
    told = {"package": kling_omni_addon.__file__, "offered": offered(scene.kling), "chosen": chosen(scene)}
    os.environ["KLING_DIALECT"] = "new"
    told["over_new"] = {"offered": offered(scene.kling), "chosen": chosen(scene)}
    del os.environ["KLING_DIALECT"]
    film = Path(sys.argv[2])
    if film.exists():
        told["opened"] = opened(film)
    else:
        bpy.ops.wm.save_as_mainfile(filepath=str(film))
    kling_omni_addon.unregister()
    Path(sys.argv[1]).write_text(json.dumps(told), "utf-8")
