"""What docs/requests.md says beside its examples is true: prices, lengths, what is refused and what has no effect."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import pytest

from kling_omni_addon.core import capability
from kling_omni_addon.core.capability import DIALECTS, LEGACY, NEW, Capability
from kling_omni_addon.core.payload import draft_body, request_from_body
from kling_omni_addon.core.pricing import price_of
from kling_omni_addon.core.rules.table import problems_in
from tests.workshop.requests_page import EXAMPLES, PAGE, SECTIONS, Example
from tests.workshop.rule_bodies import AUTO, IMAGE, O1, V3, elements, images, shots, videos

SEED, LATE = capability.profile("seed"), capability.profile()
CHARACTER = 829836802793406553
KNOWN: Mapping[str, Any] = {
    "elements": {829836802793406551: "image_refer", 829836802793406552: "image_refer", CHARACTER: "video_refer"},
    "used_ids": {"used-before"},
}
THING = elements(829836802793406551)
BASE, FEATURE = videos("base"), videos("feature")
FOUR_AND_ONE = {"image_list": images(*"rrrr"), "element_list": THING}
EIGHT = {"image_list": images(*"rrrrrrr"), "element_list": THING}

# Section, rule that it mentions, and a change of its example that meets the rule; ... leaves a member out.
MENTIONED_RULES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("Text, one shot", "R64", {"aspect_ratio": ...}),
    ("Text, one shot", "R15", {"prompt": ...}),
    ("Text, one shot", "R14", {"prompt": "x" * 2501}),
    ("Text, one shot", "W10", {"mode": "4k"}),
    ("Text, one shot", "R68", {"model_name": O1, "duration": "7"}),
    ("Text, one shot", "R67", {"model_name": O1, "duration": "15"}),
    ("Image reference", "R40", EIGHT),
    ("Image reference", "R64", {"aspect_ratio": ...}),
    ("Image reference", "R31", {"image_list": [{"image_url": "https://a/b.png", "type": "last_frame"}]}),
    ("Image reference", "W08", {"prompt": "A loft."}),
    ("Image reference", "R75", {"prompt": "<<<image_3>>>"}),
    ("Element reference", "R40", EIGHT),
    ("Element reference", "R48", {"element_list": elements("Lin")}),
    ("Element reference", "R49", {"element_list": elements(7)}),
    ("Element reference", "R46", {"model_name": O1, "element_list": elements(CHARACTER)}),
    ("Images and elements together", "R40", EIGHT),
    ("Images and elements together", "R67", {"duration": "11"}),
    ("First frame", "R33", {"image_list": images("f", "f")}),
    ("First frame", "R43", {"element_list": THING * 4}),
    ("First frame", "R68", {"model_name": O1, "duration": "7"}),
    ("First and end frame", "R32", {"image_list": images("e")}),
    ("First and end frame", "W10", AUTO),
    ("First and end frame", "W02", {"image_list": images("r", "f", "e")}),
    ("First and end frame", "R42", {"model_name": O1, "image_list": images("r", "f", "e")}),
    ("First and end frame", "R44", {"model_name": O1, "element_list": THING}),
    ("First and end frame", "W03", {"model_name": O1, "duration": "8"}),
    ("Edit a video", "R34", {"image_list": images("f")}),
    ("Edit a video", "R54", {"sound": "on"}),
    ("Edit a video", "R50", {"video_list": BASE * 2}),
    ("Edit a video", "R51", {"video_list": videos("base", video_url="street.mp4")}),
    ("Edit a video with a reference image", "R41", FOUR_AND_ONE),
    ("Edit a video with a reference image", "R45", {"element_list": elements(CHARACTER)}),
    ("Edit a video with a reference image", "R34", {"image_list": images("f")}),
    ("Follow a video: camera, motion or style", "W10", {"duration": "11"}),
    ("Follow a video: camera, motion or style", "W11", AUTO | {"shot_type": "customize", "multi_prompt": shots("7")}),
    ("Follow a video: camera, motion or style", "R54", {"sound": "on"}),
    ("Follow a video: camera, motion or style", "R41", FOUR_AND_ONE),
    ("Follow a video: camera, motion or style", "R45", {"element_list": elements(CHARACTER)}),
    ("Extend a video: the next shot", "W10", {"duration": "11"}),
    ("Extend a video: the next shot", "R54", {"sound": "on"}),
    ("Extend a video: the next shot", "W08", {"prompt": "Generate the next shot."}),
    ("Extend a video: the previous shot", "R67", {"duration": "11"}),
    ("Several shots, cut by you", "R21", {"duration": "9"}),
    ("Several shots, cut by you", "R22", {"multi_prompt": [*shots("4"), *shots("4")]}),
    ("Several shots, cut by you", "R19", {"multi_prompt": shots("4", "4", prompt="x" * 513)}),
    ("Several shots, cut by you", "R18", {"multi_prompt": shots(*"1111112")}),
    ("Several shots, cut by you", "R25", {"model_name": O1}),
    ("Several shots, from images", "W10", {"image_list": images("f", "e")}),
    ("Several shots, cut by Kling", "R16", {"prompt": ...}),
    ("Several shots, cut by Kling", "R12", {"shot_type": ...}),
    ("Several shots, cut by Kling", "R25", {"model_name": O1}),
    ("Sound", "R54", {"video_list": FEATURE}),
    ("Sound", "R26", {"model_name": O1}),
    ("Sound", "R06", {"sound": True}),
    ("Watermark", "R71", {"watermark_info": {"enabled": "yes"}}),
    ("Your own id, and a callback", "R73", {"external_task_id": "used-before"}),
    ("Your own id, and a callback", "R72", {"callback_url": "none"}),
)
# The same for what the page says of the seed profile.
MENTIONED_RULES_OF_SEED: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("Text, one shot", "R62", {"mode": "4k"}),
    ("First and end frame", "R23", AUTO),
    ("Follow a video: camera, motion or style", "R69", {"duration": "11"}),
    ("Extend a video: the next shot", "R69", {"duration": "11"}),
    ("Several shots, from images", "R23", {"image_list": images("f", "e")}),
    ("Several shots, from images", "W01", {"image_list": images("f", "r")}),
    ("Several shots, cut by Kling", "R23", {"image_list": images("f", "e")}),
)
# What the page says of the new API: the rule, the example that is changed, and the one API over which it is met then.
OVER_NEW = "Over the new API"
MENTIONED_RULES_OF_NEW: tuple[tuple[str, str, dict[str, Any], str], ...] = (
    ("W12", "Extend a video: the next shot", {}, NEW),
    ("W13", "Extend a video: the next shot", {"video_list": videos(keep_original_sound="yes")}, NEW),
    ("N02", "Several shots, cut by you", {"video_list": BASE}, NEW),
    ("R14", "Text, one shot", {"prompt": "x" * 3072}, LEGACY),
    ("N01", "Several shots, cut by you", {"multi_prompt": shots(*"222222", prompt="x" * 505), "duration": "12"}, NEW),
    ("R45", "Extend a video: the next shot", {"element_list": elements(CHARACTER)}, LEGACY),
)
WITHOUT_EFFECT: tuple[tuple[str, dict[str, Any]], ...] = (
    ("Text, one shot", {"multi_prompt": shots("99")}),
    ("First frame", {"aspect_ratio": "1:1"}),
    ("First and end frame", {"aspect_ratio": "9:16"}),
    ("Edit a video", {"duration": "10", "aspect_ratio": "1:1"}),
    ("Edit a video with a reference image", {"duration": "99", "aspect_ratio": "1:1"}),
    ("Several shots, cut by you", {"prompt": "Something else."}),
    ("Several shots, cut by Kling", {"multi_prompt": shots("99")}),
)


def rules_met(body: dict[str, Any], profile: capability.Profile = LATE) -> set[str]:
    return {problem.rule for problem in problems_in(body, profile=profile, **KNOWN)}


def changed(section: str, changes: dict[str, Any]) -> dict[str, Any]:
    first = next(example.body for example in EXAMPLES if example.section == section)
    if "image_list" in first:  # a local picture stands for itself once the request file is read
        first = {**first, "image_list": [{**image, "image_url": IMAGE} for image in first["image_list"]]}
    return {key: value for key, value in {**first, **changes}.items() if value is not ...}


@pytest.mark.parametrize(("section", "rule", "changes"), MENTIONED_RULES)
def test_a_rule_is_met_where_the_page_mentions_it(section: str, rule: str, changes: dict[str, Any]) -> None:
    assert rule not in rules_met(changed(section, {}))
    assert rule in rules_met(changed(section, changes))


@pytest.mark.parametrize(("section", "rule", "changes"), MENTIONED_RULES_OF_SEED)
def test_a_rule_of_the_seed_profile_is_met_there_alone(section: str, rule: str, changes: dict[str, Any]) -> None:
    assert rule not in rules_met(changed(section, {}), SEED)
    assert rule in rules_met(changed(section, changes), SEED)
    assert rule not in rules_met(changed(section, changes), LATE)


@pytest.mark.parametrize(("rule", "section", "changes", "dialect"), MENTIONED_RULES_OF_NEW)
def test_what_the_new_api_takes_otherwise_is_met_over_one_api_alone(
    rule: str, section: str, changes: dict[str, Any], dialect: str
) -> None:
    met = [each for each in DIALECTS if rule in rules_met(changed(section, changes), capability.over(LATE, each))]
    assert met == [dialect]


def test_the_numbers_of_the_new_api_are_those_of_the_data() -> None:
    new, text = capability.over(LATE, NEW), SECTIONS[OVER_NEW]
    assert f"{new.prompt_characters:,} characters instead of {LATE.prompt_characters:,} (R14)" in text
    assert new.script_characters == new.prompt_characters
    assert f"{new.picture.size_bytes >> 20} MB instead of {LATE.picture.size_bytes >> 20}" in text


def test_every_rule_that_a_section_mentions_is_tried() -> None:
    pattern = r"\(([RWN]\d\d)\)"
    mentioned = {(section, rule) for section, text in SECTIONS.items() for rule in re.findall(pattern, text)}
    of_new = {(OVER_NEW, rule) for rule, *_ in MENTIONED_RULES_OF_NEW}
    assert mentioned == of_new | {(section, rule) for section, rule, _ in (*MENTIONED_RULES, *MENTIONED_RULES_OF_SEED)}


@pytest.mark.parametrize(("section", "changes"), WITHOUT_EFFECT)
def test_what_has_no_effect_is_accepted_and_not_sent(section: str, changes: dict[str, Any]) -> None:
    body = changed(section, changes)
    assert rules_met(body) == set()
    assert draft_body(request_from_body(body), {}) == draft_body(request_from_body(changed(section, {})), {})


def test_every_section_that_says_so_has_its_keys_without_effect_tried() -> None:
    for section, text in SECTIONS.items():
        said = [line for line in text.splitlines() if line.startswith("* No effect:")]
        keys = {key for where, changes in WITHOUT_EFFECT if where == section for key in changes}
        assert bool(said) == bool(keys), section
        assert all(f"`{key}`" in said[0] for key in keys), section


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_a_printed_price_is_that_of_the_list(example: Example) -> None:
    assert re.findall(r"\* Price: (.*?)[.,]\s", example.notes) == [example.price.label]


def test_the_price_of_an_edit_of_five_seconds_is_that_of_the_list() -> None:
    edits = [example for example in EXAMPLES if not example.price.is_exact]
    assert len(edits) == 2
    for example in edits:
        price = price_of(request_from_body(example.body), input_video_s=5)
        assert price is not None
        assert f"video of 5 s costs {price.label}" in example.notes


def test_the_dates_of_prices_and_limits_are_those_of_the_data() -> None:
    assert f"list prices of {EXAMPLES[0].price.date}: 1 unit is $0.14." in PAGE
    assert (SEED.date[:7], LATE.date[:7]) == ("2026-03", "2026-10")
    assert "This page is about Kling as of October 2026, the profile `late`, which is the default." in PAGE
    assert "`--profile seed` judges by Kling's document of March 2026" in PAGE
    for change in LATE.changes:
        assert change.date in PAGE or change.rule in ("R47", "R56", "R57")


def spoken(lengths: tuple[int, ...]) -> str:
    is_range = all(later == earlier + 1 for earlier, later in pairwise(lengths))
    return f"{lengths[0]} to {lengths[-1]} s" if is_range else f"{' or '.join(map(str, lengths))} s"


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ("text", Capability.TEXT),
        ("a first frame", Capability.FIRST_FRAME),
        ("a first and an end frame", Capability.FRAMES),
        ("images or elements", Capability.REFERENCES),
        ("a video to follow", Capability.FEATURE),
    ],
)
def test_the_table_of_lengths_is_that_of_the_data(row: str, kind: Capability) -> None:
    v3, o1 = (spoken(LATE.models[model].durations(kind)) for model in (V3, O1))
    assert f"| {row} | {v3} | {o1} |" in PAGE


def plain_images(body: dict[str, Any]) -> bool:
    return any("type" not in image for image in body.get("image_list", ()))


def frames(body: dict[str, Any]) -> list[str]:
    return [image["type"] for image in body.get("image_list", ()) if "type" in image]


def video(body: dict[str, Any]) -> dict[str, Any]:
    videos_: list[dict[str, Any]] = body.get("video_list", [{}])
    return videos_[0]


def has_only(body: dict[str, Any], *lists: str) -> bool:
    return set(lists) == {"image_list", "element_list", "video_list", "multi_shot"} & body.keys()


# What the owner's source document names, mostly in its own words, and how to see that an example shows it.
CAPABILITIES: Mapping[str, Callable[[dict[str, Any]], object]] = {
    "Text To Video with Single Shot": lambda body: has_only(body),
    "Text To Video with Multiple Shot": lambda body: body.get("shot_type") == "customize" and "image_list" not in body,
    "Image To Video with Multiple Shot": lambda body: body.get("shot_type") == "customize" and plain_images(body),
    "Storyboard method intelligence": lambda body: body.get("shot_type") == "intelligence",
    "Image Reference": lambda body: has_only(body, "image_list") and plain_images(body),
    "Element Reference": lambda body: has_only(body, "element_list"),
    "Image/Element Reference": lambda body: has_only(body, "image_list", "element_list") and plain_images(body),
    "start frame": lambda body: frames(body) == ["first_frame"],
    "Start & End Frames": lambda body: frames(body) == ["first_frame", "end_frame"],
    "Transformation (Video Edit)": lambda body: has_only(body, "video_list") and video(body)["refer_type"] == "base",
    "Transformation to an image": lambda body: video(body).get("refer_type") == "base" and plain_images(body),
    "Video Reference": lambda body: video(body).get("refer_type") == "feature" and "shot" not in body["prompt"],
    "generate the next shot": lambda body: video(body) and "generate the next shot" in body["prompt"],
    "generate the previous shot": lambda body: video(body) and "generate the previous shot" in body["prompt"],
    "Keep original sound: yes": lambda body: video(body).get("keep_original_sound") == "yes",
    "Keep original sound: no": lambda body: video(body).get("keep_original_sound") == "no",
    "generate sound simultaneously": lambda body: body.get("sound") == "on",
    "watermarked results": lambda body: body.get("watermark_info", {}).get("enabled"),
    "Callback notification": lambda body: body.get("callback_url"),
    "Custom task ID": lambda body: body.get("external_task_id"),
    "std: Standard mode": lambda body: body["mode"] == "std",
    "pro: Professional mode": lambda body: body["mode"] == "pro",
    "kling-video-o1": lambda body: body["model_name"] == O1,
    "kling-v3-omni": lambda body: body["model_name"] == V3,
}


@pytest.mark.parametrize("name", CAPABILITIES)
def test_every_capability_of_the_source_document_has_an_example(name: str) -> None:
    assert any(CAPABILITIES[name](example.body) for example in EXAMPLES)
