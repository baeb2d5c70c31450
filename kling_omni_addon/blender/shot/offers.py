"""What a .blend can keep, as Blender's enums want it: made of the limits once, when Blender loads this.

These are the choices of every profile, with the models that a relay documents, so that another one changes nothing that
is kept; the panel draws those of the profile in force, and what that lacks is judged. A .blend keeps the number of a
choice and not its name. The numbers are part of the data, so they stay what they are when models come and go.
"""

from __future__ import annotations

from math import floor
from typing import Final, TypeAlias

from ...core import capability, choices
from ...core.capability import Profile
from ...core.choices import Choice

Item: TypeAlias = tuple[str, str, str, int]

LIMITS: Final = capability.profile()
"""Today's limits: what new shots are set to, and what descriptions say."""

_PROFILES: Final = (
    *(capability.profile(name, capability.NEW, is_relayed=True) for name in capability.PROFILES),
    *(capability.profile(name) for name in capability.PROFILES),
)
"""Every model that anybody can choose, last as most people have it."""
_MODELS: Final = tuple(model for at in _PROFILES for model in at.models.values())


def _items(offered: tuple[Choice, ...]) -> tuple[Item, ...]:
    return tuple((choice.name, choice.label, choice.description, choice.number) for choice in offered)


MODELS: Final = _items(choices.at_every_date(choices.models, _PROFILES))
MODES: Final = _items(choices.at_every_date(choices.modes, _PROFILES))
ASPECT_RATIOS: Final = _items(choices.at_every_date(choices.aspect_ratios, _PROFILES))
SHORTEST_S: Final = min(*(at.duration_s[0] for at in _PROFILES), *(model.shortest_s for model in _MODELS))
LONGEST_S: Final = max(*(at.duration_s[1] for at in _PROFILES), *(model.longest_s for model in _MODELS))


def told_video(profile: Profile) -> str:
    """The videos that any model takes: "an MP4 or MOV of 3 to 10 seconds"."""
    spans = [model.input_video_s for model in profile.models.values()]
    shortest, longest = min(low for low, _ in spans), max(high for _, high in spans)
    formats = " or ".join(name.upper() for name in profile.video.formats)
    return f"an {formats} of {shortest:g} to {floor(longest * 2) / 2:g} seconds"
