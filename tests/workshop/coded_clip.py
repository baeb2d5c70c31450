"""Clips that a machine can read: each frame says its number in black and white, each second begins with a beep."""

from __future__ import annotations

import math
import struct
import wave
from array import array
from pathlib import Path
from typing import Any

import bpy

from kling_omni_addon.blender.host.sequencer import set_end, strips_of

Scene = Any  # the stubs know one Blender, these tests run in several

BITS, CELL = 16, 8
WIDTH, HEIGHT = BITS * CELL, 16
RATE = 48_000
_BEEP_S = 0.1
_LOUD = 3000  # of 32767; the beep has 16000
_QUIET_S = 0.3


def write_coded_clip(folder: Path, *, frames: int, fps: int = 24, has_sound: bool = False) -> Path:
    """An MP4 of 128 x 16 pixels; made once for a folder."""
    path = folder / f"coded-{frames}-{fps}-{'sound' if has_sound else 'silent'}.mp4"
    if not path.exists():
        pictures = folder / f"pictures-{frames}"
        pictures.mkdir(exist_ok=True)
        for number in range(frames):
            _write_picture(pictures / f"{number:05}.png", number)
        film: Any = bpy.data.scenes.new("Film")
        film.render.fps, film.frame_end = fps, frames
        film.sequence_editor_create()
        strip = strips_of(film).new_image("Pictures", str(pictures / "00000.png"), 1, 1, fit_method="ORIGINAL")
        for number in range(1, frames):
            strip.elements.append(f"{number:05}.png")
        set_end(strip, 1 + frames)
        if has_sound:
            strips_of(film).new_sound("Beeps", str(_write_beeps(folder / "beeps.wav", frames / fps)), 2, 1)
        _render_movie(film, path, has_sound=has_sound)
        bpy.data.scenes.remove(film)
    return path


def shown_frames(scene: Scene, first: int, last: int, folder: Path) -> list[int]:
    """The number of the clip's frame that the rendered timeline shows at each frame of the scene; -1 for none."""
    folder.mkdir(exist_ok=True)
    render = scene.render
    assert (render.resolution_x, render.resolution_y) == (WIDTH, HEIGHT), "a clip is fitted into the frame when placed"
    render.image_settings.file_format, render.image_settings.compression = "PNG", 0
    scene.view_settings.view_transform = "Standard"
    scene.frame_start, scene.frame_end, render.filepath = first, last, f"{folder}/shown_"
    bpy.ops.render.render(animation=True, scene=scene.name)
    return [_read_picture(folder / f"shown_{frame:04}.png") for frame in range(first, last + 1)]


def heard_beeps(scene: Scene, folder: Path) -> list[float]:
    """Where the beeps of the mixed timeline begin, in frames of the scene, counted as Blender counts them."""
    path = folder / "mix.wav"
    bpy.ops.sound.mixdown(filepath=str(path), container="WAV", codec="PCM", format="S16", mixrate=RATE)
    with wave.open(str(path)) as mix:
        samples = array("h", mix.readframes(mix.getnframes()))[:: mix.getnchannels()]
    loud = [index for index, sample in enumerate(samples) if abs(sample) > _LOUD]
    starts = [now for before, now in zip([-RATE, *loud], loud, strict=False) if now - before > _QUIET_S * RATE]
    return [scene.frame_start + start / RATE * scene.render.fps / scene.render.fps_base for start in starts]


def _write_picture(path: Path, number: int) -> None:
    """Sixteen cells, the lowest bit first, white for one; coded by its frame number plus one, so none is all black."""
    row = array("f")
    for bit in range(BITS):
        value = float(number + 1 >> bit & 1)
        row.extend([value, value, value, 1.0] * CELL)
    image: Any = bpy.data.images.new(path.stem, WIDTH, HEIGHT)
    image.pixels.foreach_set(row * HEIGHT)
    image.file_format = "PNG"
    image.save(filepath=str(path))
    bpy.data.images.remove(image)


def _read_picture(path: Path) -> int:
    image: Any = bpy.data.images.load(str(path), check_existing=False)
    pixels = array("f", bytes(16 * WIDTH * HEIGHT))
    image.pixels.foreach_get(pixels)
    bpy.data.images.remove(image)
    middle = 4 * (HEIGHT // 2 * WIDTH + CELL // 2)
    return sum((pixels[middle + 4 * CELL * bit] > 0.5) << bit for bit in range(BITS)) - 1


def _write_beeps(path: Path, seconds: float) -> Path:
    def level(index: int) -> int:
        is_on = index % RATE < _BEEP_S * RATE
        return int(16000 * math.sin(index * math.tau * 880 / RATE)) if is_on else 0

    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(b"".join(struct.pack("<h", level(index)) for index in range(round(seconds * RATE))))
    return path


def _render_movie(film: Scene, path: Path, *, has_sound: bool) -> None:
    render = film.render
    film.view_settings.view_transform = "Standard"
    render.resolution_x, render.resolution_y = WIDTH, HEIGHT
    if hasattr(render.image_settings, "media_type"):  # from 5.0
        render.image_settings.media_type = "VIDEO"
    render.image_settings.file_format = "FFMPEG"
    render.ffmpeg.format, render.ffmpeg.codec = "MPEG4", "H264"
    render.ffmpeg.constant_rate_factor = "HIGH"
    render.ffmpeg.audio_codec, render.ffmpeg.audio_mixrate = ("AAC" if has_sound else "NONE"), RATE
    render.filepath = str(path)
    bpy.ops.render.render(animation=True, scene=film.name)
