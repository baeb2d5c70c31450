"""What was sent with another key of the same service, and the process that had it in hand with that key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.lifecycle import Phase
from kling_omni_addon.work.journal import Journal
from kling_omni_addon.work.lane import IDLE_S
from kling_omni_addon.work.leases import LEASE_S, LeaseLost
from tests.workshop.studio import ORIGIN, Studio

OLD = replace(ORIGIN, key_fingerprint="01d")


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    studio = Studio(tmp_path)
    studio.intend(origin=OLD)
    yield studio
    studio.journal.close()


@pytest.fixture
def elsewhere(studio: Studio) -> Iterator[Journal]:
    """The journal of a process on another machine: nobody can tell whether it lives."""
    journal = Journal(studio.path, "elsewhere:1")
    yield journal
    journal.close()


def wait(studio: Studio, seconds: float) -> None:
    """A worker looks at its journal every other second, also where nothing of its own is due."""
    for _ in range(int(seconds / IDLE_S)):
        studio.run(IDLE_S)


def sent(studio: Studio, by: Journal) -> None:
    lease = by.claim("kob-1", studio.clock.now())
    assert lease is not None
    by.append("kob-1", ev.Sent(at=studio.clock.now(), digest="d"), lease)


def test_what_a_process_died_over_with_the_old_key_is_carried_on_once_its_lease_has_lapsed(
    studio: Studio, elsewhere: Journal
) -> None:
    sent(studio, elsewhere)
    studio.kling.tasks["kob-1"] = studio.clock.now()
    wait(studio, LEASE_S / 2)
    assert studio.submission().origin == OLD
    wait(studio, 4 * LEASE_S)
    assert (studio.submission().origin, studio.submission().phase) == (ORIGIN, Phase.FETCHED)
    assert studio.kling.creates == []


def test_a_create_without_an_answer_is_asked_for_again_for_its_task_may_show_late(
    studio: Studio, elsewhere: Journal
) -> None:
    sent(studio, elsewhere)
    elsewhere.close()
    wait(studio, 900)
    assert studio.submission().origin == OLD
    studio.kling.tasks["kob-1"] = studio.clock.now()
    wait(studio, 1200)
    assert (studio.submission().origin, studio.submission().phase) == (ORIGIN, Phase.FETCHED)


def test_one_that_was_parked_goes_on_when_the_account_knows_it_at_last(studio: Studio, elsewhere: Journal) -> None:
    sent(studio, elsewhere)
    elsewhere.append("kob-1", ev.Parked(at=studio.clock.now()))
    elsewhere.give_up()
    studio.kling.tasks["kob-1"] = studio.clock.now()
    wait(studio, 60.0)
    assert (studio.submission().origin, studio.submission().phase) == (ORIGIN, Phase.PARKED)
    studio.journal.append("kob-1", ev.LookAgain(at=studio.clock.now()))
    wait(studio, 600.0)
    assert (studio.submission().phase, studio.kling.creates) == (Phase.FETCHED, [])


def test_the_process_with_the_old_key_may_do_nothing_more_once_another_key_has_it(
    studio: Studio, elsewhere: Journal
) -> None:
    lease = elsewhere.claim("kob-1", studio.clock.now())
    assert lease is not None
    studio.journal.append("kob-1", ev.Rebound(at=studio.clock.now(), origin=ORIGIN))
    with pytest.raises(LeaseLost):
        elsewhere.append("kob-1", ev.Sent(at=studio.clock.now(), digest="d"), lease)
    assert studio.journal.claim("kob-1", studio.clock.now()) is not None
