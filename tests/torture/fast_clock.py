"""Time that runs faster, the same in every process of a run: nothing in the product is patched to hurry."""

from __future__ import annotations

import threading
import time

SPEED = 150.0
"""Virtual seconds in a real one: a poll every 33 ms, a lease of 0.4 s, the look window of 180 s in 1.2 s."""
_START = 1_790_000_000.0
_LEAST_S = 0.008


class FastClock:
    """A ``work.clock.Clock``; called, it gives Unix seconds, as the rehearsal server wants them.

    Every process on the machine that makes one sees the same time (the system's monotonic clock, times the speed).
    """

    def __init__(self, speed: float = SPEED) -> None:
        self._speed = speed

    def now(self) -> float:
        """Virtual Unix seconds."""
        return _START + time.monotonic() * self._speed

    __call__ = wall = now

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        """Sleep in the event, for a real fraction of the time, but long enough to leave the machine to others."""
        return event.wait(max(_LEAST_S, timeout_s / self._speed))
