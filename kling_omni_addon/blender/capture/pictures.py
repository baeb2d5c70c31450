"""Pictures for a shot, as functions: from the camera, the 3D view, a strip, a file or an image of the .blend.

The operators of ``capture.py`` and scripts (``api.py``) both call these. Each puts the picture into the scene's shot
and returns where it is; ``docs/user/capture.md`` says what it looks like. None changes anything else of the scene. A
scene of a linked library is refused with a :class:`KlingError`, because nothing that is set there is saved.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import bpy

from ...core.errors import CaptureFailed
from ...core.media import PictureFacts, picture_facts
from ...core.request import Role
from ..connection import limits, preferences
from ..host.ownership import require_own
from ..host.sequencer import Strip
from ..shot.properties import Rendered, put_picture, shot_of
from ..shot.reading import media_folder
from . import camera, frame_overlay, picture_file
from . import strip as strip_capture
from . import view as view_capture
from .camera import Background, Engine
from .camera_job import CameraJob, CameraPicture


def capture_camera(
    scene: bpy.types.Scene,
    role: Role,
    *,
    frame: int | None = None,
    aspect_ratio: str | None = None,
    engine: Engine = Engine.SCENE,
) -> Path:
    """Render the scene's camera at ``frame`` (default: the current one); a camera bound to a marker counts.

    ``aspect_ratio`` is one that Kling makes, such as ``16:9``; by default :func:`usual_shape`. Raises
    :class:`CaptureFailed`.
    """
    require_own(scene)
    at = scene.frame_current if frame is None else frame
    job = camera_job(scene, at, aspect_ratio=aspect_ratio or usual_shape(scene, role), engine=engine)
    return use_render(scene, role, job.render())


def camera_job(scene: bpy.types.Scene, frame: int, *, aspect_ratio: str | None, engine: Engine) -> CameraJob:
    """A render of the camera that goes where captured pictures go; ``aspect_ratio`` None is the scene's own."""
    path = capture_path(scene.name, frame)
    background = background_of(scene)
    return CameraJob(
        scene=scene, frame=frame, path=path, aspect_ratio=aspect_ratio, engine=engine, background=background
    )


def background_of(scene: bpy.types.Scene) -> Background:
    """What a capture of the scene shows behind a transparent film, as its shot says."""
    shot: Any = shot_of(scene)
    return Background(shows_world=shot.background == "WORLD", color=tuple(shot.background_color))


def use_render(scene: bpy.types.Scene, role: Role, picture: CameraPicture) -> Path:
    """Use what a camera saw at its frame."""
    facts = _facts_of(picture.path)
    rendered = Rendered(camera=picture.camera, frame=picture.frame, size=(facts.width, facts.height))
    return _put(scene, role, picture.path, f"{picture.camera}, frame {picture.frame}", rendered)


def use_keyframes(scene: bpy.types.Scene, taken: Sequence[tuple[Role, CameraPicture]]) -> None:
    """Use what the camera saw at several frames, in place of all frames that the shot has."""
    require_own(scene)
    shot = shot_of(scene)
    shot.middle_frames.clear()
    for role, picture in taken:
        use_render(scene, role, picture)
    shot.middle_frame_index = 0


def capture_view(
    scene: bpy.types.Scene,
    role: Role,
    *,
    view: view_capture.View | None = None,
    layer: bpy.types.ViewLayer | None = None,
    aspect_ratio: str | None = None,
    shows_overlays: bool = False,
) -> Path:
    """Draw a 3D view as it stands. ``view`` is a ``SpaceView3D`` with its region of type ``WINDOW``; by default the one
    that the mouse is in, else the largest in the window.

    Raises :class:`CaptureFailed`, also where nothing can be drawn: see :func:`.viewport.capture_view`.
    """
    require_own(scene)
    picture = view_capture.capture_view(
        scene,
        layer or scene.view_layers[0],
        view or view_capture.view_of(bpy.context),
        capture_path(f"{scene.name}_view", scene.frame_current),
        aspect_ratio=aspect_ratio or usual_shape(scene, role),
        shows_overlays=shows_overlays,
    )
    facts = _facts_of(picture)
    rendered = Rendered(frame=scene.frame_current, size=(facts.width, facts.height))
    return _put(scene, role, picture, f"3D Viewport, frame {scene.frame_current}", rendered)


def capture_strip(
    scene: bpy.types.Scene,
    role: Role,
    *,
    strip: Strip | None = None,
    frame: int | None = None,
    timeline: bpy.types.Scene | None = None,
) -> Path:
    """Take the frame of a movie or image strip that plays at ``frame`` of ``timeline``, as its file has it.

    By default the strip at that frame (the active one if it is there, else the topmost), the current frame, and the
    timeline of ``scene`` itself. Raises :class:`CaptureFailed` when no strip is there, or its file cannot be read.
    """
    require_own(scene)
    film = timeline or scene
    at = film.frame_current if frame is None else frame
    chosen = strip_capture.strip_at(film, at) if strip is None else strip
    picture = strip_capture.save_strip_frame(film, chosen, at, capture_path(chosen.name, at, ".png"))
    return _put(scene, role, picture, f"{chosen.name}, frame {at}")


def use_file(scene: bpy.types.Scene, role: Role, path: Path) -> Path:
    """Use an image file: itself where Kling takes its format, whatever its name says, else a copy.

    Raises :class:`CaptureFailed`, also for half a file.
    """
    require_own(scene)
    if not path.is_file():
        raise CaptureFailed(f"There is no file {path}.", field="filepath", remedy="Select an image.")
    facts = _facts_of(path)
    if not facts.is_whole:
        sentence = f"The file {path} is incomplete: its end is missing."
        raise CaptureFailed(sentence, field="filepath", remedy="Save or copy it again, or select another file.")
    picture = path if facts.format in limits.profile().picture.formats else _converted(path)
    return _put(scene, role, picture, path.name)


def use_image(scene: bpy.types.Scene, role: Role, image: bpy.types.Image) -> Path:
    """Save a copy of an image of this .blend, also a painted, packed or rendered one, and use it.

    Raises :class:`CaptureFailed` when it cannot be written, or when it is the Render Result and nothing was rendered.
    """
    require_own(scene)
    if image.type == "RENDER_RESULT":
        picture = camera.save_last_render(scene, capture_path(image.name, None), background_of(scene))
    else:
        picture = picture_file.save_image(image, capture_path(image.name, None, ".png"))
    return _put(scene, role, picture, image.name)


def usual_shape(scene: bpy.types.Scene, role: Role) -> str | None:
    """The shape that a picture takes when nobody names one: that of the frame overlay while it is on; the shot's for an
    end frame without a first one, which would decide; None, the scene's own, for all else.
    """
    if frame_overlay.shown_shape():
        return frame_overlay.shown_shape()
    is_free = role is Role.END and not shot_of(scene).first_frame
    return str(shot_of(scene).aspect_ratio) if is_free else None


def capture_path(name: str, frame: int | None, suffix: str = ".jpg") -> Path:
    """Where a captured picture goes: beside a saved file, else in the user's data folder; never the
    temporary folder.
    """
    folder = media_folder("frames") or preferences.home() / "frames"
    plain = bpy.path.clean_name(name)
    number = "" if frame is None else f"_{frame:04d}"
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S-%f")
    return folder / f"{plain}{number}_{stamp}{suffix}"


def _facts_of(path: Path) -> PictureFacts:
    try:
        with path.open("rb") as stream:
            return picture_facts(stream, path.stat().st_size)
    except OSError as error:
        sentence = f"The file {path} cannot be read: {error.strerror or error}."
        raise CaptureFailed(sentence, field="filepath", remedy="Select another file.") from error


def _converted(path: Path) -> Path:
    try:
        return picture_file.save_file(path, capture_path(path.stem, None, ".png"))
    except RuntimeError as error:
        sentence = f"Blender cannot read {path} as an image."
        raise CaptureFailed(sentence, field="filepath", remedy="Select another file.") from error


def _put(scene: bpy.types.Scene, role: Role, picture: Path, origin: str, rendered: Rendered | None = None) -> Path:
    put_picture(scene, role.name, str(picture), origin, rendered)
    return picture
