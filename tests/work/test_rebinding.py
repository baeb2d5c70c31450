"""What was sent with another key of the same service, and the process that had it in hand with that key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kling_omni_addon.core.capability import LEGACY, NEW
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


def test_a_key_that_another_api_does_not_take_takes_nothing_over_from_there(studio: Studio, elsewhere: Journal) -> None:
    """Not even what no account can have, because its own key was refused."""
    studio.intend(2, OLD, dialect=NEW)
    studio.kling.unfit = {NEW}
    lease = elsewhere.claim("kob-2", studio.clock.now())
    assert lease is not None
    elsewhere.append("kob-2", ev.Sent(at=studio.clock.now(), digest="d"), lease)
    refused = ev.Denied(at=studio.clock.now(), reason="Wrong key.", verdict="Held", exit_code=3)
    elsewhere.append("kob-2", refused, lease)
    elsewhere.give_up()
    wait(studio, 900)
    assert (studio.submission("kob-2").origin, studio.submission("kob-2").phase) == (OLD, Phase.UNANSWERED)
    studio.kling.unfit = set()
    wait(studio, 900)
    assert studio.submission("kob-2").origin == OLD  # it is asked for again with Resume, or in the next process
    studio.worker.ask_again_for_other_keys()
    wait(studio, 900)
    assert studio.submission("kob-2").origin == ORIGIN


def test_what_cannot_be_asked_for_with_this_key_keeps_nothing_else_from_it(studio: Studio, elsewhere: Journal) -> None:
    studio.kling.unfit = {NEW}
    for number, dialect in enumerate((NEW, NEW, LEGACY), start=2):
        submission_id = studio.intend(number, OLD, dialect=dialect)
        lease = elsewhere.claim(submission_id, studio.clock.now())
        assert lease is not None
        elsewhere.append(submission_id, ev.Sent(at=studio.clock.now(), digest="d"), lease)
        studio.kling.tasks[submission_id] = studio.clock.now()
    elsewhere.give_up()
    studio.run(1.0)
    assert [studio.submission(f"kob-{number}").origin for number in (2, 3, 4)] == [OLD, OLD, ORIGIN]


def test_one_whose_api_takes_no_such_key_is_held_alone(studio: Studio) -> None:
    studio.kling.unfit = {NEW}
    studio.intend(2, dialect=NEW)
    studio.intend(3)
    wait(studio, 600)
    held, other = studio.submission("kob-2"), studio.submission("kob-3")
    assert (held.phase, held.is_held, held.holds_key) == (Phase.INTENDED, True, False)
    assert (other.phase, studio.kling.creates) == (Phase.FETCHED, ["kob-3"])
