"""Whole seconds for shots whose lengths are not whole, so that the sum comes out exactly."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor

_NOTHING = 1e-6  # seconds: 72 frames at 24 fps are three seconds, whatever the arithmetic left over


def apportion(lengths_s: Sequence[float], total_s: int | None = None) -> tuple[int, ...]:
    """Round lengths in seconds to whole ones that add up to ``total_s``, by default their sum rounded.

    Each is a second at least, and none is off by a second or more. What is over goes where most was cut off (largest
    remainder), of equals to the first. Raises ``ValueError`` for a length that is not above zero, and for a total that
    cannot be had on these terms.
    """
    if any(not length > 0 for length in lengths_s):
        raise ValueError("a shot has to have a length")
    least = [max(1, floor(length + _NOTHING)) for length in lengths_s]
    most = [max(1, ceil(length - _NOTHING)) for length in lengths_s]
    wanted = min(max(round(sum(lengths_s)), sum(least)), sum(most)) if total_s is None else total_s
    if not sum(least) <= wanted <= sum(most):
        raise ValueError(f"{total_s} s cannot be shared out without changing a shot by a second or more")
    can_grow = [place for place in range(len(least)) if most[place] > least[place]]
    can_grow.sort(key=lambda place: least[place] - lengths_s[place])
    grown = set(can_grow[: wanted - sum(least)])
    return tuple(length + (place in grown) for place, length in enumerate(least))
