"""One gateway serves a spool; another one takes over by its own clock alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from kling_omni_addon.gateway.spool import Spool
from kling_omni_addon.gateway.watch import Superseded, Watch, status_of


class Clock:
    """A clock of one machine, which tells nothing of another's."""

    def __init__(self, start: float) -> None:
        self.at = start

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    made = Spool(tmp_path)
    made.make()
    return made


@pytest.fixture
def first(spool: Spool) -> tuple[Watch, Clock]:
    clock = Clock(5.0)
    watch = Watch(spool, 60.0, clock)
    assert watch.takes_office()
    watch.beat({})
    return watch, clock


def test_a_heart_that_beats_keeps_the_office_however_long(spool: Spool, first: tuple[Watch, Clock]) -> None:
    watch, its_clock = first
    clock = Clock(9_000_000.0)
    second = Watch(spool, 60.0, clock)
    for _ in range(10):
        assert not second.takes_office()
        its_clock.at += 50
        clock.at += 50
        watch.beat({})


def test_a_still_heart_loses_it_after_the_patience_of_whoever_waits(spool: Spool, first: tuple[Watch, Clock]) -> None:
    clock = Clock(9_000_000.0)
    second = Watch(spool, 60.0, clock)
    assert not second.takes_office()
    clock.at += 59
    assert not second.takes_office()
    clock.at += 1
    assert second.takes_office()
    with pytest.raises(Superseded):
        first[0].beat({})


def test_of_two_that_stand_by_one_takes_over(spool: Spool, first: tuple[Watch, Clock]) -> None:
    clock = Clock(0.0)
    others = [Watch(spool, 60.0, clock) for _ in range(2)]
    assert [each.takes_office() for each in others] == [False, False]
    clock.at += 60
    assert [each.takes_office() for each in others] == [True, False]


def test_who_leaves_is_followed_at_once(spool: Spool, first: tuple[Watch, Clock]) -> None:
    first[0].end()
    assert Watch(spool, 60.0, Clock(0.0)).takes_office()


def test_who_was_superseded_ends_nobody_elses_term(spool: Spool, first: tuple[Watch, Clock]) -> None:
    clock = Clock(0.0)
    second, third = (Watch(spool, 60.0, clock) for _ in range(2))
    second.takes_office()
    clock.at += 60
    assert second.takes_office()
    second.beat({})
    first[0].end()
    assert not third.takes_office()


def test_old_terms_are_cleared_away_and_strange_names_are_none(spool: Spool) -> None:
    (spool.folder / "owners" / "notes").mkdir()
    for _ in range(5):
        watch = Watch(spool, 0.0, Clock(0.0))
        assert watch.takes_office()
        watch.end()
    assert sorted(path.name for path in (spool.folder / "owners").iterdir()) == ["000004", "000005", "notes"]


def test_the_status_tells_a_heart_that_beats_from_one_that_does_not(spool: Spool, first: tuple[Watch, Clock]) -> None:
    watch, clock = first

    def meanwhile(_seconds: float) -> None:
        clock.at += 5
        watch.beat({"under_way": 3})

    assert status_of(spool, 10.0, meanwhile)["is_served"] is True
    still = status_of(spool, 0.1, lambda _seconds: None)
    assert (still["is_served"], still["under_way"], still["requests"]) == (False, 3, 0)
