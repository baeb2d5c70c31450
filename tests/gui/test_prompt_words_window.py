"""Words for the prompt in a real windowed Blender: three by mouse from the menus, and a moving camera in words."""

from __future__ import annotations

import pytest

from tests.gui.conftest import Story, Tell


@pytest.fixture(scope="module")
def story(tell: Tell) -> Story:
    """What happened to a prompt."""
    return tell("prompt_words")


def test_menus_are_drawn_without_an_error(story: Story) -> None:
    assert (story["error"], story["draw_errors"]) == ("", [])
    assert story["steps"][-1] == "large"


def test_three_clicks_write_three_words(story: Story) -> None:
    assert story["prompt"] == "A fox runs. Slow dolly in, 24 mm wide-angle lens, low angle"


def test_the_camera_is_described_where_it_is_not_told_already(story: Story) -> None:
    assert story["described"] == story["prompt"] + ", truck right, 50 mm, eye level"


def test_the_shot_of_a_storyboard_gets_the_words(story: Story) -> None:
    assert story["board"] == ["", "At golden hour"]


def test_the_playhead_stays_where_it_is(story: Story) -> None:
    assert story["frame"] == 40
