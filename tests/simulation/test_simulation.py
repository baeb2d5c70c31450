"""Many histories in virtual time: nothing lost, nothing paid twice, an end with a reason.

``KLING_HISTORIES`` sets how many; ``make simulate`` plays more and says what it met.
"""

from __future__ import annotations

import os
from random import Random

import pytest

from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life import lifecycle
from kling_omni_addon.core.life.lifecycle import Phase

from . import story, troubles
from .run import Tally, played, simulate, told

HISTORIES = int(os.environ.get("KLING_HISTORIES", "40000"))
"""About 100 s on two idle cores (5 ms each with a Python 3.11 built without optimisation).

A million is for ``make simulate``.
"""
ENOUGH_FOR_COVERAGE = 40_000  # one process after the other dying over a send is rare
UNREACHED = {
    (ev.Accepted, Phase.PARKED),  # whoever parks holds the lease, so a late answer of another send is fenced off
    (ev.Adopted, Phase.FAILED),  # an id that somebody chose is another task's: tests/command_line/test_adopting.py
    (ev.Rebound, Phase.PARKED),  # found at last, and with another key: tests/work/test_rebinding.py
    (ev.Adopted, Phase.UNANSWERED),  # these three are the recovery of a lost journal: tests/work/test_recovery.py
    (ev.Adopted, Phase.PARKED),
    (ev.Doubted, Phase.INTENDED),
    (ev.Begun, Phase.FETCHED),  # placing is Blender's: tests/blender/submissions/test_crash_loops.py
    (ev.SetAside, Phase.FETCHED),
    # No history asks for a watermark: tests/session/test_marked_copy.py
    *(
        (kind, phase)
        for kind in (ev.Named, ev.MarkedFetched, ev.MarkedFailed)
        for phase in (Phase.FETCHED, Phase.PLACED)
    ),
    (ev.Rebound, Phase.PLACED),
}
"""Moves of the table that no history here makes, and why."""


@pytest.fixture(scope="module")
def tally() -> Tally:
    return simulate(0, HISTORIES, os.cpu_count() or 1)


def test_no_history_breaks_a_promise(tally: Tally) -> None:
    assert tally.violations == []
    assert tally.histories == HISTORIES


@pytest.mark.skipif(HISTORIES < ENOUGH_FOR_COVERAGE, reason="too few histories to meet everything")
def test_every_move_of_the_table_was_made(tally: Tally) -> None:
    table = {(kind, phase) for kind, moves in lifecycle.TRANSITIONS.items() for phase in moves}
    missing = {(kind, phase) for kind, phase in table if not tally.transitions[kind.__name__, phase]}
    assert missing <= UNREACHED


@pytest.mark.skipif(HISTORIES < ENOUGH_FOR_COVERAGE, reason="too few histories to meet everything")
def test_every_kind_of_trouble_struck(tally: Tally) -> None:
    assert set(troubles.ALL) <= set(tally.troubles)


@pytest.mark.skipif(HISTORIES < ENOUGH_FOR_COVERAGE, reason="too few histories to meet everything")
def test_processes_died_before_and_after_every_commit_and_call(tally: Tally) -> None:
    wanted = {f"{when} {kind}" for when in ("before", "after") for kind in ("Sent", "Accepted", "POST", "GET")}
    wanted |= {"committed, last byte not sent", "last byte sent", "made, not answered", "before download"}
    assert wanted <= set(tally.deaths)


ONCE_BROKEN = (
    *(1034744, 1077893, 3053751, 4220527, 2110947),
    *(227526, 216504, 3037470, 2012379, 6006596),
)
"""Seeds that found a hole in the product, all mended (docs/reliability.md)."""


def test_histories_that_once_broke_a_promise_keep_every_one() -> None:
    assert played(ONCE_BROKEN).violations == []


def test_a_seed_tells_the_same_story_each_time() -> None:
    for seed in range(20):
        assert list(told(seed)) == list(told(seed))


def test_an_errand_passed_over_draws_as_much_as_one_that_is_run() -> None:
    run, passed_over = Random(7), Random(7)
    for _ in range(100):
        story._drawn_errand(run)
        story._pass_over_errand(passed_over)
    assert run.getstate() == passed_over.getstate()


def test_a_story_told_is_the_story_played() -> None:
    alone, together = played([7]), played(range(8))
    assert alone.transitions <= together.transitions
    assert list(told(7))[-1] == "every promise was kept"
