"""Runs inside a windowed Blender: an element is made of a collection of the demo by mouse and keyboard, and used.

``window_elements.py ZIP OUT``: writes ``OUT/story.json`` and ``OUT/*.png``.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).parents[2]))

import docs.demo.scene as lighthouse
from tests.gui.hand import click, find, xdotool
from tests.gui.in_window import (
    MODULE,
    OUT,
    STORY,
    Steps,
    install,
    narrow_side_panel,
    open_side_panel,
    run,
    shoot,
    shoot_side_panel,
    submissions,
)


def blocks() -> dict[str, int]:
    """How many data-blocks of each kind the file has."""
    names = (prop.identifier for prop in bpy.data.bl_rna.properties if prop.type == "COLLECTION")
    return {name: len(getattr(bpy.data, name)) for name in names}


def making() -> Any:
    """What knows of the element that is being made."""
    return sys.modules[f"{MODULE}.kling_omni_addon.blender.elements.making"]


def elements() -> Steps:
    """The steps."""
    yield from install()
    scene: Any = bpy.context.scene
    tower = set_up(scene)
    open_side_panel("VIEW_3D")
    scene.kling.kind, scene.kling.mode, scene.kling.duration_s = "REFERENCES", "std", 3
    yield 1.0
    before = blocks()
    yield from make(scene)
    STORY["left"] = {name: count for name, count in blocks().items() if count != before[name]}
    STORY["record"] = [(each.element_name, each.element_id) for each in tower.kling_elements]
    yield from look_at_library()
    yield from use(scene)
    yield from stop()
    yield from show_menu(scene)


def set_up(scene: Any) -> Any:
    """The demo with its lighthouse in a collection, which is the active one."""
    for thing in list(scene.objects):
        bpy.data.objects.remove(thing)
    lighthouse.build(scene)
    scene.render.engine = "BLENDER_WORKBENCH"
    for material in bpy.data.materials:  # what Workbench shows
        tree: Any = material.node_tree
        shader = tree.nodes.get("Principled BSDF") if tree else None
        if shader is not None:
            material.diffuse_color = shader.inputs["Base Color"].default_value
    tower = bpy.data.collections.new("Hero")
    scene.collection.children.link(tower)
    around = ("Cliff", "Stone", "Sea", "Sun", "Camera")
    for thing in [thing for thing in scene.objects if not thing.name.startswith(around)]:
        tower.objects.link(thing)
        scene.collection.objects.unlink(thing)
    layer = bpy.context.view_layer
    assert layer is not None
    layer.active_layer_collection = layer.layer_collection.children["Hero"]
    layer.objects.active = None
    return tower


def make(scene: Any) -> Steps:
    """The button, its dialog, Enter; and the element is in the shot, called as the collection is."""
    place = yield from find("VIEW_3D", "bpy.ops.kling.make_element")
    yield from click(place)
    shoot("dialog")
    yield 0.5
    xdotool("key", "Return")
    yield 0.6
    shoot("rendering")
    for _ in range(120):
        if making().making.answer is not None or making().making.problem:
            break
        yield 0.25
    STORY["problem"] = making().making.problem
    STORY["in_shot"] = [element.name for element in scene.kling.elements]
    yield 0.5
    shoot_side_panel("made")
    for view in sorted(Path(os.environ["KLING_HOME"]).rglob("Hero_*.png")):
        shutil.copy(view, OUT / f"view_{view.name.split('_')[1]}.png")


def look_at_library() -> Steps:
    """Open it with the mouse, and ask for it."""
    x, y = yield from find("VIEW_3D", "bpy.ops.kling.make_element")
    yield from click((x, y + 22))
    shoot("library_opened")
    yield from click((yield from find("VIEW_3D", "bpy.ops.kling.show_library")))
    yield 1.5
    manager: Any = bpy.context.window_manager
    STORY["library"] = [row.name for row in manager.kling_library.elements]
    shoot_side_panel("library")
    place = yield from find("VIEW_3D", "bpy.ops.kling.rename_element")
    yield from click(place)
    shoot("rename")
    xdotool("key", "Escape")
    yield 0.3
    yield from narrow_side_panel("VIEW_3D", 200)
    shoot_side_panel("narrow")
    yield from narrow_side_panel("VIEW_3D", 280)


def use(scene: Any) -> Steps:
    """The prompt speaks of it, and a clip comes."""
    scene.kling.prompt = "@element:Hero stands in a storm at night"
    yield 0.5
    bpy.ops.kling.submit()
    for _ in range(120):
        if submissions() == ["placed"]:
            break
        yield 0.5
    STORY["phases"] = submissions()
    shoot("used")


def stop() -> Steps:
    """Escape while the views are rendered: nothing is sent. (By the button: an override crashes Blender up to 5.0.)"""
    before = blocks()
    yield from click((yield from find("VIEW_3D", "bpy.ops.kling.make_element")))
    xdotool("key", "Return")
    yield 0.3
    STORY["at_escape"] = [operator.bl_idname for operator in bpy.context.window_manager.windows[0].modal_operators]
    xdotool("key", "Escape")
    for _ in range(60):
        yield 0.5
        if not bpy.context.window_manager.windows[0].modal_operators:
            break
    shoot("stopped")
    STORY["after_escape"] = {name: count for name, count in blocks().items() if count != before[name]}
    STORY["sent_after_escape"] = making().making.is_asking


def show_menu(scene: Any) -> Steps:
    """The right-click menu of an object."""
    thing: Any = scene.objects["House"]
    layer = bpy.context.view_layer
    assert layer is not None
    layer.objects.active = thing
    thing.select_set(True)
    xdotool("mousemove", 500, 400)
    yield 0.3
    xdotool("click", 3)
    yield 0.8
    shoot("menu")
    xdotool("key", "Escape")
    yield 0.3


run(elements)
