"""The rehearsal's clips, read by the code that they carry in their band."""

from __future__ import annotations

import json
import subprocess
from array import array
from pathlib import Path
from typing import Any

import bpy

from kling_omni_addon.blender.rehearsal_clip import CODE_BITS, Spec, read_spec
from kling_omni_addon.rehearsal.clip_maker import default_command

Scene = Any  # the stubs know one Blender, these tests run in several


def write_rehearsal_clip(folder: Path, *, seconds: int) -> tuple[Path, Spec]:
    """A small clip with sound, made by a child as the server makes it, and what was ordered."""
    wish: dict[str, Any] = {"width": 320, "height": 180, "duration_s": seconds, "prompt": "a cube turns", "sound": True}
    wish |= {"first": None, "end": None, "references": [], "label": "", "output": str(folder / "clip.mp4"), "fps": 24}
    (folder / "spec.json").write_text(json.dumps(wish), "utf-8")
    subprocess.run([*default_command(None), str(folder / "spec.json")], capture_output=True, check=True, timeout=300)
    spec = read_spec(folder / "spec.json")
    return spec.output, spec


def rehearsal_frames(scene: Scene, first: int, last: int, folder: Path, spec: Spec) -> list[int]:
    """The clip's frame, counted from 0, that the rendered timeline shows at each frame of the scene."""
    scene.view_settings.view_transform = "Standard"
    scene.render.image_settings.file_format = "PNG"
    scene.frame_start, scene.frame_end, scene.render.filepath = first, last, f"{folder}/shown_"
    bpy.ops.render.render(animation=True, scene=scene.name)
    return [_number_in(folder / f"shown_{frame:04}.png", spec) - 1 for frame in range(first, last + 1)]


def _number_in(path: Path, spec: Spec) -> int:
    image: Any = bpy.data.images.load(str(path), check_existing=False)
    pixels = array("f", bytes(16 * spec.width * spec.height))
    image.pixels.foreach_get(pixels)
    bpy.data.images.remove(image)
    row, side = spec.code_foot + spec.code_side // 2, spec.code_side
    left = (spec.width - CODE_BITS * side) // 2 + side // 2
    return sum((pixels[4 * (row * spec.width + left + bit * side)] > 0.5) << bit for bit in range(CODE_BITS))
