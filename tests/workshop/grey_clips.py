"""Clips of 64 x 64 pixels whose frames tell their number: frame ``n`` has grey ``(n+1) / (frames+1)``."""

from __future__ import annotations

import math
import struct
import wave
from pathlib import Path
from typing import Any, Protocol

import bpy

from kling_omni_addon.blender.host.sequencer import new_effect, strips_of

Scene = Any  # the stubs know one Blender, these tests run in several


class WriteClip(Protocol):
    def __call__(self, *, frames: int = 48, fps: int = 24, has_sound: bool = False) -> Path: ...


def grey_of(frame: int, frames: int = 48) -> float:
    """What ``write_grey_clip`` paints frame ``frame`` (from 0) with."""
    return (frame + 1) / (frames + 1)


def write_grey_clip(folder: Path, *, frames: int, fps: int, has_sound: bool) -> Path:
    """Write the MP4, if it is not there yet."""
    path = folder / f"{frames}-{fps}-{'sound' if has_sound else 'silent'}.mp4"
    if not path.exists():
        film = bpy.data.scenes.new("Film")
        _fill(film, frames, fps, _write_tone(folder / "tone.wav", frames / fps) if has_sound else None)
        set_movie_output(film.render, path, has_sound=has_sound)
        bpy.ops.render.render(animation=True, scene=film.name)
        bpy.data.scenes.remove(film)
    return path


def _write_tone(path: Path, seconds: float) -> Path:
    samples = (int(8000 * math.sin(n / 20)) for n in range(round(48_000 * seconds)))
    with wave.open(str(path), "wb") as tone:
        tone.setparams((1, 2, 48_000, 0, "NONE", ""))
        tone.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return path


def _fill(film: Scene, frames: int, fps: int, tone: Path | None) -> None:
    film.frame_end, film.render.fps, film.view_settings.view_transform = frames, fps, "Standard"
    film.sequence_editor_create()
    card = new_effect(strips_of(film), "COLOR", name="Grey", channel=1, frame_start=1, length=frames)
    for n in range(frames):
        card.color = ((n + 1) / (frames + 1),) * 3
        card.keyframe_insert("color", frame=1 + n)
    if tone is not None:
        strips_of(film).new_sound("Tone", str(tone), 2, 1)


def set_movie_output(render: Any, path: Path, *, has_sound: bool) -> None:
    render.resolution_x = render.resolution_y = 64
    if hasattr(render.image_settings, "media_type"):  # from 5.0
        render.image_settings.media_type = "VIDEO"
    render.image_settings.file_format = "FFMPEG"
    render.ffmpeg.format, render.ffmpeg.codec = "MPEG4", "H264"
    render.ffmpeg.constant_rate_factor = "LOSSLESS"
    render.ffmpeg.audio_codec = "AAC" if has_sound else "NONE"
    render.filepath = str(path)
