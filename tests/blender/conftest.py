"""Tests inside Blender: in this process, with the bpy module, each from an empty file."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.workshop.processes import API_KEY, Rehearsal, running

if find_spec("bpy") is None:  # a plain Python runs the other rooms
    collect_ignore_glob = ["*"]
else:
    import bpy

    import kling_omni_addon
    from tests.workshop.grey_clips import WriteClip, write_grey_clip
    from tests.workshop.shots import set_up_shot

Scene = Any  # the stubs know one Blender, these tests run in several


@pytest.fixture
def scene() -> Scene:
    """The only scene of an empty file with factory settings."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    return bpy.context.scene


@pytest.fixture
def shot(scene: Scene) -> Scene:
    """A scene with a camera and something to see; see :func:`tests.workshop.shots.set_up_shot`."""
    set_up_shot(scene)
    return scene


@pytest.fixture
def shot_scene(scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """An empty scene with the add-on in place, and a home of its own."""
    monkeypatch.setenv("KLING_HOME", str(tmp_path / "home"))
    kling_omni_addon.register()
    yield scene
    kling_omni_addon.unregister()


@pytest.fixture
def unsent_shot(shot_scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A shot that can be submitted; the service is away, so everything stays recorded and unsent."""
    monkeypatch.setenv("KLING_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("KLING_API_KEY", "key")
    shot_scene.kling.prompt, shot_scene.kling.mode = "a fox runs", "std"
    return shot_scene


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
    """Writes a clip whose frames tell their number; see :mod:`tests.workshop.grey_clips`."""
    folder = tmp_path_factory.mktemp("clips")

    def write(*, frames: int = 48, fps: int = 24, has_sound: bool = False) -> Path:
        return write_grey_clip(folder, frames=frames, fps=fps, has_sound=has_sound)

    return write
