"""Make ``blender/timeline/stand_in.mp4``, what the timeline shows in place of a clip that Kling still makes.

    .venv/bin/python docs/stand_in/make.py

24 frames a second for 15 seconds, the longest clip that Kling makes; one picture, no sound. It is kept in the
repository, since a user's Blender may lack the encoder.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import bpy

TARGET = Path(__file__).resolve().parents[2] / "kling_omni_addon" / "blender" / "timeline" / "stand_in.mp4"
WIDTH, HEIGHT, FPS, SECONDS = 1280, 720, 24, 15
GROUND = (0.035, 0.04, 0.055)
AMBER = (1.0, 0.71, 0.33, 1.0)
WHITE = (0.92, 0.92, 0.9, 1.0)


def slate() -> bpy.types.Scene:
    """A dark picture with two lines in its middle."""
    scene: Any = bpy.data.scenes.new("Stand-in")
    scene.sequence_editor_create()
    scene.view_settings.view_transform = "Standard"
    scene.render.resolution_x, scene.render.resolution_y = WIDTH, HEIGHT
    scene.render.fps, scene.frame_end = FPS, FPS * SECONDS
    ground = add(scene, "COLOR", 1)
    ground.color = GROUND
    write(add(scene, "TEXT", 2), "K L I N G", 0.565, 26, AMBER)
    write(add(scene, "TEXT", 3), "This clip is being made", 0.48, 54, WHITE)
    return scene  # type: ignore[no-any-return]


def add(scene: Any, kind: str, channel: int) -> Any:
    """An effect strip for the whole length, in 4.5 and later."""
    extent = {"length": FPS * SECONDS} if bpy.app.version >= (5, 0, 0) else {"frame_end": 1 + FPS * SECONDS}
    return scene.sequence_editor.strips.new_effect(name=kind, type=kind, channel=channel, frame_start=1, **extent)


def write(strip: Any, text: str, height: float, size: int, colour: tuple[float, ...]) -> None:
    """One line, centred."""
    strip.text, strip.font_size, strip.color, strip.location = text, size, colour, (0.5, height)
    strip.alignment_x = strip.anchor_x = "CENTER"
    strip.anchor_y = "CENTER"
    fonts = Path(bpy.utils.system_resource("DATAFILES"), "fonts")
    strip.font = bpy.data.fonts.load(str(fonts / "Inter.woff2"), check_existing=True)


def render(scene: Any, target: Path) -> None:
    """H.264 without B-frames: the first decoded frame is the first one."""
    settings, encoder = scene.render.image_settings, scene.render.ffmpeg
    if hasattr(settings, "media_type"):
        settings.media_type = "VIDEO"
    settings.file_format, settings.color_mode = "FFMPEG", "RGB"
    encoder.format, encoder.codec, encoder.audio_codec = "MPEG4", "H264", "NONE"
    encoder.constant_rate_factor, encoder.ffmpeg_preset = "LOW", "BEST"
    encoder.gopsize, encoder.use_max_b_frames, encoder.max_b_frames = 120, True, 0
    with tempfile.TemporaryDirectory() as folder:
        scene.render.filepath = f"{folder}/stand_in.mp4"
        bpy.ops.render.render(animation=True, scene=scene.name)
        target.write_bytes(Path(scene.render.filepath).read_bytes())


if __name__ == "__main__":
    render(slate(), TARGET)
    print(f"{TARGET} has {TARGET.stat().st_size} bytes")
