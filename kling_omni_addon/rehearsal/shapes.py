"""The shape of a clip that nobody chose: the aspect ratio most like the pictures (contract 4.1, 4.3)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from ..core.sizes import sides_of


def nearest_ratio(width: int, height: int, ratios: Sequence[str]) -> str:
    """The one of ``ratios`` most like a picture's own, compared as factors: twice too wide is as far as twice too tall.

    Of two that are as far, the first: a picture of 4:3 is as far from 16:9 as from 1:1, and gets 16:9.
    """
    factors = {ratio: Fraction(width, height) / Fraction(*sides_of(ratio)) for ratio in ratios}
    return min(ratios, key=lambda ratio: max(factors[ratio], 1 / factors[ratio]))
