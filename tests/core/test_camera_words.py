"""Cameras told in words: each move by its name, in a world of any size and in a mirror too."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import cos, pi, radians, sin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_omni_addon.core.camera_words import View, described, equivalent_mm
from kling_omni_addon.core.vectors import Vector, cross

DISTANCE = 10.0


@dataclass(frozen=True)
class Camera:
    """Where it is and how it looks: degrees, heading 0 is along y and grows to the left."""

    place: Vector = (0.0, 0.0, 0.0)
    heading: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    lens_mm: float = 35.0

    @property
    def view(self) -> View:
        return View.of(self.matrix, self.lens_mm)

    @property
    def matrix(self) -> list[list[float]]:
        """The rows of its matrix, as Blender has it."""
        heading, pitch, roll = map(radians, (self.heading, self.pitch, self.roll))
        ahead = (-sin(heading) * cos(pitch), cos(heading) * cos(pitch), sin(pitch))
        side = (cos(heading), sin(heading), 0.0)
        upright = cross(side, ahead)
        up = tuple(u * cos(roll) + s * sin(roll) for u, s in zip(upright, side, strict=True))
        right = tuple(s * cos(roll) - u * sin(roll) for u, s in zip(upright, side, strict=True))
        return [
            *([right[i], up[i], -ahead[i], self.place[i]] for i in range(3)),
            [0.0, 0.0, 0.0, 1.0],
        ]


def told(cameras: Sequence[Camera], *, distance: float = DISTANCE, seconds: float = 5.0) -> str:
    return described([camera.view for camera in cameras], distance=distance, seconds=seconds)


def moves(cameras: Sequence[Camera], **given: float) -> list[str]:
    """What is told of the way, without lens and angle."""
    return told(cameras, **given).partition(" mm")[0].split(", ")[:-1]


def eased(first: Camera, last: Camera, steps: int = 8) -> list[Camera]:
    """From one to the other, evenly."""

    def between(a: float, b: float, part: float) -> float:
        return a + (b - a) * part

    return [
        Camera(
            place=tuple(between(a, b, part) for a, b in zip(first.place, last.place, strict=True)),  # type: ignore[arg-type]
            heading=between(first.heading, last.heading, part),
            pitch=between(first.pitch, last.pitch, part),
            roll=between(first.roll, last.roll, part),
            lens_mm=between(first.lens_mm, last.lens_mm, part),
        )
        for part in (step / steps for step in range(steps + 1))
    ]


def round_target(degrees: float, *, pitch: float = 0.0, radius: float = DISTANCE, steps: int = 8) -> list[Camera]:
    """Around the point (0, 10, 0), which it keeps looking at; positive is to the camera's right."""
    level = radius * cos(radians(pitch))
    return [
        Camera(
            place=(level * sin(radians(at)), DISTANCE - level * cos(radians(at)), -radius * sin(radians(pitch))),
            heading=at,
            pitch=pitch,
        )
        for at in (degrees * step / steps for step in range(steps + 1))
    ]


STILL = Camera()
LOOKING_DOWN = Camera(pitch=-30)


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (STILL, STILL, ["static camera"]),
        (STILL, Camera(place=(0, 0.1, 0)), ["static camera"]),
        (STILL, Camera(place=(0, 4, 0)), ["dolly in"]),
        (STILL, Camera(place=(0, -4, 0)), ["dolly out"]),
        (STILL, Camera(place=(-4, 0, 0)), ["truck left"]),
        (STILL, Camera(place=(4, 0, 0)), ["truck right"]),
        (STILL, Camera(place=(0, 0, 4)), ["crane up"]),
        (STILL, Camera(place=(0, 0, -4)), ["crane down"]),
        (STILL, Camera(place=(4, 0, 3)), ["truck right", "crane up"]),
        (STILL, Camera(place=(4, 0, 0.5)), ["truck right"]),
        (STILL, Camera(heading=30), ["pan left"]),
        (STILL, Camera(heading=-30), ["pan right"]),
        (STILL, Camera(heading=300), ["fast pan left"]),
        (STILL, Camera(pitch=20), ["tilt up"]),
        (STILL, Camera(pitch=-20), ["tilt down"]),
        (STILL, Camera(roll=30), ["roll clockwise"]),
        (STILL, Camera(roll=-30), ["roll counterclockwise"]),
        (STILL, replace(STILL, lens_mm=85), ["zoom in"]),
        (STILL, replace(STILL, lens_mm=20), ["zoom out"]),
        (Camera(place=(0, 0, -4)), Camera(place=(0, 0, 4), pitch=-30), ["crane up", "tilt down"]),
        (LOOKING_DOWN, replace(LOOKING_DOWN, place=(0, 4 * cos(pi / 6), -2)), ["dolly in"]),
        (LOOKING_DOWN, replace(LOOKING_DOWN, place=(0, 4, 0)), ["dolly in"]),
        (LOOKING_DOWN, replace(LOOKING_DOWN, place=(0, 0, 4)), ["crane up"]),
        (Camera(pitch=-90), Camera(pitch=-90, place=(0, 0, 4)), ["dolly out"]),
        (Camera(pitch=-90), Camera(pitch=-90, place=(0, 4, 0)), ["fly forward"]),
        (Camera(pitch=-90, heading=90), Camera(pitch=-90, heading=90, place=(4, 0, 0)), ["fly backward"]),
    ],
)
def test_every_move_has_its_name(first: Camera, last: Camera, words: list[str]) -> None:
    assert moves(eased(first, last)) == words


def test_two_views_are_enough() -> None:
    assert told([STILL, Camera(place=(0, 4, 0))]) == "dolly in, 35 mm, eye level"


def test_a_dolly_along_a_bend_is_a_dolly_and_a_pan() -> None:
    """A quarter of a circle, driven as a car does it: always ahead."""
    bend = [
        Camera(place=(20 * cos(a) - 20, 20 * sin(a), 0), heading=at)
        for at, a in ((at, radians(at)) for at in range(0, 91, 10))
    ]
    assert moves(bend, seconds=10) == ["dolly in", "pan left"]


@given(degrees=st.integers(10, 360), pitch=st.integers(-50, 50), is_right=st.booleans())
def test_who_circles_a_point_and_looks_at_it_orbits(degrees: int, pitch: int, is_right: bool) -> None:
    words = moves(round_target(degrees if is_right else -degrees, pitch=pitch))
    assert [re.sub("^(slow|fast) ", "", word) for word in words] == [
        f"orbit {'right' if is_right else 'left'} around the subject"
    ]


def test_who_comes_nearer_meanwhile_dollies_too() -> None:
    spiral = [
        replace(camera, place=tuple(p * part + t * (1 - part) for p, t in zip(camera.place, (0, 10, 0), strict=True)))  # type: ignore[arg-type]
        for camera, part in ((c, 1 - 0.05 * n) for n, c in enumerate(round_target(60)))
    ]
    assert moves(spiral) == ["orbit right around the subject", "dolly in"]


def test_who_looks_away_from_the_middle_does_not_orbit() -> None:
    outward = [replace(camera, heading=camera.heading + 180) for camera in round_target(60)]
    assert moves(outward) == ["pan left", "truck left"]


@pytest.mark.parametrize(("seconds", "pace"), [(1.0, "fast "), (5.0, ""), (30.0, "slow ")])
def test_the_pace_is_the_way_over_the_time(seconds: float, pace: str) -> None:
    assert moves([STILL, Camera(place=(0, 6, 0))], seconds=seconds) == [f"{pace}dolly in"]


@pytest.mark.parametrize(
    ("pitch", "words"),
    [(-80, "bird's-eye view"), (-30, "high angle"), (0, "eye level"), (30, "low angle"), (80, "worm's-eye view")],
)
def test_the_angle_is_the_pitch(pitch: float, words: str) -> None:
    assert told([Camera(pitch=pitch)] * 2) == f"static camera, 35 mm, {words}"


def test_what_changes_is_told_from_the_first_to_the_last() -> None:
    ends = eased(Camera(pitch=-20, lens_mm=50), Camera(pitch=0, lens_mm=24))
    assert told(ends) == "zoom out, tilt up, 50 to 24 mm, high angle to eye level"


def test_a_leaning_camera_is_told() -> None:
    assert told([Camera(roll=15)] * 2).endswith("eye level, Dutch angle")


def test_a_camera_without_a_lens_has_none_in_the_words() -> None:
    assert described([replace(STILL.view, lens_mm=None)] * 2, distance=1, seconds=1) == "static camera, eye level"


def test_a_scaled_camera_looks_where_an_unscaled_one_does() -> None:
    rows = [[value * 3 for value in row[:3]] + row[3:] for row in Camera(pitch=30, heading=40).matrix]
    assert View.of(rows).ahead == pytest.approx(Camera(pitch=30, heading=40).view.ahead)


# --- whatever the camera does

TENTHS = st.integers(-60, 60).map(lambda n: n / 10)
PLACES = st.tuples(TENTHS, TENTHS, TENTHS)
CAMERAS = st.builds(
    Camera,
    place=PLACES,
    heading=st.integers(-80, 80).map(float),
    pitch=st.integers(-80, 80).map(lambda n: n + 0.3),  # beside the limits, where rounding would decide
    roll=st.integers(-40, 40).map(lambda n: n + 0.3),
    lens_mm=st.integers(14, 200).map(float),
)
SIDES = {"left": "right", "counterclockwise": "clockwise"}
WAYS = SIDES | {"in": "out", "up": "down", "forward": "backward"}


def swapped(words: str, pairs: dict[str, str]) -> str:
    both = pairs | {b: a for a, b in pairs.items()}
    return re.sub(r"\w+", lambda match: both.get(match[0], match[0]), words)


def mirrored(camera: Camera) -> Camera:
    x, y, z = camera.place
    return replace(camera, place=(-x, y, z), heading=-camera.heading, roll=-camera.roll)


def scaled(factor: float) -> Callable[[Camera], Camera]:
    return lambda camera: replace(camera, place=tuple(factor * value for value in camera.place))  # type: ignore[arg-type]


@given(first=CAMERAS, last=CAMERAS)
def test_in_a_mirror_left_is_right(first: Camera, last: Camera) -> None:
    way = eased(first, last)
    assert told([*map(mirrored, way)]) == swapped(told(way), SIDES)


@given(first=CAMERAS, last=CAMERAS)
def test_played_backwards_in_is_out(first: Camera, last: Camera) -> None:
    way = eased(first, last)
    assert moves(way[::-1]) == [swapped(word, WAYS) for word in moves(way)]


@given(first=CAMERAS, last=CAMERAS, factor=st.sampled_from([0.001, 0.5, 3.0, 1000.0]))
def test_a_world_of_another_size_is_told_alike(first: Camera, last: Camera, factor: float) -> None:
    way = eased(first, last)
    assert told([*map(scaled(factor), way)], distance=factor * DISTANCE) == told(way)


@given(first=CAMERAS, last=CAMERAS, turn=st.integers(-180, 180), shift=PLACES)
def test_a_world_that_is_turned_and_moved_is_told_alike(first: Camera, last: Camera, turn: int, shift: Vector) -> None:
    way, angle = eased(first, last), radians(turn)

    def elsewhere(camera: Camera) -> Camera:
        x, y, z = camera.place
        place = (x * cos(angle) - y * sin(angle) + shift[0], x * sin(angle) + y * cos(angle) + shift[1], z + shift[2])
        return replace(camera, place=place, heading=camera.heading + turn)

    assert told([*map(elsewhere, way)]) == told(way)


@given(camera=CAMERAS, views=st.integers(2, 9))
def test_a_camera_that_stands_still_is_static(camera: Camera, views: int) -> None:
    assert told([camera] * views).startswith("static camera, ")


@given(first=CAMERAS, last=CAMERAS, seconds=st.floats(0.1, 60))
def test_the_words_are_few_and_can_stand_in_a_prompt(first: Camera, last: Camera, seconds: float) -> None:
    words = told(eased(first, last), seconds=seconds)
    assert re.fullmatch(r"[a-zD0-9' ,-]+", words)
    assert 1 <= len(moves(eased(first, last), seconds=seconds)) <= 3
    assert len(words) < 160


@pytest.mark.parametrize(
    ("fit", "sensor", "resolution", "equivalent"),
    [
        ("AUTO", (36.0, 24.0), (1920, 1080), 50.0),
        ("AUTO", (18.0, 24.0), (1920, 1080), 100.0),
        ("AUTO", (36.0, 24.0), (1080, 1920), 50.0),
        ("HORIZONTAL", (36.0, 24.0), (1080, 1920), 28.125),
        ("VERTICAL", (36.0, 20.25), (1920, 1080), 50.0),
        ("VERTICAL", (36.0, 36.0), (1080, 1920), 50.0),
    ],
)
def test_lenses_count_as_on_35_mm_film(
    fit: str, sensor: tuple[float, float], resolution: tuple[float, float], equivalent: float
) -> None:
    told_mm = equivalent_mm(50.0, sensor_fit=fit, sensor=sensor, resolution=resolution)
    assert told_mm == pytest.approx(equivalent)
