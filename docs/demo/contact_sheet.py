"""One picture that shows what the road made: first frame, end frame, and three frames of the clip between them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

WIDTH, HEIGHT = 1920, 1050
_CELL = (592, 333)
_LEFT, _GAP = 48, 24
_ROWS = (630, 150)  # lower edges, from the bottom
_INK, _PALE = (0.93, 0.92, 0.90, 1), (0.60, 0.62, 0.66, 1)


def draw(path: Path, frames: list[Path], clip: Path, prompt: str) -> None:
    """Draw the sheet with Blender's own sequencer, in a scene of its own, and write it as PNG."""
    scene = bpy.data.scenes.new("Contact Sheet")
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = WIDTH, HEIGHT, 100
    scene.view_settings.view_transform = "Standard"
    scene.render.image_settings.file_format = "PNG"
    scene.render.filepath = str(path)
    scene.frame_start = scene.frame_end = 1
    sheet = _Sheet(scene)
    sheet.background()
    last = sheet.length_of(clip)
    cells = [("First frame", frames[0], 0), ("End frame", frames[1], 0)]
    stills = [(f"Clip, frame {n}", clip, n - 1) for n in (1, (last + 1) // 2, last)]
    for column, (label, file, frame) in enumerate(cells):
        sheet.cell(column, 0, label, file, frame)
    for column, (label, file, frame) in enumerate(stills):
        sheet.cell(column, 1, label, file, frame)
    sheet.words(prompt)
    bpy.ops.render.render(write_still=True, scene=scene.name)
    bpy.data.scenes.remove(scene)


class _Sheet:
    def __init__(self, scene: bpy.types.Scene) -> None:
        editor = scene.sequence_editor_create()
        self._strips = editor.strips if hasattr(editor, "strips") else editor.sequences
        self._length: dict[str, Any] = {"length": 1} if bpy.app.version >= (5, 0, 0) else {"frame_end": 2}
        self._channel = 0

    def _next(self) -> int:
        self._channel += 1
        return self._channel

    def background(self) -> None:
        plain = self._strips.new_effect(name="Paper", type="COLOR", channel=self._next(), frame_start=1, **self._length)
        plain.color = (0.055, 0.06, 0.075)

    def length_of(self, clip: Path) -> int:
        strip = self._strips.new_movie(name="Measure", filepath=str(clip), channel=100, frame_start=1)
        length: int = strip.frame_duration
        self._strips.remove(strip)
        return length

    def cell(self, column: int, row: int, label: str, file: Path, frame: int) -> None:
        """One picture with its label above it."""
        make = self._strips.new_movie if file.suffix == ".mp4" else self._strips.new_image
        picture = make(name=label, filepath=str(file), channel=self._next(), frame_start=1 - frame)
        left, bottom = _LEFT + column * (_CELL[0] + _GAP), _ROWS[row]
        size = picture.elements[0]
        scale = min(_CELL[0] / size.orig_width, _CELL[1] / size.orig_height)
        picture.transform.scale_x = picture.transform.scale_y = scale
        picture.transform.offset_x = left + _CELL[0] / 2 - WIDTH / 2
        picture.transform.offset_y = bottom + _CELL[1] / 2 - HEIGHT / 2
        self._text(label, left, bottom + _CELL[1] + 12, 24, _INK)

    def words(self, prompt: str) -> None:
        """What was asked for, in the free place of the first row."""
        left = _LEFT + 2 * (_CELL[0] + _GAP)
        self._text("Kling Omni", left, 905, 46, _INK)
        self._text("Rehearsal: offline, free, a stand-in clip", left, 868, 22, _PALE)
        for number, line in enumerate(_wrapped(prompt, 40)):
            self._text(line, left, 800 - 34 * number, 24, _INK)
        self._text("scene  >  first and end frame  >  request  >  task  >  clip  >  strip", _LEFT, 60, 24, _PALE)

    def _text(self, words: str, left: float, bottom: float, size: float, color: tuple[float, ...]) -> None:
        strip = self._strips.new_effect(name="Text", type="TEXT", channel=self._next(), frame_start=1, **self._length)
        strip.text, strip.font_size, strip.color = words, size, color
        strip.location = (left / WIDTH, bottom / HEIGHT)
        strip.blend_type = "ALPHA_OVER"
        for name in ("align_x", "anchor_x"):
            if hasattr(strip, name):
                setattr(strip, name, "LEFT")
        for name in ("align_y", "anchor_y"):
            if hasattr(strip, name):
                setattr(strip, name, "BOTTOM")


def _wrapped(text: str, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
