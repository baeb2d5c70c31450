"""Pictures beside a .blend are kept by relative paths, and are found again wherever the .blend is saved to."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender.shot import judging
from kling_omni_addon.blender.shot.properties import Rendered, put_picture
from kling_omni_addon.blender.shot.reading import read_request
from tests.workshop.pixels import paint

Scene = Any


def save(path: Path, **choices: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(path), **choices)


def put_all(scene: Scene, folder: Path) -> list[Path]:
    """A picture for every role, in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for role in ("FIRST", "MIDDLE", "END", "REFERENCE"):
        paths.append(paint(folder / f"{role.lower()}.png", (640, 360), 0.5))
        put_picture(scene, role, str(paths[-1]), "Camera, frame 7", Rendered(camera="Camera", frame=7, size=(640, 360)))
    scene.kling.kind = "FRAMES"
    return paths


def stored(scene: Scene) -> list[str]:
    shot = scene.kling
    return [shot.first_frame, shot.middle_frames[0].path, shot.end_frame, shot.references[0].path]


def found(scene: Scene) -> list[Path]:
    return [Path(picture.source).resolve() for picture in read_request(scene).pictures]


def test_a_picture_beside_a_saved_file_is_kept_relative_to_it(shot_scene: Scene, tmp_path: Path) -> None:
    save(tmp_path / "film.blend")
    paths = put_all(shot_scene, tmp_path / "kling" / "frames")
    assert stored(shot_scene)[0] == "//kling/frames/first.png"
    assert all(path.startswith("//kling") for path in stored(shot_scene))
    assert found(shot_scene) == paths


def test_a_project_that_is_moved_finds_its_pictures(shot_scene: Scene, tmp_path: Path) -> None:
    save(tmp_path / "old" / "film.blend")
    put_all(shot_scene, tmp_path / "old" / "kling" / "frames")
    save(tmp_path / "old" / "film.blend")
    shutil.move(tmp_path / "old", tmp_path / "new")
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "new" / "film.blend"))
    scene: Scene = bpy.context.scene
    assert all(path.is_file() and path.is_relative_to(tmp_path / "new") for path in found(scene))
    assert not [problem for problem in judging.judge(scene) if problem.rule == "FILE"]


def test_the_first_save_makes_those_relative_that_lie_beside_the_file(shot_scene: Scene, tmp_path: Path) -> None:
    paths = put_all(shot_scene, tmp_path / "project" / "images")
    away = paint(tmp_path / "away.png", (640, 360), 0.5)
    shot_scene.kling.end_frame = str(away)
    save(tmp_path / "project" / "film.blend")
    assert [path.startswith("//images") for path in stored(shot_scene)] == [True, True, False, True]
    assert found(shot_scene) == [paths[0], paths[1], away, paths[3]]


def test_saving_elsewhere_leads_to_the_same_pictures(shot_scene: Scene, tmp_path: Path) -> None:
    save(tmp_path / "film.blend")
    paths = put_all(shot_scene, tmp_path / "kling" / "frames")
    save(tmp_path / "versions" / "v2" / "film.blend")
    assert all(path.startswith("//..") for path in stored(shot_scene))
    assert found(shot_scene) == paths
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "versions" / "v2" / "film.blend"))
    assert found(bpy.context.scene) == paths


def test_a_copy_elsewhere_leads_to_them_and_the_open_file_still_does(shot_scene: Scene, tmp_path: Path) -> None:
    save(tmp_path / "film.blend")
    paths = put_all(shot_scene, tmp_path / "kling" / "frames")
    before = stored(shot_scene)
    save(tmp_path / "backup" / "film.blend", copy=True)
    assert stored(shot_scene) == before
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "backup" / "film.blend"))
    assert found(bpy.context.scene) == paths


def test_a_save_that_fails_changes_nothing(shot_scene: Scene, tmp_path: Path) -> None:
    save(tmp_path / "film.blend")
    put_all(shot_scene, tmp_path / "kling" / "frames")
    before = stored(shot_scene)
    with pytest.raises(RuntimeError):
        bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "nowhere" / "film.blend"))
    assert stored(shot_scene) == before


def test_what_is_known_of_a_frame_goes_with_it(shot_scene: Scene, tmp_path: Path) -> None:
    save(tmp_path / "film.blend")
    put_all(shot_scene, tmp_path / "kling" / "frames")
    save(tmp_path / "other" / "film.blend")
    shot = shot_scene.kling
    assert (shot.first_origin, shot.first_source.camera, shot.end_source.frame) == ("Camera, frame 7", "Camera", 7)


def test_who_wants_absolute_paths_gets_them(shot_scene: Scene, tmp_path: Path) -> None:
    paths: Any = bpy.context.preferences.filepaths
    paths.use_relative_paths = False
    try:
        save(tmp_path / "film.blend")
        there = put_all(shot_scene, tmp_path / "kling" / "frames")
        save(tmp_path / "film.blend")
        assert stored(shot_scene) == [str(path) for path in there]
    finally:
        paths.use_relative_paths = True
