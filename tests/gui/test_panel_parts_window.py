"""The parts of the panel that need a real window: a text editor for the prompt, the status bar, a question."""

from __future__ import annotations

import pytest

from tests.gui.conftest import Story, Tell


@pytest.fixture(scope="module")
def story(tell: Tell) -> Story:
    """What happened, told by the script that ran in the window."""
    return tell("panel_parts")


def test_nothing_goes_wrong_on_the_way(story: Story) -> None:
    assert (story["error"], story["draw_errors"]) == ("", [])
    assert story["steps"][-1] == "disabled"


def test_the_status_bar_tells_of_the_work_and_then_of_the_strip(story: Story) -> None:
    assert any("generating" in sentence for sentence in story["told"])
    assert story["told"][-1] == 'Kling: "Scene" is in the Sequencer'


def test_the_prompt_opens_in_a_text_editor_of_its_own_window(story: Story) -> None:
    first, *others = story["editors"]
    assert "TEXT_EDITOR" not in first
    assert others == [["TEXT_EDITOR"]]


def test_what_is_written_in_the_text_is_judged_without_a_click(story: Story) -> None:
    assert "2,500" in " ".join(story["judged"])


def test_the_library_is_listed(story: Story) -> None:
    assert story["library"]


def test_revealing_moves_the_playhead_and_selects(story: Story) -> None:
    frame, selected = story["revealed"]
    assert frame == 1
    assert any(selected)


def test_escape_at_the_question_sends_nothing(story: Story) -> None:
    before, after = story["asked"]
    assert after == before
