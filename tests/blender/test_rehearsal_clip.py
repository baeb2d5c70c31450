"""The rehearsal's clips, made as the server makes them: by a child that runs the script by its path."""

from __future__ import annotations

import json
import subprocess
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender.host.sequencer import strips_of
from kling_omni_addon.blender.rehearsal_clip import Typeface
from kling_omni_addon.rehearsal.clip_maker import default_command
from tests.blender.sound import HAS_SOUND

PROMPT = "A fox in the snow turns its head, the camera slowly pushing in from behind while the wind moves the grass"
RED, GREEN, BLUE, WHITE, BLACK = (0.8, 0.1, 0.1), (0.1, 0.7, 0.2), (0.1, 0.2, 0.8), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)
NEAR = 0.03  # of 1: what H.264 may change in an even area

Colour = tuple[float, ...]


@dataclass(frozen=True)
class Picture:
    """Pixels as the file or the screen has them; places are fractions from the lower left corner."""

    width: int
    height: int
    pixels: array[float]

    def at(self, across: float, up: float) -> Colour:
        x, y = int(across * (self.width - 1)), int(up * (self.height - 1))
        start = 4 * (y * self.width + x)
        return tuple(self.pixels[start : start + 3])

    def inside(self, left: float, right: float, low: float, high: float, *, steps: int = 60) -> list[Colour]:
        """Samples of a region, row by row."""
        return [
            self.at(left + (right - left) * x / steps, low + (high - low) * y / steps)
            for y in range(steps + 1)
            for x in range(steps + 1)
        ]


@dataclass(frozen=True)
class Clip:
    """A finished clip, its frames decoded by Blender's own sequencer."""

    path: Path

    @property
    def facts(self) -> tuple[tuple[int, ...], int, float]:
        """Size in pixels, number of frames, frames per second."""
        movie: Any = bpy.data.movieclips.load(str(self.path))
        return tuple(movie.size), movie.frame_duration, movie.fps

    def frame(self, number: int) -> Picture:
        size = self.facts[0]
        scene: Any = bpy.data.scenes.new("Viewing")
        scene.sequence_editor_create()
        strips_of(scene).new_movie("Clip", str(self.path), 1, 2 - number)
        scene.view_settings.view_transform = "Standard"
        scene.render.resolution_x, scene.render.resolution_y = size
        scene.render.filepath = str(self.path.with_suffix(".png"))
        bpy.ops.render.render(write_still=True, scene=scene.name)
        bpy.data.scenes.remove(scene)
        return read(self.path.with_suffix(".png"))

    @property
    def seconds_of_sound(self) -> float:
        """How long the sound of the file is; 0 without one."""
        if b"mp4a" not in self.path.read_bytes():
            return 0.0
        scene: Any = bpy.data.scenes.new("Hearing")
        scene.sequence_editor_create()
        strip = strips_of(scene).new_sound("Sound", str(self.path), 1, 1)
        frames = strip.content_duration if hasattr(strip, "content_duration") else strip.frame_duration  # before 5.1
        seconds = frames / scene.render.fps
        bpy.data.scenes.remove(scene)
        return float(seconds)


def read(path: Path) -> Picture:
    image: Any = bpy.data.images.load(str(path), check_existing=False)
    pixels = array("f", bytes(16 * image.size[0] * image.size[1]))
    image.pixels.foreach_get(pixels)
    picture = Picture(image.size[0], image.size[1], pixels)
    bpy.data.images.remove(image)
    return picture


def paint(path: Path, width: int, height: int, colour: Callable[[float, float], Colour]) -> Path:
    """Write a PNG; ``colour`` gives RGB or RGBA for fractions from the lower left corner."""
    image: Any = bpy.data.images.new(path.stem, width, height, alpha=True)
    pixels = array("f")
    for y in range(height):
        for x in range(width):
            pixels.extend((*colour(x / (width - 1), y / (height - 1)), 1.0)[:4])
    image.pixels.foreach_set(pixels)
    image.filepath_raw, image.file_format = str(path), "PNG"
    image.save()
    return path


def order(folder: Path, name: str, **wishes: Any) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """Run the script on a spec of a small, short clip; where the clip is to be, and how the child ended."""
    output = folder / f"{name}.mp4"
    spec: dict[str, Any] = {"width": 320, "height": 180, "duration_s": 1, "prompt": PROMPT, "first": None, "end": None}
    spec |= {"references": [], "sound": False, "label": "kling-v3-omni std", "output": output, "fps": 24} | wishes
    path = folder / f"{name}.json"
    path.write_text(json.dumps(spec, default=str), "utf-8")
    command = [*default_command(None), str(path)]
    return output, subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def make(folder: Path, name: str, **wishes: Any) -> Clip:
    path, child = order(folder, name, **wishes)
    assert child.returncode == 0, child.stderr
    return Clip(path)


def columns(left: Colour, middle: Colour, right: Colour) -> Callable[[float, float], Colour]:
    """Half of the picture in the middle's colour: how much of it a frame shows tells how far the camera moved in."""
    return lambda across, _: left if across < 0.25 else middle if across < 0.75 else right


def share_of(colour: Colour, frame: Picture) -> float:
    """How much of the frame's width has a colour."""
    return sum(is_near(frame.at(x / (frame.width - 1), 0.8), colour, 0.1) for x in range(frame.width)) / frame.width


def is_near(one: Colour, other: Colour, tolerance: float = NEAR) -> bool:
    return all(abs(a - b) < tolerance for a, b in zip(one, other, strict=True))


def difference(one: Picture, other: Picture) -> float:
    """Mean difference of two pictures above the band."""
    pairs = zip(one.inside(0.0, 1.0, 0.3, 1.0), other.inside(0.0, 1.0, 0.3, 1.0), strict=True)
    gaps = [abs(a - b) for left, right in pairs for a, b in zip(left, right, strict=True)]
    return sum(gaps) / len(gaps)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    bpy.ops.wm.read_factory_settings(use_empty=True)  # the frames are read here: whatever another test left would show
    return tmp_path_factory.mktemp("rehearsal")


@pytest.fixture(scope="module")
def first(folder: Path) -> Path:
    return paint(folder / "first.png", 640, 360, columns(RED, GREEN, BLUE))


@pytest.fixture(scope="module")
def end(folder: Path) -> Path:
    return paint(folder / "end.png", 640, 360, columns(GREEN, WHITE, RED))


@pytest.fixture(scope="module")
def journey(folder: Path, first: Path, end: Path) -> Clip:
    """A clip as large as the service's own, from a first into an end frame, with sound."""
    return make(folder, "journey", width=1280, height=720, duration_s=3, first=first, end=end, sound=True)


@pytest.fixture(scope="module")
def card(folder: Path) -> Clip:
    return make(folder, "card", width=640, height=360)


def test_the_clip_has_the_asked_size_and_length_at_24_frames_per_second(journey: Clip) -> None:
    assert journey.facts == ((1280, 720), 72, 24.0)


def test_the_clip_is_h264(journey: Clip) -> None:
    assert b"avc1" in journey.path.read_bytes()


def test_the_first_frame_of_the_clip_is_the_first_picture(journey: Clip, first: Path) -> None:
    assert difference(journey.frame(1), read(first)) < 0.01


def test_the_last_frame_of_the_clip_is_the_end_picture(journey: Clip, end: Path) -> None:
    assert difference(journey.frame(72), read(end)) < 0.01


def test_the_camera_moves_in_on_both_pictures(journey: Clip) -> None:
    assert 0.506 < share_of(GREEN, journey.frame(20)) < 0.53
    assert 0.47 < share_of(WHITE, journey.frame(54)) < 0.494


def test_one_picture_fades_into_the_other(journey: Clip) -> None:
    red = [journey.frame(number).at(0.5, 0.8)[0] for number in (20, 30, 36, 42, 54)]
    assert red == sorted(red)
    assert red[2] == pytest.approx((GREEN[0] + WHITE[0]) / 2, abs=0.1)


def test_sound_lasts_as_long_as_the_picture_where_blender_has_sound(journey: Clip) -> None:
    assert journey.seconds_of_sound == pytest.approx(3.0 if HAS_SOUND else 0.0, abs=0.1)


def test_a_clip_without_sound_has_no_sound_track(card: Clip) -> None:
    assert card.seconds_of_sound == 0.0


def test_nothing_but_the_clip_is_left_beside_it(card: Clip) -> None:
    assert sorted(path.name for path in card.path.parent.glob("*card*") if path.suffix != ".png") == [
        "card.json",
        "card.mp4",
    ]


def test_text_alone_gives_a_dark_card_with_bright_letters(card: Clip) -> None:
    letters = [sum(colour) / 3 for colour in card.frame(1).inside(0.08, 0.9, 0.3, 0.75, steps=150)]
    assert sorted(letters)[len(letters) // 2] < 0.25  # the ground
    assert max(letters) > 0.7


def test_the_band_says_rehearsal_in_its_own_colour(card: Clip, journey: Clip) -> None:
    for clip in (card, journey):
        lower_left = clip.frame(2).inside(0.0, 0.15, 0.02, 0.2, steps=150)
        assert sum(red > 0.45 and red - blue > 0.25 for red, _, blue in lower_left) > 50


def test_the_frames_are_counted_and_a_line_shows_the_time(card: Clip) -> None:
    early, late = card.frame(2), card.frame(20)
    corner = [picture.inside(0.9, 1.0, 0.04, 0.14) for picture in (early, late)]
    assert sum(not is_near(one, other, tolerance=0.2) for one, other in zip(*corner, strict=True)) > 5
    assert not is_near(early.at(0.5, 0.0), late.at(0.5, 0.0), tolerance=0.2)


def test_a_single_picture_is_pushed_in_slowly(folder: Path, first: Path) -> None:
    clip = make(folder, "single", first=first)
    assert difference(clip.frame(1), read(first)) < 0.01
    assert share_of(GREEN, clip.frame(24)) == pytest.approx(0.5 * 1.14, abs=0.01)
    assert clip.facts == ((320, 180), 24, 24.0)


def test_references_follow_one_another(folder: Path) -> None:
    pictures = [
        paint(folder / f"{name}.png", 64, 64, lambda *_, colour=colour: colour)
        for name, colour in (("red", RED), ("green", GREEN), ("blue", BLUE))
    ]
    clip = make(folder, "references", references=pictures, duration_s=1.54)
    assert clip.facts[1] == 37  # 36.96 frames
    for number, colour in ((1, RED), (23, GREEN), (37, BLUE)):
        assert is_near(clip.frame(number).at(0.5, 0.8), colour)


def test_a_picture_of_another_ratio_fills_the_frame_undistorted(folder: Path) -> None:
    """A white square in the middle of a tall picture stays a square, and no border is seen."""

    def square(across: float, up: float) -> Colour:
        return WHITE if abs(across - 0.5) < 0.1 and abs(up - 0.5) < 0.05 else RED

    clip = make(folder, "tall", first=paint(folder / "tall.png", 200, 400, square))
    frame = clip.frame(1)
    row = [frame.at(x / 319, 0.5)[1] > 0.5 for x in range(320)]
    column = [frame.at(0.5, y / 179)[1] > 0.5 for y in range(179, 54, -1)]
    assert sum(row) == pytest.approx(64, abs=3)  # a fifth of the picture's width, which is the frame's
    assert sum(column) == pytest.approx(64, abs=3)
    assert all(is_near(frame.at(x, y), RED) for x, y in ((0.0, 1.0), (1.0, 1.0), (0.0, 0.6), (1.0, 0.6)))


def test_a_clip_has_any_shape_and_any_rate(folder: Path, first: Path) -> None:
    clip = make(folder, "panorama", first=first, width=420, height=180, fps=30)
    assert clip.facts == ((420, 180), 30, 30.0)


def test_transparent_parts_of_a_picture_are_black(folder: Path) -> None:
    see_through = paint(folder / "clear.png", 320, 180, lambda across, _: (*RED, 1.0 if across < 0.5 else 0.0))
    frame = make(folder, "clear", first=see_through).frame(1)
    assert is_near(frame.at(0.25, 0.7), RED)
    assert is_near(frame.at(0.75, 0.7), BLACK)


def test_a_missing_picture_is_told_in_one_line_and_leaves_nothing(folder: Path) -> None:
    output, child = order(folder, "missing", first=folder / "gone.png")
    assert child.returncode == 1
    assert child.stderr.splitlines()[-1] == f"The image {folder / 'gone.png'} cannot be opened"
    assert [path.name for path in folder.glob("missing*")] == ["missing.json"]
    assert not output.exists()


def test_a_clip_that_cannot_take_its_place_leaves_nothing(folder: Path, first: Path) -> None:
    (folder / "taken.mp4").mkdir()
    output, child = order(folder, "taken", first=first)
    assert child.returncode == 1
    assert str(output) in child.stderr.splitlines()[-1]
    assert sorted(path.name for path in folder.glob("taken*")) == ["taken.json", "taken.mp4"]


def test_a_file_that_is_no_picture_is_told_by_its_name(folder: Path) -> None:
    liar = folder / "liar.png"
    liar.write_text("not a picture")
    _, child = order(folder, "lied-to", first=liar)
    assert child.returncode == 1
    assert str(liar) in child.stderr.splitlines()[-1]


LETTERS = {
    "latin": PROMPT,
    "chinese": "一位宇航员独自走在黄昏时分高高的银色草丛中,镜头从身后缓缓推进。",
    "one long word": "a" * 200,
    "mixed": "Кино 🎬 日本語 and <<<image_1>>>",
}


@pytest.mark.parametrize("text", LETTERS.values(), ids=LETTERS.keys())
def test_wrapped_lines_fit_and_lose_nothing(text: str) -> None:
    face = Typeface(20, text)
    lines = face.wrapped(text, 240)
    assert all(0 < face.width(line) <= 240 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_words_are_kept_whole_where_they_fit() -> None:
    assert " ".join(Typeface(20, PROMPT).wrapped(PROMPT, 300)) == PROMPT


def test_text_that_is_too_long_ends_in_an_ellipsis_that_fits() -> None:
    face = Typeface(20, PROMPT)
    lines = face.elided(PROMPT, 300, 2)
    assert len(lines) == 2
    assert lines[1].endswith("...")
    assert face.width(lines[1]) <= 300
    assert PROMPT.startswith(" ".join(lines).removesuffix("..."))


@pytest.mark.parametrize("text", [PROMPT, LETTERS["chinese"]], ids=["latin", "chinese"])
def test_a_short_text_is_not_elided(text: str) -> None:
    assert Typeface(10, text).elided(text, 2000, 2) == [text]
