"""The views of an element: an object with what hangs on it, or a collection, from the front and from other sides."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

import bpy

from ...core.errors import CaptureFailed
from ...core.sizes import legal_size
from ..connection import limits
from .camera import Engine, require_possible
from .camera_job import RenderJob
from .picture_file import write_picture
from .pictures import capture_path
from .stage import Ground, heading_of, staged

Source: TypeAlias = bpy.types.Object | bpy.types.Collection
_HEIGHT: Final = math.radians(8)
_VIEWS: Final = (("front", 0.0), ("right", 90.0), ("back", 180.0), ("left", 270.0))
"""What each view is called, and degrees around the vertical. (What is at the right of somebody who sees the front.)"""
MOST_VIEWS: Final = len(_VIEWS)
USUAL_SIZE_PX: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How the views are rendered: how many, by what, before what. ``front`` is the angle in radians by which the front
    lies elsewhere than at the object's own -Y, counterclockwise from above.
    """

    views: int = 3
    engine: Engine = Engine.SCENE
    ground: Ground = Ground.GRAY
    size_px: int = USUAL_SIZE_PX
    front: float = 0.0


@dataclass(kw_only=True)
class ViewJob(RenderJob):
    """One view. The scene at hand and its objects are as they were, also while it is rendered."""

    source: Source
    layer: bpy.types.ViewLayer
    look: Look
    angle: float
    path: Path
    _stage: bpy.types.Scene = field(init=False)

    @contextmanager
    def set_up(self) -> Iterator[bpy.types.Scene]:
        """A scene of ours with copies of the things, gone in the end."""
        own = self.layer.id_data
        assert isinstance(own, bpy.types.Scene)
        require_possible(own, self.path, self.look.engine)
        size = legal_size(self.look.size_px, self.look.size_px, None, limits.profile())
        things = things_of(self.source)
        with staged(things, self.layer, size=size, engine=self.look.engine, ground=self.look.ground) as stage:
            stage.look(self.angle, _HEIGHT)
            self._stage = stage.scene
            yield stage.scene

    def written(self, image: bpy.types.Image) -> Path:
        """The view as PNG; as JPEG, which knows no transparency, where that is too large for the service."""
        return write_picture(image, self.path, self._stage)


def view_jobs(source: Source, layer: bpy.types.ViewLayer, look: Look) -> list[ViewJob]:
    """The views of an object or a collection as the view layer shows it, the front first. Raises
    :class:`CaptureFailed` where there is nothing to see of it.
    """
    layer.update()
    require_seen(source, layer)
    heading = look.front + heading_of(source if isinstance(source, bpy.types.Object) else None)
    return [
        ViewJob(
            source=source,
            layer=layer,
            look=look,
            angle=heading + math.radians(degrees),
            path=capture_path(f"{source.name}_{name}", None, ".png"),
        )
        for name, degrees in _VIEWS[: look.views]
    ]


def things_of(source: Source) -> list[bpy.types.Object]:
    """The objects of an element: everything in the collection, or the object with everything that hangs on it."""
    if isinstance(source, bpy.types.Collection):
        return list(source.all_objects)
    return [source, *source.children_recursive]


def require_seen(source: Source, layer: bpy.types.ViewLayer) -> None:
    """Raise :class:`CaptureFailed` with the reason where nothing of it is shown, before anything is rendered."""
    seen = [thing for thing in things_of(source) if thing.visible_get(view_layer=layer)]
    if not seen:
        sentence = f'"{source.name}" is hidden, or not in this view layer.'
        raise CaptureFailed(sentence, field="element", remedy="Show it in the 3D Viewport.")
    if all(thing.hide_render for thing in seen):
        sentence = f'"{source.name}" is hidden in renders.'
        raise CaptureFailed(sentence, field="element", remedy="Turn on its camera icon in the Outliner.")
