"""The service that nobody chose, in Blender: what it is, when the artist is asked, what scripts and commands say."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy
import pytest

import kling_omni_addon
from kling_omni_addon import settings
from kling_omni_addon.blender import api
from kling_omni_addon.blender.connection import opening, preferences
from kling_omni_addon.blender.panels import preferences_page
from kling_omni_addon.blender.shot.reading import read_request
from kling_omni_addon.blender.submissions import confirming
from kling_omni_addon.core.life.spending import Caps
from tests.workshop.crooked_kling import CrookedKling
from tests.workshop.layout import Layout

Scene = Any
Page = Any


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("KLING_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(confirming, "_agreed", set())


@pytest.fixture
def page(no_environment: None, shot_scene: Scene) -> Iterator[Page]:
    """The page as a fresh install has it."""
    enabled: Any = bpy.context.preferences.addons.new()
    enabled.module = preferences.ROOT_PACKAGE
    shot_scene.kling.prompt, shot_scene.kling.mode, shot_scene.kling.duration_s = "a fox runs", "std", 3
    yield enabled.preferences
    bpy.context.preferences.addons.remove(enabled)


@pytest.fixture
def kling() -> Iterator[CrookedKling]:
    with CrookedKling() as kling:
        yield kling


def test_a_fresh_install_is_automatic_and_rehearses_until_there_is_a_key(page: Page) -> None:
    assert page.service == "automatic"
    assert preferences.service().is_rehearsal
    page.api_key = "k"
    assert (preferences.service_name(), preferences.service().is_automatic) == ("kling", True)
    page.service = "rehearsal"
    assert preferences.service_name() == "rehearsal"


@pytest.mark.parametrize(("kept", "name"), [(0, "rehearsal"), (1, "kling"), (2, "kling-china"), (3, "other")])
def test_a_service_that_was_chosen_in_an_earlier_version_stays(page: Page, kept: int, name: str) -> None:
    """Blender keeps the number of an item, and no name."""
    items: Any = page.bl_rna.properties["service"]
    assert {item.identifier: item.value for item in items.enum_items}[name] == kept


def asked(scene: Scene) -> str:
    return confirming.question([read_request(scene)])


def test_the_first_clip_that_costs_is_asked_about_once(page: Page, shot_scene: Scene) -> None:
    assert asked(shot_scene) == "", "a rehearsal is free"
    page.api_key, page.confirm_units = "k", 0
    why = "This is sent to Kling, because there is a key and no service is selected."
    first = f"{why} This costs 1.8 units (list price $0.25)."
    assert asked(shot_scene) == first
    assert asked(shot_scene) == first, "a question that was answered with no is asked again"
    confirming.agree()
    assert asked(shot_scene) == ""
    page.confirm_units = 1
    assert asked(shot_scene) == "This costs 1.8 units (list price $0.25)."


def test_a_service_that_somebody_chose_is_not_asked_about(page: Page, shot_scene: Scene) -> None:
    page.service, page.api_key = "kling", "k"
    assert asked(shot_scene) == ""


def test_what_was_sent_once_is_not_asked_about_again(
    page: Page, shot_scene: Scene, kling: CrookedKling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bpy.context.preferences.system, "use_online_access", True)
    monkeypatch.setitem(settings.SERVICES, "kling", kling.url)
    monkeypatch.setenv("KLING_API_KEY", "k")
    assert asked(shot_scene)
    made = api.submit(shot_scene)
    api.wait([made.id], 60)
    assert asked(shot_scene) == ""
    assert kling.creates == [made.id]
    opening.close()


def test_caps_of_the_page_hold_although_it_says_rehearsal_where_the_environment_names_what_costs(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.service, page.daily_cap = "rehearsal", 20
    monkeypatch.setenv("KLING_BASE_URL", "https://api-singapore.klingai.com")
    monkeypatch.setenv("KLING_API_KEY", "k")
    assert preferences.read_settings().caps == Caps(daily=Decimal(20))


def test_a_script_that_rehearses_says_so_on_stderr(page: Page, capsys: pytest.CaptureFixture[str]) -> None:
    opening.session()
    opening.close()
    said = capsys.readouterr().err
    assert "kling: Rehearsal (free test mode): nothing is sent to Kling" in said
    assert "Service: a rehearsal (automatic, because no key is set)" in said


def test_the_page_says_where_each_value_comes_from(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    page.daily_cap = 9
    monkeypatch.setenv("KLING_API_KEY", "k")
    layout = Layout()
    preferences_page.draw_page(page, layout, bpy.context)  # type: ignore[arg-type]
    told = " ".join(layout.text.split())
    assert "KLING_API_KEY of the environment" in told
    assert "automatic" in told


def test_the_command_line_of_this_blender_uses_its_preferences(
    scene: Scene,
    kling: CrookedKling,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("KLING_HOME", str(tmp_path / "home"))
    commands: list[Callable[[list[str]], int]] = []
    monkeypatch.setattr(bpy.utils, "register_cli_command", lambda _name, command: commands.append(command))
    monkeypatch.setattr(bpy.utils, "unregister_cli_command", lambda _command: None)
    kling_omni_addon.register()
    enabled: Any = bpy.context.preferences.addons.new()
    enabled.module = preferences.ROOT_PACKAGE
    enabled.preferences.service, enabled.preferences.address = "other", kling.url
    enabled.preferences.api_key, enabled.preferences.daily_cap = "of-the-page", 7
    assert commands[0](["account"]) == 0
    assert kling.keys == {"Bearer of-the-page"}
    assert "7 units in 24 hours (of the preferences)" in capsys.readouterr().err
    bpy.context.preferences.addons.remove(enabled)
    kling_omni_addon.unregister()


def test_what_cannot_be_ended_keeps_nothing_else_from_ending(
    shot_scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a file that Windows holds may."""
    ended: list[str] = []

    def refuse() -> None:
        raise PermissionError("The process cannot access the file")

    def note() -> None:
        ended.append("told")

    opening._open.rehearsal.callback(ended.append, "rehearsal")
    monkeypatch.setattr(opening._open, "session", SimpleNamespace(close=refuse))
    opening.closed.connect(note)
    try:
        with pytest.raises(PermissionError):
            opening.close()
    finally:
        opening.closed.disconnect(note)
    assert ended == ["rehearsal", "told"]
    assert opening.running() is None
