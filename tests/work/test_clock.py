"""Time as the worker sees it."""

from __future__ import annotations

import threading
import time

import pytest

from kling_omni_addon.work.clock import SystemClock


@pytest.mark.parametrize("step_s", [-86_400.0, -3600.0, 3600.0, 1e9])
def test_fault_68_a_step_of_the_wall_clock_moves_nothing_in_a_running_process(
    monkeypatch: pytest.MonkeyPatch, step_s: float
) -> None:
    clock = SystemClock()
    before, wall = clock.now(), time.time()
    monkeypatch.setattr(time, "time", lambda: wall + step_s)
    assert 0 <= clock.now() - before < 60


def test_a_wait_ends_at_once_when_it_is_called_off() -> None:
    called_off = threading.Event()
    called_off.set()
    assert SystemClock().wait(called_off, 1e6)
    assert not SystemClock().wait(threading.Event(), -5)
