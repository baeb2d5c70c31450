"""Harness 2: kill -9 at every named moment and at random ones, on real processes and sockets."""

from __future__ import annotations

from tests.torture.crash_points import POINTS
from tests.torture.running import KILLS, ONLY_POSIX, SEED, torture
from tests.torture.stories import story_of

pytestmark = ONLY_POSIX


def test_hundreds_of_kills_lose_nothing_and_pay_nothing_twice() -> None:
    tally = torture("--kills", KILLS, "--seed", SEED)
    assert tally["violations"] == []
    assert tally["kills"] >= KILLS
    named = set(tally["by_point"]) - {"at random"}
    assert tally["by_point"]["at random"] > 0
    assert len(named) >= min(KILLS // 10, len(POINTS) // 2), named


def test_two_processes_with_a_hundred_submissions_and_random_kills_create_a_hundred_tasks() -> None:
    tally = torture("--story", "a hundred submissions")
    assert tally["violations"] == []
    assert tally["creates"] == 100
    assert tally["kills"] == 10


def test_a_process_that_slept_while_another_took_over_is_fenced() -> None:
    tally = torture("--story", "one of two is frozen")
    assert tally["violations"] == []
    assert tally["creates"] == 8


def test_the_same_seed_tells_the_same_story() -> None:
    assert [story_of(seed) for seed in range(50)] == [story_of(seed) for seed in range(50)]
    assert story_of(1) != story_of(2)


def test_every_named_moment_has_its_turn() -> None:
    swept = {story_of(seed).lives[-1].deaths[0].point for seed in range(len(POINTS))}
    assert swept == set(POINTS)
