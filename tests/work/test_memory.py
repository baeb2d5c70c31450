"""When a service is called silent: ten seconds without an answer of use, counted from the question."""

from __future__ import annotations

from kling_omni_addon.core.life.queueing import Slots
from kling_omni_addon.core.protocol import Status, TaskReport
from kling_omni_addon.work.memory import SILENT_AFTER_S, Memory, Silence

NOW = 1e9


def memory() -> Memory:
    return Memory(Slots())


def test_a_question_that_stays_open_is_a_silence_after_ten_seconds() -> None:
    known = memory()
    known.note_question("kob-1", NOW)
    assert known.silence_of("kob-1", NOW + SILENT_AFTER_S - 1) is None
    assert known.silence_of("kob-1", NOW + SILENT_AFTER_S) == Silence(since=NOW, reason="")
    assert known.silence_of("kob-2", NOW + SILENT_AFTER_S) is None


def test_a_question_that_is_over_is_none() -> None:
    known = memory()
    known.note_question("kob-1", NOW)
    known.note_answered("kob-1")
    assert known.silence_of("kob-1", NOW + 60) is None
    known.note_question("kob-1", NOW)
    known.let_go("kob-1")
    assert known.silence_of("kob-1", NOW + 60) is None


def test_a_silence_counts_from_the_first_question_that_brought_nothing() -> None:
    known = memory()
    for asked_at in (NOW, NOW + 20):
        known.note_question("kob-1", asked_at)
        known.note_silence("kob-1", asked_at + 1, "The connection was reset.")
        known.let_go("kob-1")
    assert known.silence_of("kob-1", NOW + 21) == Silence(since=NOW, reason="The connection was reset.")


def test_one_failure_that_is_made_good_at_once_is_not_named() -> None:
    known = memory()
    known.note_silence("kob-1", NOW, "The connection was reset.")
    assert known.silence_of("kob-1", NOW + 5) is None
    known.note_there("kob-1")
    assert known.silence_of("kob-1", NOW + 60) is None


def test_a_link_is_taken_once_while_it_is_fresh_and_for_its_own_task() -> None:
    known, report = memory(), TaskReport(task_id="task-1", status=Status.SUCCEEDED, link="https://cdn.example/secret")
    known.keep_answer("kob-1", report, NOW)
    assert known.take_answer("kob-1", "task-1", NOW + 59) == report
    assert known.take_answer("kob-1", "task-1", NOW + 59) is None
    for task_id, later in (("task-1", NOW + 60), ("task-1", NOW - 1), ("task-2", NOW)):
        known.keep_answer("kob-1", report, NOW)
        assert known.take_answer("kob-1", task_id, later) is None
