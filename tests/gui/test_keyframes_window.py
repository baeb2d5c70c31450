"""Kling 4.0 in a real windowed Blender: the camera at the markers becomes the clip's keyframes, listed in the panel."""

from __future__ import annotations

import pytest

from tests.gui.conftest import Story, Tell


@pytest.fixture(scope="module")
def story(tell: Tell) -> Story:
    """What happened to a shot of Kling 4.0."""
    return tell("keyframes")


def test_the_list_is_drawn_without_an_error_also_for_a_model_that_takes_none(story: Story) -> None:
    assert (story["error"], story["draw_errors"]) == ("", [])
    assert story["steps"] == ["before", "keyframes", "other_model"]


def test_the_markers_between_first_and_last_are_the_middle_frames(story: Story) -> None:
    assert story["taken"] == ["Camera, frame 40", "Camera, frame 80"]
