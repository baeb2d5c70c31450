"""Models that only a relay documents: off until somebody chooses them, and why; kept by a file all the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender.capture import frame_overlay
from kling_omni_addon.blender.connection import limits
from kling_omni_addon.blender.panels import output, preferences_page
from kling_omni_addon.blender.shot import judging
from kling_omni_addon.core.errors import ArgumentsInvalid
from tests.workshop.layout import Layout

Scene = Any
Page = Any
THERE = ["Kling 3.0 Omni", "Kling O1"]


def offered() -> list[str]:
    """The models in the panel's menu."""
    layout = Layout()
    output.KLING_MT_model.draw(type("Drawn", (), {"layout": layout})(), bpy.context)
    return [label for label in layout.labels if label]


def faults(scene: Scene) -> list[str]:
    return [problem.message for problem in judging.problems(scene) or () if problem.is_fault]


def test_they_are_off_and_the_page_says_why(page: Page) -> None:
    assert page.relayed_models is False
    assert offered() == THERE
    layout = Layout()
    preferences_page.draw_page(page, layout, bpy.context)  # type: ignore[arg-type]
    assert "Models as a Relay Documents Them" in layout.labels
    text = " ".join(layout.text.split())
    assert "as a relay documents them" in text
    assert "can only be found in the list of the account" in text


def test_they_are_offered_over_the_new_api_once_they_are_chosen(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    page.relayed_models = True
    assert offered() == THERE
    page.dialect = "new"
    assert offered() == [*THERE, "Kling 4.0", "Kling 4.0 Flash"]
    assert limits.told() == (
        "Profile: late of 2026-10-04 (by default). API: new (by the preferences). "
        "Models as a relay documents them: on (by the preferences)."
    )
    monkeypatch.setenv("KLING_RELAYED_MODELS", "0")
    assert offered() == THERE


def test_a_shot_that_keeps_one_says_how_it_is_to_be_had(page: Page, shot_scene: Scene, tmp_path: Path) -> None:
    shot_scene.kling.model = "kling-4.0"
    assert faults(shot_scene) == [
        'There is no model "kling-4.0". Use Kling O1 or Kling 3.0 Omni. This model is documented only by a relay. '
        'Turn on "Models as a Relay Documents Them" and select the new API in the preferences.'
    ]
    page.relayed_models = True
    assert faults(shot_scene) == [
        'There is no model "kling-4.0". Use Kling O1 or Kling 3.0 Omni. Kling\'s new API has this model.'
    ]
    page.dialect = "new"
    assert faults(shot_scene) == []
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "film.blend"))
    page.relayed_models = False
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "film.blend"))
    again: Any = bpy.context.scene
    assert (again.kling.model, again.kling["model"]) == ("kling-4.0", 2)
    assert len([problem for problem in judging.judge(again) if problem.is_fault]) == 1
    with pytest.raises(
        ArgumentsInvalid, match=r"The model kling-4\.0 is not available\. This model is documented only by a relay"
    ):
        limits.require_model("kling-4.0")


def test_a_choice_that_is_none_is_said_in_the_panel(
    page: Page, shot_scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KLING_RELAYED_MODELS", "yes")
    judging.judge(shot_scene)
    assert faults(shot_scene) == ['KLING_RELAYED_MODELS cannot be "yes". Give 1 for yes, or 0 for no.']


def test_the_overlay_offers_the_shapes_of_the_models_in_force(page: Page) -> None:
    def shapes() -> list[str]:
        layout = Layout()
        frame_overlay.draw_toggles(layout)  # type: ignore[arg-type]
        return [label for label in layout.labels if ":" in label]

    assert shapes() == ["16:9", "9:16", "1:1"]
    page.relayed_models, page.dialect = True, "new"
    assert shapes() == ["16:9", "9:16", "1:1", "4:3", "3:4", "21:9"]
