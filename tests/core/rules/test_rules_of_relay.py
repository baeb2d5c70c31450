"""The rules go by a model's own limits: Kling 4.0 as a relay documents it, and the others beside it as ever."""

from __future__ import annotations

from typing import Any

import pytest

from kling_omni_addon.core import capability
from kling_omni_addon.core.capability import NEW
from kling_omni_addon.core.problem import Problem, Remedy, remedied
from kling_omni_addon.core.rules.table import problems_in
from tests.workshop.rule_bodies import O1, V3, RuleCase, body, elements, images
from tests.workshop.rule_cases_of_relay import FLASH, RELAY_CASES, V4, frames, v4

RELAYED = capability.profile("late", NEW, is_relayed=True)
NEW_RULES = ("N03", "N04", "N05", "N06", "N07", "W14", "W15")


def judged(case: RuleCase, given: Any = ...) -> tuple[Problem, ...]:
    return problems_in(case.body if given is ... else given, profile=RELAYED, **case.knowledge)


def told(given: dict[str, Any], profile: capability.Profile = RELAYED) -> list[str]:
    return [problem.message for problem in problems_in(given, profile=profile) if problem.is_fault]


@pytest.mark.parametrize("case", RELAY_CASES, ids=lambda case: case.name)
def test_exactly_the_broken_rules_are_found(case: RuleCase) -> None:
    problems = judged(case)
    assert tuple(dict.fromkeys(problem.rule for problem in problems if problem.is_fault)) == case.expected
    assert set(case.warned) <= {problem.rule for problem in problems}
    if not case.expected and not case.warned:
        assert case.rule not in {problem.rule for problem in problems}
    if case.service_text:
        assert problems[0].service_text == case.service_text


@pytest.mark.parametrize("rule", NEW_RULES)
def test_every_new_rule_has_a_case_on_both_sides(rule: str) -> None:
    sides = {rule in (*case.expected, *case.warned) for case in RELAY_CASES if case.rule == rule}
    assert sides == {True, False}


@pytest.mark.parametrize("case", RELAY_CASES, ids=lambda case: case.name)
def test_a_remedy_mends_what_it_is_for_and_sentences_are_short(case: RuleCase) -> None:
    for problem in judged(case):
        assert problem.message.endswith(".")
        assert len(problem.message) < 250
        if problem.remedy is not None and problem.rule == case.rule:
            mended = judged(case, remedied(case.body, problem.remedy))
            assert (problem.rule, problem.path, problem.message) not in [(p.rule, p.path, p.message) for p in mended]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            body(image_list=frames(2)),
            "Kling 3.0 Omni does not accept middle frames. Use Kling 4.0 or Kling 4.0 Flash, or remove them.",
        ),
        (v4(image_list=frames(10)), "Too many middle frames: Kling 4.0 accepts 8. Remove 2."),
        (
            body(aspect_ratio="21:9"),
            'Kling 3.0 Omni does not generate "21:9", only 16:9, 9:16, 1:1. 21:9 needs Kling 4.0 or Kling 4.0 Flash.',
        ),
        (body(duration="25"), "Kling generates clips of 3 to 15 whole seconds. For a longer clip, use Kling 4.0."),
        (
            v4(model_name=FLASH, mode="std", duration="25"),
            "Kling 4.0 Flash generates at most 20 s. For a longer clip, use Kling 4.0.",
        ),
        (v4(mode="4k"), "Kling 4.0 does not generate 4K. Its best quality is Pro. 4K needs Kling 3.0 Omni."),
        (
            v4(image_list=images("r", "f")),
            "Kling 4.0 generates a clip from frames or from references, not from both. Remove one of them.",
        ),
        (v4(callback_url="https://a.b"), "Kling 4.0 does not support callbacks. Remove the callback address."),
    ],
)
def test_the_artist_reads_which_model_does_it(given: dict[str, Any], sentence: str) -> None:
    assert told(given) == [sentence]


def test_a_middle_frame_is_called_by_its_number() -> None:
    given = v4(image_list=[*frames(1, end=False), {"type": "middle_frame"}])
    assert told(given) == ["Middle frame 2 has no image file. Choose or capture an image."]


def test_surplus_middle_frames_are_taken_out_by_one_change() -> None:
    (problem,) = (p for p in problems_in(v4(image_list=frames(10)), profile=RELAYED) if p.rule == "N03")
    assert problem.remedy == Remedy(path="image_list[9:11]", value=None, label="Remove 2 Middle Frames")
    (problem,) = (p for p in problems_in(body(image_list=frames(3)), profile=RELAYED) if p.rule == "R31")
    assert problem.remedy == Remedy(path="image_list[1:4]", value=None, label="Remove 3 Middle Frames")


@pytest.mark.parametrize(
    ("profile", "sentence"),
    [
        (
            capability.profile(),
            'This model is documented only by a relay. Turn on "Models as a Relay Documents Them" '
            "and select the new API in the preferences.",
        ),
        (
            capability.profile("late", NEW),
            'This model is documented only by a relay. Turn on "Models as a Relay Documents Them" in the preferences.',
        ),
        (capability.profile(is_relayed=True), "Kling's new API has this model."),
        (capability.profile("seed", NEW, is_relayed=True), "Select the late profile for this model."),
    ],
)
def test_a_model_that_is_not_in_force_says_how_it_is_to_be_had(profile: capability.Profile, sentence: str) -> None:
    labels = " or ".join(model.label for model in profile.models.values())
    assert told(v4(), profile) == [f'There is no model "kling-4.0". Use {labels}. {sentence}']


def test_nothing_of_it_is_there_unless_somebody_chooses() -> None:
    for profile in (capability.profile(), capability.profile("late", NEW), capability.profile("seed", NEW)):
        assert set(profile.models) == {O1, V3}
        assert profile.shapes == ("16:9", "9:16", "1:1")
        assert profile.takers_of_middle_frames == ()
    assert told(body(image_list=frames(1)), capability.profile()) == [
        "Kling 3.0 Omni does not accept middle frames. Remove them."
    ]


def test_the_other_models_keep_their_limits_beside_it() -> None:
    usual = capability.profile("late", NEW)
    assert RELAYED.duration_s == usual.duration_s
    assert set(RELAYED.models) == {O1, V3, V4, FLASH}
    for name in (O1, V3):
        assert RELAYED.of_model(name).picture == usual.picture
        assert RELAYED.of_model(name).aspect_ratios == usual.shapes


def test_the_same_elements_are_too_many_of_one_and_not_of_the_other() -> None:
    given = {"element_list": elements(*range(1, 8))}
    assert told(v4(**given)) == told(body(**given)) == []
    assert "Too many images and elements: Kling accepts 7" in told(body(image_list=images("r"), **given))[0]
