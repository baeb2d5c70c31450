"""The list of clips in a real window: thumbnails, search, selection, playing, and deleting files."""

from __future__ import annotations

import pytest

from tests.gui.conftest import Story, Tell


@pytest.fixture(scope="module")
def story(tell: Tell) -> Story:
    """What happened, told by the script that ran in the window."""
    return tell("gallery")


def test_nothing_goes_wrong_on_the_way(story: Story) -> None:
    assert (story["error"], story["draw_errors"]) == ("", [])
    assert story["steps"][-1] == "twice"


def test_a_running_job_has_the_tab_drawn_again_where_it_is_in_sight_and_never_the_viewport(story: Story) -> None:
    viewport, panels = story["drawings_with_tab"]
    assert viewport == 0
    assert panels > 0
    assert story["drawings_without_tab"] == [0, 0]


def test_a_search_lists_what_has_the_word(story: Story) -> None:
    assert story["found"] == ["fox_take_2", "fox"]


def test_the_selected_clips_are_placed_at_once(story: Story) -> None:
    assert {"fox", "fox_take_2"} <= set(story["placed"])


def test_a_double_click_plays_the_clip_and_changes_nothing(story: Story) -> None:
    assert story["players"] == [None]  # one, which still runs
    assert story["placed_before"] == ["market"]


def test_the_menu_of_a_row_is_about_that_row_and_not_the_active_one(story: Story) -> None:
    assert story["menu_of"] == "fox_take_2"
    assert story["active"] == "market"


def test_only_files_that_nothing_uses_are_deleted_after_a_yes_and_every_record_stays(story: Story) -> None:
    assert all(story["while_asked"].values())
    assert [name for name, is_there in story["after_yes"].items() if not is_there] == ["alley_02", "harbor_at_dawn"]
    assert story["recorded"] == 12


def test_thumbnails_come_and_are_few(story: Story) -> None:
    assert 0 < story["thumbnails"] <= 6


def test_the_last_picture_is_at_twice_the_scale(story: Story) -> None:
    assert story["widths"]["twice"] >= 2 * story["widths"]["narrow"]
