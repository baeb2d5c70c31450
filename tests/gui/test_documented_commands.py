"""What docs/scripting.md says for a shell and for a window works with a real Blender executable."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gui.conftest import Story, Tell
from tests.workshop.scripting_page import SECTIONS, blocks


@pytest.fixture(scope="module")
def story(tell: Tell) -> Story:
    """What the commands said."""
    return tell("commands")


def clips_in(story: Story, folder: str) -> list[Path]:
    return sorted(clip for clip in (Path(story["out"]) / folder).glob("*.mp4") if clip.name != "stand_in.mp4")


def test_a_script_in_a_window_goes_on_while_the_clip_is_made(story: Story) -> None:
    assert story["error"] == ""
    assert len(story["in_this_window"]) == 1
    assert story["in_this_window"][0].startswith("placed ")
    assert "MOVIE" in story["strips"]


def test_one_film_gets_its_clip_in_background(story: Story) -> None:
    assert story["film"]["code"] == 0, story["film"]["said"]
    assert len(clips_in(story, "kling/clips")) == 1


def test_every_film_of_a_folder_gets_its_clip(story: Story) -> None:
    assert story["films"]["code"] == 0, story["films"]["said"]
    assert "failed" not in story["films"]["said"]
    assert len(clips_in(story, "shots/kling/clips")) == 2


def test_request_files_are_submitted_first_and_fetched_later(story: Story) -> None:
    assert story["requests"]["code"] == 0, story["requests"]["said"]
    clips = clips_in(story, "clips")
    assert len(clips) == 2
    for clip in clips:  # on a slow machine the first one is here before "resume", which then has no word on it
        assert f'"clip": "{clip}"' in story["requests"]["said"]


def test_no_command_of_the_page_is_left_out() -> None:
    assert {section: len(blocks(section, "sh")) for section in SECTIONS if blocks(section, "sh")} == {
        "Operators": 1,
        "A farm": 2,
    }
