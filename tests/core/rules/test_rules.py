"""The rules engine against the table of cases, in both profiles and dialects, and what holds for every answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from kling_omni_addon.core import capability
from kling_omni_addon.core.capability import Profile
from kling_omni_addon.core.problem import Problem, Remedy, remedied
from kling_omni_addon.core.rules.table import MEDIA_RULES, RULES, problems_in, service_answer
from tests.workshop.rule_bodies import LIBRARY, O1, V3, RuleCase, body, elements, images, o1, story, videos
from tests.workshop.rule_cases import ALL_RULE_CASES, MUST_ACCEPT
from tests.workshop.rule_cases_of_relay import RELAY_CASES


@dataclass(frozen=True)
class Judged:
    """A case as it is judged in one profile over one dialect."""

    case: RuleCase
    limits: Profile

    @property
    def name(self) -> str:
        return f"{self.case.rule} {self.limits.name} {self.limits.dialect}: {self.case.says}"

    def problems(self, given: Any = ...) -> tuple[Problem, ...]:
        return problems_in(self.case.body if given is ... else given, profile=self.limits, **self.case.knowledge)


JUDGED = tuple(Judged(case, limits) for case in (*ALL_RULE_CASES, *MUST_ACCEPT) for limits in case.limits)
ENDING_RULES = {"R05", "R06", "R10", "R11", "R71"}


def named(judged: Judged) -> str:
    return judged.name


def faults(given: Any, profile: str = "seed", **known: Any) -> list[str]:
    problems = problems_in(given, profile=capability.profile(profile), **known)
    return [problem.rule for problem in problems if problem.is_fault]


@pytest.mark.parametrize("judged", JUDGED, ids=named)
def test_exactly_the_broken_rules_are_found(judged: Judged) -> None:
    found = dict.fromkeys(problem.rule for problem in judged.problems() if problem.is_fault)
    assert tuple(found) == judged.case.expected


@pytest.mark.parametrize("judged", [each for each in JUDGED if each.case.service_text], ids=named)
def test_the_first_fault_has_the_text_of_the_contract(judged: Judged) -> None:
    assert judged.problems()[0].service_text == judged.case.service_text


@pytest.mark.parametrize("judged", [each for each in JUDGED if each.case.warned], ids=named)
def test_doubts_are_warnings(judged: Judged) -> None:
    assert set(judged.case.warned) <= {problem.rule for problem in judged.problems() if problem.kind == "warning"}


@pytest.mark.parametrize("judged", [each for each in JUDGED if each.case.is_faultless], ids=named)
def test_no_doubt_where_there_is_none(judged: Judged) -> None:
    assert judged.case.rule not in {problem.rule for problem in judged.problems()}


@pytest.mark.parametrize("judged", JUDGED, ids=named)
def test_over_another_dialect_the_outcome_is_other_only_where_the_table_says_so(judged: Judged) -> None:
    """A case that names its dialect does so because it would come out in another way over the other one."""
    if len(judged.case.dialects) == len(capability.DIALECTS):
        return
    (other,) = (capability.over(judged.limits, each) for each in capability.DIALECTS if each != judged.limits.dialect)

    def outcome(limits: Profile) -> list[tuple[str, str]]:
        problems = Judged(judged.case, limits).problems()
        return [(problem.rule, problem.service_text) for problem in problems]

    assert outcome(judged.limits) != outcome(other)


@pytest.mark.parametrize("side", ["broken", "kept"])
def test_every_rule_has_a_case_on_both_sides(side: str) -> None:
    every = (*ALL_RULE_CASES, *RELAY_CASES)
    covered = {case.rule for case in every if case.is_broken == (side == "broken")}
    assert ENDING_RULES | {rule.id for rule in RULES} <= covered


@pytest.mark.parametrize("judged", JUDGED, ids=named)
def test_problems_come_in_order_and_speak_in_sentences(judged: Judged) -> None:
    problems = judged.problems()
    order = ["R05", "R06", "R10", "R11", *(rule.id for rule in RULES)]
    assert [problem.rule for problem in problems] == sorted((p.rule for p in problems), key=order.index)
    for problem in problems:
        assert problem.message[0].isupper() or problem.message[0] == '"'
        assert problem.message.endswith(".")
        assert len(problem.message) < 250


@pytest.mark.parametrize(
    "judged", [each for each in JUDGED if any(problem.remedy for problem in each.problems())], ids=named
)
def test_a_remedy_mends_what_it_is_for(judged: Judged) -> None:
    given, meant = judged.case.body, (*judged.case.expected, *judged.case.warned)
    while offered := [p for p in judged.problems(given) if p.remedy and p.rule in meant]:
        first = offered[0]
        assert first.remedy is not None
        mended = remedied(given, first.remedy)
        assert (first.rule, first.path, first.message) not in [
            (p.rule, p.path, p.message) for p in judged.problems(mended)
        ]
        given = mended
    assert not [p for p in judged.problems(given) if p.remedy and p.rule in meant]


def test_a_remedy_leaves_the_given_body_as_it_is() -> None:
    given = body(image_list=images(*"rrrrrrrrr"))
    before = json.dumps(given)
    mended = remedied(given, Remedy(path="image_list[7:9]", value=None, label="Remove 2 Images"))
    assert len(mended["image_list"]) == 7
    assert json.dumps(given) == before


REMEDIES = (
    ("duration", "5", "Set 5 s", o1(duration="6")),
    ("duration", "10", "Set 10 s", o1(duration="8")),
    ("duration", "10", "Set 10 s", o1(duration="14", image_list=images("r"))),
    ("duration", "15", "Set 15 s", body(duration="90")),
    ("duration", "9", "Set 9 s", story("4", "5", duration="10")),
    ("multi_prompt[1].duration", "13", "Set Shot 2 to 13 s", story("1", "1", duration="14")),
    ("multi_prompt[1].duration", "1", "Set Shot 2 to 1 s", story("8", "9", duration="9")),
    (
        "image_list[0].type",
        "end_frame",
        "Use as End Frame",
        body(image_list=[{"image_url": "a", "type": "last_frame"}]),
    ),
    ("image_list[0].type", None, "Use as Reference", body(image_list=[{"image_url": "a", "type": ""}])),
    ("image_list[1:2]", None, "Remove 1 Image", body(image_list=images("f", "r"), element_list=elements(*range(6)))),
    (
        "element_list[5:7]",
        None,
        "Remove 2 Elements",
        body(image_list=images("f", "e"), element_list=elements(*range(7))),
    ),
    ("image_list[1:2]", None, "Remove 1 Image", o1(image_list=images("r", "r", "f"), element_list=elements(*range(5)))),
    ("image_list[0:1]", None, "Remove 1 Image", o1(image_list=images("r", "f", "e"))),
    ("image_list[7:9]", None, "Remove 2 Images", body(image_list=images(*"rrrrrrrrr"))),
    ("element_list[3:4]", None, "Remove 1 Element", body(image_list=images("f"), element_list=elements(1, 2, 3, 4))),
    ("sound", "off", "Turn Sound Off", body(sound="on", video_list=videos())),
    ("model_name", V3, "Use Kling 3.0 Omni", o1(multi_shot=True, shot_type="intelligence")),
    ("aspect_ratio", "16:9", "Use 16:9", body(aspect_ratio=...)),
    ("mode", "pro", "Use Pro", body(mode="4k")),
)


@pytest.mark.parametrize(("path", "value", "label", "given"), REMEDIES, ids=lambda value: str(value)[:20])
def test_the_remedy_is_what_a_button_can_do(path: str, value: Any, label: str, given: dict) -> None:
    problems = problems_in(given, profile=capability.profile("seed"))
    assert Remedy(path=path, value=value, label=label) in [problem.remedy for problem in problems]


@pytest.mark.parametrize(
    ("given", "remedy"),
    [
        (
            body(element_list=elements(11, 12, 13, 14)),
            Remedy(path="element_list[3:4]", value=None, label="Remove 1 Element"),
        ),
        (
            body(image_list=images(*"rrrrr"), element_list=elements(11, 12)),
            Remedy(path="image_list[4:5]", value=None, label="Remove 1 Image"),
        ),
        (
            body(image_list=images("r"), element_list=elements(1, 2, 3, 4, 11)),
            Remedy(path="image_list[0:1]", value=None, label="Remove 1 Image"),
        ),
        (body(element_list=elements(1, 2, 3, 4, 5, 11)), None),
        (body(image_list=images(*"rrrrr"), element_list=elements(11, 12, 13, 14)), None),
    ],
)
def test_what_is_too_much_beside_characters_is_taken_out_where_it_is_of_one_sort(given: dict, remedy: Any) -> None:
    problems = problems_in(given, profile=capability.profile("late"), elements=LIBRARY)
    assert [problem.remedy for problem in problems if problem.rule == "R47"] == [remedy]


def test_frames_that_do_not_stand_side_by_side_have_no_remedy() -> None:
    problems = problems_in(
        body(image_list=images("f", "r", "e"), video_list=videos("base")), profile=capability.profile("seed")
    )
    assert [problem.remedy for problem in problems if problem.is_fault] == [None]


def test_every_fault_is_told_at_once() -> None:
    given = o1(prompt="", duration="40", mode="hd", sound="on", aspect_ratio="2:1", image_list=images("e", "e"))
    assert faults(given) == ["R15", "R26", "R32", "R33", "R61", "R63", "R66"]


def test_each_broken_item_is_told_with_its_place() -> None:
    given = story("0", "6", "5", image_list=images("f", "e"))
    paths = [p.path for p in problems_in(given, profile=capability.profile("seed")) if p.rule == "R20"]
    assert paths == ["multi_prompt[0].duration", "multi_prompt[1].duration"]


def test_an_unknown_model_is_told_before_a_wrong_type_and_nothing_else() -> None:
    assert faults({"model_name": "kling-v9", "multi_shot": "true", "mode": "x"}) == ["R10", "R11"]


def test_a_character_beside_a_video_breaks_two_rules_of_o1() -> None:
    library = {11: "video_refer"}
    assert faults(o1(element_list=elements(11), video_list=videos()), elements=library) == ["R45", "R46"]


def test_a_sound_that_is_neither_on_nor_off_beside_a_video_breaks_both_rules() -> None:
    assert faults(body(sound="loud", video_list=videos())) == ["R54", "R60"]


def test_the_artist_reads_which_picture_and_how_far_off() -> None:
    problems = problems_in(story("2", "7", duration="10"), profile=capability.profile("seed"))
    assert [problem.message for problem in problems] == ["The shots last 9 s in total, but the clip lasts 10 s."]


def test_a_long_wrong_value_is_quoted_short_for_people_and_whole_for_the_service() -> None:
    (problem,) = problems_in(body(mode="x" * 300), profile=capability.profile("seed"))
    assert len(problem.message) < 150
    assert problem.service_text == f"mode value '{'x' * 300}' is invalid"


def test_the_service_answers_most_rules_with_1201() -> None:
    answers: Mapping[str, tuple[int, int]] = {"R05": (400, 1200), "R10": (404, 1203), "R15": (400, 1201)}
    assert {rule: service_answer(rule) for rule in answers} == answers


def test_what_fails_only_the_task_are_the_rules_of_contents() -> None:
    assert {"R35", "R36", "R37", "R38", "R55", "R56", "R57", "R58", "R59"} == MEDIA_RULES


@pytest.mark.parametrize("model", [O1, V3])
def test_every_offered_length_is_accepted_and_the_next_ones_are_not(model: str) -> None:
    texts: dict[capability.Capability, dict[str, Any]] = {
        capability.Capability.TEXT: {},
        capability.Capability.FIRST_FRAME: {"image_list": images("f")},
        capability.Capability.FRAMES: {"image_list": images("f", "e")},
        capability.Capability.REFERENCES: {"image_list": images("r")},
        capability.Capability.FEATURE: {"video_list": videos()},
    }
    for profile in capability.PROFILES:
        limits = capability.profile(profile).models[model]
        for kind, changes in texts.items():
            right = [s for s in range(1, 18) if not faults(body(model_name=model, duration=str(s), **changes), profile)]
            assert tuple(right) == limits.durations(kind)
