"""A clip lands whole whatever the window shows when it comes (second round, 9)."""

from __future__ import annotations

import pytest

from tests.gui.conftest import Story, Tell


@pytest.fixture(scope="module")
def story(tell: Tell) -> Story:
    """What came while an editor was maximized and the preferences were open."""
    return tell("whole_placement")


def test_a_clip_that_comes_beside_a_temporary_window_has_its_full_length(story: Story) -> None:
    assert (story["error"], story["draw_errors"]) == ("", [])
    assert story["windows"] == [[False, True], [True, False]]
    assert story["lengths"] == {"at_25": 125, "at_30": 150}
    assert (story["waiting"], story["submissions"]) == ([], ["placed", "placed"])


def test_every_editor_is_what_it_was_before(story: Story) -> None:
    assert story["editors"] == [["VIEW_3D"], ["PREFERENCES"]]
