"""The dated tables behind the rules: read once, never changed, and as the contract says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kling_omni_addon.core import capability
from kling_omni_addon.core.capability import Capability
from kling_omni_addon.core.errors import ArgumentsInvalid
from kling_omni_addon.core.request import Element, OmniRequest, Picture, Role, Video, VideoUse, capability_of
from kling_omni_addon.core.rules.table import DEFAULT_DURATION, DEFAULT_MODE, DEFAULT_MODEL, problems_in
from tests.workshop.rule_bodies import O1, V3, VIDEO, body

FIRST, END, PLAIN = (Picture(source="a", role=role) for role in (Role.FIRST, Role.END, Role.REFERENCE))


def test_an_unknown_profile_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ArgumentsInvalid, match="seed and late"):
        capability.profile("2027")


def test_today_s_service_is_meant_where_nobody_chooses() -> None:
    assert capability.profile() == capability.profile("late")


def test_profiles_follow_each_other() -> None:
    seed, late = (capability.profile(name) for name in capability.PROFILES)
    assert (capability.before(seed), capability.after(seed)) == (None, late)
    assert (capability.before(late), capability.after(late)) == (seed, None)


def test_every_change_is_dated_between_its_profile_and_the_one_before() -> None:
    for name in capability.PROFILES:
        at = capability.profile(name)
        earlier = capability.before(at)
        assert all(earlier is not None and earlier.date < change.date <= at.date for change in at.changes)
        assert [change.date for change in at.changes] == sorted(change.date for change in at.changes)


def test_only_the_model_of_the_contract_makes_4k() -> None:
    assert capability.profile("late").makers_of("4k") == ("Kling 3.0 Omni",)
    assert capability.profile("seed").makers_of("4k") == ()


@pytest.mark.parametrize("name", capability.PROFILES)
def test_a_profile_is_read_once_says_its_date_and_cannot_change(name: str) -> None:
    profile = capability.profile(name)
    assert capability.profile(name) is profile
    assert profile.name == name
    assert profile.date[:4] == "2026"
    models: Any = profile.models
    with pytest.raises(TypeError):
        models[V3] = None


def test_the_service_s_defaults_are_possible_in_every_profile() -> None:
    for name in capability.PROFILES:
        limits = capability.profile(name).models[DEFAULT_MODEL]
        assert DEFAULT_MODE in limits.modes
        assert all(int(DEFAULT_DURATION) in lengths for lengths in limits.durations_s.values())


def test_a_limit_that_moves_is_a_change_of_data() -> None:
    moved = replace(capability.profile(), prompt_characters=3)
    assert [p.rule for p in problems_in(body(prompt="four"), profile=moved)] == ["R14"]
    assert problems_in(body(prompt="two"), profile=moved) == ()


@pytest.mark.parametrize(
    ("request_of_kind", "kind"),
    [
        (OmniRequest(), Capability.TEXT),
        (OmniRequest(pictures=(FIRST,)), Capability.FIRST_FRAME),
        (OmniRequest(pictures=(FIRST, END)), Capability.FRAMES),
        (OmniRequest(pictures=(FIRST, PLAIN)), Capability.REFERENCES),
        (OmniRequest(elements=(Element(id=1),)), Capability.REFERENCES),
        (OmniRequest(pictures=(FIRST,), video=Video(url=VIDEO)), Capability.FEATURE),
        (OmniRequest(pictures=(PLAIN,), video=Video(url=VIDEO, use=VideoUse.EDIT)), Capability.EDIT),
    ],
)
def test_the_kind_of_a_request_is_what_it_starts_from(request_of_kind: OmniRequest, kind: Capability) -> None:
    assert capability_of(request_of_kind) is kind


def test_the_lengths_to_choose_from_depend_on_model_kind_and_date() -> None:
    seed, late = (capability.profile(name).models for name in capability.PROFILES)
    assert seed[O1].durations(Capability.TEXT) == seed[O1].durations(Capability.FIRST_FRAME) == (5, 10)
    assert seed[O1].durations(Capability.FRAMES) == tuple(range(3, 11))
    assert seed[V3].durations(Capability.FEATURE) == tuple(range(3, 11))
    assert late[V3].durations(Capability.FEATURE) == seed[V3].durations(Capability.TEXT) == tuple(range(3, 16))
    assert seed[V3].durations(Capability.EDIT) == ()
