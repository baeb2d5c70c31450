"""An element of the demo's lighthouse: made by mouse and keyboard, listed, used in a shot."""

from __future__ import annotations

import pytest

from tests.gui.conftest import Story, Tell


@pytest.fixture(scope="module")
def story(tell: Tell) -> Story:
    """What happened, told by the script that ran in the window."""
    return tell("elements")


def test_nothing_goes_wrong_on_the_way(story: Story) -> None:
    assert (story["error"], story["draw_errors"], story["problem"]) == ("", [], "")
    assert story["steps"][-1] == "menu"


def test_the_element_is_in_the_shot_and_its_id_with_the_collection(story: Story) -> None:
    assert story["in_shot"] == ["Hero"]
    ((name, element_id),) = story["record"]
    assert name == "Hero"
    assert element_id.isdigit()


def test_the_library_lists_it_first(story: Story) -> None:
    assert story["library"][0] == "Hero"


def test_a_clip_is_made_with_it(story: Story) -> None:
    assert story["phases"] == ["placed"]


def test_nothing_is_left_in_the_file_and_escape_sends_nothing(story: Story) -> None:
    assert "KLING_OT_render_element" in story["at_escape"]
    assert (story["left"], story["after_escape"], story["sent_after_escape"]) == ({}, {}, False)
