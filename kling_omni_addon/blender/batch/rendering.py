"""Render the first and end frames of a manifest's shots, each from its own .blend file. Nothing is sent, no file is
saved.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import bpy

from ...batch.checking import WHOLE, Part, judged_lines
from ...batch.frames import FramesFolder, MadeOf, state_of_file
from ...batch.shot import Shot
from ...core.errors import ArgumentsInvalid, CaptureFailed
from ...core.request import Role
from ..capture.camera import Engine, render_camera_frame
from ..capture.frame_files import seen_by
from ..capture.pictures import background_of
from ..connection import limits
from ..host.opened_file import open_file, scene_named


class Outcome(StrEnum):
    """What became of a shot's frames."""

    RENDERED = "rendered"
    CURRENT = "current"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """One shot: where its frames are, or, as a sentence, why they are not."""

    key: str
    line: int
    outcome: Outcome
    folder: str = ""
    problem: str = ""


def render_batch(manifest: Path, out: Path, only: Collection[str] = (), part: Part = WHOLE) -> Iterator[Rendered]:
    """Render what ``out`` does not have whole and current, in the order of the manifest; only the shots of these keys,
    where any are given, or of this part. **Other files are opened**: what is open and not saved is lost.

    A shot whose line or .blend file was changed is rendered again. One that fails keeps no other from being rendered.
    Raises :class:`ArgumentsInvalid` for a manifest that cannot be read, and for a folder that cannot be written.
    """
    profile, renders = limits.profile(), _Renders(manifest.parent, FramesFolder(out))
    for judged in judged_lines(manifest, profile, only=only, part=part):
        if not judged.is_good or judged.shot is None:
            problem = next((problem.message for problem in judged.problems if problem.is_fault), "")
            yield Rendered(key=judged.key, line=judged.line, outcome=Outcome.FAILED, problem=problem)
        elif judged.shot.roles:
            yield renders.rendered(judged.shot)


class _Renders:
    """The renders of one run. A file stays open for the shots that follow each other in it: a capture leaves the scene
    as it was.
    """

    def __init__(self, base: Path, folder: FramesFolder) -> None:
        self._base = base
        self._folder = folder
        self._open: tuple[Path, tuple[int, int]] | None = None

    def rendered(self, shot: Shot) -> Rendered:
        """Render a shot, unless it is there."""
        said = Rendered(
            key=shot.key, line=shot.line, outcome=Outcome.RENDERED, folder=str(self._folder.of(shot).absolute())
        )
        blend = shot.blend_in(self._base).absolute()
        try:
            state = _state(blend)  # as it was before it was read: changed meanwhile, it is rendered again
            made_of = self._folder.made_of(shot)
            if made_of is not None and (made_of.digest, made_of.blend) == (shot.digest, state):
                return replace(said, outcome=Outcome.CURRENT)
            self._render(shot, blend, state)
        except CaptureFailed as error:
            return replace(said, outcome=Outcome.FAILED, folder="", problem=str(error))
        return said

    def _render(self, shot: Shot, blend: Path, state: tuple[int, int]) -> None:
        if self._open != (blend, state):
            self._open = None
            _open(blend)
            self._open = (blend, state)
        scene = _scene(shot)
        frames = dict(_frames(shot, scene))
        with self._folder.growing(shot) as part, seen_by(scene, shot.camera):
            images = {role: _captured(shot, scene, frame, part / f"{role.value}.jpg") for role, frame in frames.items()}
            camera = scene.camera.name if scene.camera is not None else ""
            made_of = MadeOf(digest=shot.digest, blend=state, camera=camera, frames=tuple(frames.values()))
            self._folder.put(shot, part, images, made_of, limits.profile())


def _state(blend: Path) -> tuple[int, int]:
    try:
        return state_of_file(blend)
    except OSError as error:
        raise _unopened(blend, error.strerror or str(error)) from error


def _frames(shot: Shot, scene: bpy.types.Scene) -> Iterator[tuple[Role, int]]:
    """Which frame of the scene each image shows: what the line says, else the ends of the scene."""
    said = {Role.FIRST: (shot.first_frame, scene.frame_start), Role.END: (shot.end_frame, scene.frame_end)}
    for role in shot.roles:
        number, of_scene = said[role]
        yield role, of_scene if number is None else number


def _captured(shot: Shot, scene: bpy.types.Scene, frame: int, path: Path) -> Path:
    shape, engine = shot.aspect_ratio or None, Engine(shot.engine)
    return render_camera_frame(scene, frame, path, aspect_ratio=shape, engine=engine, background=background_of(scene))


def _open(blend: Path) -> None:
    try:
        open_file(blend)
    except ArgumentsInvalid as error:
        raise CaptureFailed(error.sentence, field="blend", remedy=error.remedy) from error


def _unopened(blend: Path, reason: str) -> CaptureFailed:
    return CaptureFailed(f'Blender cannot open "{blend}": {reason}', field="blend", remedy="Check the file.")


def _scene(shot: Shot) -> bpy.types.Scene:
    try:
        scene = scene_named(shot.scene) if shot.scene else bpy.context.scene
    except ArgumentsInvalid as error:
        raise CaptureFailed(error.sentence, field="scene") from error
    assert scene is not None
    return scene
