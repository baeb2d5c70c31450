"""The state of the service that Blender goes by: chosen once, shown in the panel; what a file keeps stays as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender.connection import clip_links, limits, opening, preferences
from kling_omni_addon.blender.panels import generate, output, preferences_page, tab
from kling_omni_addon.blender.shot import judging
from kling_omni_addon.blender.shot.reading import read_request
from kling_omni_addon.core.request import OmniRequest, Video, VideoUse
from tests.workshop.layout import Layout
from tests.workshop.rehearsal_stand import png

Scene = Any
Page = Any


def drawn_output() -> list[str]:
    layout = Layout()
    output.draw_output(layout, bpy.context)  # type: ignore[arg-type]
    return layout.labels


def faults(scene: Scene) -> list[str]:
    return [problem.message for problem in judging.problems(scene) or () if problem.is_fault]


def test_today_s_profile_is_in_force_until_somebody_chooses(page: Page) -> None:
    assert page.profile == "late"
    assert (limits.profile().name, limits.told()) == ("late", "Profile: late of 2026-10-04 (by default).")


def test_the_preference_chooses_and_the_environment_precedes_it(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    page.profile = "seed"
    assert limits.told() == "Profile: seed of 2026-03-31 (by the preferences)."
    monkeypatch.setenv("KLING_PROFILE", "late")
    assert limits.told() == "Profile: late of 2026-10-04 (by KLING_PROFILE of the environment)."
    assert preferences.told().endswith(" Profile: late of 2026-10-04 (by KLING_PROFILE of the environment).")


def test_the_account_panel_shows_the_date_of_the_profile(page: Page) -> None:
    layout = Layout()
    account = next(part for part in tab._PARTS if part.bl_label == "Account")
    account.draw(type("Drawn", (), {"layout": layout})(), bpy.context)
    assert "Profile: late of 2026-10-04 (by default)." in layout.text


def test_the_page_shows_the_profile_and_who_chose_it(page: Page) -> None:
    layout = Layout()
    preferences_page.draw_page(page, layout, bpy.context)  # type: ignore[arg-type]
    assert "Profile" in layout.labels
    assert "Profile: late of 2026-10-04 (by default)." in layout.text


def test_4k_is_offered_and_priced_where_a_model_makes_it(page: Page, shot_scene: Scene) -> None:
    assert "4K" in drawn_output()
    shot_scene.kling.mode = "4k"
    assert faults(shot_scene) == []
    price = clip_links.list_price_of(read_request(shot_scene))
    assert price is not None
    assert price.label == "15.0 units · $2.10"
    assert "120 frames, 2160p" in drawn_output()
    page.service = "kling"
    layout = Layout()
    generate.draw_generate(layout, bpy.context)  # type: ignore[arg-type]
    assert "Generate   15.0 units" in layout.labels


def test_the_other_model_does_not_offer_4k_and_says_which_one_does(page: Page, shot_scene: Scene) -> None:
    shot_scene.kling.model = "kling-video-o1"
    assert "4K" not in drawn_output()
    assert "4K: Kling 3.0 Omni only" in drawn_output()


def test_another_profile_changes_what_is_offered_and_nothing_that_was_chosen(page: Page, shot_scene: Scene) -> None:
    shot_scene.kling.mode = "4k"
    page.profile = "seed"
    assert "4K" not in drawn_output()
    assert (shot_scene.kling.mode, shot_scene.kling["mode"]) == ("4k", 2)
    assert faults(shot_scene) == [
        "Kling 3.0 Omni does not generate 4K. Its best quality is Pro. "
        "Kling has accepted 4K since 2026-04-23. Select the late profile."
    ]
    page.profile = "late"
    assert shot_scene.kling.mode == "4k"
    assert faults(shot_scene) == []


def test_every_scene_is_judged_again_when_the_profile_changes(page: Page, shot_scene: Scene) -> None:
    other: Any = bpy.data.scenes.new("Other")
    other.kling.prompt, other.kling.mode = "a hen runs", "4k"
    shot_scene.kling.mode = "4k"
    page.profile = "seed"
    assert len(faults(shot_scene)) == len(faults(other)) == 1


def test_a_file_keeps_4k_over_a_blender_that_goes_by_the_owner_s_document(
    page: Page, shot_scene: Scene, tmp_path: Path
) -> None:
    shot_scene.kling.mode = "4k"
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "film.blend"))
    page.profile = "seed"
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "film.blend"))
    again: Any = bpy.context.scene
    assert again.kling.mode == "4k"
    assert [problem.rule for problem in judging.judge(again) if problem.is_fault] == ["R62"]


def test_an_end_frame_in_a_storyboard_is_taken_with_the_date_since_when(
    page: Page, shot_scene: Scene, tmp_path: Path
) -> None:
    (tmp_path / "frame.png").write_bytes(png(1280, 720))
    shot = shot_scene.kling
    shot.kind, shot.cutter = "BOARD_FRAMES", "AUTOMATIC"
    shot.first_frame = str(tmp_path / "frame.png")
    assert judging.judge(shot_scene) == ()
    shot.end_frame = str(tmp_path / "frame.png")
    (warning,) = judging.judge(shot_scene)
    assert (warning.rule, warning.kind) == ("W10", "warning")
    assert warning.message == (
        "Kling has accepted an end frame in a storyboard since 2026-05-07 (not in the seed profile)."
    )
    page.profile = "seed"
    assert faults(shot_scene) == [
        "Kling accepts no end frame in a storyboard. Remove the end frame or the storyboard. "
        "Kling has accepted an end frame in a storyboard since 2026-05-07. Select the late profile."
    ]
    assert bpy.ops.kling.fix(rule="R23", path="image_list[1]") == {"FINISHED"}
    assert (shot.end_frame, faults(shot_scene)) == ("", [])


def test_a_profile_that_is_none_is_said_in_the_panel_and_nothing_can_be_sent(
    page: Page, shot_scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KLING_PROFILE", "march")
    assert limits.profile().name == "late"
    judging.judge(shot_scene)
    sentence = 'KLING_PROFILE cannot be "march". Use late or seed, or leave it empty for late.'
    assert faults(shot_scene) == [sentence]
    assert limits.told() == preferences.told() == sentence


def test_an_edit_by_a_model_that_the_profile_lacks_has_no_price(page: Page) -> None:
    edit = OmniRequest(model="", video=Video(url="https://example.com/a.mp4", use=VideoUse.EDIT))
    assert clip_links.list_price_of(edit) is None


def test_the_session_and_blender_s_own_rehearsal_follow_the_profile(page: Page) -> None:
    assert opening.session().settings.profile == "late"
    server = opening._open.server
    assert server is not None
    url = server.url
    page.profile = "seed"
    assert opening.session().settings.profile == "seed"
    assert (server.url, server.ready_line()["profile"]) == (url, "seed"), "tasks go on"
    opening.close()
