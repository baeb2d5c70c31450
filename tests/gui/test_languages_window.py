"""The tab speaks the language of Blender's interface."""

from __future__ import annotations

import re

import pytest

from kling_omni_addon.core.translation import LANGUAGES
from tests.gui.conftest import Story, Tell


@pytest.fixture(scope="module")
def story(tell: Tell) -> Story:
    """What happened, told by the script that ran in the window."""
    return tell("languages")


def test_it_is_drawn_in_every_language_without_an_error(story: Story) -> None:
    assert (story["error"], story["draw_errors"]) == ("", [])
    assert story["steps"][-1] == "english_again"
    assert story["shown"].keys() == set(LANGUAGES)


def test_a_clip_is_made_meanwhile(story: Story) -> None:
    assert story["phases"] == ["placed"]


def test_no_sentence_stays_english(story: Story) -> None:
    words = re.compile(r"\b(?!Kling|Standard)[A-Za-z]{4,}")
    assert [text for text in story["untold"] if words.search(text)] == []


def test_what_a_user_wrote_stays_as_it_is(story: Story) -> None:
    assert not any("cube turns" in text for told in story["shown"].values() for text in told)
