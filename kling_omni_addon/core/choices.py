"""What people choose from, as they read it: the models, modes and aspect ratios of a profile."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from .capability import Capability, ModelLimits, Profile
from .sizes import sides_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One item of a list. ``number`` stands for it in saved files and never changes."""

    name: str
    label: str
    description: str
    number: int


def models(profile: Profile) -> tuple[Choice, ...]:
    """The models, in the order of their numbers."""
    found = sorted(profile.models.values(), key=lambda model: model.number)
    return tuple(
        Choice(name=model.name, label=model.label, description=_summary(model), number=model.number) for model in found
    )


def modes(profile: Profile) -> tuple[Choice, ...]:
    """The modes that any model has; of the others the service only knows the name."""
    made = {mode for model in profile.models.values() for mode in model.modes}
    return tuple(
        Choice(name=mode, label=profile.mode_labels[mode], description=f"{profile.mode_lines[mode]}p", number=number)
        for number, mode in enumerate(profile.modes)
        if mode in made
    )


def aspect_ratios(profile: Profile) -> tuple[Choice, ...]:
    """The shapes of a clip that any model makes."""
    return tuple(
        Choice(name=ratio, label=ratio, description=_form(ratio), number=number)
        for number, ratio in enumerate(profile.aspect_ratios)
        if ratio in profile.shapes
    )


def at_every_date(listed: Callable[[Profile], tuple[Choice, ...]], profiles: Iterable[Profile]) -> tuple[Choice, ...]:
    """The choices of several profiles in the order of their numbers, each as the last profile that has it says it."""
    found = {choice.number: choice for profile in profiles for choice in listed(profile)}
    return tuple(found[number] for number in sorted(found))


def _form(aspect_ratio: str) -> str:
    across, down = sides_of(aspect_ratio)
    return "Square" if across == down else "Landscape" if across > down else "Portrait"


def _summary(model: ModelLimits) -> str:
    """Its lengths, what else it makes, and who says so if not Kling: "3 to 15 seconds, sound and storyboards"."""
    every = sorted({length for lengths in model.durations_s.values() for length in lengths})
    lengths = model.durations(Capability.TEXT) or tuple(every)
    source = f" from {_bare_sources(model)}" if set(every) - set(lengths) else ""
    makes = {"sound": model.has_sound, "storyboards": model.storyboards, "middle frames": model.middle_frames}
    more = " and ".join(name for name, is_made in makes.items() if is_made)
    says = f"documented only by {model.documented_by}" if model.documented_by else ""
    return ", ".join(part for part in (f"{_told(lengths)} seconds{source}", more, says) if part)


def _bare_sources(model: ModelLimits) -> str:
    """What the lengths from a prompt go for, where more sources allow more lengths."""
    is_same = model.durations(Capability.TEXT) == model.durations(Capability.FIRST_FRAME)
    return "a prompt or a first frame" if is_same else "a prompt"


def _told(lengths: Sequence[int]) -> str:
    """The ends of a range without gaps, else every length: "3 to 15", "5 or 10"."""
    is_range = len(lengths) > 2 and list(lengths) == list(range(lengths[0], lengths[-1] + 1))
    return f"{lengths[0]} to {lengths[-1]}" if is_range else " or ".join(map(str, lengths))
