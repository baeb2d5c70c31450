"""Harness 2: kill -9 at every named moment and at random ones, on real processes and sockets."""

from __future__ import annotations

from kling_omni_addon.core.capability import DIALECTS, LEGACY, NEW
from tests.torture.crash_points import POINTS
from tests.torture.running import KILLS, ONLY_POSIX, SEED, torture
from tests.torture.service_process import KEY_NAMES
from tests.torture.stories import MIXED, spoken, story_of

pytestmark = ONLY_POSIX


def test_hundreds_of_kills_lose_nothing_and_pay_nothing_twice() -> None:
    tally = torture("--kills", KILLS, "--seed", SEED)
    assert tally["violations"] == []
    assert tally["kills"] >= KILLS
    assert set(tally["kills_by_dialect"]) == set(DIALECTS)
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


def test_each_process_speaks_the_api_that_was_chosen_and_a_key_pair_the_legacy_one() -> None:
    stories = [story_of(seed) for seed in range(100)]
    assert {api for story in stories for life in spoken(story, LEGACY).lives for api in life.dialects} == {LEGACY}
    for story in stories:
        new, mixed = spoken(story, NEW), spoken(story, MIXED)
        assert mixed == spoken(story, MIXED)
        assert new.dialect == NEW
        assert new.keys[-1] == KEY_NAMES[0]  # what was sent over the new API can be asked for in the end
        for life in (*new.lives, *mixed.lives):
            assert len(life.dialects) == len(life.deaths)
            assert life.key == KEY_NAMES[0] or set(life.dialects) == {LEGACY}
    drawn = [{api for life in spoken(story, MIXED).lives for api in life.dialects} for story in stories]
    assert {frozenset(each) for each in drawn} == {frozenset({LEGACY}), frozenset({NEW}), frozenset(DIALECTS)}


def test_every_named_moment_has_its_turn() -> None:
    swept = {story_of(seed).lives[-1].deaths[0].point for seed in range(len(POINTS))}
    assert swept == set(POINTS)
