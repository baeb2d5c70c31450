"""The generation of Kling's API that Blender speaks: chosen once, shown in the panel; what was sent stays as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender.connection import limits, opening, preferences
from kling_omni_addon.blender.panels import preferences_page, tab
from kling_omni_addon.blender.shot import judging
from kling_omni_addon.core.errors import CredentialsUnfit
from tests.workshop.layout import Layout
from tests.workshop.rehearsal_stand import png

Scene = Any
Page = Any
OVER_NEW = "API: new (by the preferences)."


def faults(scene: Scene) -> list[str]:
    return [problem.rule for problem in judging.problems(scene) or () if problem.is_fault]


def test_the_legacy_api_is_spoken_until_somebody_chooses_and_nothing_is_said_of_it(page: Page) -> None:
    assert page.dialect == "legacy"
    assert (limits.profile().dialect, limits.told()) == ("legacy", "Profile: late of 2026-10-04 (by default).")


def test_the_preference_chooses_and_the_environment_precedes_it(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    page.dialect = "new"
    assert limits.profile().dialect == "new"
    assert limits.told() == f"Profile: late of 2026-10-04 (by default). {OVER_NEW}"
    assert preferences.told().endswith(f" Profile: late of 2026-10-04 (by default). {OVER_NEW}")
    monkeypatch.setenv("KLING_DIALECT", "legacy")
    assert (limits.profile().dialect, limits.told()) == ("legacy", "Profile: late of 2026-10-04 (by default).")


def test_profile_and_api_are_chosen_apart(page: Page) -> None:
    page.dialect, page.profile = "new", "seed"
    assert (limits.profile().name, limits.profile().dialect) == ("seed", "new")
    assert limits.told() == f"Profile: seed of 2026-03-31 (by the preferences). {OVER_NEW}"


def test_the_account_panel_and_the_page_show_what_is_spoken(page: Page) -> None:
    page.dialect = "new"
    layout, drawn = Layout(), Layout()
    account = next(part for part in tab._PARTS if part.bl_label == "Account")
    account.draw(type("Drawn", (), {"layout": layout})(), bpy.context)
    preferences_page.draw_page(page, drawn, bpy.context)  # type: ignore[arg-type]
    assert OVER_NEW in layout.text
    assert "API" in drawn.labels
    assert OVER_NEW in drawn.text


def test_every_scene_is_judged_again_when_the_api_changes(page: Page, shot_scene: Scene) -> None:
    other: Any = bpy.data.scenes.new("Other")
    other.kling.prompt = shot_scene.kling.prompt = "x" * 2501
    assert faults(shot_scene) == faults(other) == ["R14"]
    page.dialect = "new"
    assert faults(shot_scene) == faults(other) == []
    page.dialect = "legacy"
    assert faults(shot_scene) == faults(other) == ["R14"]


def test_an_api_that_is_none_is_said_in_the_panel_and_nothing_can_be_sent(
    page: Page, shot_scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KLING_DIALECT", "2026")
    assert limits.profile().dialect == "legacy"
    judging.judge(shot_scene)
    sentence = 'KLING_DIALECT cannot be "2026". Use legacy or new, or leave it empty for legacy.'
    assert [problem.message for problem in judging.problems(shot_scene) or () if problem.is_fault] == [sentence]
    assert limits.told() == preferences.told() == sentence


def test_the_session_follows_the_api_and_refuses_a_key_pair_over_the_new_one(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.service, page.access_key, page.secret_key = "kling", "half-a-pair", "the-other-half-of-this-pair-of-keys"
    assert opening.session().settings.dialect == "legacy"
    page.dialect = "new"
    assert opening.session().settings.dialect == "new"
    with pytest.raises(CredentialsUnfit, match="Nothing was sent"):
        opening.session().check_credentials()
    opening.close()


def test_a_file_of_a_shot_is_the_same_whatever_api_is_spoken(page: Page, shot_scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "frame.png").write_bytes(png(1280, 720))
    shot_scene.kling.kind, shot_scene.kling.first_frame = "FRAMES", str(tmp_path / "frame.png")
    page.dialect = "new"
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "film.blend"))
    page.dialect = "legacy"
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "film.blend"))
    again: Any = bpy.context.scene
    assert (again.kling.kind, again.kling.prompt) == ("FRAMES", "a fox runs")
    assert "dialect" not in again.kling
