"""How long something usually takes, in words."""

from __future__ import annotations

from collections.abc import Sequence


def usually(usual_s: Sequence[float]) -> str:
    """How long clips of the kind take, from the durations that were seen (seconds): ``Usually 2 to 4 min``."""
    if not usual_s:
        return ""
    unit, unit_s = ("min", 60) if max(usual_s) >= 60 else ("s", 1)
    low, high = (max(1, round(seconds / unit_s)) for seconds in (min(usual_s), max(usual_s)))
    return f"Usually {low} {unit}" if low == high else f"Usually {low} to {high} {unit}"
