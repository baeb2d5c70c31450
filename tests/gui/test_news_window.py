"""Progress where the eyes are, and what needs a person until it is dealt with, in a real windowed Blender."""

from __future__ import annotations

import re

import pytest

from tests.gui.conftest import Story, Tell


@pytest.fixture(scope="module")
def story(tell: Tell) -> Story:
    """What happened, told by the script that ran in the window."""
    return tell("news")


def test_nothing_goes_wrong_on_the_way(story: Story) -> None:
    assert (story["error"], story["draw_errors"]) == ("", [])
    assert story["steps"][-1] == "dealt_with"


def test_after_undo_and_redo_the_list_says_what_the_timeline_shows(story: Story) -> None:
    there = [1, "In Sequencer", 'In the Sequencer as "alley_01": 450 frames, 15.00 s.', "kling.reveal_strip"]
    assert story["undo"] == {
        "arrived": there,
        "undone": [
            1,
            "Clip Ready",
            "Undo removed this clip from its strip. Press Add to Sequencer to put it back.",
            "kling.place_clip",
        ],
        "undone twice": [
            0,
            "Clip Ready",
            "Undo removed the strip of this clip. Press Add to Sequencer to put it back.",
            "kling.place_clip",
        ],
        "redone": [
            1,
            "Clip Ready",
            "Undo removed this clip from its strip. Press Add to Sequencer to put it back.",
            "kling.place_clip",
        ],
        "redone twice": there,
    }


def test_the_status_bar_tells_how_far_a_clip_is(story: Story) -> None:
    assert re.fullmatch(r"Kling: 1 generating \| 0:\d\d", story["generating"])
    assert re.fullmatch(r"Kling: 1 downloading \| \d+ of 12 MB", story["downloading"])
    assert story["news"] == 'Kling: "alley_02" is in the Sequencer'


def test_a_service_that_does_not_answer_is_named_everywhere_with_since_when(story: Story) -> None:
    status, row, strip = story["silent"]
    assert re.fullmatch(r"No response since \d\d:\d\d", row)
    assert (status, strip) == (f"Kling: {row}", row)


def test_a_refused_key_stays_news_until_two_clicks_have_dealt_with_it(story: Story) -> None:
    assert story["needs"] == "Key refused by Kling"
    assert story["preferences"] == [["PREFERENCES"]]
    assert "Kling" in story["searched"]
    assert "refused" not in story["dealt_with"]
