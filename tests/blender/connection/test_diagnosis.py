"""*Copy Kling Report* in the preferences, and the same as values for scripts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender import api
from kling_omni_addon.blender.connection import diagnosis, opening, preferences, questions
from kling_omni_addon.blender.panels import preferences_page
from kling_omni_addon.blender.submissions import visit
from kling_omni_addon.doctor.finding import text_of
from tests.workshop.layout import Layout

Page = Any
KEY = "a-real-key-of-a-studio-91b7"


@pytest.fixture
def page(shot_scene: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Page]:
    """The page with a key, a service that nobody answers for, and a home that is not there."""
    for name in [name for name in os.environ if name.startswith("KLING_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("KLING_HOME", str(tmp_path / "home"))
    enabled: Any = bpy.context.preferences.addons.new()
    enabled.module = preferences.ROOT_PACKAGE
    page = enabled.preferences
    page.service, page.address, page.api_key = "other", "http://127.0.0.1:9", KEY
    page.clip_folder, page.daily_cap = str(tmp_path / "clips"), 20
    yield page
    questions.forget()
    bpy.context.preferences.addons.remove(enabled)


def drawn(page: Page) -> str:
    layout: Any = Layout()
    preferences_page.draw_page(page, layout, bpy.context)
    assert "kling.copy_report" in [name for name, _ in layout.buttons]
    return str(layout.text)


def test_the_button_copies_what_is_set_in_the_preferences_and_opens_nothing(page: Page, tmp_path: Path) -> None:
    assert "Copied the report" not in drawn(page)
    assert bpy.ops.kling.copy_report() == {"FINISHED"}
    assert "Copied the report to the clipboard" in drawn(page)
    found = diagnosis.diagnosis.answer
    assert found is not None
    text = text_of(found)
    assert f"Blender {bpy.app.version_string}" in text
    assert "API key that ends in 91b7, from the preferences." in text
    assert "Limit: 20 units in 24 hours (of the preferences)." in text
    assert str(tmp_path / "clips") in text
    assert not any(KEY[start : start + 5] in text for start in range(len(KEY) - 4) if KEY[start : start + 5].isalnum())
    assert (opening.running(), (tmp_path / "home").exists()) == (None, False)


def test_a_script_gets_the_findings_as_values(page: Page, tmp_path: Path) -> None:
    found = {finding.check: finding for finding in api.doctor(spool=tmp_path)}
    assert found["tls"].result is api.Result.FAULT
    assert found["spool"].result is api.Result.FAULT
    assert found["blender"].result is api.Result.OK
    assert not (tmp_path / "home").exists()


def test_a_report_is_heard_of_though_no_session_is_open(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a window, where the timer's visit hears what came."""
    errand = diagnosis._begin()
    monkeypatch.setattr(diagnosis.diagnosis, "_errand", errand)
    assert errand.wait(60.0)
    assert opening.running() is None
    visit.visit()
    assert diagnosis.diagnosis.answer == errand.answer
