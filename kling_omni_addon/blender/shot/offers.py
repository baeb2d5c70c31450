"""What the panel offers to choose from, as Blender's enums want it: made of the limits once, when Blender loads this.

A .blend keeps the number of a choice and not its name. The numbers are part of the data, so they stay what they are
when models come and go.
"""

from __future__ import annotations

from math import floor
from typing import Final, TypeAlias

from ...core import choices
from ...core.capability import Profile
from ...core.choices import Choice
from ..connection import limits

Item: TypeAlias = tuple[str, str, str, int]

LIMITS: Final = limits.profile()
"""The limits that these lists and the properties' bounds were made of."""


def _items(offered: tuple[Choice, ...]) -> tuple[Item, ...]:
    return tuple((choice.name, choice.label, choice.description, choice.number) for choice in offered)


MODELS: Final = _items(choices.models(LIMITS))
MODES: Final = _items(choices.modes(LIMITS))
ASPECT_RATIOS: Final = _items(choices.aspect_ratios(LIMITS))
SHORTEST_S, LONGEST_S = LIMITS.duration_s


def told_video(profile: Profile) -> str:
    """The videos that any model takes: "an MP4 or MOV of 3 to 10 seconds"."""
    spans = [model.input_video_s for model in profile.models.values()]
    shortest, longest = min(low for low, _ in spans), max(high for _, high in spans)
    formats = " or ".join(name.upper() for name in profile.video.formats)
    return f"an {formats} of {shortest:g} to {floor(longest * 2) / 2:g} seconds"
