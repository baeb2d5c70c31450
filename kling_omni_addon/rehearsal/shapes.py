"""How large a clip is: the mode says how many lines, the asked aspect ratio or the pictures say the shape (contract
4.1, 4.3).
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

_WIDE, _TALL, _SQUARE = "16:9", "9:16", "1:1"
# Multiples of the mode's lines: 720 gives 1280 x 720, 720 x 1280 and 960 x 960.
_SIDES: Mapping[str, tuple[Fraction, Fraction]] = {
    _WIDE: (Fraction(16, 9), Fraction(1)),
    _TALL: (Fraction(1), Fraction(16, 9)),
    _SQUARE: (Fraction(4, 3), Fraction(4, 3)),
}


def clip_size(lines: int, aspect_ratio: str) -> tuple[int, int]:
    """Width and height in pixels of a clip; ``lines`` is 720, 1080 or 2160."""
    across, down = _SIDES[aspect_ratio]
    return int(lines * across), int(lines * down)


def nearest_ratio(width: int, height: int) -> str:
    """The aspect ratio most like a picture's own, compared as factors: twice too wide is as far as twice too tall.

    A picture of 4:3 is as far from 16:9 as from 1:1, and gets 16:9.
    """
    shape = Fraction(width, height)
    factors = {name: shape / (across / down) for name, (across, down) in _SIDES.items()}
    return min(factors, key=lambda name: max(factors[name], 1 / factors[name]))
