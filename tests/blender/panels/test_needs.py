"""The line at the top of the tab that tells what waits for a person, and its buttons."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender.connection import opening, snapshots
from kling_omni_addon.blender.panels import needs, tab
from kling_omni_addon.blender.panels.needs import draw_needs
from kling_omni_addon.core.life.lifecycle import Phase
from kling_omni_addon.core.life.needs import Remedy
from tests.workshop.layout import Layout, press, rna_of
from tests.workshop.parked import parked_in
from tests.workshop.processes import API_KEY, Rehearsal, running

Scene = Any

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the rehearsal server is stopped by a signal")


@pytest.fixture
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    with running(tmp_path_factory.mktemp("rehearsal"), submitted_s=0.2, processing_s=60) as server:
        yield server


@pytest.fixture
def served(shot_scene: Scene, rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A scene whose submissions go to the rehearsal server."""
    monkeypatch.setenv("KLING_BASE_URL", rehearsal.url)
    monkeypatch.setenv("KLING_API_KEY", API_KEY)
    shot_scene.kling.mode = "std"
    return shot_scene


def submit(scene: Scene, prompt: str) -> str:
    scene.kling.prompt = prompt
    assert bpy.ops.kling.submit() == {"FINISHED"}
    return snapshots.submissions()[-1].id


def drawn(width_px: int = 400) -> Layout:
    layout = Layout()
    context: Any = SimpleNamespace(preferences=bpy.context.preferences, region=SimpleNamespace(width=width_px))
    draw_needs(layout, context)  # type: ignore[arg-type]
    return layout


def test_nothing_is_drawn_while_nothing_waits_for_a_person(served: Scene) -> None:
    assert drawn().labels == []
    submit(served, "a fox runs")
    assert drawn().labels == []


def test_a_refused_key_is_one_line_for_all_that_waits_and_is_over_with_the_right_key(
    served: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KLING_API_KEY", "wrong")
    first, second = submit(served, "a fox runs"), submit(served, "a fox sleeps")
    opening.session().wait(lambda found: found[first].is_held and found[second].denial is None, [first, second], 60)
    snapshots.refresh()
    layout = drawn()
    assert "2 clips wait for a key" in layout.text
    assert [name for name, _ in layout.buttons] == ["kling.open_preferences", "kling.resume"]
    monkeypatch.setenv("KLING_API_KEY", API_KEY)
    press(draw_needs, "kling.resume")
    assert drawn().labels == []
    opening.session().wait(lambda found: all(s.task_id for s in found.values()), [first, second], 60)
    snapshots.refresh()
    assert {s.phase for s in snapshots.submissions()} == {Phase.ACCEPTED}


def test_a_submission_without_a_response_is_named_and_its_buttons_are_for_it(
    shot_scene: Scene, rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir(exist_ok=True)
    parked = parked_in(tmp_path / "home", rehearsal.url)
    monkeypatch.setenv("KLING_BASE_URL", rehearsal.url)
    monkeypatch.setenv("KLING_API_KEY", API_KEY)
    snapshots.read_submissions()
    for width_px in (200, 400):
        layout = drawn(width_px)
        assert f'"{parked}" got no response' in layout.text.replace(" -", "-")
        assert [name for name, _ in layout.buttons] == ["kling.look_again", "kling.send_again"]
        assert all(button.submission_id == parked for _, button in layout.buttons)
    press(draw_needs, "kling.look_again")
    snapshots.refresh()
    assert drawn().labels == []


@pytest.mark.parametrize("remedy", Remedy)
def test_every_remedy_has_a_button_and_one_for_a_single_clip_is_told_which(shot_scene: Scene, remedy: Remedy) -> None:
    known = rna_of(needs._OPERATORS[remedy]).properties
    assert ("submission_id" in known) is (remedy not in needs._FOR_ALL)


def test_it_stands_on_the_first_panel_of_the_tab(served: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLING_API_KEY", "wrong")
    own_id = submit(served, "a fox runs")
    opening.session().wait(lambda found: found[own_id].is_held, [own_id], 60)
    snapshots.refresh()
    layout: Any = Layout()
    tab.CLASSES[0].draw(SimpleNamespace(layout=layout), bpy.context)
    assert "Key refused by Kling" in layout.text


def test_without_a_window_the_preferences_cannot_be_shown_and_say_so(shot_scene: Scene) -> None:
    with pytest.raises(RuntimeError, match="window"):
        bpy.ops.kling.open_preferences()
