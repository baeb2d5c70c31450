"""Captures that say what they are, in a real windowed Blender: cameras, spans, backgrounds, and prompts of markers."""

from __future__ import annotations

import pytest

from tests.gui.conftest import Story, Tell


@pytest.fixture(scope="module")
def story(tell: Tell) -> Story:
    """What the panel said of the frames, and what the clicks did."""
    return tell("captures")


def test_everything_is_drawn_without_an_error(story: Story) -> None:
    assert (story["error"], story["draw_errors"]) == ("", [])
    assert story["steps"] == ["two_cameras", "span", "background", "narrow", "borrowed", "each_shot", "kept"]


def test_the_cameras_that_rendered_are_named_and_the_paths_are_relative(story: Story) -> None:
    first, end, path, *said = story["cameras"]
    assert (first, end, path.startswith("//kling")) == ("Cam1, frame 1", "Cam3, frame 250", True)
    assert [sentence.partition(".")[0] for sentence in said] == [
        "The first frame is 640 x 360; the clip is 1920 x 1080",
        'The first frame is from the camera "Cam1", the end frame from "Cam3"',
    ]


def test_a_click_gives_the_clip_the_length_of_the_scene(story: Story) -> None:
    assert story["span"] == ["From frame 1 to frame 250 the scene lasts 10.4 s; the clip lasts 5 s."]
    assert story["set_to"] == [10]


def test_names_of_markers_are_not_sent_before_a_click(story: Story) -> None:
    assert story["borrowed"] == [
        "The prompts of shots 1, 2 are only names of markers, cameras or strips. Edit them, or press Keep."
    ]
    assert story["kept"] == []
