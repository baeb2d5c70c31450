"""Sleep of the machine and steps of its wall clock: what counts against a cap is when it was sent, for everybody."""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import Target, event_from, record_of
from kling_omni_addon.core.life.lifecycle import Phase
from kling_omni_addon.core.life.spending import Caps
from kling_omni_addon.core.payload import Payload
from kling_omni_addon.work import clock as clock_module
from kling_omni_addon.work.clock import SystemClock, steady_s
from tests.workshop.studio import ORIGIN, FakeClock, Studio

HOUR_S, DAY_S = 3600.0, 86_400.0


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="this system has no such clock")
def test_after_eight_hours_of_sleep_it_is_eight_hours_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a suspend does: the time of day and the boot clock go on, the monotonic one stands still."""
    clock, monotonic, boot, day = SystemClock(), time.monotonic(), time.clock_gettime, time.time
    before = clock.now()
    monkeypatch.setattr(time, "monotonic", lambda: monotonic)
    monkeypatch.setattr(time, "clock_gettime", lambda which: boot(which) + 8 * HOUR_S * (which == time.CLOCK_BOOTTIME))
    monkeypatch.setattr(time, "time", lambda: day() + 8 * HOUR_S)
    assert clock.now() - before == pytest.approx(8 * HOUR_S, abs=60)
    assert clock.wall() - before == pytest.approx(8 * HOUR_S, abs=60)


def test_the_steady_clock_of_this_system_does_not_stop_in_suspend() -> None:
    if hasattr(time, "CLOCK_BOOTTIME"):
        assert clock_module._CLOCK == time.CLOCK_BOOTTIME
    first = steady_s()
    assert steady_s() >= first


def test_the_time_of_day_is_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, wall = SystemClock(), time.time()
    monkeypatch.setattr(time, "time", lambda: wall - DAY_S)
    assert clock.wall() == wall - DAY_S


class OwnClock(FakeClock):
    """That of a process whose time is another than the time of day."""

    behind_s = 0.0

    def now(self) -> float:
        return self.time - self.behind_s


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    studio = Studio(tmp_path)
    studio.clock = studio.kling.clock = OwnClock()
    studio.clock.time = 1_790_000_000.0
    restart(studio)
    yield studio
    for lane in studio.lanes:
        lane.close()
    studio.journal.close()


def restart(studio: Studio, behind_s: float = 0.0) -> None:
    """Another process, whose own time is behind the time of day."""
    for lane in studio.lanes:
        lane.close()
    clock = OwnClock()
    clock.time, clock.behind_s = studio.clock.time, behind_s
    studio.clock = studio.kling.clock = clock
    studio.restart(caps=Caps(daily=Decimal(4)))


def want(studio: Studio, name: str) -> None:
    payload = Payload(external_task_id=name, model="m", pieces=("{}",))
    at = studio.clock.now()
    studio.journal.begin(ev.Intended(at=at, payload=payload, origin=ORIGIN, target=Target(), most_units="3"))


@pytest.mark.parametrize("behind_h", [30.0, -30.0, 24 * 365 * 20.0])
def test_what_is_sent_by_a_process_whose_time_stood_still_counts_for_all(studio: Studio, behind_h: float) -> None:
    """It began 30 hours ago by its own count, or in 1970: what it sends now is spent now."""
    restart(studio, behind_h * HOUR_S)
    want(studio, "kob-1")
    studio.lanes[0].run_due()
    studio.clock.time += HOUR_S
    restart(studio)
    want(studio, "kob-2")
    studio.lanes[0].run_due()
    assert studio.kling.creates == ["kob-1"]
    assert studio.submission("kob-2").is_held
    studio.clock.time += DAY_S
    studio.journal.append("kob-2", ev.Released(at=studio.clock.now()))
    studio.lanes[0].run_due()
    assert studio.kling.creates == ["kob-1", "kob-2"], "a day later it does not count any more"


def test_a_process_whose_time_stood_still_sees_what_others_sent(studio: Studio) -> None:
    want(studio, "kob-1")
    studio.lanes[0].run_due()
    restart(studio, -30 * HOUR_S)
    want(studio, "kob-2")
    studio.lanes[0].run_due()
    assert (studio.kling.creates, studio.submission("kob-2").is_held) == (["kob-1"], True)


@pytest.mark.parametrize("step_s", [-DAY_S, -HOUR_S, HOUR_S, DAY_S])
def test_a_step_of_the_time_of_day_moves_no_window_of_looking(studio: Studio, step_s: float) -> None:
    studio.kling.trouble["submit"] = ["swallowed"]
    want(studio, "kob-1")
    studio.run(60)
    clock = studio.clock
    assert isinstance(clock, OwnClock)
    clock.time += step_s
    clock.behind_s += step_s  # its own time goes on as it did
    studio.run(110)
    assert studio.submission().phase is Phase.UNANSWERED
    studio.run(60)
    assert studio.submission().phase is Phase.PARKED


def test_a_record_of_an_earlier_version_counts_by_its_own_time(studio: Studio) -> None:
    kind, data = record_of(ev.Sent(at=studio.clock.now(), digest="d", wall_at=1.0))
    del data["wall_at"]
    want(studio, "kob-1")
    studio.journal.append("kob-1", event_from(kind, data))
    assert studio.submission().sent_at == studio.clock.now()
    assert [s.id for s in studio.journal.sent_since(studio.clock.now() - 1)] == ["kob-1"]
    assert studio.journal.sent_since(studio.clock.now()) == ()
