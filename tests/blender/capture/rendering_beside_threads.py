"""Runs in a Python of its own: renders, of the window's scene and of another one, while other threads run Python.

``rendering_beside_threads.py``: ends with 0, or with Blender's crash.
"""

from __future__ import annotations

import sys
import tempfile
import threading
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).parents[3]))

import kling_omni_addon
from kling_omni_addon.blender.capture.camera import render_camera_frame

RENDERS = 25


def busy(stopping: threading.Event) -> None:
    """What a poll, a download or an upload does all the time: Python objects come and go."""
    while not stopping.is_set():
        [str(number) for number in range(300)]


def scene_with_camera(name: str) -> bpy.types.Scene:
    scene = bpy.data.scenes.new(name)
    camera = bpy.data.objects.new(name, bpy.data.cameras.new(name))
    scene.collection.objects.link(camera)
    scene.camera = camera
    scene.render.engine = "BLENDER_WORKBENCH"  # type: ignore[assignment] # the stubs know the engines of one version
    scene.render.resolution_x, scene.render.resolution_y = 320, 320
    return scene


kling_omni_addon.register()
shown, other = scene_with_camera("Shown"), scene_with_camera("Other")
assert bpy.context.window is not None
bpy.context.window.scene = shown
stopping = threading.Event()
threads = [threading.Thread(target=busy, args=(stopping,)) for _ in range(2)]
for thread in threads:
    thread.start()
try:
    with tempfile.TemporaryDirectory() as folder:
        for number in range(RENDERS):
            for scene in (shown, other):
                render_camera_frame(scene, 1 + number, Path(folder) / "frame.png", aspect_ratio=None)
finally:
    stopping.set()
    for thread in threads:
        thread.join()
kling_omni_addon.unregister()
