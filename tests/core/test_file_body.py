"""A request as a request file has it: read back, it is the same request, and the same is sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_omni_addon.core.file_body import file_body
from kling_omni_addon.core.payload import draft_body, request_from_body
from kling_omni_addon.core.provenance import request_from, wish_of
from kling_omni_addon.core.request import OmniRequest, Picture, Role
from tests.workshop.request_space import STORED, likely_requests


def through_json(body: Any) -> Any:
    return json.loads(json.dumps(body))


@given(likely_requests(), st.randoms())
def test_from_a_sidecar_to_a_request_file_and_back_nothing_changes(asked: OmniRequest, chance: Any) -> None:
    """Links are in no sidecar: what comes back is what stood there."""
    body = through_json(draft_body(asked, {}))
    chance.shuffle(body.get("image_list", []))
    sidecar = wish_of(request_from_body(body), STORED)
    again = request_from_body(through_json(file_body(request_from(through_json(sidecar)))))
    assert wish_of(again, STORED) == sidecar


@given(likely_requests())
def test_what_is_sent_is_the_same_although_names_have_become_numbers(asked: OmniRequest) -> None:
    again = request_from_body(through_json(file_body(asked)))
    assert draft_body(again, {}) == draft_body(asked, {})


def test_what_is_not_sent_and_was_asked_for_is_kept() -> None:
    asked = OmniRequest(pictures=(Picture(source="a.png", role=Role.FIRST),), aspect_ratio="9:16", duration_s=7)
    assert "aspect_ratio" not in draft_body(asked, {})
    assert request_from_body(file_body(asked)) == asked


@pytest.mark.parametrize("member", ["prompt", "multi_prompt"])
def test_the_numbers_in_a_prompt_mean_the_images_of_the_file_in_whatever_order_they_are_sent(member: str) -> None:
    """References are sent first. The file says otherwise, so its numbers move with its images."""
    prompt = "From <<<image_1>>> to << <<<image_3>>>, like <<< image_2 >>>, not <<<image_4>>> or <<<element_1>>>"
    text: dict[str, Any] = {"prompt": prompt}
    if member == "multi_prompt":
        shots = [{"index": 1, "prompt": prompt, "duration": "5"}]
        text = {"multi_shot": True, "shot_type": "customize", "multi_prompt": shots}
    images = [{"image_url": "a", "type": "first_frame"}, {"image_url": "ref"}, {"image_url": "z", "type": "end_frame"}]
    sent = draft_body(request_from_body(text | {"image_list": images}), {})
    assert [image["image_url"] for image in sent["image_list"]] == ["ref", "a", "z"]
    said = sent["prompt"] if member == "prompt" else sent["multi_prompt"][0]["prompt"]
    assert said == "From <<<image_2>>> to << <<<image_3>>>, like <<<image_1>>>, not <<<image_4>>> or <<<element_1>>>"
