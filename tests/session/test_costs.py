"""What a job history cost comes to what the service's own books say, whatever went wrong on the way."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.books import By
from kling_omni_addon.core.life.events import Asker
from kling_omni_addon.core.life.lifecycle import Phase
from kling_omni_addon.costs import read_costs
from kling_omni_addon.rehearsal.settings import RehearsalSettings
from kling_omni_addon.remote.token import ApiKey
from tests.workshop.rehearsal_stand import Stand
from tests.workshop.sending_road import KEY, Road

ANNA, BEN = Asker(user="anna", host="desk-1", project="harbor"), Asker(user="ben", host="desk-2", project="storm")


@pytest.fixture
def road(tmp_path: Path) -> Iterator[Road]:
    with Stand(RehearsalSettings(folder=tmp_path / "server", submitted_s=2, processing_s=20)) as stand:
        road = Road(stand, tmp_path / "home", ApiKey(key=KEY))
        yield road
        for lane in road.lanes:
            lane.close()
        road.journal.close()


def make(road: Road, number: int, asker: Asker, *, prompt: str = "a fox", until: Phase = Phase.FETCHED) -> None:
    own_id = road.intend(number, prompt=prompt, asker=asker)
    end = road.clock.now() + 4000
    while road.one(own_id).phase is not until and road.clock.now() < end:
        road.run(5)
    assert road.one(own_id).phase is until, road.one(own_id)


def sent_twice(road: Road, number: int, asker: Asker) -> None:
    """The service takes an id twice, the first task appears long after it was looked for, and both are charged."""
    road.stand.server.arm("lax-duplicates")
    road.stand.server.arm("late-commit=1000")
    make(road, number, asker, until=Phase.PARKED)
    road.clock.hand.now += 1000
    road.journal.append(f"kob-{number}", ev.SendAgain(at=road.clock.now()))
    road.run(300)
    assert (road.creates(f"kob-{number}"), road.one(f"kob-{number}").phase) == (2, Phase.FETCHED)


def test_a_run_with_failures_unknown_charges_and_doubled_sends_costs_what_the_service_says(road: Road) -> None:
    make(road, 1, ANNA)
    make(road, 2, ANNA, prompt="a fox rehearse-refuse", until=Phase.FAILED)
    make(road, 3, BEN, prompt="a fox rehearse-fail", until=Phase.FAILED)
    road.stand.server.arm("created-but-silent")
    make(road, 4, BEN)
    road.stand.server.arm("delivered-twice")
    make(road, 5, ANNA)
    road.stand.server.arm("odd-charge=3 units")
    make(road, 6, ANNA)
    make(road, 7, BEN, until=Phase.ACCEPTED)
    road.journal.append("kob-7", ev.Abandoned(at=road.clock.now(), reason="enough"))
    sent_twice(road, 8, BEN)
    road.clock.hand.now += 100

    journal = road.home / "journal.sqlite3"
    before = journal.read_bytes()
    by_project = read_costs(journal, By.PROJECT)
    total, own_books = by_project.total, Decimal(road.stand.stats()["charges_units"])
    price = own_books / 7  # each clip was the same, and the service charged seven
    assert total.charged_units == sum(Decimal(each.charge_units or 0) for each in road.journal.all()) == 4 * price
    assert total.estimate_units == 3 * price, "the odd charge, the one given up, and one of the two"
    assert total.charged_units + total.estimate_units == own_books
    assert (total.jobs, total.clips, total.tasks, total.unpriced_tasks) == (6, 5, 7, 0)
    assert {each.what: (each.jobs, each.tasks) for each in by_project.sums} == {"harbor": (3, 3), "storm": (3, 4)}
    for by in By:
        assert read_costs(journal, by).total == total
    assert read_costs(journal, By.DAY, "2999-01-01").total.jobs == 0
    assert journal.read_bytes() == before
