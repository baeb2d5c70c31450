"""How many pixels a captured picture gets, so that the service accepts it, and how many a clip has."""

from __future__ import annotations

import re
from fractions import Fraction
from math import sqrt
from typing import Final

from .capability import PictureLimits, Profile, VideoLimits, profile

_RATIO: Final = re.compile(r"([1-9][0-9]*):([1-9][0-9]*)")
_FILM: Final = Fraction(16, 9)  # the shape whose height is the mode's lines; a clip of any other has as many pixels


def legal_size(width: int, height: int, aspect_ratio: str | None, at: Profile | None = None) -> tuple[int, int]:
    """The size in pixels, both even, at which a ``width`` x ``height`` scene is captured.

    The short side is kept, since that is what people mean by "1080p": 1920 x 1080 gives 1920 x 1080 for ``"16:9"``,
    1080 x 1920 for ``"9:16"`` and 1080 x 1080 for ``"1:1"``. With ``None`` the scene keeps its own shape, hence its
    exact size where that is legal; a shape more oblong than pictures may be loses the ends of its long side. Only a
    short side below the smallest is raised, with the long side in proportion.

    The limits are those of the profile ``at`` (by default the default one). Raises ``ValueError`` for a side below 1 or
    an aspect ratio that the service does not know.
    """
    if width < 1 or height < 1:
        raise ValueError(f"An image cannot be {width} x {height} pixels.")
    limits = at or profile()
    across, down = _shape(width, height, aspect_ratio, limits)
    most = _most_oblong(limits.picture, is_wide=across >= down)
    short = max(2 * -(-limits.picture.side // 2), _even(Fraction(min(width, height))))
    elongation = min(Fraction(max(across, down), min(across, down)), most)
    # Rounding up to an even number must not carry the picture past the limit.
    long = min(_even(short * elongation), int(short * most) // 2 * 2)
    return (long, short) if across >= down else (short, long)


def is_legal(width: int, height: int, at: Profile | None = None) -> bool:
    """Whether the service accepts a picture of this size."""
    limits = (at or profile()).picture
    is_large = min(width, height) >= limits.side
    return is_large and max(width, height) <= _most_oblong(limits, is_wide=width >= height) * min(width, height)


def clip_size(lines: int, aspect_ratio: str) -> tuple[int, int]:
    """Width and height in pixels, both even, of a clip of any aspect ratio; ``lines`` is what the mode's 16:9 has
    (contract 4.1).

    720 gives 1280 x 720, 720 x 1280 and 960 x 960.
    """
    across, down = sides_of(aspect_ratio)
    pixels = lines * lines * _FILM
    return _even(sqrt(pixels * across / down)), _even(sqrt(pixels * down / across))


def is_legal_video(width: int, height: int, limits: VideoLimits) -> bool:
    """Whether the service accepts a video of this size (R57)."""
    if min(width, height) < limits.side[0] or max(width, height) > limits.side[1]:
        return False
    is_too_big = limits.area is not None and width * height > limits.area
    is_oblong = limits.ratio is not None and not limits.ratio[0] <= width / height <= limits.ratio[1]
    return not (is_too_big or is_oblong)


def sides_of(aspect_ratio: str) -> tuple[int, int]:
    """Across and down: 16 and 9 of ``"16:9"``. Raises ``ValueError`` for what is no ratio."""
    sides = _RATIO.fullmatch(aspect_ratio)
    if sides is None:
        raise ValueError(f"{aspect_ratio!r} is not an aspect ratio.")
    return int(sides[1]), int(sides[2])


def square_pixels(width: int, height: int, pixel_aspect_x: float, pixel_aspect_y: float) -> tuple[int, int]:
    """The size that shows a picture of stretched pixels in the same shape with square ones: never fewer pixels."""
    stretch = pixel_aspect_x / pixel_aspect_y
    if stretch >= 1:
        return round(width * stretch), height
    return width, round(height / stretch)


def _shape(width: int, height: int, aspect_ratio: str | None, limits: Profile) -> tuple[int, int]:
    if aspect_ratio is None:
        return width, height
    if aspect_ratio not in limits.aspect_ratios:
        known = ", ".join(limits.aspect_ratios)
        raise ValueError(f"Kling does not offer the aspect ratio {aspect_ratio!r}, only {known}.")
    return sides_of(aspect_ratio)


def _most_oblong(limits: PictureLimits, *, is_wide: bool) -> Fraction:
    """The long side of the most oblong picture, in short sides; exact, since the data write few digits."""
    low, high = (Fraction(str(ratio)) for ratio in limits.ratio)
    return high if is_wide else 1 / low


def _even(length: Fraction | float) -> int:
    return 2 * round(length / 2)
