"""What the scene's camera does over the shot, looked at in a few frames and told in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import bpy
from mathutils import Vector

from ...core.errors import CaptureFailed
from ...core.request import Role
from ..host.changed import Setting
from .kinds import kind_of_shot
from .properties import KLING_PG_shot, shot_of
from .reading import prompt_holder

if TYPE_CHECKING:
    from ...core.camera_words import View

_STEPS: Final = 8  # a frame of a heavy scene takes its time, and a full circle is still seen as one
_TRACKING: Final = {"TRACK_TO", "DAMPED_TRACK", "LOCKED_TRACK"}
_CHANNELS: Final = ("location", "rotation_euler", "rotation_quaternion", "rotation_axis_angle", "scale")
_USUAL_DISTANCE: Final = 10.0  # of a camera that looks at nothing
_NEAREST: Final = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The frames of the scene that a shot is about, in its own direction, and how long it is as a clip.

    ``camera`` is the shot's own; ``None`` is the scene's, with the one that a marker binds.
    """

    first: int
    last: int
    seconds: float
    camera: bpy.types.Object | None = None


class Told(NamedTuple):
    """What was read: of which camera, and of which frames, where another camera takes over before the last one."""

    words: str
    camera: str
    span: Span


def span_of(scene: bpy.types.Scene) -> Span:
    """The frames that the shot at hand is about.

    Of a storyboard's shot those that it was read from, or those that it will play in. Else from the frame where the
    first frame was captured to the one of the end frame. Without an end frame it is as long as the clip; where nothing
    was captured it begins at the current frame, or with an end frame to come it is the range of the scene.
    """
    shot = shot_of(scene)
    part, rate = prompt_holder(shot), scene.render.fps / scene.render.fps_base
    if part != shot and part.frames:
        last = part.frame + part.frames - 1
        return Span(first=part.frame, last=last, seconds=part.duration_s, camera=part.camera)
    first, last = _captured(shot, Role.FIRST), _captured(shot, Role.END)
    if part != shot:
        before_s = sum(shot.board[at].duration_s for at in range(shot.board_index))
        start = (scene.frame_current if first is None else first) + round(before_s * rate)
        return Span(first=start, last=start + round(part.duration_s * rate), seconds=part.duration_s)
    if Role.END in kind_of_shot(shot).frames:
        first, last = scene.frame_start if first is None else first, scene.frame_end if last is None else last
        return Span(first=first, last=last, seconds=shot.duration_s)
    start = scene.frame_current if first is None else first
    return Span(first=start, last=start + round(shot.duration_s * rate), seconds=shot.duration_s)


def _captured(shot: KLING_PG_shot, role: Role) -> int | None:
    """The frame at which a camera took a frame that this kind uses."""
    source = shot.first_source if role is Role.FIRST else shot.end_source
    return source.frame if role in kind_of_shot(shot).frames and source.camera else None


def told_camera(context: bpy.types.Context, scene: bpy.types.Scene, span: Span) -> Told:
    """The camera's moves, lens and angle. Frame, camera and unkeyed changes of objects stay what they are.

    Where a marker binds another camera within the span, what is before it is told. Raises :class:`CaptureFailed` where
    there is no camera.
    """
    from ...core.camera_words import described

    seen = span if span.camera is not None else _until_cut(scene, span)
    frames = [round(seen.first + (seen.last - seen.first) * step / _STEPS) for step in range(_STEPS + 1)]
    with _as_it_was(scene):
        scene.frame_set(seen.first)
        camera = _camera_at_hand(scene, span)
        distance = _distance(scene, camera, context.evaluated_depsgraph_get())
        views = [_view_at(frame, context, scene, camera) for frame in frames]
    return Told(words=described(views, distance=distance, seconds=seen.seconds), camera=camera.name, span=seen)


def _camera_at_hand(scene: bpy.types.Scene, span: Span) -> bpy.types.Object:
    camera = span.camera or scene.camera
    if camera is None or camera.type != "CAMERA":
        sentence = f'Scene "{scene.name}" has no camera at frame {scene.frame_current}.'
        raise CaptureFailed(sentence, field="camera", remedy="Add one, or select one in Scene Properties > Camera.")
    return camera


def _until_cut(scene: bpy.types.Scene, span: Span) -> Span:
    """The span as far as one camera is in use, and its share of the seconds."""
    step = 1 if span.first <= span.last else -1
    bound, last = _bound_camera(scene, span.first), span.first
    for frame in range(span.first, span.last + step, step):
        if _bound_camera(scene, frame) != bound:
            break
        last = frame
    share = (last - span.first + step) / (span.last - span.first + step)
    return replace(span, last=last, seconds=span.seconds * share)


def _bound_camera(scene: bpy.types.Scene, frame: int) -> bpy.types.Object | None:
    """The camera that Blender's markers bind at a frame: of the last one before it, else of the first of all."""
    usable = (m for m in scene.timeline_markers if m.camera is not None and not m.camera.hide_render)
    bound = sorted(usable, key=lambda marker: marker.frame)
    before = [marker for marker in bound if marker.frame <= frame]
    return (before[-1] if before else bound[0]).camera if bound else None


def _view_at(frame: int, context: bpy.types.Context, scene: bpy.types.Scene, camera: bpy.types.Object) -> View:
    """What a camera sees at a frame."""
    from ...core.camera_words import View

    if scene.frame_current != frame:
        scene.frame_set(frame)
    there: Any = camera.evaluated_get(context.evaluated_depsgraph_get())
    return View.of([tuple(row) for row in there.matrix_world], _lens_mm(scene.render, there.data))


def _lens_mm(render: bpy.types.RenderSettings, data: bpy.types.Camera) -> float | None:
    from ...core.camera_words import equivalent_mm

    if data.type != "PERSP":
        return None
    resolution = (render.resolution_x * render.pixel_aspect_x, render.resolution_y * render.pixel_aspect_y)
    sensor = (data.sensor_width, data.sensor_height)
    return equivalent_mm(data.lens, sensor_fit=data.sensor_fit, sensor=sensor, resolution=resolution)


def _distance(scene: bpy.types.Scene, camera: bpy.types.Object, graph: bpy.types.Depsgraph) -> float:
    """How far away is what the camera looks at, now."""
    return next(distance for distance in _distances(scene, camera, graph) if distance > _NEAREST)


def _distances(scene: bpy.types.Scene, camera: bpy.types.Object, graph: bpy.types.Depsgraph) -> Iterator[float]:
    """The best guess first: what it is focused on, what it tracks, what is in the middle of its image, all there is."""
    matrix = camera.evaluated_get(graph).matrix_world
    place, dof = matrix.translation, getattr(camera.data, "dof", None)
    targets = [c.target for c in camera.constraints if c.type in _TRACKING and not c.mute]  # type: ignore[attr-defined]
    if dof is not None and dof.use_dof:
        targets.insert(0, dof.focus_object)
        if dof.focus_object is None:
            yield dof.focus_distance
    yield from ((_place(target, graph) - place).length for target in targets if target is not None)
    is_hit, point, *_ = scene.ray_cast(graph, place, (matrix.to_3x3() @ Vector((0, 0, -1))).normalized())
    if is_hit:
        yield (point - place).length
    solid = [_place(thing, graph) for thing in scene.objects if thing.type == "MESH" and thing.visible_get()]
    if solid:
        yield (sum(solid, Vector()) / len(solid) - place).length
    yield _USUAL_DISTANCE


def _place(thing: bpy.types.Object, graph: bpy.types.Depsgraph) -> Vector:
    return thing.evaluated_get(graph).matrix_world.translation


@contextmanager
def _as_it_was(scene: bpy.types.Scene) -> Iterator[None]:
    """Have frame and camera be what they are, in the end, and the places of animated objects, also unkeyed ones."""
    camera, now, part = scene.camera, scene.frame_current, scene.frame_subframe
    unkeyed = tuple(_channels(scene))
    try:
        yield
    finally:
        scene.frame_set(now, subframe=part)
        scene.camera = camera  # last: moving switches to the camera of a marker
        for owner, name, value in unkeyed:
            if _value(owner, name) != value:
                setattr(owner, name, value)


def _channels(scene: bpy.types.Scene) -> Iterator[Setting]:
    for thing in scene.objects:
        if thing.animation_data is not None:
            yield from ((thing, name, _value(thing, name)) for name in _CHANNELS)
        if thing.type == "CAMERA" and thing.data.animation_data is not None:
            yield thing.data, "lens", _value(thing.data, "lens")


def _value(owner: Any, name: str) -> Any:
    value = getattr(owner, name)
    return value if isinstance(value, float) else tuple(value)
