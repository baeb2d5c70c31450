"""The menu *Kling*, search, right click, a shortcut, the preferences' buttons, and dropped files, in a real window."""

from __future__ import annotations

import pytest

from tests.gui.conftest import Story, Tell


@pytest.fixture(scope="module")
def story(tell: Tell) -> Story:
    """What the hand did."""
    return tell("menus")


def test_nothing_goes_wrong_on_the_way(story: Story) -> None:
    assert (story["error"], story["draw_errors"]) == ("", [])


@pytest.mark.parametrize("editor", ["VIEW_3D", "SEQUENCE_EDITOR"])
def test_search_finds_a_command_and_runs_it_in_both_editors(story: Story, editor: str) -> None:
    assert story["board"][editor] == ["Bridge", "Fox"]


def test_generate_has_no_key_and_takes_one_that_somebody_sets(story: Story) -> None:
    assert story["keys"] == [["NONE", False], ["NONE", False]]
    assert story["by_key"] == ["placed"]
    assert story["keys_left"] == []


def test_a_right_click_on_generate_leads_to_its_page(story: Story) -> None:
    (address,) = story["opened"]
    assert address.endswith("/docs/user/generate.md")


def test_an_image_dropped_on_the_viewport_becomes_the_first_frame_and_no_object(story: Story) -> None:
    assert story["dropped"] == ["first.png", 0]


def test_a_clip_dropped_on_the_tab_becomes_the_video_of_the_next_shot(story: Story) -> None:
    assert story["clip"][0] == "NEXT"
    assert story["clip"][1] in story["ids"]


def test_another_film_is_refused_and_the_shot_stays(story: Story) -> None:
    assert story["film"] == story["clip"]


def test_an_image_dropped_on_the_strips_is_blenders_own_as_ever(story: Story) -> None:
    assert story["new_strips"] == 1
    assert set(story["drops"].values()) == {0}


def test_a_report_comes_to_the_clipboard_without_holding_the_window(story: Story) -> None:
    assert story["report_at_once"] == "something else"
    lines = {line.split()[1]: line.split()[0] for line in story["report"].splitlines() if not line.startswith(" ")}
    assert lines["blender"] == "ok"
    assert lines["home"] == "ok"
