"""Files that are dropped: what they become, when they are ours to take, and what is said of others."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender import api
from kling_omni_addon.blender.capture import dropping
from kling_omni_addon.core.errors import CaptureFailed
from tests.workshop.grey_clips import WriteClip
from tests.workshop.pixels import paint

Scene = Any


@pytest.fixture
def images(shot_scene: Scene, tmp_path: Path) -> list[str]:
    """Three PNG files in the folder of the test."""
    for name in ("a.png", "b.png", "c.png"):
        paint(tmp_path / name, (640, 360), 0.5)
    return ["a.png", "b.png", "c.png"]


def drop(folder: Path, use: str, *names: str) -> None:
    files = [{"name": name} for name in names]
    assert bpy.ops.kling.drop_files(use=use, directory=str(folder), files=files) == {"FINISHED"}


def test_one_image_becomes_a_frame_or_a_reference(images: list[str], shot_scene: Scene, tmp_path: Path) -> None:
    for use, name in zip(("FIRST", "END", "REFERENCE"), images, strict=True):
        drop(tmp_path, use, name)
    shot = shot_scene.kling
    assert [Path(path).name for path in (shot.first_frame, shot.end_frame)] == ["a.png", "b.png"]
    assert [reference.origin for reference in shot.references] == ["c.png"]


def test_two_images_become_both_ends_by_their_names(images: list[str], shot_scene: Scene, tmp_path: Path) -> None:
    drop(tmp_path, "ENDS", "b.png", "a.png")
    shot = shot_scene.kling
    assert [Path(path).name for path in (shot.first_frame, shot.end_frame)] == ["a.png", "b.png"]


def test_several_images_become_references(images: list[str], shot_scene: Scene, tmp_path: Path) -> None:
    drop(tmp_path, "REFERENCE", *images)
    assert [reference.origin for reference in shot_scene.kling.references] == images


@pytest.mark.parametrize(
    ("before", "use", "after"),
    [
        ("TEXT", "FIRST", "FIRST"),
        ("TEXT", "REFERENCE", "REFERENCES"),
        ("FIRST", "END", "FRAMES"),
        ("FRAMES", "FIRST", "FRAMES"),
        ("EDIT", "REFERENCE", "EDIT"),
        ("STORYBOARD", "FIRST", "BOARD_FRAMES"),
        ("STORYBOARD", "MIDDLE", "FRAMES"),
    ],
)
def test_the_shot_becomes_one_that_shows_what_was_dropped(
    images: list[str], shot_scene: Scene, tmp_path: Path, before: str, use: str, after: str
) -> None:
    shot_scene.kling.kind = before
    drop(tmp_path, use, "a.png")
    assert shot_scene.kling.kind == after


@pytest.mark.parametrize(("use", "number"), [("FIRST", 2), ("ENDS", 1), ("ENDS", 3), ("REFERENCE", 0), ("END", 0)])
def test_a_number_that_does_not_fit_is_told_and_nothing_is_changed(
    images: list[str], shot_scene: Scene, tmp_path: Path, use: str, number: int
) -> None:
    with pytest.raises(RuntimeError, match=f"image.*, not {number}"):
        drop(tmp_path, use, *images[:number])
    assert (shot_scene.kling.first_frame, len(shot_scene.kling.references)) == ("", 0)


def test_what_is_offered_depends_on_how_many_there_are(shot_scene: Scene) -> None:
    offered = [dropping.uses_of(shot_scene.kling, number) for number in (1, 2, 3)]
    assert offered == [("FIRST", "END", "REFERENCE"), ("ENDS", "REFERENCE"), ("REFERENCE",)]


def test_half_a_file_is_refused_as_when_it_is_chosen(images: list[str], shot_scene: Scene, tmp_path: Path) -> None:
    whole = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RuntimeError, match="is incomplete"):
        drop(tmp_path, "FIRST", "a.png")


def test_a_clip_is_known_by_the_file_beside_it_and_by_the_job_history(road: Scene, tmp_path: Path) -> None:
    (done,) = api.wait([api.submit(road).id], 120)
    clip = Path(done.clip)
    assert dropping.require_submission_behind(clip) == done.id
    clip.with_suffix(".json").unlink()
    assert dropping.require_submission_behind(clip) == done.id
    (tmp_path / "drive").symlink_to(clip.parent)
    assert dropping.require_submission_behind(tmp_path / "drive" / clip.name) == done.id


def test_a_clip_of_another_machine_is_known_by_the_file_beside_it(
    shot_scene: Scene, write_clip: WriteClip, tmp_path: Path
) -> None:
    clip = Path(shutil.copy(write_clip(), tmp_path))
    clip.with_suffix(".json").write_text(json.dumps({"format": 1, "submission": "kob-elsewhere"}), encoding="utf-8")
    assert dropping.submission_behind(clip) == "kob-elsewhere"


def test_another_film_is_refused_with_what_kling_takes(shot_scene: Scene, write_clip: WriteClip) -> None:
    with pytest.raises(CaptureFailed, match=r"not a clip that Kling made.*only as a public link"):
        dropping.require_submission_behind(write_clip())


def place(kind: str, region: str, *, category: str = "Kling", is_shown: bool = True) -> bool:
    """Whether a drop there is ours: an editor, where the mouse is in it, and the tab of its sidebar."""
    sidebar = SimpleNamespace(type="UI", active_panel_category=category)
    regions = [SimpleNamespace(type="WINDOW"), sidebar]
    spaces = SimpleNamespace(active=SimpleNamespace(show_region_ui=is_shown))
    context: Any = SimpleNamespace(
        area=SimpleNamespace(type=kind, regions=regions, spaces=spaces), region=SimpleNamespace(type=region)
    )
    return dropping.KLING_FH_files.poll_drop(context)


def test_files_are_taken_on_our_tab_and_in_the_viewport_beside_it() -> None:
    assert place("VIEW_3D", "UI")
    assert place("SEQUENCE_EDITOR", "UI")
    assert place("VIEW_3D", "WINDOW")


def test_blenders_own_drops_stay_as_they_are_where_nobody_looks_at_our_tab() -> None:
    assert not place("SEQUENCE_EDITOR", "WINDOW")  # another handler would take away the preview of the strip
    assert not place("VIEW_3D", "WINDOW", category="Item")
    assert not place("VIEW_3D", "WINDOW", is_shown=False)
    assert not place("IMAGE_EDITOR", "UI")
    assert not dropping.KLING_FH_files.poll_drop(SimpleNamespace(area=None, region=None))  # type: ignore[arg-type]
