"""Looking at the pictures that a capture has written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from kling_omni_addon.core.media import picture_facts


def size_of(path: Path) -> tuple[int, int]:
    with path.open("rb") as stream:
        facts = picture_facts(stream, path.stat().st_size)
    return facts.width, facts.height


def colour_at(path: Path, x: float, y: float) -> tuple[float, float, float]:
    """Red, green and blue from 0 to 1 at a place of the picture, from (0, 0) at its lower left to (1, 1)."""
    image: Any = bpy.data.images.load(str(path), check_existing=False)
    width, height = image.size
    start = (int(y * (height - 1)) * width + int(x * (width - 1))) * image.channels
    red, green, blue = image.pixels[start : start + 3]
    bpy.data.images.remove(image)
    return red, green, blue


def red_of(path: Path) -> float:
    """How red the middle of the picture is."""
    return colour_at(path, 0.5, 0.5)[0]


def paint(path: Path, size: tuple[int, int], grey: float) -> Path:
    """Write a PNG of one grey."""
    image: Any = bpy.data.images.new("Paint", *size, alpha=False)
    image.pixels = [grey, grey, grey, 1.0] * (size[0] * size[1])
    image.filepath_raw, image.file_format = str(path), "PNG"
    image.save()
    bpy.data.images.remove(image)
    return path
