"""The panel's drawing code, run for real by Blender, and what the artist is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import bpy
import pytest

from kling_omni_addon.blender.connection import online, snapshots
from kling_omni_addon.blender.host import wrapping
from kling_omni_addon.blender.panels import generate, output, tab
from kling_omni_addon.blender.shot import judging
from kling_omni_addon.blender.shot.reading import read_request, read_target
from kling_omni_addon.core.request import OmniRequest, Role
from tests.workshop.layout import Layout


def test_the_scene_is_read_as_a_request(shot_scene: bpy.types.Scene) -> None:
    shot = shot_scene.kling
    shot.prompt, shot.mode, shot.duration_s, shot.aspect_ratio = "a fox runs", "std", 7, "9:16"
    shot.end_frame = "/shots/end.png"
    request = read_request(shot_scene)
    assert (request.prompt, request.mode, request.duration_s, request.aspect_ratio) == ("a fox runs", "std", 7, "9:16")
    assert [(picture.role, picture.source) for picture in request.pictures] == [(Role.END, "/shots/end.png")]


def test_a_first_frame_decides_the_aspect_by_itself(shot_scene: bpy.types.Scene) -> None:
    shot_scene.kling.first_frame = "/shots/first.png"
    assert read_request(shot_scene).aspect_ratio == ""


def test_an_unsaved_file_is_remembered_by_a_token_until_another_is_opened(shot_scene: bpy.types.Scene) -> None:
    first = read_target(shot_scene)
    assert first.blend.startswith("unsaved:")
    assert read_target(shot_scene) == first
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert read_target(cast("bpy.types.Scene", bpy.context.scene)).blend != first.blend


def test_a_saved_file_keeps_its_media_beside_it(shot_scene: bpy.types.Scene, tmp_path: Path) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "film.blend"))
    target = read_target(shot_scene)
    assert (target.blend, target.scene) == (str(tmp_path / "film.blend"), shot_scene.name)
    assert Path(target.folder) == tmp_path / "kling" / "clips"


def test_every_change_is_judged_at_once(shot_scene: bpy.types.Scene) -> None:
    assert judging.problems(shot_scene) is None
    shot_scene.kling.prompt = "x" * 2501
    assert "2,500" in " ".join(problem.message for problem in judging.problems(shot_scene) or ())
    shot_scene.kling.prompt = "a fox runs"
    assert [problem for problem in judging.problems(shot_scene) or () if problem.is_fault] == []


def test_a_missing_picture_is_a_fault_of_the_request(shot_scene: bpy.types.Scene) -> None:
    shot_scene.kling.prompt = "a fox runs"
    shot_scene.kling.first_frame = "/nowhere/first.png"
    messages = [problem.message for problem in judging.problems(shot_scene) or () if problem.is_fault]
    assert len(messages) == 1
    assert '/nowhere/first.png" cannot be read' in messages[0]


def test_offline_blender_says_so_unless_the_service_is_local(
    shot_scene: bpy.types.Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KLING_BASE_URL", "https://api-singapore.klingai.com")
    assert "Allow Online Access" in online.offline_reason()
    assert not bpy.ops.kling.submit.poll()
    monkeypatch.setenv("KLING_BASE_URL", "http://127.0.0.1:9")
    assert online.offline_reason() == ""
    assert bpy.ops.kling.submit.poll()


def test_a_submission_that_cannot_be_made_is_reported_and_not_recorded(
    shot_scene: bpy.types.Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KLING_BASE_URL", "http://127.0.0.1:9")
    with pytest.raises(RuntimeError, match="key"):
        bpy.ops.kling.submit()
    monkeypatch.setenv("KLING_API_KEY", "k")
    with pytest.raises(RuntimeError, match="prompt"):
        bpy.ops.kling.submit()
    assert snapshots.submissions() == ()


@pytest.mark.parametrize("draw", [tab.draw_shot, output.draw_output, generate.draw_generate, tab.draw_submissions])
def test_every_panel_draws_before_anything_was_done(shot_scene: bpy.types.Scene, draw: Callable[..., None]) -> None:
    layout = Layout()
    draw(layout, bpy.context)
    assert any(layout.labels)


def test_faults_are_listed_under_the_button(shot_scene: bpy.types.Scene) -> None:
    shot_scene.kling.prompt = "x" * 2501
    layout = Layout()
    generate.draw_generate(layout, bpy.context)  # type: ignore[arg-type]
    assert "2,500" in " ".join(layout.labels)


def test_long_sentences_are_wrapped_to_a_narrow_panel(shot_scene: bpy.types.Scene) -> None:
    lines = list(wrapping.wrapped("Blender is set to stay offline. Turn on Preferences.", bpy.context))
    assert " ".join(lines) == "Blender is set to stay offline. Turn on Preferences."
    assert max(map(len, lines)) <= 24


@pytest.mark.parametrize(
    ("characters", "sound", "line"),
    [
        (34, False, "Standard 720p · 3 s · 16:9 · Silent"),
        (30, True, "Standard · 3 s · 16:9 · Sound"),
        (24, True, "Standard · 3 s · Sound"),
        (24, False, "Standard · 3 s · 16:9"),
        (21, True, "Standard · 3 s"),
        (21, False, "Standard · 3 s"),
        (5, False, "Standard"),
    ],
)
def test_the_output_in_one_line_leaves_out_what_does_not_fit(characters: int, sound: bool, line: str) -> None:
    request = OmniRequest(prompt="waves", mode="std", duration_s=3, aspect_ratio="16:9", sound=sound)
    assert output.summary(request, characters) == line
