"""One picture that shows what the road made: two frames, the stand-in, the clip between them, and the shot after it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

WIDTH, HEIGHT = 1920, 1430
_CELL = (592, 333)
_LEFT, _GAP = 48, 24
_ROWS = (1010, 590, 170)  # lower edges, from the bottom
_CAPTION = 0.3  # the part of a rehearsal clip, from below, that has words on it
_INK, _PALE = (0.93, 0.92, 0.90, 1), (0.60, 0.62, 0.66, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What is shown. ``last_frame`` is the picture that was taken of the first clip's end; ``difference`` says how far
    it is from the second clip's first frame (:func:`difference`).
    """

    frames: tuple[Path, Path]
    stand_in: Path
    clips: tuple[Path, Path]
    last_frame: Path
    difference: float
    prompt: str


def difference(picture: Path, clip: Path) -> float:
    """How far a picture and a clip's first frame are apart: the mean over all pixels and colours above the clip's
    caption, in levels of 255.
    """
    found = [_upper_part(path) for path in (picture, clip)]
    total: float = sum(abs(a - b) for a, b in zip(*found, strict=True))
    return 255 * total / len(found[0])


def _upper_part(path: Path) -> list[float]:
    """Red, green and blue of every fourth pixel above the caption."""
    image: Any = bpy.data.images.load(str(path), check_existing=False)
    width, height = image.size
    pixels = image.pixels[int(height * _CAPTION) * width * image.channels :]
    bpy.data.images.remove(image)
    return [value for channel in range(3) for value in pixels[channel :: 4 * 4]]


def draw(path: Path, told: Sheet) -> None:
    """Draw the sheet with Blender's own sequencer, in a scene of its own, and write it as PNG."""
    scene = bpy.data.scenes.new("Contact Sheet")
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = WIDTH, HEIGHT, 100
    scene.view_settings.view_transform = "Standard"
    scene.render.image_settings.file_format = "PNG"
    scene.render.filepath = str(path)
    scene.frame_start = scene.frame_end = 1
    sheet = _Drawing(scene)
    sheet.background()
    first, second = told.clips
    ends = sheet.length_of(first), sheet.length_of(second)
    rows: tuple[tuple[tuple[str, Path, int], ...], ...] = (
        (("First frame", told.frames[0], 0), ("End frame", told.frames[1], 0)),
        (
            ("On the timeline at once: a stand-in", told.stand_in, 0),
            ("The same strip later: frame 1", first, 0),
            (f"Frame {(ends[0] + 1) // 2}", first, (ends[0] - 1) // 2),
        ),
        (
            (f"First shot, last frame ({ends[0]})", told.last_frame, 0),
            ("Second shot, first frame", second, 0),
            (f"Second shot, last frame ({ends[1]})", second, ends[1] - 1),
        ),
    )
    for row, cells in enumerate(rows):
        for column, (_, file, frame) in enumerate(cells):
            sheet.cell(column, row, file, frame)
    for row, cells in enumerate(rows):  # above all pictures: Blender 5.2 loses a text that has pictures above it
        for column, (label, _, _) in enumerate(cells):
            sheet.label(column, row, label)
    sheet.words(told.prompt)
    sheet.foot(
        f"The second shot starts where the first ended: {told.difference:.1f} of 255 levels apart above the caption"
    )
    with bpy.context.temp_override(scene=scene):  # else at the frame of the scene in the window
        bpy.ops.render.render(write_still=True)
    bpy.data.scenes.remove(scene)


class _Drawing:
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

    def cell(self, column: int, row: int, file: Path, frame: int) -> None:
        """One picture."""
        make = self._strips.new_movie if file.suffix == ".mp4" else self._strips.new_image
        picture = make(name=file.stem, filepath=str(file), channel=self._next(), frame_start=1 - frame)
        left, bottom = _LEFT + column * (_CELL[0] + _GAP), _ROWS[row]
        size = picture.elements[0]
        scale = min(_CELL[0] / size.orig_width, _CELL[1] / size.orig_height)
        picture.transform.scale_x = picture.transform.scale_y = scale
        picture.transform.offset_x = left + _CELL[0] / 2 - WIDTH / 2
        picture.transform.offset_y = bottom + _CELL[1] / 2 - HEIGHT / 2

    def label(self, column: int, row: int, label: str) -> None:
        """What stands over a picture."""
        self._text(label, _LEFT + column * (_CELL[0] + _GAP), _ROWS[row] + _CELL[1] + 12, 24, _INK)

    def words(self, prompt: str) -> None:
        """What was asked for, in the free place of the first row."""
        left = _LEFT + 2 * (_CELL[0] + _GAP)
        self._text("Kling Omni", left, 1285, 46, _INK)
        self._text("Rehearsal: offline, free, a stand-in clip", left, 1248, 22, _PALE)
        for number, line in enumerate(_wrapped(prompt, 40)):
            self._text(line, left, 1180 - 34 * number, 24, _INK)
        self._text("scene  >  first and end frame  >  request  >  task  >  clip  >  strip", _LEFT, 60, 24, _PALE)

    def foot(self, measured: str) -> None:
        """What was measured, under the last row."""
        self._text(measured, _LEFT, 122, 24, _INK)

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
