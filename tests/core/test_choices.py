"""What people choose from: said in their words, and under numbers that hold in every file and at every date."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType

import pytest

from kling_omni_addon.core import capability, choices
from kling_omni_addon.core.capability import Capability, ModelLimits, Profile
from kling_omni_addon.core.choices import Choice
from kling_omni_addon.core.request import OmniRequest
from kling_omni_addon.core.sizes import sides_of
from tests.workshop.rule_bodies import O1, V3

PROFILES = [capability.profile(name) for name in capability.PROFILES]
SEED = capability.profile("seed")
RELAYED = capability.profile("late", capability.NEW, is_relayed=True)
NUMBERS = {V3: 0, O1: 1} | {"std": 0, "pro": 1, "4k": 2} | {"16:9": 0, "9:16": 1, "1:1": 2}
"""Under what published versions keep each choice in a .blend. It stays so, whatever becomes of the model."""


@pytest.mark.parametrize("listed", [choices.models, choices.modes, choices.aspect_ratios])
@pytest.mark.parametrize("profile", PROFILES, ids=capability.PROFILES)
def test_saved_files_keep_their_choices_at_every_date(
    profile: Profile, listed: Callable[[Profile], tuple[Choice, ...]]
) -> None:
    found = {choice.name: choice.number for choice in listed(profile)}
    assert len(set(found.values())) == len(found)
    assert found.items() >= {name: number for name, number in NUMBERS.items() if name in found}.items()


@pytest.mark.parametrize("listed", [choices.models, choices.modes, choices.aspect_ratios])
def test_a_number_means_the_same_at_every_date(listed: Callable[[Profile], tuple[Choice, ...]]) -> None:
    known = {(choice.number, choice.name) for profile in PROFILES for choice in listed(profile)}
    assert len(known) == len({number for number, _ in known}) == len({name for _, name in known})


@pytest.mark.parametrize("profile", PROFILES, ids=capability.PROFILES)
def test_a_profile_is_whole(profile: Profile) -> None:
    """What is offered has all that is read of it elsewhere."""
    assert set(profile.modes) == set(profile.mode_labels) == set(profile.mode_lines)
    assert all(sides_of(ratio) for ratio in profile.aspect_ratios)
    for model in profile.models.values():
        assert set(model.modes) <= set(profile.modes)
        lengths = {length for each in model.durations_s.values() for length in each}
        assert profile.duration_s[0] <= min(lengths) <= max(lengths) <= profile.duration_s[1]


@pytest.mark.parametrize("profile", PROFILES, ids=capability.PROFILES)
def test_what_is_proposed_can_be_had(profile: Profile) -> None:
    proposed, model = profile.proposed, profile.models[profile.proposed.model]
    assert proposed.mode in model.modes
    assert proposed.aspect_ratio in profile.aspect_ratios
    assert proposed.duration_s in model.durations(Capability.TEXT)


def test_a_request_is_as_proposed_where_nobody_chooses() -> None:
    proposed = capability.profile().proposed
    request = OmniRequest()
    assert (request.model, request.mode, request.duration_s) == (proposed.model, proposed.mode, proposed.duration_s)


def test_only_modes_that_a_model_has_are_offered() -> None:
    assert [choice.label for choice in choices.modes(SEED)] == ["Standard", "Pro"]
    assert [choice.label for choice in choices.modes(capability.profile("late"))] == ["Standard", "Pro", "4K"]


def test_what_only_a_relay_documents_is_offered_to_those_who_ask_and_keeps_numbers_of_its_own() -> None:
    found = [(choice.name, choice.number) for choice in choices.models(RELAYED)]
    assert found == [(V3, 0), (O1, 1), ("kling-4.0", 2), ("kling-4.0-flash", 3)]
    assert [choice.name for choice in choices.models(capability.profile())] == [V3, O1]
    shapes = [(choice.name, choice.number) for choice in choices.aspect_ratios(RELAYED)]
    assert shapes == [("16:9", 0), ("9:16", 1), ("1:1", 2), ("4:3", 3), ("3:4", 4), ("21:9", 5)]
    assert [choice.name for choice in choices.aspect_ratios(capability.profile())] == ["16:9", "9:16", "1:1"]


def with_lengths(model: ModelLimits, **lengths: tuple[int, ...]) -> Profile:
    durations = {Capability(kind): each for kind, each in lengths.items()}
    changed = replace(model, durations_s=MappingProxyType(durations))
    return replace(SEED, models=MappingProxyType({model.name: changed}))


@pytest.mark.parametrize(
    ("lengths", "words"),
    [
        ({"text": (5, 10), "first_frame": (5, 10)}, "5 or 10 seconds"),
        ({"text": (5,), "first_frame": (5, 10)}, "5 seconds from a prompt"),
        (
            {"text": (4, 6, 8), "first_frame": (4, 6, 8), "frames": (4, 5)},
            "4 or 6 or 8 seconds from a prompt or a first frame",
        ),
        ({"first_frame": (3, 4, 5)}, "3 to 5 seconds"),
    ],
)
def test_a_model_is_described_by_its_lengths(lengths: dict[str, tuple[int, ...]], words: str) -> None:
    (described,) = choices.models(with_lengths(SEED.models[O1], **lengths))
    assert described.description == words


def test_a_model_is_described_by_what_it_makes_besides() -> None:
    profile = with_lengths(replace(SEED.models[V3], storyboards=()), text=(3, 4, 5))
    assert choices.models(profile)[0].description == "3 to 5 seconds, sound"
