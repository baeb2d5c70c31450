"""One bad submission, report or number stops none of the others: it is said, logged, and tried again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kling_omni_addon.core.life.lifecycle import Phase
from kling_omni_addon.core.payload import Payload
from tests.workshop.studio import Studio


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    studio = Studio(tmp_path)
    yield studio
    for lane in studio.lanes:
        lane.close()
    studio.journal.close()


def break_for(studio: Studio, name: str, submission_id: str, times: int = 10**6) -> list[int]:
    """A mistake of our own at one submission, so many times; what is left of them."""
    real, left = getattr(studio.kling, name), [times]

    def broken(what: Any, *rest: Any) -> Any:
        own_id = what.external_task_id if hasattr(what, "external_task_id") else str(what).removeprefix("task of ")
        if own_id == submission_id and left[0] > 0:
            left[0] -= 1
            raise OverflowError("cannot convert")
        return real(what, *rest)

    setattr(studio.kling, name, broken)
    return left


@pytest.mark.parametrize("step", ["submit", "ask", "fetch"])
def test_a_mistake_at_one_submission_stops_none_of_the_others(
    studio: Studio, step: str, caplog: pytest.LogCaptureFixture
) -> None:
    left = break_for(studio, step, "kob-1", times=3)
    if step == "ask":
        studio.kling.recent = lambda: ()  # type: ignore[method-assign]
    for number in (1, 2, 3):
        studio.intend(number)
    studio.run(85)
    assert [studio.submission(f"kob-{number}").phase for number in (2, 3)] == [Phase.FETCHED] * 2
    assert studio.submission("kob-1").phase is not Phase.FETCHED
    assert "stumbled over kob-1" in caplog.text
    assert "OverflowError" in caplog.text, "the log has the details"
    assert "OverflowError" not in studio.submission("kob-1").problem
    studio.run(600)
    assert (left, studio.submission("kob-1").phase) == ([0], Phase.FETCHED)
    assert sorted(studio.kling.creates) == ["kob-1", "kob-2", "kob-3"]


def test_what_could_not_be_sent_by_a_mistake_says_so_and_those_behind_it_go_first(studio: Studio) -> None:
    break_for(studio, "submit", "kob-1")
    for number in (1, 2):
        studio.intend(number)
    studio.run(5)
    assert studio.kling.creates == ["kob-2"]
    assert "Not sent, because of an error in the extension" in studio.submission("kob-1").problem
    assert studio.submission("kob-1").is_proved_unsent


def test_a_mistake_after_the_commit_point_is_a_lost_answer_and_nothing_is_sent_twice(studio: Studio) -> None:
    real = studio.kling.submit

    def broken(payload: Payload, commit: Any) -> Any:
        real(payload, commit)
        raise ZeroDivisionError

    studio.kling.submit = broken  # type: ignore[method-assign]
    studio.intend()
    studio.run(200)
    assert studio.submission().phase is Phase.FETCHED
    assert studio.kling.creates == ["kob-1"]
    assert studio.kinds()[1:4] == ["Sent", "Reopened", "Accepted"]


def test_a_page_of_the_list_that_cannot_be_read_keeps_nobody_from_being_asked_for(studio: Studio) -> None:
    def broken() -> Any:
        raise RecursionError

    studio.kling.recent = broken  # type: ignore[method-assign]
    for number in (1, 2, 3):
        studio.intend(number)
    studio.run(600)
    assert all(studio.submission(f"kob-{number}").phase is Phase.FETCHED for number in (1, 2, 3))
