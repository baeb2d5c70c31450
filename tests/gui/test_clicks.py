"""From a fresh install to a clip on the timeline by a person's own hand, in the clicks that README.md lists."""

from __future__ import annotations

import pytest

from tests.gui.conftest import Story, Tell
from tests.gui.readme_clicks import SENTENCE, listed_clicks


@pytest.fixture(scope="module")
def story(tell: Tell) -> Story:
    """What the hand did."""
    return tell("clicks")


def test_the_clicks_of_the_readme_bring_a_clip_to_the_timeline(story: Story) -> None:
    assert story["error"] == ""
    assert story["clicks"] == listed_clicks()
    assert story["submissions"] == ["placed"]
    assert "MOVIE" in story["strips"]


def test_the_sentence_that_was_typed_is_the_prompt(story: Story) -> None:
    assert story["prompt"] == SENTENCE


def test_six_clicks_are_enough() -> None:
    assert 0 < len(listed_clicks()) <= 6
