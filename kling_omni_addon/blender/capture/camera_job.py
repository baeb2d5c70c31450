"""A picture rendered as a job of Blender's: the window stays alive, shows the progress, and Escape stops it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

import bpy

from ...core.errors import CaptureFailed
from ..host.changed import changed
from .camera import WORLD, Background, Engine, render_result, render_scene, rendered, set_for_camera
from .picture_file import write_as_viewed

_JOBS_KEEP_THEIR_CONTEXT: Final = (5, 0)
_running: list[RenderJob] = []  # the one whose scene stands otherwise than the artist left it
_ended: list[str] = []  # how its render ended: Blender tells its handlers, in a thread of the render's


def _completed(*_: object) -> None:
    _ended.append("completed")


def _cancelled(*_: object) -> None:
    _ended.append("cancelled")


def _interrupted(*_: object) -> None:
    """An undo, from another window, or another file: the scene must stand as it did before that begins."""
    _ended.append("interrupted")
    for job in _running:
        job.put_back()


_HEARD = {
    "render_complete": _completed,
    "render_cancel": _cancelled,
    "undo_pre": _interrupted,
    "redo_pre": _interrupted,
    "load_pre": _interrupted,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraPicture:
    """A picture, the frame that it shows, and the name of the camera that rendered it: of several that are bound to
    markers, the one of that frame.
    """

    path: Path
    frame: int
    camera: str


class RenderJob:
    """One picture, or film, that Blender renders. (Not generic: typing remembers what is subscripted, and with it the
    bpy module, which then never comes to an end.)

    Between :meth:`start` and :meth:`finish` things stand as they are rendered, so the artist's hands have to be kept
    off them. (Blender's own lock of the interface turns the 3D View black meanwhile.)
    """

    is_film: ClassVar[bool] = False
    """Whether all frames of the scene are rendered, to the file that it names, or the current one."""

    _stack: ExitStack | None = None

    def set_up(self) -> AbstractContextManager[bpy.types.Scene]:
        """Have the scene that is rendered stand as it should, and all as it stood before in the end. Raises
        :class:`CaptureFailed`.
        """
        raise NotImplementedError

    def written(self, image: bpy.types.Image) -> Any:
        """Write what was rendered, while things still stand so. Raises :class:`CaptureFailed`."""
        raise NotImplementedError

    def render(self) -> Any:
        """Render at once, while Blender waits: for scripts. Raises :class:`CaptureFailed`."""
        with self.set_up() as scene:
            return self.written(rendered(scene))

    def start(self) -> None:
        """Begin to render. Raises :class:`CaptureFailed`; then all is as it was."""
        with ExitStack() as stack:
            scene = stack.enter_context(self.set_up())
            view: Any = bpy.context.preferences.view
            # No window pops up for a render that nobody wants to look at.
            stack.enter_context(changed([(view, "render_display_type", "NONE")]))
            _listen()
            _begin(scene, is_film=self.is_film)
            self._stack = stack.pop_all()
        _running.append(self)

    @property
    def is_running(self) -> bool:
        """Whether Blender is still at it."""
        return not _ended or bpy.app.is_job_running("RENDER")

    def finish(self) -> Any:
        """Write the picture, put everything back, and return what was taken.

        Raises :class:`CaptureFailed` when the render was stopped or the picture cannot be written.
        """
        try:
            if _ended != ["completed"]:
                raise CaptureFailed("The render was stopped.", remedy="Capture again.")
            return self.written(render_result())
        finally:
            self.drop()

    def drop(self) -> None:
        """Put everything back, with or without a picture."""
        self.put_back()
        _running.clear()
        _forget()

    def put_back(self) -> None:
        """Have everything stand as it stood before; a second time does nothing."""
        if self._stack is not None:
            self._stack.close()


@dataclass(kw_only=True)
class CameraJob(RenderJob):
    """One picture of the camera; arguments as for :func:`.camera.render_camera_frame`."""

    scene: bpy.types.Scene
    frame: int
    path: Path
    aspect_ratio: str | None
    engine: Engine
    background: Background = WORLD
    _camera: str = ""

    @contextmanager
    def set_up(self) -> Iterator[bpy.types.Scene]:
        """The scene at the frame."""
        with set_for_camera(
            self.scene,
            self.frame,
            self.path,
            aspect_ratio=self.aspect_ratio,
            engine=self.engine,
            background=self.background,
        ) as self._camera:
            yield self.scene

    def written(self, image: bpy.types.Image) -> CameraPicture:
        """The picture as the viewer shows it, and which camera it was."""
        path = write_as_viewed(image, self.path, self.scene, self.background.color)
        return CameraPicture(path=path, frame=self.frame, camera=self._camera)


def _would_crash(scene: bpy.types.Scene) -> bool:
    """Whether a job that renders this scene would end Blender, so that Blender has to wait for the picture instead: up
    to 4.5 the window takes the graphics context away from it (docs/dev/blender_facts.md).
    """
    is_in_window = any(window.scene == scene for window in bpy.context.window_manager.windows)
    engine: str = scene.render.engine
    return bpy.app.version < _JOBS_KEEP_THEIR_CONTEXT and not is_in_window and engine != "CYCLES"


def _listen() -> None:
    _ended.clear()
    for name, heard in _HEARD.items():
        getattr(bpy.app.handlers, name).append(heard)


def _forget() -> None:
    for name, heard in _HEARD.items():
        with suppress(ValueError):  # another file takes handlers away
            getattr(bpy.app.handlers, name).remove(heard)


def _begin(scene: bpy.types.Scene, *, is_film: bool) -> None:
    how = "EXEC_DEFAULT" if _would_crash(scene) and not is_film else "INVOKE_DEFAULT"  # a film is of strips
    try:
        outcome = render_scene(scene, how, animation=is_film)
    except RuntimeError as error:
        _forget()
        raise CaptureFailed(f"Blender could not render the image: {str(error).strip()}") from error
    if "CANCELLED" in outcome:
        _forget()
        raise CaptureFailed(
            "Blender could not render the image.", remedy="Try again when Blender has finished its current task."
        )
