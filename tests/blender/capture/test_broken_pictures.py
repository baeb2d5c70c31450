"""Half a picture, another format under a good name, and a missing image of a sequence (item 11.22)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender import api
from kling_omni_addon.blender.capture import strip as capture_strip
from kling_omni_addon.blender.host.sequencer import new_effect, strips_of
from kling_omni_addon.core.errors import CaptureFailed
from kling_omni_addon.core.media import picture_facts
from kling_omni_addon.core.request import Role
from tests.workshop.pixels import paint, red_of
from tests.workshop.shots import Scene

# Not every Blender can write AVIF; how it is told stands in tests/remote/test_foreign_requests.py.
FORMATS = {"WEBP": "webp", "BMP": "bmp", "TIFF": "tiff"}


def written(path: Path, file_format: str) -> Path:
    """A grey image in a format of Blender's, under whatever name."""
    image: Any = bpy.data.images.new("Grey", 320, 320)
    output: Any = bpy.data.scenes.new("Output")
    image.generated_color = (0.5, 0.5, 0.5, 1.0)
    output.render.image_settings.file_format = file_format
    image.save_render(str(path), scene=output)
    bpy.data.scenes.remove(output)
    bpy.data.images.remove(image)
    return path


def facts(path: Path) -> Any:
    with path.open("rb") as file:
        return picture_facts(file, path.stat().st_size)


@pytest.mark.parametrize(("file_format", "name"), FORMATS.items(), ids=FORMATS.values())
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".jpeg"])
def test_another_format_under_a_good_name_is_converted(
    shot_scene: Scene, tmp_path: Path, file_format: str, name: str, suffix: str
) -> None:
    path = written(tmp_path / f"saved as{suffix}", file_format)
    assert facts(path).format == name
    picture = api.use_file(shot_scene, Role.FIRST, path)
    assert (picture != path, facts(picture).format, facts(picture).is_whole) == (True, "png", True)
    assert api.problems_of(shot_scene) == () or all("PNG" not in p.message for p in api.problems_of(shot_scene))


@pytest.mark.parametrize(("file_format", "suffix"), [("JPEG", ".png"), ("PNG", ".jpg"), ("PNG", ".webp")])
def test_what_can_be_sent_is_taken_as_it_is_whatever_its_name(
    shot_scene: Scene, tmp_path: Path, file_format: str, suffix: str
) -> None:
    path = written(tmp_path / f"a{suffix}", file_format)
    assert api.use_file(shot_scene, Role.FIRST, path) == path


@pytest.mark.parametrize("file_format", ["PNG", "JPEG"])
@pytest.mark.parametrize("part", [0.5, 0.95])
def test_half_a_file_is_refused_when_it_is_chosen_and_told_when_it_becomes_one(
    shot_scene: Scene, tmp_path: Path, file_format: str, part: float
) -> None:
    path = written(tmp_path / "a.png", file_format)
    api.use_file(shot_scene, Role.FIRST, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(CaptureFailed, match="is incomplete"):
        api.use_file(shot_scene, Role.END, path)
    assert any("is incomplete" in problem.message for problem in api.problems_of(shot_scene))


def sequence(scene: Scene, tmp_path: Path) -> Any:
    """Five images, each of its own grey, from frame 11 on."""
    for number in range(5):
        paint(tmp_path / f"f{number}.png", (320, 320), 0.1 + 0.2 * number)
    scene.sequence_editor_create()
    strip = strips_of(scene).new_image("Sequence", str(tmp_path / "f0.png"), 1, 11)
    for number in range(1, 5):
        strip.elements.append(f"f{number}.png")
    return strip


def take(scene: Scene, strip: Any, frame: int, tmp_path: Path) -> Path:
    return capture_strip.save_strip_frame(scene, strip, frame, tmp_path / "out" / "a.png")


def vanish(path: Path) -> None:
    path.unlink()


def be_cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:60])


@pytest.mark.parametrize("happen", [vanish, be_cut])
def test_a_missing_image_of_a_sequence_is_told_rather_than_a_black_picture_made(
    scene: Scene, tmp_path: Path, happen: Any
) -> None:
    strip = sequence(scene, tmp_path)
    happen(tmp_path / "f2.png")
    with pytest.raises(CaptureFailed, match=r"f2\.png\"? cannot be read"):
        take(scene, strip, 13, tmp_path)
    assert list((tmp_path / "out").iterdir()) == []
    for frame, grey in ((11, 0.1), (12, 0.3), (14, 0.7), (15, 0.9)):
        assert red_of(take(scene, strip, frame, tmp_path)) == pytest.approx(grey, abs=0.01)


def test_a_sequence_whose_first_image_is_gone_still_gives_the_others(scene: Scene, tmp_path: Path) -> None:
    strip = sequence(scene, tmp_path)
    (tmp_path / "f0.png").unlink()
    assert red_of(take(scene, strip, 12, tmp_path)) == pytest.approx(0.3, abs=0.01)
    with pytest.raises(CaptureFailed, match=r"f0\.png\"? cannot be read"):
        take(scene, strip, 11, tmp_path)


def test_under_a_speed_effect_every_image_has_to_be_there(scene: Scene, tmp_path: Path) -> None:
    strip = sequence(scene, tmp_path)
    new_effect(strips_of(scene), "SPEED", name="Speed", channel=2, frame_start=11, length=5, over=strip)
    (tmp_path / "f4.png").unlink()
    with pytest.raises(CaptureFailed, match=r"f4\.png\"? cannot be read"):
        take(scene, strip, 11, tmp_path)
