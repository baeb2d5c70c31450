"""The rules over HTTP: every case of the table, the published samples, and bodies from the whole space."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from kling_omni_addon.core import capability
from kling_omni_addon.core.rules.table import problems_in, service_answer
from kling_omni_addon.rehearsal.server import RehearsalSettings
from tests.workshop.new_api import CREATE
from tests.workshop.new_api import TASKS as NEW_TASKS
from tests.workshop.new_words import Unsayable, in_new_words
from tests.workshop.rehearsal_stand import TASKS, Stand, refusal, text_body
from tests.workshop.request_space import bodies, new_bodies
from tests.workshop.rule_bodies import LIBRARY, RuleCase
from tests.workshop.rule_cases import MUST_ACCEPT, RULE_CASES
from tests.workshop.samples import REQUESTS

PRESETS = dict.fromkeys((829836802793406551, 829836802793406552), "image_refer") | {829836802793406553: "video_refer"}
KNOWN = LIBRARY | PRESETS
"""The elements that the servers here know."""


@pytest.fixture(scope="module")
def stands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[tuple[str, bool], Stand]]:
    """A server for each profile, strict and lenient."""
    kinds = [(profile, is_lenient) for profile in capability.PROFILES for is_lenient in (False, True)]
    stands = {kind: _stand(tmp_path_factory.mktemp("stand"), *kind) for kind in kinds}
    for stand in stands.values():
        stand.__enter__()
    yield stands
    for stand in stands.values():
        stand.__exit__()


def _stand(folder: Path, profile: str, is_lenient: bool) -> Stand:
    return Stand(
        RehearsalSettings(
            folder=folder,
            profile=profile,
            lenient_o1_duration=is_lenient,
            elements=tuple(LIBRARY.items()),
            concurrency=1_000_000,
            units=Decimal(10**9),
        )
    )


def _is_text(case: RuleCase) -> bool:
    """Whether a case can travel as it is: no picture store, no facts of a video that is not there."""
    try:
        json.dumps(case.body)
    except TypeError:
        return False
    return not case.videos


def _is_known(case: RuleCase) -> bool:
    """Whether the case stays what it is for a server that always knows its elements."""
    problems = problems_in(
        case.body,
        profile=capability.profile(case.profile),
        elements=KNOWN,
        used_ids=case.used_ids,
        lenient_o1_duration=case.lenient_o1_duration,
    )
    return tuple(dict.fromkeys(problem.rule for problem in problems if problem.is_fault)) == case.expected


@pytest.mark.parametrize(
    "case",
    [case for case in (*RULE_CASES, *MUST_ACCEPT) if _is_text(case) and _is_known(case)],
    ids=lambda case: case.name,
)
def test_the_server_judges_every_case_as_the_table_says(stands: dict[tuple[str, bool], Stand], case: RuleCase) -> None:
    stand = stands[case.profile, case.lenient_o1_duration]
    stand.call("POST", "/rehearsal/reset")
    for used in case.used_ids:
        stand.created(external_task_id=used)
    creates = stand.stats()["creates"]
    answer = stand.call("POST", TASKS, data=json.dumps(case.body))
    if not case.expected:
        assert answer.status_code == 200, answer.text
        assert stand.stats()["creates"] == creates + 1
    else:
        first = case.expected[0]
        assert refusal(answer)[:2] == service_answer(first)
        assert case.service_text in ("", refusal(answer)[2])
        assert stand.stats()["creates"] == creates


def _is_sayable(case: RuleCase) -> bool:
    try:
        in_new_words(case.body)
    except Unsayable:
        return False
    return True


_LEGACY_WORD = re.compile(r"\b\w+_list\b|multi_prompt|shot_type|model_name|end_frame|refer_type|keep_original_sound")
_FIELD = re.compile(r"^\S+ ")
"""All that differs in most refusals over the new API."""
_REWORDED = frozenset(
    ("R11", *(f"R{n}" for n in range(15, 24)), "R30", "R32", "R33", "R34", "R42", "R48", "R51", "R54", "R66", "R71")
)
"""Rules that speak of other members over the new API, or that are broken there by another type: test_new_words.py."""


@pytest.mark.parametrize(
    "case",
    [case for case in (*RULE_CASES, *MUST_ACCEPT) if _is_text(case) and _is_known(case) and _is_sayable(case)],
    ids=lambda case: case.name,
)
def test_the_server_judges_over_the_new_api_as_the_table_says_of_it(
    stands: dict[tuple[str, bool], Stand], case: RuleCase
) -> None:
    stand = stands[case.profile, case.lenient_o1_duration]
    stand.call("POST", "/rehearsal/reset")
    for used in case.used_ids:
        stand.created(external_task_id=used)
    creates = stand.stats()["creates"]
    limits = capability.profile(case.profile, capability.NEW)
    knowledge = case.knowledge | {"elements": KNOWN}
    faults = [problem for problem in problems_in(case.body, profile=limits, **knowledge) if problem.is_fault]
    model, body = in_new_words(case.body)
    answer = stand.call("POST", f"{CREATE}/{model}", data=json.dumps(body))
    if not faults:
        assert answer.status_code == 200, answer.text
        assert stand.stats()["creates"] == creates + 1
    else:
        assert refusal(answer)[:2] == service_answer(faults[0].rule)
        assert stand.stats()["creates"] == creates
        said = refusal(answer)[2]
        assert not _LEGACY_WORD.search(said)
        if faults[0].rule not in _REWORDED:
            assert _FIELD.sub("", said) == _FIELD.sub("", faults[0].service_text)


def test_most_cases_can_be_said_over_the_new_api() -> None:
    sayable = {case.rule for case in RULE_CASES if case.expected and _is_text(case) and _is_sayable(case)}
    legacy_only = {"R05", "R06", "R10", "R11", "R12", "R13", "R17", "R31", "R52", "R53"}
    media = {case.rule for case in RULE_CASES if not _is_text(case)}
    assert {case.rule for case in RULE_CASES if case.expected} - legacy_only - media <= sayable


@given(body=new_bodies())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_anything_over_the_new_api_is_answered(stands: dict[tuple[str, bool], Stand], body: Any) -> None:
    for path in (f"{CREATE}/kling-3.0-omni", NEW_TASKS):
        answer = stands["late", False].call("POST", path, data=json.dumps(body))
        assert answer.status_code == 200 or refusal(answer)[:2] in ((400, 1200), (400, 1201)), answer.text


@pytest.mark.parametrize("is_lenient", [False, True])
@pytest.mark.parametrize("sample", REQUESTS, ids=lambda sample: sample["id"])
def test_the_server_judges_the_published_samples_as_they_say(
    stands: dict[tuple[str, bool], Stand], sample: dict[str, Any], is_lenient: bool
) -> None:
    answer = stands["seed", is_lenient].call("POST", TASKS, json=sample["body"])
    if is_lenient or sample["rules"] == "accepted":
        assert answer.status_code == 200, answer.text
    else:
        text = "Duration only supports 5 or 10 seconds when no refer_image is provided"
        assert refusal(answer) == (400, 1201, text)


@given(body=bodies())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_server_and_rules_engine_agree_on_anything(stands: dict[tuple[str, bool], Stand], body: Any) -> None:
    stand = stands["late", False]
    stand.call("POST", "/rehearsal/reset")
    answer = stand.call("POST", TASKS, data=json.dumps(body))
    faults = [p for p in problems_in(body, profile=capability.profile("late"), elements=KNOWN) if p.is_fault]
    if not faults:
        assert answer.status_code == 200, answer.text
    else:
        first = faults[0]
        assert refusal(answer) == (*service_answer(first.rule), first.service_text)


def test_one_refusal_is_answered_at_a_time_the_lowest_rule_first(stands: dict[tuple[str, bool], Stand]) -> None:
    stand = stands["seed", False]
    body = text_body(sound="loud", mode="slow", duration="99", prompt="")
    assert refusal(stand.call("POST", TASKS, json=body))[2] == "prompt cannot be empty"
    body["prompt"] = "A fox"
    assert refusal(stand.call("POST", TASKS, json=body))[2] == "sound value 'loud' is invalid"
    body["sound"] = "off"
    assert refusal(stand.call("POST", TASKS, json=body))[2] == "mode value 'slow' is invalid"
    body["mode"] = "std"
    assert refusal(stand.call("POST", TASKS, json=body))[2] == "duration value '99' is invalid"
