"""Frames of the camera as image files in a folder, for whoever wants the images and sets up no shot."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import bpy

from ...core.errors import CaptureFailed
from ..host.changed import Setting, changed
from .camera import Engine
from .camera_job import CameraJob, CameraPicture
from .pictures import background_of


def capture_frames(
    scene: bpy.types.Scene,
    frames: Collection[int],
    folder: Path,
    *,
    camera: str = "",
    aspect_ratio: str | None = None,
    engine: Engine = Engine.SCENE,
) -> tuple[CameraPicture, ...]:
    """Render frames of the scene to a folder, as ``capture_camera`` does, and change nothing of the shot.

    ``camera`` names one of the scene; by default it is that of the frame. The images are called after the .blend file,
    the scene, the camera if one is named, and the frame, so that those of an earlier time are replaced, each whole or
    not at all. Raises :class:`CaptureFailed`.
    """
    return tuple(captured(scene, frames, folder, camera=camera, aspect_ratio=aspect_ratio, engine=engine))


def captured(
    scene: bpy.types.Scene,
    frames: Collection[int],
    folder: Path,
    *,
    camera: str = "",
    aspect_ratio: str | None = None,
    engine: Engine = Engine.SCENE,
) -> Iterator[CameraPicture]:
    """The same, one after the other. Between two of them the scene stands as it is rendered."""
    stem = _stem((Path(bpy.data.filepath).stem, scene.name, camera))
    with seen_by(scene, camera):
        for frame in frames:
            job = CameraJob(
                scene=scene,
                frame=frame,
                path=folder.absolute() / f"{stem}_{frame:04d}.jpg",
                aspect_ratio=aspect_ratio,
                engine=engine,
                background=background_of(scene),
            )
            picture: CameraPicture = job.render()
            yield picture


def _stem(names: tuple[str, ...]) -> str:
    """How the images are called. Two that would be called the same, because of what no file may be called, are not."""
    named = [name for name in names if name]
    clean = [bpy.path.clean_name(name) for name in named]
    is_plain = clean == named and not any("_" in name for name in named[1:])
    tag = [] if is_plain else [hashlib.sha256("\0".join(names).encode("utf-8", "backslashreplace")).hexdigest()[:6]]
    return "_".join([*clean, *tag])


@contextmanager
def seen_by(scene: bpy.types.Scene, name: str) -> Iterator[None]:
    """Have the scene seen by one of its cameras, whatever markers bind; by its own without a name.

    Raises :class:`CaptureFailed` for a camera that the scene does not have.
    """
    if not name:
        yield
        return
    camera: bpy.types.Object | None = scene.objects.get(name)
    if camera is None or camera.type != "CAMERA":
        names = ", ".join(sorted(f'"{each.name}"' for each in scene.objects if each.type == "CAMERA"))
        sentence = f'Scene "{scene.name}" has no camera "{name}", only {names or "none"}.'
        raise CaptureFailed(sentence, field="camera", remedy="Name one of the scene.")
    bound: list[Setting] = [(marker, "camera", None) for marker in scene.timeline_markers if marker.camera is not None]
    with changed([*bound, (scene, "camera", camera)]):
        yield
