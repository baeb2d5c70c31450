"""How long to wait before asking again. What varies by chance is derived from the id, so a run can be replayed."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

LOOK_WINDOW_S = 180.0
"""How long an unanswered create is looked for before it may be parked (docs/architecture.md, "The Commit Point").
"""
LOOK_OFFSETS_S = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 90.0, 120.0, 150.0)
"""When to look for a task whose create was never answered, in seconds from the start of the window."""
LOOK_PERIOD_S = 30.0
"""Beyond the list, and again up to the end of a longer window."""
LATE_LOOK_PERIOD_S = 5.0
"""Between the clean misses that are wanted after the window."""

_POLLS = ((1.0, 2.5), (120.0, 5.0), (1800.0, 10.0))
"""Up to which age, and how often: every 5 s, every 10 s after two minutes (contract, section 8). First after half of
that, for a rehearsal takes less.
"""
_LATE_POLL_S = 60.0
_SHORTEST_POLL_S, _LONGEST_POLL_S = 2.5, 20.0
_BACKOFF_CAP_S = 300.0


def poll_interval_s(age_s: float, key: str, usual_s: Sequence[float] = ()) -> float:
    """Seconds until the next question about a task that was accepted ``age_s`` ago.

    ``usual_s`` says how long tasks of its kind took. While some of them took longer than this one has, it is asked for
    half-way to the next of those moments, every 2.5 to 20 s: seldom at first, often when it is likely to end. Beyond
    all of them, or with nothing learned yet, the pace slows down with age. A task of the future, by a clock that was
    set since, is as old as it is early.
    """
    ahead = [duration for duration in usual_s if duration > age_s]
    if ahead:
        return min(_LONGEST_POLL_S, max(_SHORTEST_POLL_S, (min(ahead) - age_s) / 2)) * _spread(key)
    period = next((interval for limit, interval in _POLLS if abs(age_s) < limit), _LATE_POLL_S)
    return period * _spread(key)


def backoff_s(attempt: int, key: str) -> float:
    """Seconds before attempt number ``attempt`` + 1: 1, 2, 4, ... at most 300, each up to 20 % more or less."""
    return min(_BACKOFF_CAP_S, 2.0 ** min(max(attempt - 1, 0), 16)) * _spread(f"{key}{attempt}")


def look_offset_s(looks: int) -> float:
    """When look number ``looks`` (from 0) of one window is due, in seconds from its start."""
    if looks < len(LOOK_OFFSETS_S):
        return LOOK_OFFSETS_S[looks]
    return LOOK_OFFSETS_S[-1] + LOOK_PERIOD_S * (looks - len(LOOK_OFFSETS_S) + 1)


def _spread(key: str) -> float:
    """0.8 to 1.2, the same for the same key, so that a hundred clients do not ask in step."""
    return 0.8 + 0.4 * (zlib.crc32(key.encode()) & 0xFFFF) / 0xFFFF
