"""Make the rehearsal server's stand-in clip: a script for a child process, Blender itself or a Python with bpy.

    python rehearsal_clip.py SPEC.json
    blender --background --factory-startup --python-exit-code 1 --python rehearsal_clip.py -- SPEC.json

SPEC.json: ``{"output", "width", "height", "fps", "duration_s", "prompt", "first", "end", "references", "sound",
"label"}``; pictures are absolute paths, ``first`` and ``end`` may be null. The result is an H.264 MP4 of exactly
``round(duration_s * fps)`` frames, with AAC sound when asked for. It is whole or absent. A failure is the last line on
stderr and exit code 1.

Each frame tells its number twice in the band: in digits, and for machines as a row of squares in the middle of the
lower edge (:data:`CODE_BITS`, lowest bit first, white for one; ``Spec.code_side`` pixels each, ``code_foot`` above the
edge). Each second of the sound begins with a beep.

Frame 1 shows the first picture and the last frame the end picture, pixel for pixel but for the band with prompt and
counter. All that stands still is drawn once and laid over the moving pictures as one, because each layer costs 5 to
30 ms per frame. The script is run by its path, so it imports nothing but the standard library and Blender, and is one
file.
"""

from __future__ import annotations

import json
import math
import operator
import re
import sys
import tempfile
import wave
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

# isort: split
import blf  # the wheel has it only once bpy is imported

DRAWN_FOR = 720  # lines of the picture in whose pixels all drawing is measured, however large the clip is
PUSH = 1.14  # how far the camera moves in over a clip
FADE_S = 0.7  # the longest cross between two references
SAMPLE_RATE = 48000
CODE_BITS = 10
AMBER = (1.0, 0.71, 0.33, 1.0)
WHITE = (0.96, 0.96, 0.95, 1.0)
GREY = (0.72, 0.74, 0.78, 1.0)
# Letters that Inter draws; letters written without blanks between the words, with the marks that may not begin a line.
_INTER = r"\u0000-\u052f\u1e00-\u22ff"
_DENSE = r"\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef"
_PIECE = re.compile(rf"[{_DENSE}][,。、;:!?)」』]*\s*|[^\s{_DENSE}]+\s*")
# From 4.5 a font loaded from a file has no fallback for letters that it lacks; the built-in monospaced one has.
_FONT_FILES = (
    (re.compile(rf"[{_INTER}]*"), "Inter.woff2"),
    (re.compile(rf"[{_INTER}{_DENSE}]*"), "Noto Sans CJK Regular.woff2"),
)


class ClipImpossible(Exception):
    """The clip cannot be made; the text is for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """What to make. Sizes in pixels."""

    output: Path
    width: int
    height: int
    fps: int
    frames: int
    prompt: str
    first: Path | None
    end: Path | None
    references: tuple[Path, ...]
    sound: bool
    label: str

    @property
    def is_card(self) -> bool:
        """Whether there is nothing to show but the prompt."""
        return not (self.first or self.end or self.references)

    @property
    def unit(self) -> float:
        """The pixel of a picture of :data:`DRAWN_FOR` lines, in pixels of this one."""
        return min(self.width, self.height) / DRAWN_FOR

    @property
    def code_side(self) -> int:
        """The side of a square of the code; smaller ones do not survive the encoder."""
        return max(6, 2 * round(4 * self.unit))

    @property
    def code_foot(self) -> int:
        """Where the code's lower edge is, above the line that shows the time."""
        return round(3 * self.unit) + 2


def read_spec(path: Path) -> Spec:
    """The spec in a JSON file; raises ClipImpossible where it cannot be one."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        fps = int(raw["fps"])
        return Spec(
            output=Path(raw["output"]),
            width=int(raw["width"]),
            height=int(raw["height"]),
            fps=fps,
            frames=max(1, round(float(raw["duration_s"]) * fps)),
            prompt=" ".join(raw["prompt"].split()),
            first=Path(raw["first"]) if raw["first"] else None,
            end=Path(raw["end"]) if raw["end"] else None,
            references=tuple(Path(reference) for reference in raw["references"]),
            sound=bool(raw["sound"]),
            label=raw["label"],
        )
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ClipImpossible(f"{path} is not the spec of a clip: {error}") from error
    except KeyError as error:
        raise ClipImpossible(f"{path} is not the spec of a clip: {error} is missing") from error


# Pictures: rows of float RGBA, bottom row first, values as in the file (sRGB coded).


def write_picture(target: Path, width: int, rows: Iterable[array[float]]) -> Path:
    """Save rows as PNG, or as JPEG without transparency.

    Before 5.0 a render reads the picture anew for each frame; it reads a JPEG in half the time.
    """
    pixels = array("f")
    for row in rows:
        pixels.extend(row)
    image = bpy.data.images.new(target.stem, width, len(pixels) // (4 * width), alpha=True)
    image.pixels.foreach_set(pixels)
    image.file_format = "JPEG" if target.suffix == ".jpg" else "PNG"
    image.save(filepath=str(target), quality=100)
    bpy.data.images.remove(image)
    return target


def filling_rows(source: Path, width: int, height: int) -> list[array[float]]:
    """The picture scaled to fill width x height, its overhang cropped evenly, over black where it is transparent."""
    image = _loaded(source)
    factor = max(width / image.size[0], height / image.size[1])
    size = (max(width, round(image.size[0] * factor)), max(height, round(image.size[1] * factor)))
    if size != tuple(image.size):
        image.scale(*size)
    pixels = array("f", bytes(16 * size[0] * size[1]))
    image.pixels.foreach_get(pixels)
    bpy.data.images.remove(image)
    alpha = pixels[3::4]
    if min(alpha) < 1:
        for channel in range(3):
            pixels[channel::4] = array("f", map(operator.mul, pixels[channel::4], alpha))
    left, bottom = (size[0] - width) // 2, (size[1] - height) // 2
    starts = (4 * (y * size[0] + left) for y in range(bottom, bottom + height))
    return [pixels[start : start + 4 * width] for start in starts]


def _loaded(source: Path) -> Any:
    try:
        image: Any = bpy.data.images.load(str(source))
    except RuntimeError as error:
        raise ClipImpossible(f"The image {source} cannot be opened") from error
    if not all(image.size):
        raise ClipImpossible(f"The file {source} is not an image that Blender can read")
    image.colorspace_settings.name = "Non-Color"  # else a 16-bit PNG arrives as linear light
    return image


def mirrored(rows: Sequence[array[float]], pad_x: int, pad_y: int) -> Iterable[array[float]]:
    """The picture with its edges mirrored outwards, so that it still fills the frame when it is shrunk a little."""
    wide = [_reversed(row[: 4 * pad_x]) + row + _reversed(row[len(row) - 4 * pad_x :]) for row in rows]
    return [*reversed(wide[:pad_y]), *wide, *reversed(wide[len(wide) - pad_y :])]


def _reversed(pixels: array[float]) -> array[float]:
    turned = array("f", pixels)
    for channel in range(4):
        turned[channel::4] = pixels[channel::4][::-1]
    return turned


def shade_rows(width: int, height: int, colour: Callable[[float], Sequence[float]]) -> Iterable[array[float]]:
    """A vertical gradient; ``colour`` gives RGBA for a height between 0 (bottom) and 1."""
    return (array("f", colour(y / max(1, height - 1))) * width for y in range(height))


# Type


class Typeface:
    """The font of Blender's own that has the letters of a text, at a size in pixels; wraps, since Blender does not."""

    def __init__(self, size: float, letters: str) -> None:
        self.size = size
        name = next((name for pattern, name in _FONT_FILES if pattern.fullmatch(letters)), "")
        utils: Any = bpy.utils  # the stubs lack system_resource
        path = Path(utils.system_resource("DATAFILES"), "fonts", name)
        # The monospaced font is number 1 of blf. A distribution's Blender may come without the font files.
        self._number = blf.load(str(path)) if path.is_file() else 1
        self.font = bpy.data.fonts.load(str(path), check_existing=True) if path.is_file() else None

    def width(self, text: str) -> float:
        """Width in pixels."""
        blf.size(self._number, self.size)
        return blf.dimensions(self._number, text)[0]

    def wrapped(self, text: str, width: float) -> list[str]:
        """Lines no wider than ``width``; a word wider than a line is broken."""
        lines = [""]
        for piece in self._pieces(text, width):
            if lines[-1] and self.width((lines[-1] + piece).rstrip()) > width:
                lines.append("")
            lines[-1] += piece
        return [line.rstrip() for line in lines]

    def _pieces(self, text: str, width: float) -> Iterable[str]:
        for piece in _PIECE.findall(text):
            yield from (piece if self.width(piece.rstrip()) > width else [piece])

    def elided(self, text: str, width: float, most_lines: int) -> list[str]:
        """At most ``most_lines`` lines, the last one ending in an ellipsis if text is left over."""
        lines = self.wrapped(text, width)
        if len(lines) <= most_lines:
            return lines
        last = lines[most_lines - 1]
        while last and self.width(f"{last}...") > width:
            last = last[:-1]
        return [*lines[: most_lines - 1], f"{last.rstrip(' ,.;:')}..."]


# The timeline


class Timeline:
    """One scene whose sequencer makes a still or a movie. Positions in pixels from the lower left corner."""

    def __init__(self, width: int, height: int, frames: int, fps: int) -> None:
        self.scene = bpy.data.scenes.new("Rehearsal")
        self.size = (width, height)
        self.frames = frames
        self.fps = fps
        editor: Any = self.scene.sequence_editor_create()
        self._strips: Any = editor.strips if hasattr(editor, "strips") else editor.sequences
        self._channel = 0
        self.scene.frame_start, self.scene.frame_end = 1, frames
        self.scene.view_settings.view_transform = "Standard"
        self.scene.view_settings.look = "None"
        render = self.scene.render
        render.resolution_x, render.resolution_y, render.resolution_percentage = width, height, 100
        render.fps, render.fps_base = fps, 1.0
        render.use_sequencer, render.use_compositing, render.use_file_extension = True, False, False

    def image(self, path: Path, *, start: int = 1, stop: int | None = None, bottom: bool = False) -> Any:
        """A picture at its own size on the next channel up, in the middle or along the lower edge, until ``stop``."""
        self._channel += 1
        strip = self._strips.new_image(
            name=path.stem, filepath=str(path), channel=self._channel, frame_start=start, fit_method="ORIGINAL"
        )
        last = "right_handle" if hasattr(strip, "right_handle") else "frame_final_end"
        setattr(strip, last, stop or self.frames + 1)
        strip.blend_type = "ALPHA_OVER"
        if bottom:
            strip.transform.offset_y = (strip.elements[0].orig_height - self.size[1]) / 2
        return strip

    def bar(self, x: float, y: float, width: float, height: float, colour: Sequence[float]) -> Any:
        """A filled rectangle; its transform's origin is its left edge."""
        self._channel += 1
        strip = self._effect("COLOR", 1, self.frames)
        strip.color = colour[:3]
        strip.transform.origin = (0.0, 0.0)
        strip.transform.scale_x, strip.transform.scale_y = width / self.size[0], height / self.size[1]
        strip.transform.offset_x, strip.transform.offset_y = x, y
        return strip

    def text(
        self, text: str, x: float, y: float, face: Typeface, colour: Sequence[float], *, anchor: str = "LEFT"
    ) -> None:
        """One line whose lower edge is at ``y``."""
        self._channel += 1
        self._set_text(self._effect("TEXT", 1, self.frames), text, x, y, face.size, colour, anchor, face.font)

    def counter(self, x: float, y: float, size: float, colour: Sequence[float]) -> None:
        """The number of each frame, its right edge at ``x``, in the monospaced font."""
        self._channel += 1
        for frame in range(1, self.frames + 1):
            self._set_text(self._effect("TEXT", frame, 1), f"{frame:04d}", x, y, size, colour, "RIGHT", None)

    def one_row(self, sheet: Path, foot: int, height: int) -> None:
        """Of a picture that has a row for each frame, the first at its top, the row of the frame: in the middle of the
        lower edge, ``foot`` pixels above it.

        A sequence of small pictures would do, were it not that Blender now and then fails to load one of them.
        """
        self._channel += 1
        strip = self._strips.new_image(
            name="Code", filepath=str(sheet), channel=self._channel, frame_start=1, fit_method="ORIGINAL"
        )
        setattr(strip, "right_handle" if hasattr(strip, "right_handle") else "frame_final_end", self.frames + 1)
        for frame in range(1, self.frames + 1):
            below = height * (self.frames - frame)
            key(strip.crop, "min_y", frame, below)
            key(strip.crop, "max_y", frame, height * (frame - 1))
            key(strip.transform, "offset_y", frame, foot - below + (height * self.frames - self.size[1]) / 2)

    def sound(self, path: Path) -> None:
        """A sound from the first frame on."""
        self._channel += 1
        self._strips.new_sound(name=path.stem, filepath=str(path), channel=self._channel, frame_start=1)

    def _effect(self, kind: str, start: int, length: int) -> Any:
        extent = {"length": length} if bpy.app.version >= (5, 0, 0) else {"frame_end": start + length}
        return self._strips.new_effect(name=kind, type=kind, channel=self._channel, frame_start=start, **extent)

    def _set_text(
        self, strip: Any, text: str, x: float, y: float, size: float, colour: Sequence[float], anchor: str, font: Any
    ) -> None:
        horizontal, vertical = ("anchor_x", "anchor_y") if hasattr(strip, "anchor_x") else ("align_x", "align_y")
        setattr(strip, horizontal, anchor)
        setattr(strip, vertical, "BOTTOM")
        strip.text, strip.font, strip.font_size, strip.color = text, font, size, colour
        strip.location = (x / self.size[0], y / self.size[1])

    def render_still(self, path: Path) -> Path:
        """The first frame as a PNG with transparency."""
        settings = self.scene.render.image_settings
        settings.file_format, settings.color_mode, settings.compression = "PNG", "RGBA", 15
        self.scene.render.filepath = str(path)
        bpy.ops.render.render(write_still=True, scene=self.scene.name)
        return path

    def render_movie(self, path: Path, *, sound: bool) -> None:
        """All frames as H.264 MP4."""
        settings: Any = self.scene.render.image_settings
        if hasattr(settings, "media_type"):
            settings.media_type = "VIDEO"
        settings.file_format, settings.color_mode = "FFMPEG", "RGB"
        encoder = self.scene.render.ffmpeg
        encoder.format, encoder.codec = "MPEG4", "H264"
        encoder.constant_rate_factor, encoder.ffmpeg_preset, encoder.gopsize = "HIGH", "REALTIME", self.fps
        encoder.audio_codec = "AAC" if sound else "NONE"
        encoder.audio_mixrate, encoder.audio_bitrate = SAMPLE_RATE, 128
        self.scene.render.filepath = str(path)
        bpy.ops.render.render(animation=True, scene=self.scene.name)


# What stands still


def draw_band(spec: Spec, target: Path) -> Path:
    """REHEARSAL, the prompt in at most two lines, and the label, on a shade that grows out of the lower edge."""
    margin, foot, pitch = (number * spec.unit for number in (28, 20, 24))
    small, face = Typeface(13 * spec.unit, spec.label), Typeface(17 * spec.unit, spec.prompt)
    lines = [] if spec.is_card else face.elided(spec.prompt, spec.width - 2 * margin - 90 * spec.unit, 2)
    head = foot + pitch * max(1, len(lines))
    still = Timeline(spec.width, round(head + 56 * spec.unit), 1, spec.fps)
    rows = shade_rows(*still.size, lambda up: (0.02, 0.025, 0.035, 0.85 * (1 - up) ** 1.4))
    still.image(write_picture(target.with_name("shade.png"), spec.width, rows))
    still.text("R E H E A R S A L", margin, head if lines else foot, small, AMBER)
    still.text(spec.label, spec.width - margin, head, small, GREY, anchor="RIGHT")
    for row, line in enumerate(reversed(lines)):
        still.text(line, margin, foot + pitch * row, face, WHITE)
    return still.render_still(target)


def draw_card(spec: Spec, target: Path) -> Path:
    """The picture of a clip that has none: the prompt as large as it fits, under a short rule."""
    still = Timeline(spec.width, spec.height, 1, spec.fps)
    still.image(draw_ground(target.with_name("ground.png"), *still.size))
    left, column, tallest = round(spec.width * 0.1), spec.width * 0.76, spec.height * 0.56
    for size in (54, 46, 40, 34, 29, 25):
        face, pitch = Typeface(size * spec.unit, spec.prompt), size * spec.unit * 1.36
        if len(face.wrapped(spec.prompt, column)) * pitch <= tallest:
            break
    lines = face.elided(spec.prompt, column, int(tallest / pitch))
    top = spec.height * 0.53 + len(lines) * pitch / 2
    still.bar(left, round(top + 26 * spec.unit), round(56 * spec.unit), round(4 * spec.unit), AMBER)
    for row, line in enumerate(lines, start=1):
        still.text(line, left, top - row * pitch, face, WHITE)
    return still.render_still(target)


def draw_ground(target: Path, width: int, height: int) -> Path:
    """The ground of a card: night blue that lightens towards the upper right corner.

    All three channels rise alike, so that the encoder sees one colour and shows no coloured bands.
    """
    ramp = array("f")
    for step in range(width + height):
        light = 0.12 * eased(step / (width + height)) ** 1.5
        ramp.extend((0.035 + light, 0.055 + light, 0.105 + light, 1.0))
    return write_picture(target, width, (ramp[4 * y : 4 * (y + width)] for y in range(height)))


# What moves


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One picture on the timeline, in frames: fades in over ``fade``, zooms while the frame goes through ``travel``."""

    picture: Path
    start: int
    stop: int
    travel: tuple[int, int]
    zoom: tuple[float, float]
    fade: int = 0


def planned_shots(spec: Spec, folder: Path) -> list[Shot]:
    """First into end frame, or the only picture, or one reference after the other, or a card with the prompt."""
    if spec.first and spec.end:
        return _journey(spec.first, spec.end, spec.frames)
    if spec.end:
        return [Shot(picture=spec.end, start=1, stop=spec.frames + 1, travel=(1, spec.frames), zoom=(PUSH, 1.0))]
    if spec.is_card:
        card = draw_card(spec, folder / "card.png")
        return [Shot(picture=card, start=1, stop=spec.frames + 1, travel=(1, spec.frames), zoom=(1.0, 1.05))]
    return _sequence([spec.first] if spec.first else spec.references, spec.frames, spec.fps)


def _journey(first: Path, end: Path, frames: int) -> list[Shot]:
    """Both pictures ride on one camera move, so they keep pace while they cross."""
    start, stop, whole = 1 + frames * 3 // 10, 1 + frames * 7 // 10, (1, frames)
    return [
        Shot(picture=first, start=1, stop=stop, travel=whole, zoom=(1.0, PUSH)),
        Shot(picture=end, start=start, stop=frames + 1, travel=whole, zoom=(1 / PUSH, 1.0), fade=stop - start),
    ]


def _sequence(pictures: Sequence[Path], frames: int, fps: int) -> list[Shot]:
    """Equal shares of the time, each crossing into the next."""
    share = frames / len(pictures)
    fade = min(round(FADE_S * fps), int(share / 2))
    shots = []
    for number, picture in enumerate(pictures):
        start = 1 + round(number * share)
        last = min(frames, round((number + 1) * share) + fade)
        travel, zoom = (start, last), (1.0, PUSH)
        shots.append(
            Shot(picture=picture, start=start, stop=last + 1, travel=travel, zoom=zoom, fade=fade if number else 0)
        )
    return shots


def lay_shot(movie: Timeline, shot: Shot, prepared: Path) -> None:
    """Put a shot on the timeline, with a keyframe on every frame: how Blender interpolates does not matter then."""
    width, height = movie.size
    spare = 1 / min(shot.zoom) - 1
    pad_x, pad_y = math.ceil(width * spare / 2), math.ceil(height * spare / 2)
    rows = mirrored(filling_rows(shot.picture, width, height), pad_x, pad_y)
    strip = movie.image(write_picture(prepared, width + 2 * pad_x, rows), start=shot.start, stop=shot.stop)
    begin, end = shot.travel
    for frame in range(shot.start, shot.stop):
        zoom = shot.zoom[0] * (shot.zoom[1] / shot.zoom[0]) ** eased((frame - begin) / max(1, end - begin))
        key(strip.transform, "scale_x", frame, zoom)
        key(strip.transform, "scale_y", frame, zoom)
    for step in range(shot.fade + 1 if shot.fade else 0):
        key(strip, "blend_alpha", shot.start + step, eased(step / shot.fade))


def lay_clock(movie: Timeline, spec: Spec, folder: Path) -> None:
    """The number of the frame, and a line along the lower edge that has crossed the picture when the clip is over."""
    codes = write_codes(folder / "codes.png", spec.frames, spec.code_side)
    movie.one_row(codes, spec.code_foot, spec.code_side)
    movie.counter(spec.width - 28 * spec.unit, 20 * spec.unit, 17 * spec.unit, WHITE)
    line = movie.bar(0, 0, spec.width, round(3 * spec.unit), AMBER)
    for frame in range(1, spec.frames + 1):
        key(line.transform, "scale_x", frame, frame / spec.frames)


def write_codes(target: Path, frames: int, side: int) -> Path:
    """The numbers of all frames as squares in a row, the lowest bit first, white for one; the first at the top."""
    lines = []
    for number in range(frames, 0, -1):
        line = array("f")
        for bit in range(CODE_BITS):
            value = float(number >> bit & 1)
            line.extend([value, value, value, 1.0] * side)
        lines += [line] * side
    return write_picture(target, side * CODE_BITS, lines)


def eased(part: float) -> float:
    """0 to 1 with a soft start and a soft landing."""
    return part * part * (3 - 2 * part)


def key(target: Any, name: str, frame: int, value: float) -> None:
    """Set a property and keep it as a keyframe."""
    setattr(target, name, value)
    target.keyframe_insert(name, frame=frame)


# What sounds


def write_sound(target: Path, frames: int, fps: int) -> Path:
    """A soft fifth with a beep on every second, as mono WAV."""
    second = array("h", (round(32767 * _level(index / SAMPLE_RATE)) for index in range(SAMPLE_RATE)))
    samples = round(frames / fps * SAMPLE_RATE)
    with wave.open(str(target), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((second * math.ceil(frames / fps))[:samples].tobytes())
    return target


def _level(time_s: float) -> float:
    turn = 2 * math.pi * time_s  # whole hertz only: the second is repeated without a click
    beep = 0.2 * math.sin(880 * turn) * math.sin(math.pi * min(1.0, time_s / 0.09))
    return 0.04 * math.sin(220 * turn) + 0.03 * math.sin(330 * turn) + beep


def make_clip(spec: Spec) -> None:
    """Make the clip; the output is whole or absent."""
    part = spec.output.with_name(f"{spec.output.name}.part.mp4")
    bpy.context.preferences.system.memory_cache_limit = 256  # MB; from 5.0 on, each finished frame is kept up to this
    build: Any = bpy.app.build_options  # the stubs lack its members
    has_sound = spec.sound and build.audaspace  # the 4.2 wheel is built without sound; its clips are silent
    try:
        with tempfile.TemporaryDirectory(prefix="kling_clip_", dir=spec.output.parent) as name:
            folder = Path(name)
            movie = Timeline(spec.width, spec.height, spec.frames, spec.fps)
            for number, shot in enumerate(planned_shots(spec, folder)):
                lay_shot(movie, shot, folder / f"picture_{number}.jpg")
            movie.image(draw_band(spec, folder / "band.png"), bottom=True)
            lay_clock(movie, spec, folder)
            if has_sound:
                movie.sound(write_sound(folder / "sound.wav", spec.frames, spec.fps))
            movie.render_movie(part, sound=has_sound)
        part.replace(spec.output)
    finally:
        part.unlink(missing_ok=True)


def main() -> None:
    """Read the spec named last on the command line and make its clip."""
    try:
        make_clip(read_spec(Path(sys.argv[-1])))
    except (ClipImpossible, OSError, RuntimeError) as error:
        sys.stderr.write(f"{' '.join(str(error).split())}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
