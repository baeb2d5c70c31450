"""Whole or not at all: what a placement changed on a timeline is taken back where it could not be finished."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import bpy

from ..host.sequencer import Strip, all_strips, content_length_of, end_of, set_end, set_start, siblings_of, start_of
from .channels import set_apart
from .our_strips import FRAMES, OURS
from .retiming import KEYS_OF_ONE_SPEED, set_content_length

_log = logging.getLogger(__name__)


@contextmanager
def whole_or_nothing(scene: bpy.types.Scene, *strips: Strip | None) -> Iterator[None]:
    """Whatever ends the block early: the scene's rate and these strips are as they were, and no new strip is there."""
    before = {strip.name for strip in all_strips(scene)}
    rate, was = (scene.render.fps, scene.render.fps_base), [_Was.of(strip) for strip in strips if strip is not None]
    try:
        yield
    except BaseException:
        scene.render.fps, scene.render.fps_base = rate
        _remove_all_but(before, scene)
        for each in was:
            each.put_back(scene)
        raise


def _remove_all_but(names: set[str], scene: bpy.types.Scene) -> None:
    for strip in [strip for strip in all_strips(scene) if strip.name not in names]:
        siblings_of(strip, scene).remove(strip)


class _Was(NamedTuple):
    """A movie or sound strip as it was. Frames are the scene's; the strip is held for the length of one call only."""

    strip: Strip
    source: Any
    handles: tuple[int, int]
    content_length: int
    frames: int
    scale: tuple[float, float] | None
    marks: dict[str, Any]

    @classmethod
    def of(cls, strip: Strip) -> _Was:
        """As it is now."""
        is_movie = strip.type == "MOVIE"
        return cls(
            strip=strip,
            source=strip.filepath if is_movie else strip.sound,
            handles=(start_of(strip), end_of(strip)),
            content_length=content_length_of(strip),
            frames=int(strip.get(FRAMES, content_length_of(strip))),
            scale=(strip.transform.scale_x, strip.transform.scale_y) if is_movie else None,
            marks=_marks_of(strip),
        )

    def put_back(self, scene: bpy.types.Scene) -> None:
        """Make it so again, as far as Blender lets: what the next try finds is a strip that waits for its clip."""
        strip = self.strip
        try:
            self._put_marks_back()
            if strip.type == "SOUND":
                strip.sound = self.source
            with set_apart(strip, scene):
                if strip.type == "MOVIE":
                    strip.filepath = self.source
                if 0 < len(strip.retiming_keys) <= KEYS_OF_ONE_SPEED:
                    set_content_length(strip, scene, self.frames, self.content_length)
                set_start(strip, self.handles[0])
                set_end(strip, self.handles[1])
                set_start(strip, self.handles[0])  # the first time it could not pass the right one
        except Exception:  # noqa: BLE001 - the first trouble is the one to tell
            _log.exception("strip %s was not put back in all its parts", strip.name)
        if self.scale is not None:
            strip.transform.scale_x, strip.transform.scale_y = self.scale

    def _put_marks_back(self) -> None:
        for name in _marks_of(self.strip).keys() - self.marks.keys():
            del self.strip[name]
        for name, value in self.marks.items():
            self.strip[name] = value


def _marks_of(strip: Strip) -> dict[str, Any]:
    """Our custom properties of a strip: plain texts and numbers."""
    return {name: value for name, value in strip.items() if name.startswith(OURS)}
