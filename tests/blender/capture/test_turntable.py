"""The views of an element: they show the things and nothing else, whole, and leave the file as it was."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bmesh
import bpy
import pytest

from kling_omni_addon.blender.capture import camera_job
from kling_omni_addon.blender.capture.camera import Engine
from kling_omni_addon.blender.capture.camera_job import CameraJob, RenderJob
from kling_omni_addon.blender.capture.stage import Ground
from kling_omni_addon.blender.capture.turntable import Look, view_jobs
from kling_omni_addon.core.errors import CaptureFailed
from kling_omni_addon.core.media import picture_facts
from tests.workshop.settings_dump import everything_in

Scene = Any
Thing = Any

SMALL = Look(views=2, engine=Engine.WORKBENCH, ground=Ground.NONE, size_px=300)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLING_HOME", str(tmp_path))


def added_box(scene: Scene, name: str, size: tuple[float, float, float] = (1, 1, 1)) -> Thing:
    mesh = bpy.data.meshes.new(name)
    shape: Any = bmesh.new()
    bmesh.ops.create_cube(shape, size=1)
    bmesh.ops.scale(shape, vec=size, verts=shape.verts)
    shape.to_mesh(mesh)
    shape.free()
    thing = bpy.data.objects.new(name, mesh)
    scene.collection.objects.link(thing)
    return thing


def views(source: Any, look: Look = SMALL) -> list[Path]:
    assert bpy.context.view_layer is not None
    return [job.render() for job in view_jobs(source, bpy.context.view_layer, look)]


def pixels(path: Path) -> tuple[int, int, list[float]]:
    image: Any = bpy.data.images.load(str(path), check_existing=False)
    (width, height), values = image.size, list(image.pixels)
    bpy.data.images.remove(image)
    return width, height, values


def extent(path: Path) -> tuple[float, float, float, float]:
    """From where to where the things are in a picture without a background: left, right, bottom, top, as parts of 1."""
    width, height, values = pixels(path)
    seen = [divmod(n, width) for n, alpha in enumerate(values[3::4]) if alpha > 0.5]
    across, up = [x for _, x in seen], [y for y, _ in seen]
    return min(across) / width, max(across) / width, min(up) / height, max(up) / height


def size_of(path: Path) -> tuple[float, float]:
    left, right, bottom, top = extent(path)
    return right - left, top - bottom


def is_whole(path: Path) -> bool:
    left, right, bottom, top = extent(path)
    return min(left, bottom) > 0.01 and max(right, top) < 0.99


def blocks() -> dict[str, list[str]]:
    """The name of every data-block of the file."""
    names = (prop.identifier for prop in bpy.data.bl_rna.properties if prop.type == "COLLECTION")
    return {name: sorted(block.name for block in getattr(bpy.data, name)) for name in names}


# What is in the views -------------------------------------------------------------------------------------------------


def test_a_wide_thing_is_wide_from_the_front_and_narrow_from_the_side(scene: Scene) -> None:
    added_box(scene, "Behind").location.y = 20
    box = added_box(scene, "Box", (4, 1, 1))
    look = Look(views=4, engine=Engine.WORKBENCH, ground=Ground.NONE, size_px=300)
    front, right, back, left = map(size_of, views(box, look))
    assert front[0] > 2 * front[1]
    assert right[0] < 1.5 * right[1]
    assert (back[0], left[0]) == pytest.approx((front[0], right[0]), abs=0.02)


def test_cycles_shows_the_material_in_neutral_light(scene: Scene) -> None:
    box = added_box(scene, "Box")
    red: Any = bpy.data.materials.new("Red")
    if red.node_tree is None:
        red.use_nodes = True
    red.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = (0.8, 0.02, 0.02, 1)
    box.data.materials.append(None)
    box.material_slots[0].link, box.material_slots[0].material = "OBJECT", red
    scene.render.engine, scene.cycles.samples, scene.cycles.use_denoising = "CYCLES", 1, False
    width, height, values = pixels(views(box, Look(views=2, size_px=300))[0])
    middle = 4 * (height // 2 * width + width // 2)
    assert values[middle] > 0.5 > 2 * values[middle + 1]
    corner = values[:3]
    assert max(corner) - min(corner) < 0.02
    assert 0.5 < corner[0] < 0.8


@pytest.mark.parametrize("size", [1e-4, 1.0, 1e5])
def test_the_tiny_and_the_huge_fill_the_picture_alike(scene: Scene, size: float) -> None:
    box = added_box(scene, "Box", (size, size, size))
    box.location = (3 * size, 0, 2 * size)
    for view in views(box):
        assert is_whole(view)
        assert max(size_of(view)) > 0.6


def test_the_front_is_where_the_object_looks_unless_it_lies(scene: Scene) -> None:
    box = added_box(scene, "Box", (4, 1, 1))
    box.rotation_euler.z = math.radians(90)
    assert size_of(views(box)[0])[0] > 2 * size_of(views(box)[0])[1]
    box.rotation_euler = (math.radians(90), 0, math.radians(90))
    across, up = size_of(views(box)[0])
    assert across < 1.5 * up


def test_the_front_can_be_said(scene: Scene) -> None:
    box = added_box(scene, "Box", (4, 1, 1))
    look = Look(views=2, engine=Engine.WORKBENCH, ground=Ground.NONE, size_px=300, front=math.radians(90))
    across, up = size_of(views(box, look)[0])
    assert across < 1.5 * up


def test_what_is_parented_to_it_and_how_its_parent_turns_it_is_seen(scene: Scene) -> None:
    holder = bpy.data.objects.new("Holder", None)
    scene.collection.objects.link(holder)
    box, tip = added_box(scene, "Box", (4, 1, 1)), added_box(scene, "Tip")
    box.parent, tip.parent, tip.location.z = holder, box, 8
    alone = size_of(views(tip)[0])
    assert alone[0] == pytest.approx(alone[1], abs=0.1)
    across, up = size_of(views(holder)[0])
    assert up > 1.5 * across


def test_modifiers_are_seen(scene: Scene) -> None:
    box = added_box(scene, "Box")
    box.modifiers.new("Row", "ARRAY").count = 5
    across, up = size_of(views(box)[0])
    assert across > 3 * up


def test_a_collection_is_seen_with_the_instances_of_others_in_it(scene: Scene) -> None:
    post = added_box(scene, "Post", (1, 1, 6))
    kit = bpy.data.collections.new("Kit")
    kit.objects.link(post)
    scene.collection.objects.unlink(post)
    fence = bpy.data.collections.new("Fence")
    scene.collection.children.link(fence)
    for x in (-4, 4):
        instance: Any = bpy.data.objects.new("Instance", None)
        instance.instance_type, instance.instance_collection, instance.location.x = "COLLECTION", kit, x
        fence.objects.link(instance)
    across, up = size_of(views(fence)[0])
    assert across > up > 0.4


def test_the_size_is_legal_and_the_ground_gray_or_transparent(scene: Scene) -> None:
    box = added_box(scene, "Box", (4, 1, 1))
    for ground, most in ((Ground.GRAY, 1.0), (Ground.NONE, 0.0)):
        look = Look(views=2, engine=Engine.WORKBENCH, ground=ground, size_px=10)
        path = views(box, look)[0]
        with path.open("rb") as stream:
            facts = picture_facts(stream, path.stat().st_size)
        width, height, values = pixels(path)
        assert (facts.format, facts.width, facts.height) == ("png", width, height) == ("png", 300, 300)
        assert values[3] == most


# What cannot be seen --------------------------------------------------------------------------------------------------


def test_what_is_hidden_or_empty_is_a_sentence(scene: Scene) -> None:
    box = added_box(scene, "Box")
    box.hide_render = True
    with pytest.raises(CaptureFailed, match='"Box" is hidden in renders'):
        views(box)
    box.hide_viewport = True
    with pytest.raises(CaptureFailed, match='"Box" is hidden, or not in this view layer'):
        views(box)
    holder = bpy.data.objects.new("Holder", None)
    scene.collection.objects.link(holder)
    with pytest.raises(CaptureFailed, match="Nothing is visible"):
        views(holder)
    point: Any = bpy.data.objects.new("Point", bpy.data.meshes.new("Point"))
    point.data.from_pydata([(1, 1, 1)], [], [])
    scene.collection.objects.link(point)
    with pytest.raises(CaptureFailed, match="no size"):
        views(point)


# What is left behind --------------------------------------------------------------------------------------------------


def everything(scene: Scene) -> dict[str, Any]:
    return everything_in(scene) | {
        f"{thing.name}: {name}": str(value)
        for thing in bpy.data.objects
        for name in ("matrix_world", "location", "users", "parent", "data", "hide_render")
        for value in (getattr(thing, name),)
    }


def test_the_file_is_as_it_was_also_what_was_moved_without_a_key(shot: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "active_count", lambda: 1)  # beside threads it falls back, as after every render
    cube: Any = bpy.data.objects["Cube"]
    cube.location = (1.5, 2, 3)  # keyed along x
    bpy.context.view_layer.update()
    before = blocks(), everything(shot)
    views(cube)
    assert (blocks(), everything(shot)) == before
    cube.hide_render = True
    before = blocks(), everything(shot)
    with pytest.raises(CaptureFailed):
        views(cube)
    assert (blocks(), everything(shot)) == before


class BreaksDown(bpy.types.RenderEngine):
    """An engine that gives up in the middle of a picture."""

    bl_idname = "KLING_TEST_GIVES_UP"
    bl_label = "Gives Up"

    def render(self, depsgraph: Any) -> None:  # type: ignore[override]
        self.error_set("The renderer ran out of memory")
        self.report({"ERROR"}, "The renderer ran out of memory")


@pytest.fixture
def broken_engine() -> Iterator[str]:
    bpy.utils.register_class(BreaksDown)
    yield BreaksDown.bl_idname
    bpy.utils.unregister_class(BreaksDown)


def test_a_renderer_that_breaks_down_leaves_nothing_behind(shot: Scene, tmp_path: Path, broken_engine: str) -> None:
    shot.render.engine = broken_engine
    before = blocks()
    with pytest.raises(CaptureFailed, match="ran out of memory"):
        views(bpy.data.objects["Cube"], Look(views=2, size_px=300))
    assert blocks() == before
    assert list(tmp_path.rglob("*.png")) == []


WAITS_BEFORE_5 = "EXEC_DEFAULT" if bpy.app.version < (5, 0) else "INVOKE_DEFAULT"


@pytest.mark.parametrize(
    ("engine", "is_in_window", "expected"),
    [
        (Engine.WORKBENCH, False, WAITS_BEFORE_5),
        (Engine.EEVEE, False, WAITS_BEFORE_5),
        (Engine.CYCLES, False, "INVOKE_DEFAULT"),
        (Engine.WORKBENCH, True, "INVOKE_DEFAULT"),
    ],
)
def test_up_to_4_5_blender_waits_for_what_would_crash_it_as_a_job(
    shot: Scene,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    engine: Engine,
    is_in_window: bool,
    expected: str,
) -> None:
    begun: list[str] = []

    def note(_scene: Scene, how: str, **_options: Any) -> set[str]:
        begun.append(how)
        return {"RUNNING_MODAL"}

    monkeypatch.setattr(camera_job, "render_scene", note)
    assert bpy.context.view_layer is not None
    if is_in_window:
        path = tmp_path / "first.png"
        job: RenderJob = CameraJob(scene=shot, frame=1, path=path, aspect_ratio=None, engine=engine)
    else:
        job = view_jobs(bpy.data.objects["Cube"], bpy.context.view_layer, Look(engine=engine))[0]
    job.start()
    job.drop()
    assert begun == [expected]
