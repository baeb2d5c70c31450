"""A limit of what is shown is no limit of what is known (second round, 5)."""

from __future__ import annotations

from pathlib import Path

import pytest

from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import Event, Origin, Target
from kling_omni_addon.core.life.lifecycle import Phase
from kling_omni_addon.core.payload import Payload
from kling_omni_addon.session import Session
from kling_omni_addon.settings import Keys, Settings
from kling_omni_addon.work.journal import Journal
from kling_omni_addon.work.recovery import SHOWN

MANY = SHOWN + 30
FAILED = 10
OLDEST, NEWEST = "kob-000", f"kob-{MANY - 1:03}"
SHOT = "kob-001"


def ended(number: int) -> list[Event]:
    """The first ten failed, the others are clips for no timeline; the third is a take of the second."""
    name = f"kob-{number:03}"
    at, payload = 1e9 + number, Payload(external_task_id=name, model="kling-v3-omni", pieces=("{}",))
    origin, target = Origin(service="https://k", key_fingerprint="f"), Target(shot=SHOT if number == 2 else "")
    sent: list[Event] = [
        ev.Intended(at=at, payload=payload, origin=origin, target=target),
        ev.Sent(at=at, digest=payload.digest),
        ev.Accepted(at=at, task_id=str(number)),
    ]
    if number < FAILED:
        return [*sent, ev.Failed(at=at, reason="Kling could not generate the clip.")]
    clip = ev.Fetched(at=at, path=f"/clips/{number}.mp4", sha256="c" * 64, size_bytes=9)
    return [*sent, ev.Succeeded(at=at, charge_units="3"), clip]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home whose journal has more submissions that are over than a panel lists."""
    home = tmp_path / "home"
    journal = Journal(home / "journal.sqlite3")
    journal.carry_over(ended(number) for number in range(MANY))
    journal.close()
    keys = Keys(api_key="a-key-of-a-test")
    return Settings(service_url="http://127.0.0.1:9", keys=keys, home=home, clips=home / "clips")


def test_a_wait_tells_of_submissions_that_are_over_for_long(settings: Settings) -> None:
    with Session(settings) as session:
        every = [f"kob-{number:03}" for number in range(MANY)]
        found = session.wait(lambda states: len(states) == MANY, every, 1.0)
        assert [s.id for s in found.values() if s.phase is Phase.FAILED] == every[:FAILED]


def test_what_is_shown_ends_where_what_is_known_goes_on(settings: Settings) -> None:
    with Session(settings) as session:
        session.snapshot.refresh()
        assert len(session.snapshot.submissions) == SHOWN
        assert session.snapshot.find(OLDEST) is None
        assert session.snapshot.find(NEWEST) is not None
        assert len(session.read_all()) == MANY
        oldest = session.read(OLDEST)
        assert oldest is not None
        assert oldest.phase is Phase.FAILED
        assert session.read("kob-nobody") is None


def test_what_somebody_wants_to_know_stays_at_hand(settings: Settings) -> None:
    with Session(settings) as session:
        session.snapshot.refresh()
        assert session.snapshot.know([OLDEST, NEWEST, "kob-nobody"])
        assert not session.snapshot.know([OLDEST])
        found = session.snapshot.find(OLDEST)
        assert found is not None
        assert found.phase is Phase.FAILED


def test_every_take_of_a_shot_is_known(settings: Settings) -> None:
    with Session(settings) as session:
        assert [s.id for s in session.takes_of(SHOT)] == [SHOT, "kob-002"]
        assert session.takes_of("kob-00") == ()
