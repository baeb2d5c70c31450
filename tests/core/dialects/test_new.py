"""A create body in the words of the new API (contract section 13), where these are other than the legacy ones."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kling_omni_addon.core import capability
from kling_omni_addon.core.capability import NEW
from kling_omni_addon.core.media import ClipRef, PictureFacts, PictureRef
from kling_omni_addon.core.payload import build_payload
from tests.workshop.rule_bodies import AUTO, O1, V3, VIDEO, body, elements, images, shots, story, videos

LIMITS = capability.profile("late", NEW)
PICTURE = PictureRef(sha256="0" * 64, facts=PictureFacts(format="png", width=1280, height=720, size_bytes=1_000_000))


def written(**changes: Any) -> dict[str, Any]:
    """What is sent for a faultless body with these changes."""
    payload = build_payload(body(**changes) | {"external_task_id": "kob-1"}, LIMITS)
    document: dict[str, Any] = json.loads("".join(piece for piece in payload.pieces if isinstance(piece, str)))
    return document


def text_of(**changes: Any) -> str:
    text: str = written(**changes)["contents"][0]["text"]
    return text


def contents(**changes: Any) -> list[dict[str, Any]]:
    """Everything but the prompt."""
    items: list[dict[str, Any]] = written(**changes)["contents"][1:]
    return items


def settings(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = written(**changes)["settings"]
    return found


@pytest.mark.parametrize(
    ("prompt", "sent"),
    [
        ("A red chair.", "A red chair."),
        ("<<<image_1>>>", "@image_1"),
        ("<<<image_1>>> and <<<image_2>>>.", "@image_1 and @image_2."),
        ("<<< image_1 >>>, <<<element_1>>>; <<<\tvideo_1\n>>>", "@image_1, @element_1; @video_1"),
        ("<<<image_1>>>s, <<<image_1>>>2, <<<image_1>>>_", "@image_1 s, @image_1 2, @image_1 _"),
        ("<<<image_1>>>的椅子", "@image_1 的椅子"),
        ("a<<<image_1>>>b<<<image_2>>>", "a @image_1 b @image_2"),
        ("<<<image_1>>><<<image_2>>>", "@image_1 @image_2"),
        ("(<<<image_1>>>)", "(@image_1)"),
        ("<<<image_12>>>", "@image_12"),
        (
            "<<<picture_1>>> <<<image_>>> <<image_1>> me@example.com",
            "<<<picture_1>>> <<<image_>>> <<image_1>> me@example.com",
        ),
        ("two\nlines; and more", "two\nlines; and more"),
    ],
)
def test_a_reference_is_written_as_this_api_reads_it_and_everything_else_as_typed(prompt: str, sent: str) -> None:
    assert text_of(prompt=prompt) == sent


@pytest.mark.parametrize(
    ("prompts", "sent"),
    [
        (["A fox.", "A hen."], "shot 1, 2, A fox.; shot 2, 3, A hen.;"),
        (["A fox; then a hen", "; ;x"], "shot 1, 2, A fox, then a hen; shot 2, 3, , ,x;"),
        (["  A fox\n\non a\r\nhill\t", "A hen"], "shot 1, 2, A fox on a hill; shot 2, 3, A hen;"),
        (["<<<image_1>>>s", "by <<< image_1 >>>"], "shot 1, 2, @image_1 s; shot 2, 3, by @image_1;"),
    ],
)
def test_the_shots_of_a_storyboard_are_one_text_in_which_nothing_else_ends_a_shot(
    prompts: list[str], sent: str
) -> None:
    cut = [{**shot, "prompt": prompt} for shot, prompt in zip(shots("2", "3"), prompts, strict=True)]
    assert text_of(**story(multi_prompt=cut, image_list=images("r"))) == sent


@pytest.mark.parametrize(
    ("changes", "is_multi"),
    [
        ({}, False),
        ({"multi_shot": False, "shot_type": "customize"}, False),
        (story("5"), True),
        (AUTO, True),
        ({"video_list": videos("base")}, False),
        ({"video_list": videos()}, True),
        ({"video_list": videos(), **AUTO}, True),
    ],
)
def test_whether_there_are_several_shots_is_always_said(changes: dict[str, Any], is_multi: bool) -> None:
    assert settings(**changes)["multi_shot"] is is_multi


def test_a_storyboard_that_kling_cuts_is_its_prompt() -> None:
    assert text_of(**AUTO, prompt="Two friends; rain.") == "Two friends; rain."


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"duration": "7"}, {"duration": 7}),
        ({"video_list": videos(), "duration": "10"}, {"duration": 10}),
        ({"video_list": videos("base"), "duration": "10"}, {}),
        ({"video_list": videos(None), "duration": "10"}, {}),
    ],
)
def test_the_length_is_a_number_and_an_edit_has_none(changes: dict[str, Any], said: dict[str, Any]) -> None:
    found = settings(**changes)
    assert {name: found[name] for name in ("duration",) if name in found} == said
    assert not isinstance(found.get("duration"), str)


@pytest.mark.parametrize(
    ("changes", "audio"),
    [
        ({}, "off"),
        ({"sound": "off"}, "off"),
        ({"sound": "on"}, "native"),
        ({"video_list": videos("base", keep_original_sound="yes")}, "original"),
        ({"video_list": videos("base", keep_original_sound="no")}, "off"),
        ({"video_list": videos("feature", keep_original_sound="yes")}, "off"),
    ],
)
def test_the_sound_is_made_kept_or_off(changes: dict[str, Any], audio: str) -> None:
    assert settings(**changes)["audio"] == audio


@pytest.mark.parametrize(("mode", "resolution"), [("std", "720p"), ("pro", "1080p"), ("4k", "4k")])
def test_a_quality_is_a_resolution(mode: str, resolution: str) -> None:
    assert settings(mode=mode)["resolution"] == resolution


def test_pictures_and_videos_have_other_types_and_the_names_by_which_a_prompt_mentions_them() -> None:
    assert [(item["type"], item["id"]) for item in contents(image_list=images("r", "f", "e"))] == [
        ("refer_image", "image_1"),
        ("first_frame", "image_2"),
        ("last_frame", "image_3"),
    ]
    assert contents(video_list=videos("base")) == [{"type": "base_video", "url": VIDEO, "id": "video_1"}]
    assert contents(video_list=videos()) == [{"type": "feature_video", "url": VIDEO, "id": "video_1"}]


@pytest.mark.parametrize("number", [1, 2**53 + 1, 829836802793406551, "829836802793406551"])
def test_the_id_of_an_element_is_text_whatever_its_size(number: int | str) -> None:
    (element,) = contents(element_list=elements(number))
    assert element == {"type": "element", "element_id": str(number), "id": "element_1"}


def test_what_is_not_about_the_clip_stands_by_itself() -> None:
    said = written(watermark_info={"enabled": True}, callback_url="https://example.com/c")
    assert said["options"] == {
        "watermark_info": {"enabled": True},
        "callback_url": "https://example.com/c",
        "external_task_id": "kob-1",
    }


@pytest.mark.parametrize(("model", "path"), [(V3, "/omni-video/kling-3.0-omni"), (O1, "/omni-video/kling-o1")])
def test_the_model_is_in_the_path_and_nowhere_else(model: str, path: str) -> None:
    payload = build_payload(body(model_name=model) | {"external_task_id": "kob-1"}, LIMITS)
    assert (payload.path, payload.model) == (path, model)
    assert "kling-" not in "".join(str(piece) for piece in payload.pieces)


def test_a_picture_and_a_clip_of_the_account_are_written_down_by_reference_and_counted_by_their_length() -> None:
    clip = ClipRef(known_as="kob-0")
    given = body(image_list=images("r", url=PICTURE), video_list=videos(), external_task_id="kob-1")
    payload = build_payload(given, LIMITS, clip)
    assert [piece for piece in payload.pieces if not isinstance(piece, str)] == [PICTURE, clip]
    sent = ["A" * piece.base64_length if isinstance(piece, PictureRef) else piece for piece in payload.pieces]
    without_link = "".join(piece for piece in sent if isinstance(piece, str))
    assert len(without_link.encode()) == payload.content_length
    image, video = json.loads(without_link)["contents"][1:]
    assert (len(image["url"]), video["url"]) == (PICTURE.base64_length, "")
