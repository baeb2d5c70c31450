"""Takes in a real windowed Blender: drawn without complaint, each change one step of undo, deleted only after a yes."""

from __future__ import annotations

import pytest

from tests.gui.conftest import Story, Tell


@pytest.fixture(scope="module")
def story(tell: Tell) -> Story:
    """What happened to a strip with three takes."""
    return tell("takes")


def test_takes_are_shown_without_an_error(story: Story) -> None:
    assert (story["error"], story["draw_errors"]) == ("", [])
    assert "takes" in story["drawn"]


@pytest.mark.parametrize("operator", ["switch_take", "favour_take", "new_take"])
def test_what_is_done_with_a_take_is_one_step_of_undo(story: Story, operator: str) -> None:
    before, done, undone, redone = story["undone"][operator]
    assert done != before
    assert (undone, redone) == (before, done)


def test_files_are_deleted_after_a_yes_and_never_the_shown_one(story: Story) -> None:
    assert story["while_asked"] == [True, True, True]
    assert story["after_yes"] == [False, False, True]
