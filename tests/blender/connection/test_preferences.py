"""The extension's page in Blender's preferences: what it decides, and when the artist is asked about money."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import bpy
import pytest

from kling_omni_addon import settings
from kling_omni_addon.blender import registration
from kling_omni_addon.blender.connection import opening, preferences
from kling_omni_addon.blender.panels import preferences_page
from kling_omni_addon.blender.shot.reading import read_request
from kling_omni_addon.blender.submissions import confirming
from kling_omni_addon.core.life.events import Origin, Target
from kling_omni_addon.core.life.lifecycle import Phase, Submission
from kling_omni_addon.core.life.spending import Caps
from kling_omni_addon.core.payload import Payload
from kling_omni_addon.core.provenance import wish_of
from tests.workshop.layout import Layout

Scene = Any
Page = Any


@pytest.fixture
def page(shot_scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """The page, with Kling as the service: the extension counts as enabled."""
    for name in (
        "BASE_URL",
        "API_KEY",
        "ACCESS_KEY",
        "SECRET_KEY",
        "CONCURRENCY",
        "LOOK_WINDOW_S",
        "DAILY_CAP",
        "PROJECT",
        "PROJECT_CAP",
        "PROFILE",
        "DIALECT",
    ):
        monkeypatch.delenv(f"KLING_{name}", raising=False)
    enabled: Any = bpy.context.preferences.addons.new()
    enabled.module = preferences.ROOT_PACKAGE
    enabled.preferences.service = "kling"
    shot_scene.kling.prompt = "a fox runs"
    yield enabled.preferences
    bpy.context.preferences.addons.remove(enabled)


def asked(scene: Scene, times: int = 1) -> str:
    return confirming.question([read_request(scene)] * times)


def test_nothing_is_asked_up_to_the_limit(page: Page, shot_scene: Scene) -> None:
    shot_scene.kling.mode, shot_scene.kling.duration_s = "pro", 12  # 9.6 units
    assert asked(shot_scene) == ""
    shot_scene.kling.duration_s = 13  # 10.4
    assert asked(shot_scene) == "This costs 10.4 units (list price $1.46)."


def test_several_clips_count_together(page: Page, shot_scene: Scene) -> None:
    assert asked(shot_scene, 2) == ""
    assert "12 units" in asked(shot_scene, 3)


def test_an_edit_counts_as_its_longest(page: Page, shot_scene: Scene) -> None:
    shot_scene.kling.kind, shot_scene.kling.video = "EDIT", "https://example.com/a.mp4"
    assert asked(shot_scene) == "This costs up to 19.2 units (list price $2.69)."
    page.profile = "seed"
    assert asked(shot_scene) == "This costs up to 12 units (list price $1.68)."


def test_a_clip_without_a_list_price_is_asked_about(page: Page, shot_scene: Scene) -> None:
    shot_scene.kling.model, shot_scene.kling.sound = "kling-video-o1", True
    assert "no price" in asked(shot_scene)


@pytest.mark.parametrize(("name", "value"), [("confirm_units", 0), ("service", "rehearsal")])
def test_nothing_is_asked_without_a_limit_or_in_rehearsal(
    page: Page, shot_scene: Scene, name: str, value: object
) -> None:
    setattr(page, name, value)
    assert asked(shot_scene, 100) == ""


def test_the_page_decides_unless_the_environment_does(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    page.api_key, page.look_window_s, page.concurrency = " 'of the page' ", 60, 2
    read = preferences.read_settings()
    assert (read.keys.api_key, read.window_s, read.concurrency) == ("of the page", 60, 2)
    monkeypatch.setenv("KLING_CONCURRENCY", "4")
    assert preferences.read_settings().concurrency == 4


def test_the_home_may_be_chosen_on_the_page_and_the_environment_precedes_it(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An application that is started from the Dock or the Start menu sees no variables of a shell."""
    monkeypatch.delenv("KLING_HOME")
    page.api_key, page.data_folder = "key", str(tmp_path / "chosen")
    assert preferences.home() == tmp_path / "chosen"
    assert preferences.read_settings().home == tmp_path / "chosen"
    assert registration._environ()["KLING_HOME"] == str(tmp_path / "chosen")
    monkeypatch.setenv("KLING_HOME", str(tmp_path / "named"))
    assert preferences.read_settings().home == tmp_path / "named"
    assert registration._environ()["KLING_HOME"] == str(tmp_path / "named")


def test_a_clip_is_counted_for_the_project_of_the_page_unless_the_environment_says_another(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.api_key, film = "k", Target(blend="/films/harbor_v002/sh010.blend")
    assert opening.session().asker_of(film).project == "harbor"
    page.project = "Night Watch"
    assert opening.session().asker_of(film).project == "Night Watch"
    monkeypatch.setenv("KLING_PROJECT", "storm")
    assert opening.session().asker_of(film).project == "storm"


def test_caps_of_the_page_stop_spending_but_no_rehearsal(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    page.api_key = "k"
    assert not preferences.read_settings().caps
    page.daily_cap, page.project_cap = 20, 300
    assert preferences.read_settings().caps == Caps(daily=Decimal(20), project=Decimal(300))
    monkeypatch.setenv("KLING_DAILY_CAP", "5")
    assert preferences.read_settings().caps.daily == Decimal(5), "a studio's cap wins"
    page.service = "rehearsal"
    monkeypatch.setenv("KLING_BASE_URL", "http://127.0.0.1:9")
    assert preferences.read_settings().caps == Caps(daily=Decimal(5), project=Decimal(300)), (
        "that is no rehearsal by name"
    )
    monkeypatch.delenv("KLING_BASE_URL")
    choice = settings.service_in_force({}, preferences.preferred())
    assert settings.caps_in_force({}, preferences.preferred(), choice)[0] == Caps(), "a rehearsal is free"


def test_a_key_of_1024_characters_is_kept_whole(page: Page) -> None:
    page.api_key = "k" * 1024
    assert preferences.read_settings().keys.api_key == "k" * 1024


@pytest.mark.parametrize("service", ["rehearsal", "kling", "other"])
def test_the_page_draws_and_says_where_the_key_is_kept(page: Page, service: str) -> None:
    page.service = service
    layout = Layout()
    preferences_page.draw_page(page, layout, bpy.context)  # type: ignore[arg-type]
    assert ("plain text" in layout.text) == (service != "rehearsal")
    assert {"Profile", "API", "Confirm Above", "Parallel Jobs", "Clip Folder"} <= set(layout.labels)


def test_sending_again_is_asked_about_with_what_it_may_cost(page: Page, shot_scene: Scene) -> None:
    request = read_request(shot_scene)
    payload = Payload(pieces=(), external_task_id="kob-1", model=request.model)
    origin = Origin(service="https://example.com", key_fingerprint="")
    parked = Submission(
        id="kob-1",
        phase=Phase.PARKED,
        payload=payload,
        origin=origin,
        target=Target(),
        created_at=0.0,
        changed_at=0.0,
        wish=wish_of(request),
    )
    assert confirming.sending_again(parked) == "You may be charged for both. One is 4.0 units, $0.56."
    assert confirming.sending_again(replace(parked, wish={})) == "You may be charged for both."
