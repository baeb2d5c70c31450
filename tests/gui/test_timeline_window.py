"""A stand-in holds the clip's place on the timeline, says how it is doing, and becomes the clip: one step of undo."""

from __future__ import annotations

import pytest

from tests.gui.conftest import Story, Tell

EARLIER, GIVEN_UP = ["alley_01", False], ["alley_03", True]


@pytest.fixture(scope="module")
def story(tell: Tell) -> Story:
    """What happened on the timeline."""
    return tell("timeline")


def test_every_state_is_drawn_without_an_error(story: Story) -> None:
    assert (story["error"], story["draw_errors"]) == ("", [])
    assert story["steps"] == ["stand_in", "stand_in_twice_as_large", "became_clip"]


def test_the_stand_in_becomes_its_clip_in_one_step_of_undo(story: Story) -> None:
    waiting, clip = ["alley_02", True], ["alley_02", False]
    assert story["became_clip"] == [EARLIER, clip, GIVEN_UP]
    assert story["undone"] == [EARLIER, waiting, GIVEN_UP]
    assert story["redone"] == [EARLIER, clip, GIVEN_UP]
    assert story["submissions"] == ["abandoned", "placed", "placed"]
