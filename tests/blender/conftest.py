"""Tests inside Blender: in this process, with the bpy module, each from an empty file."""

from __future__ import annotations

import math
import struct
import wave
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.remote.conftest import API_KEY, running
from tests.remote.processes import Rehearsal

if find_spec("bpy") is None:  # a plain Python runs the other folders
    collect_ignore_glob = ["test_*.py"]
else:
    import bpy

    import kling_omni_addon
    from kling_omni_addon.blender.host.sequencer import new_effect, strips_of
    from tests.blender.shots import set_up_shot

Scene = Any  # the stubs know one Blender, these tests run in several


class WriteClip(Protocol):
    def __call__(self, *, frames: int = 48, fps: int = 24, has_sound: bool = False) -> Path: ...


@pytest.fixture
def scene() -> Scene:
    """The only scene of an empty file with factory settings."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    return bpy.context.scene


@pytest.fixture
def shot(scene: Scene) -> Scene:
    """A scene with a camera and something to see; see :func:`tests.blender.shots.set_up_shot`."""
    set_up_shot(scene)
    return scene


@pytest.fixture
def shot_scene(scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """An empty scene with the add-on in place, and a home of its own."""
    monkeypatch.setenv("KLING_HOME", str(tmp_path / "home"))
    kling_omni_addon.register()
    yield scene
    kling_omni_addon.unregister()


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """A rehearsal server that takes half a second for a task, and as long as it has to for its clip."""
    with running(tmp_path_factory.mktemp("rehearsal"), submitted_s=0.2, processing_s=0.2) as server:
        yield server


@pytest.fixture
def road(scene: Scene, rehearsal: Rehearsal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """A scene with a camera, saved, with the add-on in place and bound to the rehearsal server."""
    for name, value in {"HOME": tmp_path / "home", "BASE_URL": rehearsal.url, "API_KEY": API_KEY}.items():
        monkeypatch.setenv(f"KLING_{name}", str(value))
    kling_omni_addon.register()
    set_up_shot(scene)
    scene.frame_start, scene.frame_end, scene.frame_current = 10, 40, 12
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "film.blend"))
    shot = scene.kling
    shot.prompt, shot.mode, shot.duration_s = "a cube turns", "std", 3
    yield scene
    kling_omni_addon.unregister()


@pytest.fixture(scope="session")
def write_clip(tmp_path_factory: pytest.TempPathFactory) -> WriteClip:
    """Writes an MP4 of 64 x 64 pixels whose frames tell their number: frame ``n`` has grey ``(n+1) / (frames+1)``."""
    folder = tmp_path_factory.mktemp("clips")

    def write(*, frames: int = 48, fps: int = 24, has_sound: bool = False) -> Path:
        path = folder / f"{frames}-{fps}-{'sound' if has_sound else 'silent'}.mp4"
        if not path.exists():
            film = bpy.data.scenes.new("Film")
            _fill(film, frames, fps, _write_tone(folder / "tone.wav", frames / fps) if has_sound else None)
            set_movie_output(film.render, path, has_sound=has_sound)
            bpy.ops.render.render(animation=True, scene=film.name)
            bpy.data.scenes.remove(film)
        return path

    return write


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
