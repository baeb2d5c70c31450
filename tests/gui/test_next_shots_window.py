"""Shots set up from the timeline in a real windowed Blender: drawn without complaint, each one step of undo."""

from __future__ import annotations

import pytest

from tests.gui.conftest import Story, Tell


@pytest.fixture(scope="module")
def story(tell: Tell) -> Story:
    """What happened while shots were set up from strips."""
    return tell("next_shots")


def test_every_way_is_taken_and_drawn_without_an_error(story: Story) -> None:
    assert (story["error"], story["draw_errors"]) == ("", [])
    assert story["steps"][-1] == "menu"


def test_a_clips_link_is_asked_for_while_blender_goes_on(story: Story) -> None:
    asking, answered = story["clip"]
    asked = "Requesting the link of alley_02 to alley_03 from Kling..."  # the bridge, whose name the shot still has
    assert asking in ([], [asked])  # it may have answered already
    assert answered == []


@pytest.mark.parametrize("operator", ["continue_strip", "precede_strip", "bridge_gap", "shots_from_strips"])
def test_setting_up_a_shot_is_one_step_of_undo(story: Story, operator: str) -> None:
    before, done, undone, redone = story["undone"][operator]
    assert done != before
    assert (undone, redone) == (before, done)
