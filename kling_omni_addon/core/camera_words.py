"""What a camera does, in the words of a film set: "slow dolly in, 35 mm, low angle".

Read from views of one camera at even steps of time. Lengths count in distances to what the camera looks at, so a dolls'
house and a city are told alike. Angles are radians, the world's z axis points up.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import asin, atan2, copysign, cos, degrees, hypot, log, pi, radians, sin
from typing import Final

from .vectors import Vector, added, between, cross, difference, dot, length, scaled, triple, unit

_STILL: Final = 0.02  # of the distance, or radians: a smaller change is not seen
_SHARE: Final = 0.25  # of the largest move: a smaller one goes without saying
_MOST_MOVES: Final = 3
_DIGITS: Final = 6  # what is equal but for rounding counts as equal
_PACES: Final = ((0.06, 0.5), ("slow ", "", "fast "))  # distances or radians a second
_PITCHES: Final = ((-60, -15, 15, 60), ("bird's-eye view", "high angle", "eye level", "low angle", "worm's-eye view"))
_DUTCH: Final = radians(10)
_STEEP: Final = radians(60)  # from here on the way over the ground is no dolly
_LEVEL: Final = 0.35  # of the view's length that is level: below it the camera looks up or down
_LEAST_ORBIT: Final = radians(8)
_OFF_TARGET: Final = radians(4)  # how far beside its target an orbiting camera may look
_NEAREST_TARGET: Final = 0.1  # distances


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A camera at one moment: its place, two unit vectors, and its focal length as on 35 mm film (36 mm wide).

    ``lens_mm`` is ``None`` for a camera without one: orthographic, panoramic.
    """

    place: Vector
    ahead: Vector
    up: Vector
    lens_mm: float | None = None

    @classmethod
    def of(cls, matrix: Sequence[Sequence[float]], lens_mm: float | None = None) -> View:
        """Of the rows of a camera's matrix in the world, as Blender has it: the camera looks along its -z axis."""
        columns = [triple(row[column] for row in matrix[:3]) for column in range(4)]
        return cls(place=columns[3], ahead=unit(scaled(columns[2], -1)), up=unit(columns[1]), lens_mm=lens_mm)

    @property
    def pitch(self) -> float:
        """How far it looks up; negative looks down."""
        return atan2(self.ahead[2], hypot(*self.ahead[:2]))

    @property
    def level(self) -> Vector:
        """Forward over the ground. Of a camera that looks straight down or up, where the top of its image points."""
        x, y, z = self.ahead
        if hypot(x, y) < _LEVEL:
            x, y, _ = scaled(self.up, -copysign(1, z))
        return unit((x, y, 0.0))

    @property
    def heading(self) -> float:
        """Direction over the ground; it grows as the camera turns left."""
        return atan2(self.level[1], self.level[0])

    @property
    def side(self) -> Vector:
        """Right over the ground."""
        x, y, _ = self.level
        return (y, -x, 0.0)

    @property
    def roll(self) -> float:
        """How far it leans to the right."""
        upright = cross(self.side, self.ahead)
        return atan2(dot(self.up, self.side), dot(self.up, upright))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Move:
    """One move by its words, in distances or radians."""

    words: str
    size: float


def equivalent_mm(
    lens_mm: float, *, sensor_fit: str, sensor: tuple[float, float], resolution: tuple[float, float]
) -> float:
    """The focal length that shows as much along the longer side of the image on 35 mm film.

    ``sensor`` is width and height in mm; ``sensor_fit`` (``AUTO``, ``HORIZONTAL``, ``VERTICAL``) says which one counts.
    """
    width, height = resolution
    longer = max(width, height)
    used = {"HORIZONTAL": sensor[0] * longer / width, "VERTICAL": sensor[1] * longer / height}
    return lens_mm * 36.0 / used.get(sensor_fit, sensor[0])


def described(views: Sequence[View], *, distance: float, seconds: float) -> str:
    """The moves, the largest first, then the lens and the angle.

    ``views`` are two or more, ``distance`` is from the first one to what it looks at, ``seconds`` how long the shot is.
    """
    moves = [_pace(move.size / seconds) + move.words for move in _seen(tuple(_moves(views, distance)))]
    first, last = views[0], views[-1]
    return ", ".join([*(moves or ["static camera"]), *_lens(first.lens_mm, last.lens_mm), *_angle(first, last)])


def _seen(moves: Sequence[_Move]) -> list[_Move]:
    least = max([_STILL, *(move.size * _SHARE for move in moves)])
    return sorted((move for move in moves if move.size >= least), key=lambda move: -move.size)[:_MOST_MOVES]


def _pace(speed: float) -> str:
    limits, words = _PACES
    return words[bisect(limits, speed)]


def _lens(first: float | None, last: float | None) -> Iterator[str]:
    if first is not None and last is not None:
        yield f"{' to '.join(dict.fromkeys(f'{lens:.0f}' for lens in (first, last)))} mm"


def _angle(first: View, last: View) -> Iterator[str]:
    limits, words = _PITCHES
    yield " to ".join(dict.fromkeys(words[bisect(limits, degrees(view.pitch))] for view in (first, last)))
    if min(abs(first.roll), abs(last.roll)) >= _DUTCH:
        yield "Dutch angle"


def _moves(views: Sequence[View], distance: float) -> Iterator[_Move]:
    """Every move that there may be, also where it is nothing."""
    steps, first, last = tuple(pairwise(views)), views[0], views[-1]
    left = sum(_turned(before.heading, after.heading) for before, after in steps)
    if first.lens_mm and last.lens_mm:
        yield _move(log(last.lens_mm / first.lens_mm), "zoom in", "zoom out")
    yield _move(sum(_turned(a.roll, b.roll) for a, b in steps), "roll clockwise", "roll counterclockwise")
    target = _target(views, distance) if abs(left) >= _LEAST_ORBIT else None
    if target is not None:
        yield _move(left, "orbit right around the subject", "orbit left around the subject")
        yield from _approach(difference(first.place, target), difference(last.place, target))
        return
    yield _move(left, "pan left", "pan right")
    yield _move(last.pitch - first.pitch, "tilt up", "tilt down")
    yield from _travel(steps, distance)


def _move(size: float, forth: str, back: str) -> _Move:
    return _Move(words=forth if size > 0 else back, size=round(abs(size), _DIGITS))


def _turned(before: float, after: float) -> float:
    """The shorter way from one angle to another."""
    return (after - before + pi) % (2 * pi) - pi


def _approach(first: Vector, last: Vector) -> Iterator[_Move]:
    """What becomes of the way from the target to a camera that orbits: its length, and how high it points."""
    near, far = length(last), length(first)
    yield _move(log(far / near), "dolly in", "dolly out")
    yield _move(asin(last[2] / near) - asin(first[2] / far), "crane up", "crane down")


def _target(views: Sequence[View], distance: float) -> Vector | None:
    """The point that all views look at from around it, if there is one: the nearest to all their axes."""
    point = _nearest_to_axes(views)
    if point is None:
        return None
    for view in views:
        way = difference(point, view.place)
        if length(way) < _NEAREST_TARGET * distance or between(way, view.ahead) > _OFF_TARGET:
            return None
    return point


def _nearest_to_axes(views: Sequence[View]) -> Vector | None:
    """The point with the least squares of its distances to the axes; none where they are parallel."""
    rows, sums = [[0.0] * 3 for _ in range(3)], [0.0] * 3
    for view in views:
        for i in range(3):
            for j in range(3):
                across = (i == j) - view.ahead[i] * view.ahead[j]
                rows[i][j] += across
                sums[i] += across * view.place[j]
    columns = [triple(row[column] for row in rows) for column in range(3)]
    whole = dot(columns[0], cross(columns[1], columns[2]))
    if abs(whole) < 1e-9:
        return None
    by_cramer = ([*columns[:at], triple(sums), *columns[at + 1 :]] for at in range(3))
    return triple(dot(a, cross(b, c)) / whole for a, b, c in by_cramer)


def _travel(steps: Sequence[tuple[View, View]], distance: float) -> Iterator[_Move]:
    """The way of the camera: again and again the direction that tells most of what is left of it."""
    pitches = [view.pitch for step in steps for view in step]
    left = scaled(_way(steps), 1 / distance)
    directions = _directions(sum(pitches) / len(pitches))
    while directions:
        direction, forth, back = max(directions, key=lambda each: abs(dot(each[0], left)))
        size = dot(direction, left)
        left = difference(left, scaled(direction, size))
        directions = [each for each in directions if each[1] != forth]
        yield _move(size, forth, back)


def _way(steps: Iterable[tuple[View, View]]) -> Vector:
    """How far right, forward over the ground and up a camera goes, as it looks from step to step."""
    parts = []
    for before, after in steps:
        step = difference(after.place, before.place)
        side, level = unit(added(before.side, after.side)), unit(added(before.level, after.level))
        parts.append((dot(step, side), dot(step, level), step[2]))
    return triple(map(sum, zip(*parts, strict=True)))


def _directions(pitch: float) -> list[tuple[Vector, str, str]]:
    """Right, forward over the ground, up: with what a way there and back is called for a camera of that pitch.

    A dolly goes over the ground or along the view. A camera that looks down flies over the ground, and up is back.
    """
    view = (0.0, cos(pitch), sin(pitch))
    truck, dolly = ((1.0, 0.0, 0.0), "truck right", "truck left"), (view, "dolly in", "dolly out")
    if abs(pitch) >= _STEEP:
        return [truck, dolly, ((0.0, 1.0, 0.0), "fly forward", "fly backward")]
    return [truck, dolly, ((0.0, 1.0, 0.0), "dolly in", "dolly out"), ((0.0, 0.0, 1.0), "crane up", "crane down")]
