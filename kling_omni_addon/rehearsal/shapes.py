"""How large a clip is: the mode says how many lines, the asked aspect ratio or the pictures say the shape (contract
4.1, 4.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import sqrt

from ..core.sizes import sides_of

_FILM = Fraction(16, 9)  # the shape whose height is the mode's lines; a clip of any other has as many pixels


def clip_size(lines: int, aspect_ratio: str) -> tuple[int, int]:
    """Width and height in pixels, both even, of a clip of any aspect ratio; ``lines`` is what the mode's 16:9 has.

    720 gives 1280 x 720, 720 x 1280 and 960 x 960.
    """
    across, down = sides_of(aspect_ratio)
    pixels = lines * lines * _FILM
    return _even(sqrt(pixels * across / down)), _even(sqrt(pixels * down / across))


def nearest_ratio(width: int, height: int, ratios: Sequence[str]) -> str:
    """The one of ``ratios`` most like a picture's own, compared as factors: twice too wide is as far as twice too tall.

    Of two that are as far, the first: a picture of 4:3 is as far from 16:9 as from 1:1, and gets 16:9.
    """
    factors = {ratio: Fraction(width, height) / Fraction(*sides_of(ratio)) for ratio in ratios}
    return min(ratios, key=lambda ratio: max(factors[ratio], 1 / factors[ratio]))


def _even(pixels: float) -> int:
    return 2 * round(pixels / 2)
