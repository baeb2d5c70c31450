"""The demo's scene, made from nothing: a lighthouse on a cliff at dusk and a camera that flies around it.

``build(scene)`` fills an empty scene. Everything is procedural, so the repository carries no binary file.
"""

from __future__ import annotations

import math
import random
from typing import Any

import bpy
from mathutils import Vector

Color = tuple[float, float, float]
Scene = Any  # the stubs know neither Cycles nor that a new material has nodes

FRAMES = 120
FPS = 24

_DUSK = ((0.03, 0.05, 0.13), (0.55, 0.20, 0.12), (0.95, 0.55, 0.25))


def build(scene: Scene) -> None:
    """Cliff, sea, lighthouse, lights and the flight of the camera."""
    scene.frame_start, scene.frame_end, scene.frame_current = 1, FRAMES, 1
    scene.render.fps = FPS
    scene.render.resolution_x, scene.render.resolution_y = 1280, 720
    _set_up_cycles(scene)
    _paint_sky(scene)
    _raise_cliff(scene)
    _spread_sea(scene)
    _build_lighthouse(scene)
    _light(scene)
    _fly_camera(scene)


def _set_up_cycles(scene: Scene) -> None:
    scene.render.engine = "CYCLES"
    scene.cycles.samples = 12
    scene.cycles.use_denoising = True
    scene.cycles.max_bounces = 4
    scene.view_settings.view_transform = "AgX"
    scene.view_settings.look = "AgX - Medium High Contrast"


def _material(name: str, color: Color, *, rough: float = 0.7, glow: float = 0.0) -> Any:
    material = bpy.data.materials.new(name)
    if bpy.app.version < (5, 0, 0):  # later ones always have nodes
        material.use_nodes = True
    shader = material.node_tree.nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = (*color, 1)
    shader.inputs["Roughness"].default_value = rough
    if glow:
        shader.inputs["Emission Color"].default_value = (*color, 1)
        shader.inputs["Emission Strength"].default_value = glow
    return material


def _add(scene: Scene, name: str, mesh: bpy.types.Mesh, material: bpy.types.Material) -> bpy.types.Object:
    mesh.materials.append(material)
    thing = bpy.data.objects.new(name, mesh)
    scene.collection.objects.link(thing)
    return thing


def _lathe(name: str, profile: list[tuple[float, float]], sides: int = 48) -> bpy.types.Mesh:
    """A mesh turned around the z axis from (radius, height) pairs."""
    ring = [(math.cos(a), math.sin(a)) for a in (2 * math.pi * n / sides for n in range(sides))]
    points = [(radius * x, radius * y, height) for radius, height in profile for x, y in ring]
    faces = [
        (row * sides + n, row * sides + (n + 1) % sides, (row + 1) * sides + (n + 1) % sides, (row + 1) * sides + n)
        for row in range(len(profile) - 1)
        for n in range(sides)
    ]
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(points, [], faces)
    mesh.update()
    return mesh


def _paint_sky(scene: Scene) -> None:
    world = scene.world = bpy.data.worlds.new("Dusk")
    if bpy.app.version < (5, 0, 0):
        world.use_nodes = True
    nodes, links = world.node_tree.nodes, world.node_tree.links
    place = nodes.new("ShaderNodeTexCoord")
    split = nodes.new("ShaderNodeSeparateXYZ")
    ramp = nodes.new("ShaderNodeValToRGB")
    high, middle, low = _DUSK
    stops = ramp.color_ramp.elements
    stops[0].position, stops[0].color = 0.0, (*low, 1)
    stops[1].position, stops[1].color = 0.45, (*high, 1)
    stops.new(0.10).color = (*middle, 1)
    links.new(place.outputs["Generated"], split.inputs[0])
    links.new(split.outputs["Z"], ramp.inputs[0])
    links.new(ramp.outputs[0], nodes["Background"].inputs["Color"])
    nodes["Background"].inputs["Strength"].default_value = 0.9


def _raise_cliff(scene: Scene) -> None:
    dice = random.Random(7)
    heights = [(6.5, -1.2), (6.1, -0.2), (5.2, 0.9), (4.6, 1.7), (3.9, 2.0), (0.01, 2.15)]
    mesh = _lathe("Cliff", heights, sides=40)
    for vertex in mesh.vertices:
        jag = 0.34 if 0.1 < vertex.co.length < 9 else 0.0
        vertex.co += Vector((dice.uniform(-jag, jag), dice.uniform(-jag, jag), dice.uniform(-jag, jag) * 0.5))
    _add(scene, "Cliff", mesh, _material("Rock", (0.11, 0.085, 0.075), rough=0.95))
    for number in range(14):
        angle, far, size = dice.uniform(0, 6.28), dice.uniform(6.6, 11), dice.uniform(0.25, 0.9)
        stone = _lathe("Stone", [(size, -0.4), (size * 0.8, size * 0.3), (0.01, size * 0.7)], sides=7)
        rock = _add(scene, f"Stone {number}", stone, bpy.data.materials["Rock"])
        rock.location = (far * math.cos(angle), far * math.sin(angle), -0.45)


def _spread_sea(scene: Scene) -> None:
    mesh = bpy.data.meshes.new("Sea")
    mesh.from_pydata([(x, y, -0.5) for x in (-4000, 4000) for y in (-4000, 4000)], [], [(0, 2, 3, 1)])
    material = _material("Water", (0.012, 0.03, 0.05), rough=0.12)
    nodes, links = material.node_tree.nodes, material.node_tree.links
    noise, bump = nodes.new("ShaderNodeTexNoise"), nodes.new("ShaderNodeBump")
    noise.inputs["Scale"].default_value = 0.9
    noise.inputs["Detail"].default_value = 6
    bump.inputs["Strength"].default_value = 0.35
    place = nodes.new("ShaderNodeTexCoord")
    links.new(place.outputs["Object"], noise.inputs["Vector"])
    links.new(noise.outputs[0], bump.inputs["Height"])
    links.new(bump.outputs[0], nodes["Principled BSDF"].inputs["Normal"])
    _add(scene, "Sea", mesh, material)


def _build_lighthouse(scene: Scene) -> None:
    white, red = _material("White Paint", (0.72, 0.69, 0.64)), _material("Red Paint", (0.50, 0.035, 0.025))
    dark, lamp = _material("Iron", (0.03, 0.03, 0.035), rough=0.4), _material("Lamp", (1.0, 0.72, 0.32), glow=60)
    bands = 6
    for band in range(bands):
        low, high = band / bands, (band + 1) / bands
        rim = [(1.05 - 0.42 * low, 2.1 + 6 * low), (1.05 - 0.42 * high, 2.1 + 6 * high)]
        tower = _add(scene, f"Tower {band}", _lathe("Band", rim), red if band % 2 else white)
        tower.data.polygons.foreach_set("use_smooth", [True] * len(tower.data.polygons))
    _add(scene, "Gallery", _lathe("Gallery", [(0.6, 8.1), (0.98, 8.1), (0.98, 8.25), (0.45, 8.25)]), dark)
    _add(scene, "Lamp", _lathe("Lamp", [(0.01, 8.3), (0.3, 8.35), (0.3, 8.85), (0.01, 8.9)]), lamp)
    _add(scene, "Roof", _lathe("Roof", [(0.62, 9.05), (0.5, 9.2), (0.06, 9.7), (0.01, 10.0)]), dark)
    for n in range(8):
        angle = 2 * math.pi * n / 8
        post = _add(scene, f"Post {n}", _lathe("Post", [(0.03, 8.2), (0.03, 9.1)], sides=6), dark)
        post.location = (0.45 * math.cos(angle), 0.45 * math.sin(angle), 0)
    walls = _lathe("House", [(1.15, 1.9), (1.15, 3.1)], sides=4)
    house = _add(scene, "House", walls, white)
    roof = _add(scene, "House Roof", _lathe("House Roof", [(1.35, 3.05), (0.01, 4.0)], sides=4), red)
    window = _add(scene, "Window", _lathe("Window", [(1.17, 2.35), (1.17, 2.75)], sides=4), lamp)
    window.scale = (1, 0.3, 1)
    for part in (house, roof, window):
        part.location, part.rotation_euler.z = (1.9, -1.5, 0), math.radians(20)


def _light(scene: Scene) -> None:
    sun = bpy.data.lights.new("Sun", "SUN")
    sun.energy, sun.color, sun.angle = 2.2, (1.0, 0.52, 0.28), math.radians(3)
    low = bpy.data.objects.new("Sun", sun)
    low.rotation_euler = (math.radians(80), 0, math.radians(-60))
    scene.collection.objects.link(low)


def _fly_camera(scene: Scene) -> None:
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.data.lens = 32
    scene.collection.objects.link(camera)
    scene.camera = camera
    looks = ((1, (17.0, -15.0, 1.4), (0, 0, 4.6)), (FRAMES, (5.5, -13.0, 7.6), (0, 0, 6.2)))
    for frame, place, target in looks:
        camera.location = place
        camera.rotation_euler = (Vector(target) - Vector(place)).to_track_quat("-Z", "Y").to_euler()
        camera.keyframe_insert("location", frame=frame)
        camera.keyframe_insert("rotation_euler", frame=frame)
