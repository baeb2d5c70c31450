"""The installed zip in a real windowed Blender: panels drawn by Blender itself, and the road to a strip."""

from __future__ import annotations

import pytest

from tests.gui.conftest import Story, Tell


@pytest.fixture(scope="module")
def story(tell: Tell) -> Story:
    """What happened on the road from a frame to a strip."""
    return tell("road")


@pytest.fixture(scope="module")
def kinds(tell: Tell) -> Story:
    """What happened while every kind of shot was shown."""
    return tell("kinds")


def test_the_road_is_taken_without_an_error(story: Story) -> None:
    assert story["error"] == ""
    assert story["steps"][-1] == "disabled"


def test_the_clip_is_on_the_timeline_at_the_current_frame(story: Story) -> None:
    assert [strip[1:] for strip in story["strips"]] == [["MOVIE", 1, 1]]


def test_blender_drew_every_panel_without_complaint(story: Story) -> None:
    assert story["draw_errors"] == []
    assert set(story["drawn"]) >= {"shot", "submissions"}


def test_blender_drew_every_kind_of_shot_without_complaint(kinds: Story) -> None:
    assert (kinds["error"], kinds["draw_errors"]) == ("", [])
    assert set(kinds["drawn"]) >= {"shot", "submissions"}
    assert kinds["steps"][-1] == "preferences"


def test_all_down_to_generate_is_in_sight(kinds: Story) -> None:
    assert kinds["generate_px"] <= 380


def test_disabling_leaves_no_class_behind(story: Story) -> None:
    assert story["left"] == []


def test_fault_71_undo_takes_back_the_strip_but_no_submission_and_sends_nothing(story: Story) -> None:
    before, undone, redone = story["undo"]
    assert (undone, redone) == (0, before)
    assert story["submissions"] == ["placed"]
