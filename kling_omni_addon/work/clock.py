"""Time as something that is handed in, so that tests can make it pass."""

from __future__ import annotations

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """The time of day, and sleep that can be cut short."""

    def now(self) -> float:
        """Unix seconds; never jumps while the process runs."""

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        """Sleep until the event is set or the time is over; True when it was set."""


class SystemClock:
    """The real clock: the time of day at the start plus what the monotonic clock has counted since.

    So a step of the wall clock, an hour or a day, moves no window and no waiting time of a running process (faults 67,
    68).
    """

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def now(self) -> float:
        """Unix seconds, as the wall clock had them at the start."""
        return self._offset + time.monotonic()

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        """Sleep in the event, so that stopping is instant."""
        return event.wait(max(0.0, timeout_s))
