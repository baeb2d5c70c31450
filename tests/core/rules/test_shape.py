"""The JSON Schema of the create body: the closed form that this client sends, and the types the service insists on."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, given

from kling_omni_addon.core import capability
from kling_omni_addon.core.payload import draft_body
from kling_omni_addon.core.request import OmniRequest
from kling_omni_addon.core.rules.shape import ShapeFault, shape_faults
from kling_omni_addon.core.rules.table import RULES, problems_in
from tests.workshop.request_space import STORED, bodies, likely_requests, requests
from tests.workshop.rule_bodies import body, elements, images, picture, story, videos

SEED = capability.profile("seed")


@given(likely_requests())
def test_every_draft_that_the_rules_accept_has_the_closed_form(request: OmniRequest) -> None:
    draft = draft_body(request, STORED)
    assume(not any(problem.is_fault for problem in problems_in(draft, profile=SEED)))
    assert shape_faults(draft) == ()


@given(requests())
def test_no_draft_has_a_wrong_type_or_an_unknown_key(request: OmniRequest) -> None:
    rules = {fault.rule for fault in shape_faults(draft_body(request, STORED))}
    assert not rules & {"R05", "R06", "R11", "R71", "A09"}


@given(bodies())
def test_whatever_arrives_is_judged_and_never_crashes(given_body: Any) -> None:
    order = ["R05", "R06", "R10", "R11", *(rule.id for rule in RULES)]
    for profile in capability.PROFILES:
        found = [
            p.rule for p in problems_in(given_body, profile=capability.profile(profile), elements={1: "video_refer"})
        ]
        assert found == sorted(found, key=order.index)


@pytest.mark.parametrize(
    ("given_body", "expected"),
    [
        ([], ShapeFault(rule="R05", path="", expected="object")),
        (body(prompt=1), ShapeFault(rule="R06", path="prompt", expected="string")),
        (body(multi_shot="x"), ShapeFault(rule="R11", path="multi_shot", expected="boolean")),
        (body(element_list=[1]), ShapeFault(rule="R06", path="element_list[0]", expected="object")),
        (body(image_list=[{}]), ShapeFault(rule="R30", path="image_list[0].image_url", expected="string")),
        (
            body(element_list=elements("1")),
            ShapeFault(rule="R48", path="element_list[0].element_id", expected="integer"),
        ),
        (
            body(video_list=videos("base", video_url="a")),
            ShapeFault(rule="R51", path="video_list[0].video_url", expected="string"),
        ),
        (story(5), ShapeFault(rule="R20", path="multi_prompt[0].duration", expected="string")),
        (body(seed=1), ShapeFault(rule="A09", path="seed", expected="")),
        (body(watermark_info={"on": True}), ShapeFault(rule="A09", path="watermark_info.on", expected="")),
    ],
    ids=lambda value: value.rule if isinstance(value, ShapeFault) else "",
)
def test_a_failing_place_names_its_rule(given_body: Any, expected: ShapeFault) -> None:
    assert shape_faults(given_body) == (expected,)


def test_each_missing_key_is_told_once() -> None:
    faults = shape_faults(body(multi_prompt=[{}]))
    assert {fault.path for fault in faults} == {f"multi_prompt[0].{key}" for key in ("index", "prompt", "duration")}
    assert len(faults) == 3


def test_what_counts_as_absent_is_no_shape_fault() -> None:
    assert shape_faults(body(sound="", image_list=None, video_list=[], watermark_info=None)) == ()


def test_an_unknown_key_is_told_even_when_it_is_empty() -> None:
    assert [fault.path for fault in shape_faults(body(negative_prompt=""))] == ["negative_prompt"]


def test_a_stored_picture_and_megabytes_of_base64_are_shown_to_the_schema_as_a_stand_in() -> None:
    heavy = body(image_list=[*picture(), *images("r", url="QUJD" * 1_000_000)])
    assert shape_faults(heavy) == ()
    assert len(heavy["image_list"][1]["image_url"]) == 4_000_000


def test_the_schema_is_a_valid_schema_and_every_place_names_a_rule_that_exists() -> None:
    from jsonschema import Draft202012Validator

    schema = json.loads((capability.SCHEMAS / "create_body.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    known = {rule.id for rule in RULES} | {"R05", "R06", "R11"}
    assert set(_annotations(schema)) <= known


def _annotations(schema: dict[str, Any]) -> list[str]:
    inner = [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]
    return [schema["x-rule"], *(rule for part in inner for rule in _annotations(part))]
