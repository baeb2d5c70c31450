"""The prompt in a text of the .blend: it is what is counted, judged, extended and sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from kling_omni_addon.blender.host import heartbeat
from kling_omni_addon.blender.panels import prompt
from kling_omni_addon.blender.shot import judging
from kling_omni_addon.blender.shot.operators import prompt_count
from kling_omni_addon.blender.shot.reading import read_request
from tests.workshop.layout import Layout

Scene = Any


def in_text(scene: Scene, words: str) -> Any:
    text = bpy.data.texts.new("Words")
    text.from_string(words)
    scene.kling.prompt, scene.kling.prompt_text = "the field", text
    return text


def test_the_text_is_sent_with_its_lines_and_without_blanks_around(shot_scene: Scene) -> None:
    in_text(shot_scene, "\nA fox runs.\n\nThe camera follows.\n\n")
    assert read_request(shot_scene).prompt == "A fox runs.\n\nThe camera follows."
    assert prompt_count(shot_scene.kling) == "32 / 2500"


def test_a_name_goes_into_the_text(shot_scene: Scene) -> None:
    text = in_text(shot_scene, "A fox runs")
    assert bpy.ops.kling.insert_name(text="@first") == {"FINISHED"}
    assert (text.as_string().strip(), shot_scene.kling.prompt) == ("A fox runs @first", "the field")


def test_an_edited_text_is_judged_by_the_next_beat_though_blender_tells_nobody(shot_scene: Scene) -> None:
    text = in_text(shot_scene, "A fox runs")
    heartbeat.beat()
    assert not [problem for problem in judging.problems(shot_scene) or () if problem.is_fault]
    text.from_string("x" * 2501)
    assert heartbeat.beat() is not None
    assert "2,500" in " ".join(problem.message for problem in judging.problems(shot_scene) or ())
    shot_scene.kling.prompt_text = None
    assert heartbeat.beat() is None


def test_an_unchanged_text_is_not_judged_again(shot_scene: Scene) -> None:
    in_text(shot_scene, "A fox runs")
    assert judging.judge_edited()
    assert not judging.judge_edited()


def test_a_click_moves_the_prompt_to_a_text_and_another_brings_it_back(shot_scene: Scene) -> None:
    shot = shot_scene.kling
    shot.prompt = "A fox runs"
    assert bpy.ops.kling.prompt_to_text() == {"FINISHED"}
    assert shot.words == "A fox runs"
    shot.prompt_text.from_string("A fox\nsleeps")
    assert bpy.ops.kling.prompt_to_field() == {"FINISHED"}
    assert (shot.prompt_text, shot.prompt) == (None, "A fox sleeps")
    assert not bpy.ops.kling.prompt_to_field.poll()


def test_the_text_is_saved_with_the_file(shot_scene: Scene, tmp_path: Path) -> None:
    in_text(shot_scene, "A fox runs")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "film.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "film.blend"))
    opened: Any = bpy.context.scene
    assert opened.kling.words == "A fox runs"


def test_a_deleted_text_leaves_the_field(shot_scene: Scene) -> None:
    bpy.data.texts.remove(in_text(shot_scene, "A fox runs"))
    assert read_request(shot_scene).prompt == "the field"


def test_the_panel_shows_how_a_long_text_begins(shot_scene: Scene) -> None:
    in_text(shot_scene, "A fox runs. " * 60 + "The end.")
    layout = Layout()
    prompt.draw_prompt(layout, bpy.context)  # type: ignore[arg-type]
    assert "A fox runs." in layout.text
    assert layout.text.count("A fox runs.") < 20
    assert "The end." not in layout.text
