"""A scene of ours for a moment: things as the 3D Viewport shows them, alone in neutral light, before a camera of ours.

The things are copies, evaluated: rendering the artist's own objects in another scene would set back what is animated
and was changed without a key. Everything is gone from the file in the end.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, Final, NamedTuple

import bpy
from mathutils import Vector

from ...core.errors import CaptureFailed
from ..host.changed import assign, named
from .camera import Engine, engine_settings
from .picture_file import pass_colours_on

_MESHES: Final = ("MESH", "CURVE", "SURFACE", "META", "FONT")
_OTHERS: Final = ("CURVES", "POINTCLOUD", "VOLUME", "GPENCIL", "GREASEPENCIL")
"""What Blender makes no mesh of: a copy with its modifiers."""
_LENS_MM: Final = 70.0
_ROOM: Final = 1.12  # around the things, of their size
_GRAY: Final = 0.42  # linear
_LIGHTS: Final = ((50.0, -40.0, 2.4), (65.0, 55.0, 0.8), (40.0, 170.0, 1.6))
"""Suns, which light the small and the huge alike: degrees from above, degrees from the camera to the right, W/m2."""
_QUALITY: Final = {
    "cycles": ("device", "samples", "use_adaptive_sampling", "adaptive_threshold", "use_denoising", "max_bounces"),
    "eevee": ("taa_render_samples",),
}
"""What a scene says about how well its own engine renders."""


class Ground(StrEnum):
    """What is behind the things."""

    GRAY = "gray"
    NONE = "none"  # transparent


class Stage(NamedTuple):
    """The scene, which is set to be rendered, and its camera's place is free: see :meth:`look`."""

    scene: bpy.types.Scene
    camera: bpy.types.Object
    lights: tuple[bpy.types.Object, ...]
    corners: tuple[Any, ...]  # vectors

    def look(self, heading: float, height: float) -> None:
        """See all of the things from the angle ``heading`` around the vertical, 0 being what Blender calls the front,
        and from ``height`` above the horizontal, both in radians; the light comes along.
        """
        self.camera.rotation_euler = (math.pi / 2 - height, 0, heading)
        for light, (above, aside, _) in zip(self.lights, _LIGHTS, strict=True):
            light.rotation_euler = (math.radians(above), 0, heading + math.radians(aside))
        self._update()
        layer: Any = self.scene.view_layers[0]
        place, _ = self.camera.camera_fit_coords(layer.depsgraph, [part for corner in self.corners for part in corner])
        self.camera.location = place
        far = max((corner - self.camera.location).length for corner in self.corners)
        data: Any = self.camera.data
        data.clip_start, data.clip_end = far / 10_000, far * 2
        self._update()

    def _update(self) -> None:
        self.scene.view_layers[0].update()


@contextmanager
def staged(
    things: Collection[bpy.types.Object],
    layer: bpy.types.ViewLayer,
    *,
    size: tuple[int, int],
    engine: Engine,
    ground: Ground,
) -> Iterator[Stage]:
    """Put these objects of a view layer on a stage. ``size`` is in pixels; Engine.SCENE is that of the layer's scene,
    without its compositing.

    Raises :class:`CaptureFailed` where there is nothing to see of them.
    """
    before = {image.name for image in bpy.data.images if image.type == "RENDER_RESULT"}
    made: list[bpy.types.ID] = []
    try:
        yield _set(made, things, layer, size, engine, ground)
    finally:
        renders = [image for image in bpy.data.images if image.type == "RENDER_RESULT" and image.name not in before]
        bpy.data.batch_remove([*made, *renders])


def _set(
    made: list[bpy.types.ID],
    things: Collection[bpy.types.Object],
    layer: bpy.types.ViewLayer,
    size: tuple[int, int],
    engine: Engine,
    ground: Ground,
) -> Stage:
    scene = _noted(made, bpy.data.scenes.new("Kling"))
    corners = tuple(_copied(made, things, layer, scene.collection))
    own: Any = layer.id_data
    scene.frame_current, scene.frame_subframe = own.frame_current, own.frame_subframe  # materials may be animated
    _set_output(scene, size, ground)
    _set_engine(scene, own, engine)
    scene.world = _noted(made, _gray_world())
    camera: Any = _noted(made, bpy.data.cameras.new("Kling"))
    camera.lens, camera.sensor_fit = _LENS_MM, "AUTO"
    lights = tuple(_added(made, scene, _sun(made, strength)) for *_, strength in _LIGHTS)
    scene.camera = _added(made, scene, camera)
    return Stage(scene=scene, camera=scene.camera, lights=lights, corners=_with_room(corners))


def _noted(made: list[bpy.types.ID], block: Any) -> Any:
    made.append(block)
    return block


def _added(made: list[bpy.types.ID], scene: bpy.types.Scene, data: bpy.types.ID) -> bpy.types.Object:
    thing: bpy.types.Object = _noted(made, bpy.data.objects.new("Kling", data))
    scene.collection.objects.link(thing)
    return thing


def _set_output(scene: bpy.types.Scene, size: tuple[int, int], ground: Ground) -> None:
    pass_colours_on(scene)
    render = scene.render
    width, height = size
    assign(named(render, resolution_x=width, resolution_y=height, resolution_percentage=100))
    assign(named(render, use_compositing=False, use_sequencer=False, film_transparent=ground is Ground.NONE))
    assign(named(render.image_settings, color_mode="RGBA" if ground is Ground.NONE else "RGB"))


def _set_engine(scene: bpy.types.Scene, own: bpy.types.Scene, engine: Engine) -> None:
    if engine is Engine.SCENE:
        scene.render.engine = own.render.engine
        for part, names in _QUALITY.items():
            theirs, ours = getattr(own, part, None), getattr(scene, part, None)
            assign(named(ours, **{name: getattr(theirs, name) for name in names if hasattr(theirs, name)}))
    assign(engine_settings(scene, engine))
    assign(named(scene.display.shading, color_type=own.display.shading.color_type))


def _gray_world() -> bpy.types.World:
    world = bpy.data.worlds.new("Kling")
    world.color = (_GRAY,) * 3  # Workbench
    if world.node_tree is None:
        world.use_nodes = True
    tree: Any = world.node_tree
    tree.nodes["Background"].inputs["Color"].default_value = (*world.color, 1)
    return world


def _sun(made: list[bpy.types.ID], strength: float) -> bpy.types.Light:
    sun: Any = _noted(made, bpy.data.lights.new("Kling", "SUN"))
    sun.energy, sun.angle = strength, math.radians(8)
    return sun  # type: ignore[no-any-return] # the stubs know no kinds of light here


def _copied(
    made: list[bpy.types.ID],
    things: Collection[bpy.types.Object],
    layer: bpy.types.ViewLayer,
    collection: bpy.types.Collection,
) -> Iterator[Vector]:
    """Copies of what the view layer shows of the things, and the corners of the boxes around them."""
    layer.update()
    graph: Any = layer.depsgraph
    meshes: dict[int, Any] = {}
    for instance in graph.object_instances:
        origin = instance.parent.original if instance.is_instance else instance.object.original
        if origin not in things or not (instance.show_self or instance.is_instance):
            continue
        copy = _copy_of(made, instance, graph, meshes)
        if copy is not None:
            collection.objects.link(copy)
            yield from (copy.matrix_world @ Vector(corner) for corner in instance.object.bound_box)


def _copy_of(made: list[bpy.types.ID], instance: Any, graph: Any, meshes: dict[int, Any]) -> Any:
    """An object that looks the same and depends on nothing; None for what is not seen in a render."""
    shown = instance.object
    if shown.original.hide_render or shown.type not in (*_MESHES, *_OTHERS):
        return None
    if shown.type in _OTHERS:
        copy = _noted(made, shown.original.copy())
        copy.parent = None
        copy.animation_data_clear()
        copy.constraints.clear()
    else:
        key = shown.data.as_pointer()
        if key not in meshes:
            meshes[key] = _noted(
                made, bpy.data.meshes.new_from_object(shown, preserve_all_data_layers=True, depsgraph=graph)
            )
        if not meshes[key].vertices:
            return None
        copy = _noted(made, bpy.data.objects.new("Kling", meshes[key]))
        _paint_as(copy, shown)
    copy.matrix_world = instance.matrix_world.copy()
    return copy


def _paint_as(copy: Any, shown: Any) -> None:
    copy.color, copy.pass_index = shown.color, shown.pass_index
    for ours, theirs in zip(copy.material_slots, shown.material_slots, strict=False):
        ours.link = "OBJECT"
        ours.material = theirs.material.original if theirs.material else None


def _with_room(corners: tuple[Any, ...]) -> tuple[Any, ...]:
    """The corners of one box around all, with room about it. Raises :class:`CaptureFailed` where there is none."""
    if not corners:
        raise CaptureFailed("Nothing is visible.", field="element", remedy="Show it in the 3D Viewport and renders.")
    low, high = (Vector([pick(axis) for axis in zip(*corners, strict=True)]) for pick in (min, max))
    middle, half = (low + high) / 2, (high - low) / 2 * _ROOM
    if not half.length:
        raise CaptureFailed("The object has no size.", field="element", remedy="Select something larger than a point.")
    signs = [Vector((x, y, z)) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]
    return tuple(middle + half * sign for sign in signs)


def heading_of(thing: bpy.types.Object | None) -> float:
    """How far a thing was turned around the vertical, in radians: where its own front looks; 0 for one that lies."""
    if thing is None:
        return 0.0
    front: Any = thing.matrix_world.to_3x3() @ Vector((0, -1, 0))
    across = Vector((front.x, front.y))
    is_upright = across.length > 0.5 * front.length
    return math.atan2(across.x, -across.y) if is_upright else 0.0
