"""A capture that is pressed in a window can be stopped by the Escape key; however it ends, all is as it was."""

from __future__ import annotations

import pytest

from tests.gui.conftest import Story, Tell

CAPTURES = ("finished", "stopped", "stopped_first_of_both", "undone_meanwhile", "both", "failed")


@pytest.fixture(scope="module")
def story(tell: Tell) -> Story:
    """How the captures ended."""
    return tell("cancel")


def test_the_story_ends_well(story: Story) -> None:
    assert story["error"] == ""
    assert tuple(story["captures"]) == CAPTURES


@pytest.mark.parametrize("name", CAPTURES)
def test_no_setting_of_scene_view_or_window_is_changed(story: Story, name: str) -> None:
    assert story["captures"][name]["changed"] == []


def test_an_undo_in_the_middle_stops_the_render_and_leaves_no_picture(story: Story) -> None:
    assert story["captures"]["undone_meanwhile"]["pictures"] == [False, False, 1]


@pytest.mark.parametrize("name", ["stopped", "stopped_first_of_both"])
def test_escape_stops_a_render_of_hours_and_leaves_no_picture(story: Story, name: str) -> None:
    capture = story["captures"][name]
    assert capture["was_running"]
    assert capture["pictures"] == [False, False, 1]  # the reference that was taken before
    assert capture["files"] == 1


def test_a_finished_capture_is_used_and_undone_in_one_step(story: Story) -> None:
    assert story["captures"]["finished"]["pictures"] == [False, False, 1]
    assert story["captures"]["both"]["pictures"] == [True, True, 1]
    assert story["undone"] == ["", ""]


def test_without_a_camera_the_reason_is_told(story: Story) -> None:
    assert "has no camera" in story["refusal"]
