"""The scene that the tests of capturing look at, and what may stand in a capture's way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bmesh
import bpy

Scene = Any  # the stubs know one Blender, these tests run in several
Thing = Any


def set_up_shot(scene: Scene) -> None:
    """A black world, and a white cube that travels from the left of the picture at frame 1 to the right at frame 21."""
    scene.render.resolution_x, scene.render.resolution_y = 640, 360
    scene.view_settings.view_transform = "Standard"
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising = 1, False
    scene.camera = add_camera(scene, "Front")
    cube = add_cube(scene)
    for frame, x in ((1, -2.5), (21, 2.5)):
        cube.location.x = x
        cube.keyframe_insert("location", index=0, frame=frame)
    scene.frame_set(11)


def add_camera(scene: Scene, name: str, *, x: float = 0.0) -> Thing:
    camera = bpy.data.objects.new(name, bpy.data.cameras.new(name))
    camera.location, camera.rotation_euler = (x, -10, 0), (1.5707963, 0, 0)
    scene.collection.objects.link(camera)
    return camera


def add_cube(scene: Scene) -> Thing:
    mesh = bpy.data.meshes.new("Cube")
    shape = bmesh.new()
    bmesh.ops.create_cube(shape, size=1)
    shape.to_mesh(mesh)
    shape.free()
    mesh.materials.append(glowing("White"))
    cube = bpy.data.objects.new("Cube", mesh)
    scene.collection.objects.link(cube)
    return cube


def glowing(name: str) -> Thing:
    material = bpy.data.materials.new(name)
    if bpy.app.version < (5, 0, 0):  # later ones always have nodes
        material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    nodes.clear()
    links.new(nodes.new("ShaderNodeEmission").outputs[0], nodes.new("ShaderNodeOutputMaterial").inputs[0])
    return material


def composite(scene: Scene, *, folder: Path) -> Any:
    """Invert the picture with the compositor, and write it with a File Output node that sits inside a group."""
    tree, output = new_compositor(scene)
    layers, invert = tree.nodes.new("CompositorNodeRLayers"), tree.nodes.new("CompositorNodeInvert")
    tree.links.new(layers.outputs[0], invert.inputs["Color"])
    tree.links.new(invert.outputs[0], output.inputs[0])
    inner: Any = bpy.data.node_groups.new("Inner", "CompositorNodeTree")
    inner.interface.new_socket("Image", in_out="INPUT", socket_type="NodeSocketColor")
    group = tree.nodes.new("CompositorNodeGroup")
    group.node_tree = inner
    tree.links.new(invert.outputs[0], group.inputs[0])
    node = new_file_output(inner, folder)
    inner.links.new(inner.nodes.new("NodeGroupInput").outputs[0], node.inputs[0])
    return node


def new_file_output(tree: Any, folder: Path) -> Any:
    node = tree.nodes.new("CompositorNodeOutputFile")
    if hasattr(node, "directory"):
        node.directory = str(folder)
        node.file_output_items.new("RGBA", "Image")
    else:
        node.base_path = str(folder)
    return node


def new_compositor(scene: Scene) -> tuple[Any, Any]:
    if hasattr(scene, "compositing_node_group"):
        tree: Any = bpy.data.node_groups.new("Compositor", "CompositorNodeTree")
        tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
        scene.compositing_node_group = tree
        return tree, tree.nodes.new("NodeGroupOutput")
    scene.use_nodes = True
    tree = scene.node_tree
    tree.nodes.clear()
    return tree, tree.nodes.new("CompositorNodeComposite")


def fill_with_noise(scene: Scene, *, side: int) -> None:
    """Colour noise all over the picture: the hardest thing to compress."""
    scene.render.resolution_x = scene.render.resolution_y = side
    cube = scene.objects["Cube"]
    cube.scale = (40, 1, 40)
    tree = cube.data.materials[0].node_tree
    place, noise = tree.nodes.new("ShaderNodeNewGeometry"), tree.nodes.new("ShaderNodeTexWhiteNoise")
    tree.links.new(place.outputs["Position"], noise.inputs["Vector"])
    tree.links.new(noise.outputs["Color"], tree.nodes["Emission"].inputs["Color"])


def without_camera(scene: Scene, path: Path) -> Path:
    scene.camera = None
    return path


def without_layers(scene: Scene, path: Path) -> Path:
    scene.view_layers[0].use = False
    return path


def inside_a_file(scene: Scene, path: Path) -> Path:
    return path / "a.png"


OBSTACLES: dict[str, Callable[[Scene, Path], Path]] = {
    "camera": without_camera,
    "layers": without_layers,
    "folder": inside_a_file,
}
