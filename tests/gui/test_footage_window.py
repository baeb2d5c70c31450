"""Own footage in a real windowed Blender, by mouse: a strip, a video of it, its link, and a clip, each by its click."""

from __future__ import annotations

from pathlib import Path

import pytest

from kling_omni_addon.rehearsal.video_facts import video_facts
from tests.gui.conftest import Story, Tell


@pytest.fixture(scope="module")
def story(tell: Tell) -> Story:
    """What happened to a strip."""
    return tell("footage")


def test_all_of_it_is_drawn_without_an_error(story: Story) -> None:
    assert (story["error"], story["draw_errors"]) == ("", [])
    assert story["steps"][-1] == "arrived"


def test_escape_stops_the_render_and_leaves_nothing(story: Story) -> None:
    assert story["rendered_beside_the_window"]
    assert story["stopped"] == {"changed": [], "footage": ""}


def test_the_selected_strip_becomes_a_video_and_nothing_is_sent(story: Story) -> None:
    assert story["selected"] == ["alley_04"]
    assert story["rendered"] == {"changed": [], "submissions": [], "link": ""}
    (video,) = Path(story["out"]).glob("kling/footage/*.mp4")
    facts = video_facts(video)
    assert (facts.width, facts.height, facts.duration_s) == (1280, 720, 3.0)


def test_an_upload_gives_a_link_and_submits_nothing(story: Story) -> None:
    assert story["link"].startswith("http://127.0.0.1:")
    assert story["submissions_after_upload"] == []


def test_the_clip_arrives_on_the_timeline(story: Story) -> None:
    assert story["submissions"] == ["placed"]
    assert story["strips"].count("MOVIE") == 1
