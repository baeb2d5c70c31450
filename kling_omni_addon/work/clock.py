"""Time as something that is handed in, so that tests can make it pass."""

from __future__ import annotations

import sys
import threading
import time
from typing import Protocol

_CLOCK: int | None = getattr(time, "CLOCK_MONOTONIC" if sys.platform == "darwin" else "CLOCK_BOOTTIME", None)
"""The system's clock that goes on while the machine sleeps; that of Windows is Python's monotonic one."""


def steady_s() -> float:
    """Seconds from some moment on. They never jump, and they go on while the machine sleeps."""
    return time.monotonic() if _CLOCK is None else time.clock_gettime(_CLOCK)


class Clock(Protocol):
    """The time of day, and sleep that can be cut short."""

    def now(self) -> float:
        """Unix seconds; never jumps while the process runs. For windows and waiting times."""

    def wall(self) -> float:
        """Unix seconds as the machine has them just now. For what is compared with the records of other processes."""

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        """Sleep until the event is set or the time is over; True when it was set."""


class SystemClock:
    """The real clock: the time of day at the start plus the steady seconds since, those of a suspend included.

    So a step of the wall clock, an hour or a day, moves no window and no waiting time of a running process (faults 67,
    68), and after eight hours of sleep it is eight hours later (fault 69).
    """

    def __init__(self) -> None:
        self._offset = time.time() - steady_s()

    def now(self) -> float:
        """Unix seconds."""
        return self._offset + steady_s()

    def wall(self) -> float:
        """Unix seconds, read anew."""
        return time.time()

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        """Sleep in the event, so that stopping is instant."""
        return event.wait(max(0.0, timeout_s))
