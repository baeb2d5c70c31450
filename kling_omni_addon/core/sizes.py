"""How many pixels a captured picture gets, so that the service accepts it."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

# The service's limits for pictures (contract, section 4.3).
MIN_SIDE: Final = 300
MAX_RATIO: Final = Fraction(5, 2)
MAX_PICTURE_BYTES: Final = 10_000_000

ASPECT_RATIOS: Final = {"16:9": (16, 9), "9:16": (9, 16), "1:1": (1, 1)}


def legal_size(width: int, height: int, aspect_ratio: str | None) -> tuple[int, int]:
    """The size in pixels, both even, at which a ``width`` x ``height`` scene is captured.

    The short side is kept, since that is what people mean by "1080p": 1920 x 1080 gives 1920 x 1080 for ``"16:9"``,
    1080 x 1920 for ``"9:16"`` and 1080 x 1080 for ``"1:1"``. With ``None`` the scene keeps its own shape, hence its
    exact size where that is legal; a longer shape than 5:2 loses the ends of its long side. Only a short side below
    300 is raised, with the long side in proportion.

    Raises ``ValueError`` for a side below 1 or an aspect ratio that the service does not know.
    """
    if width < 1 or height < 1:
        raise ValueError(f"A picture cannot be {width} x {height} pixels.")
    across, down = _shape(width, height, aspect_ratio)
    short = max(MIN_SIDE, _even(Fraction(min(width, height))))
    elongation = min(Fraction(max(across, down), min(across, down)), MAX_RATIO)
    # Rounding up to an even number must not carry the picture past 5:2.
    long = min(_even(short * elongation), short * MAX_RATIO // 2 * 2)
    return (long, short) if across >= down else (short, long)


def square_pixels(width: int, height: int, pixel_aspect_x: float, pixel_aspect_y: float) -> tuple[int, int]:
    """The size that shows a picture of stretched pixels in the same shape with square ones: never fewer pixels."""
    stretch = pixel_aspect_x / pixel_aspect_y
    if stretch >= 1:
        return round(width * stretch), height
    return width, round(height / stretch)


def _shape(width: int, height: int, aspect_ratio: str | None) -> tuple[int, int]:
    if aspect_ratio is None:
        return width, height
    if aspect_ratio not in ASPECT_RATIOS:
        raise ValueError(f"The service knows no aspect ratio {aspect_ratio!r}, only {', '.join(ASPECT_RATIOS)}.")
    return ASPECT_RATIOS[aspect_ratio]


def _even(length: Fraction) -> int:
    return 2 * round(length / 2)
