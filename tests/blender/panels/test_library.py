"""The library at Kling in the panel, against a rehearsal server: asked for, shown, chosen from."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender.connection import element_library, opening, questions
from kling_omni_addon.blender.panels import library
from kling_omni_addon.blender.shot.reading import read_request
from kling_omni_addon.core.elements import ElementDraft
from tests.workshop.layout import Layout
from tests.workshop.processes import API_KEY, Rehearsal, running

Scene = Any

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the rehearsal server is stopped by a signal")


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    with running(tmp_path_factory.mktemp("rehearsal"), submitted_s=0.1, processing_s=0.1) as server:
        yield server


@pytest.fixture
def served(shot_scene: Scene, rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A scene whose account has one element of its own."""
    monkeypatch.setenv("KLING_BASE_URL", rehearsal.url)
    monkeypatch.setenv("KLING_API_KEY", API_KEY)
    shot_scene.kling.prompt, shot_scene.kling.kind = "a fox runs", "REFERENCES"
    return shot_scene


def drawn() -> Layout:
    layout = Layout()
    library.draw_library(layout, bpy.context)  # type: ignore[arg-type]
    return layout


def make_own() -> None:
    front, side = "https://example.com/front.png", "https://example.com/side.png"
    draft = ElementDraft(name="Captain Ada", description="An old sailor", front=front, more=(side,))
    opening.session().create_element(draft, 60)


def test_nothing_is_asked_before_the_artist_wants_it(served: Scene) -> None:
    assert [name for name, _ in drawn().buttons] == ["kling.make_element", "kling.show_library"]
    assert opening.running() is None


def test_own_elements_come_first_and_those_that_kling_offers_follow(served: Scene) -> None:
    make_own()
    assert bpy.ops.kling.show_library() == {"FINISHED"}
    elements = element_library.library().elements
    assert (elements[0].name, elements[0].is_offered) == ("Captain Ada", False)
    assert elements[-1].is_offered
    assert "An old sailor" in drawn().text


def test_an_element_is_taken_under_its_name_and_only_once(served: Scene) -> None:
    bpy.ops.kling.show_library()
    chosen = element_library.library().elements[0]
    served.kling.elements.add().name = chosen.name
    for _ in range(2):
        assert bpy.ops.kling.add_library_element(element_id=chosen.element_id) == {"FINISHED"}
    assert [element.name for element in served.kling.elements] == [chosen.name, f"{chosen.name}1"]
    assert served.kling.element_index == 1
    assert read_request(served).elements[1].id == int(chosen.element_id)


def test_every_element_in_the_list_has_a_button_that_takes_it(served: Scene) -> None:
    bpy.ops.kling.show_library()
    offered = {element.element_id for element in element_library.library().elements}
    taken = {button.element_id for name, button in drawn().buttons if name == "kling.add_library_element"}
    assert taken == offered


def test_an_element_that_is_not_in_the_library_is_not_taken(served: Scene) -> None:
    with pytest.raises(RuntimeError, match="does not have this element"):
        bpy.ops.kling.add_library_element(element_id="7")
    assert len(served.kling.elements) == 0


def test_a_wrong_key_is_said_in_the_list_and_can_be_tried_again(served: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLING_API_KEY", "wrong")
    assert bpy.ops.kling.show_library() == {"FINISHED"}
    layout = drawn()
    assert "key" in layout.text.lower()
    assert [name for name, _ in layout.buttons] == ["kling.make_element", "kling.show_library"]


def test_another_account_has_another_library(served: Scene) -> None:
    bpy.ops.kling.show_library()
    questions.forget()
    assert len(element_library.library().elements) == 0
    assert [name for name, _ in drawn().buttons] == ["kling.make_element", "kling.show_library"]
