"""When a service is called silent: ten seconds without an answer of use, counted from the question."""

from __future__ import annotations

from kling_omni_addon.core.life.queueing import Slots
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
