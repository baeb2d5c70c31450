"""Vectors of three numbers, for thinking without Blender: its mathutils is not to be had here."""

from __future__ import annotations

from collections.abc import Iterable
from math import atan2, hypot
from typing import TypeAlias

Vector: TypeAlias = tuple[float, float, float]


def triple(values: Iterable[float]) -> Vector:
    """Three values as a vector; ``ValueError`` for more or fewer."""
    x, y, z = values
    return (x, y, z)


def dot(a: Vector, b: Vector) -> float:
    """How far one vector goes along another, times the length of that."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def cross(a: Vector, b: Vector) -> Vector:
    """The vector at right angles to both."""
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def added(a: Vector, b: Vector) -> Vector:
    """One after the other."""
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2])


def difference(a: Vector, b: Vector) -> Vector:
    """From the second to the first."""
    return added(a, scaled(b, -1.0))


def scaled(a: Vector, factor: float) -> Vector:
    """As long as the factor says."""
    return (a[0] * factor, a[1] * factor, a[2] * factor)


def length(a: Vector) -> float:
    """How long it is."""
    return hypot(*a)


def unit(a: Vector) -> Vector:
    """The vector with length 1; one without a length stays as it is."""
    return scaled(a, 1 / (length(a) or 1.0))


def between(a: Vector, b: Vector) -> float:
    """The angle between two vectors."""
    return atan2(length(cross(a, b)), dot(a, b))
