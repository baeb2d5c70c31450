"""What costs, in a real windowed Blender: 4K is chosen, priced, asked about, sent and placed; then a storyboard
between a first and an end frame.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kling_omni_addon.rehearsal.video_facts import video_facts
from tests.gui.conftest import Story, Tell


@pytest.fixture(scope="module")
def story(tell: Tell) -> Story:
    """What happened to two shots, with a service that costs."""
    return tell("paid_shots")


def test_both_shots_are_made_and_drawn_without_an_error(story: Story) -> None:
    assert (story["error"], story["draw_errors"]) == ("", [])
    assert story["steps"][-1] == "placed"


def test_4k_is_a_click_and_its_price_stands_on_the_button(story: Story) -> None:
    assert story["chosen"] == "4k"
    assert "Generate   12.0 units" in story["says"]["4k_priced"]


def test_4k_is_sent_after_a_yes_and_costs_what_the_button_said(story: Story) -> None:
    assert story["before_yes"] == []
    assert 'In the Sequencer as "lighthouse": 96 frames, 4.00 s.' in story["says"]["4k_placed"]
    assert "Kling would charge 12 units" in story["says"]["4k_placed"]


def test_the_clip_in_4k_is_on_the_timeline_with_all_its_pixels_and_fills_the_frame(story: Story) -> None:
    strip = story["strips"]["lighthouse"]
    assert (strip["type"], strip["frames"], strip["pixels"]) == ("MOVIE", [1, 96], [3840, 2160])
    assert strip["scale"] == pytest.approx(640 / 3840)
    facts = video_facts(Path(strip["file"]))
    assert (facts.width, facts.height) == (3840, 2160)


def test_a_storyboard_with_an_end_frame_is_priced_sent_and_placed(story: Story) -> None:
    assert "Generate   1.8 units" in story["says"]["board_priced"]
    assert 'In the Sequencer as "bridge": 72 frames, 3.00 s.' in story["says"]["board_placed"]
    assert story["strips"]["bridge"]["frames"] == [121, 72]


def test_its_clip_is_made_from_both_frames_and_both_shots(story: Story) -> None:
    """As the file beside the clip says."""
    beside = Path(story["strips"]["bridge"]["file"]).with_suffix(".json")
    wish = json.loads(beside.read_text("utf-8"))["wish"]
    assert [picture["role"] for picture in wish["pictures"]] == ["first", "end"]
    assert [(shot["prompt"], shot["duration_s"]) for shot in wish["shots"]] == [
        ("Wide shot: a fox crosses the bridge", 1),
        ("Close-up: the fox looks up", 2),
    ]
