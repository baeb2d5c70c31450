"""The new API's create at the rehearsal server: its words, and what it alone refuses (contract section 13)."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from kling_omni_addon.core import capability, dialects
from kling_omni_addon.core.payload import draft_body
from kling_omni_addon.core.request import OmniRequest
from kling_omni_addon.core.script import script_of
from kling_omni_addon.rehearsal import new_words
from kling_omni_addon.rehearsal.server import RehearsalSettings
from tests.workshop.new_api import IMAGE, O1, V3, VIDEO, NewApi, content, element, new_body, prompt
from tests.workshop.rehearsal_stand import Stand, mp4, png, refusal, token, until
from tests.workshop.request_space import likely_requests

THING, CHARACTER = "829836802793406551", "829836802793406553"
STORY = "shot 1, 2, A fox; shot 2, 3, A hare, running;"


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with Stand(RehearsalSettings(folder=tmp_path, profile="late", concurrency=100)) as stand:
        yield stand


@pytest.fixture
def new(stand: Stand) -> NewApi:
    return NewApi(stand)


def _canonical(body: dict[str, Any], model: str = V3) -> dict[str, Any]:
    return dict(new_words.asked(body, model, capability.profile("late", capability.NEW)).body)


def test_every_word_becomes_the_legacy_one() -> None:
    body = new_body(
        prompt("@hero sits on @chair, then as in @end."),
        content("first_frame", id="start"),
        content("last_frame", id="end"),
        content("refer_image", id="chair"),
        element(THING),
        resolution="1080p",
        audio="native",
        duration=7,
        options={"external_task_id": "mine", "callback_url": "https://a.b", "watermark_info": {"enabled": True}},
    )
    assert _canonical(body) == {
        "model_name": "kling-v3-omni",
        "prompt": "<<<element_1>>> sits on <<<image_3>>>, then as in <<<image_2>>>.",
        "image_list": [
            {"image_url": IMAGE, "type": "first_frame"},
            {"image_url": IMAGE, "type": "end_frame"},
            {"image_url": IMAGE},
        ],
        "element_list": [{"element_id": THING}],
        "sound": "on",
        "mode": "pro",
        "aspect_ratio": "16:9",
        "duration": "7",
        "external_task_id": "mine",
        "callback_url": "https://a.b",
        "watermark_info": {"enabled": True},
    }


def test_what_is_left_out_is_720p_silent_and_cut_as_kling_likes() -> None:
    body = {"contents": [prompt()], "settings": {"aspect_ratio": "1:1"}}
    assert _canonical(body) == {
        "model_name": "kling-v3-omni",
        "multi_shot": True,
        "shot_type": "intelligence",
        "prompt": "A fox in the snow",
        "sound": "off",
        "mode": "std",
        "aspect_ratio": "1:1",
    }


@pytest.mark.parametrize(
    ("text", "shots"),
    [
        (STORY, [(1, "2", "A fox"), (2, "3", "A hare, running")]),
        ("shot 1, 5, A fox", [(1, "5", "A fox")]),
        ("\nShot 1,2,A fox ;\nSHOT 2 , 3 ,\nA hare;\n", [(1, "2", "A fox"), (2, "3", "A hare")]),
        (script_of([(2, "A; b"), (3, "c")]), [(1, "2", "A, b"), (2, "3", "c")]),
        ("shot 1, 5, ;", [(1, "5", "")]),
    ],
)
def test_shots_that_are_written_out_are_a_storyboard(text: str, shots: list[tuple[int, str, str]]) -> None:
    canonical = _canonical(new_body(prompt(text), multi_shot=True))
    assert canonical["shot_type"] == "customize"
    assert [(shot["index"], shot["duration"], shot["prompt"]) for shot in canonical["multi_prompt"]] == shots
    assert "prompt" not in canonical


@pytest.mark.parametrize(
    "text", ["A fox; a hare;", "shot 1, 2, A fox; and a hare;", "shot 1, 2s, A fox;", ";", "Shot 1"]
)
def test_any_other_text_is_cut_by_kling(text: str) -> None:
    canonical = _canonical(new_body(prompt(text), multi_shot=True))
    assert (canonical["shot_type"], canonical["prompt"]) == ("intelligence", text)


def test_a_storyboard_that_is_not_to_be_cut_is_a_prompt() -> None:
    canonical = _canonical(new_body(prompt(STORY), multi_shot=False))
    assert (canonical["prompt"], "multi_shot" in canonical) == (STORY, False)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("@image_1", "<<<image_1>>>"),
        ("@image_1的@image_10.", "<<<image_1>>>的<<<image_2>>>."),
        ("@image_12 a@image_1 @image_1a @nobody", "@image_12 a@image_1 @image_1a @nobody"),
    ],
)
def test_an_input_is_mentioned_by_its_id(text: str, read: str) -> None:
    body = new_body(prompt(text), content("refer_image", id="image_1"), content("refer_image", id="image_10"))
    assert _canonical(body)["prompt"] == read


def test_inputs_are_mentioned_in_shots_as_well() -> None:
    body = new_body(prompt("shot 1, 5, @hero waits;"), element(THING), multi_shot=True)
    assert _canonical(body)["multi_prompt"][0]["prompt"] == "<<<element_1>>> waits"


@pytest.mark.parametrize(
    ("kind", "audio", "video"),
    [
        ("feature_video", "off", {"refer_type": "feature", "keep_original_sound": "no"}),
        ("base_video", "off", {"refer_type": "base", "keep_original_sound": "no"}),
        ("base_video", "original", {"refer_type": "base", "keep_original_sound": "yes"}),
    ],
)
def test_a_video_is_followed_or_edited(kind: str, audio: str, video: dict[str, str]) -> None:
    body = new_body(prompt(), content(kind), multi_shot=kind == "feature_video", audio=audio)
    canonical = _canonical(body)
    assert canonical["video_list"] == [{"video_url": VIDEO, **video}]
    assert (canonical["sound"], "multi_shot" in canonical) == ("off", False)


def test_beside_a_followed_video_only_shots_that_are_written_out_cut_the_clip() -> None:
    body = new_body(prompt(STORY), content("feature_video"), multi_shot=True)
    assert _canonical(body)["shot_type"] == "customize"


def _plainly_mentioned(body: Any) -> str:
    return re.sub(r"<<<(\w+)>>>", r"@\1", json.dumps(body, sort_keys=True))


@given(request=likely_requests())
@settings(max_examples=200)
def test_what_the_client_s_codec_writes_is_read_as_what_it_meant(request: OmniRequest) -> None:
    limits = capability.profile("late", capability.NEW)
    links = [replace(picture, source=IMAGE) for picture in request.pictures]
    meant = draft_body(replace(request, pictures=tuple(links)), {})
    path, document = dialects.new.written(meant, limits)
    for named in meant.get("element_list", ()):
        named["element_id"] = str(named["element_id"])
    for video in meant.get("video_list", ()):
        if video["refer_type"] == "feature":
            video["keep_original_sound"] = "no"  # its sound cannot be kept
        else:
            meant.pop("duration", None)  # it has no effect
    for shot in meant.get("multi_prompt", ()):
        shot["prompt"] = " ".join(shot["prompt"].split())
    name = path.removeprefix(dialects.new.CREATE_PATH)
    read = new_words.asked(json.loads(json.dumps(document)), name, limits).body
    assert _plainly_mentioned(read) == _plainly_mentioned(meant)


@pytest.mark.parametrize("model", [V3, "kling-v3-omni"])
def test_v3_is_taken_by_both_of_its_names(new: NewApi, model: str) -> None:
    assert new.create(model=model).status_code == 200


@pytest.mark.parametrize("model", ["kling-video-o1", "kling-v9", "kling-3.0-omni/more", "%20"])
def test_a_wrong_name_in_the_path_is_no_model(new: NewApi, model: str) -> None:
    assert refusal(new.create(model=model)) == (400, 1201, "model is not supported")


_TYPE = "value type is invalid, expected"
_NO_PROMPT = "contents must hold exactly 1 prompt"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"contents": None}, "contents cannot be empty"),
        ({"contents": []}, "contents cannot be empty"),
        ({"contents": {}}, f"contents {_TYPE} array"),
        ({"contents": ["A fox"]}, f"contents[0] {_TYPE} object"),
        ({"contents": [{"text": "A fox"}]}, "contents[0].type cannot be empty"),
        ({"contents": [{"type": 1}]}, f"contents[0].type {_TYPE} string"),
        (
            {"contents": [prompt(), {"type": "end_frame", "url": IMAGE}]},
            "contents[1].type value 'end_frame' is invalid",
        ),
        ({"contents": [content("refer_image")]}, _NO_PROMPT),
        ({"contents": [prompt(), prompt()]}, _NO_PROMPT),
        ({"contents": [prompt(" ")]}, "contents[0].text cannot be empty"),
        ({"contents": [prompt(None)]}, "contents[0].text cannot be empty"),
        ({"contents": [prompt(5)]}, f"contents[0].text {_TYPE} string"),
        ({"contents": [prompt("é" * 3073)]}, "contents[0].text must not exceed 3072 characters"),
        ({"contents": [prompt(), {"type": "refer_image"}]}, "contents[1].url cannot be empty"),
        ({"contents": [prompt(), {"type": "refer_image", "url": 5}]}, f"contents[1].url {_TYPE} string"),
        ({"contents": [prompt(), content("refer_image", id=1)]}, f"contents[1].id {_TYPE} string"),
        (
            {"contents": [prompt(), content("refer_image", id="a"), element(THING, "a")]},
            "contents[2].id value 'a' is not unique",
        ),
        ({"contents": [prompt(), {"type": "element", "id": "a"}]}, "contents[1].element_id cannot be empty"),
        ({"contents": [prompt(), {"type": "element", "element_id": THING}]}, "contents[1].id cannot be empty"),
        (
            {"contents": [prompt(), {"type": "element", "element_id": 829836802793406551, "id": "a"}]},
            f"contents[1].element_id {_TYPE} string",
        ),
        ({"contents": [prompt(), element("u_1")]}, "Invalid element id: u_1"),
        ({"contents": [prompt(), element("9")]}, "Element id not found: 9"),
        ({"settings": []}, f"settings {_TYPE} object"),
        ({"settings": {"multi_shot": "true"}}, f"settings.multi_shot {_TYPE} boolean"),
        ({"settings": {"duration": "5"}}, f"settings.duration {_TYPE} integer"),
        ({"settings": {"duration": 5.0}}, f"settings.duration {_TYPE} integer"),
        ({"settings": {"duration": True}}, f"settings.duration {_TYPE} integer"),
        ({"settings": {"audio": "on"}}, "settings.audio value 'on' is invalid"),
        ({"settings": {"resolution": "std"}}, "settings.resolution value 'std' is invalid"),
        ({"settings": {"resolution": ""}}, "settings.resolution value '' is invalid"),
        ({"settings": {"aspect_ratio": 1}}, f"settings.aspect_ratio {_TYPE} string"),
        ({"options": ""}, f"options {_TYPE} object"),
        ({"options": {"callback_url": 1}}, f"options.callback_url {_TYPE} string"),
        ({"options": {"callback_url": "ftp://a"}}, "options.callback_url value 'ftp://a' is invalid"),
        ({"options": {"external_task_id": 1}}, f"options.external_task_id {_TYPE} string"),
        ({"options": {"watermark_info": True}}, f"options.watermark_info {_TYPE} object"),
        ({"options": {"watermark_info": {"enabled": None}}}, f"options.watermark_info.enabled {_TYPE} boolean"),
    ],
)
def test_a_member_that_is_wrong_is_named(new: NewApi, changes: dict[str, Any], text: str) -> None:
    assert refusal(new.send(new_body() | changes)) == (400, 1201, text)
    assert new.stand.stats()["creates"] == 0


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (new_body(aspect_ratio="4:3"), "settings.aspect_ratio value '4:3' is invalid"),
        (new_body(aspect_ratio=...), "settings.aspect_ratio cannot be empty"),
        (new_body(prompt(), content("refer_image"), aspect_ratio=...), "settings.aspect_ratio cannot be empty"),
        (new_body(duration=2), "settings.duration value '2' is invalid"),
        (new_body(duration=16), "settings.duration value '16' is invalid"),
        (new_body(prompt(), content("last_frame")), "last_frame requires first_frame"),
        (
            new_body(prompt(), content("first_frame"), content("base_video")),
            "first_frame/last_frame cannot be used with a base video",
        ),
        (
            new_body(prompt(), content("feature_video")),
            "settings.multi_shot must be true with feature_video",
        ),
        (
            new_body(prompt(), content("feature_video"), multi_shot=True, audio="native"),
            "settings.audio can only be off with feature_video",
        ),
        (
            new_body(prompt(), content("feature_video"), multi_shot=True, audio="original"),
            "settings.audio can only be off with feature_video",
        ),
        (
            new_body(prompt(), content("base_video"), audio="native"),
            "settings.audio value 'native' is not supported with base_video",
        ),
        (new_body(audio="original"), "settings.audio value 'original' is only supported with base_video"),
        (
            new_body(prompt(), content("base_video"), multi_shot=True),
            "settings.multi_shot is not supported with base_video",
        ),
        (
            new_body(prompt(), content("base_video"), multi_shot=...),
            "settings.multi_shot is not supported with base_video",
        ),
        (
            new_body(prompt(), content("base_video"), content("feature_video")),
            "contents supports at most 1 video",
        ),
        (new_body(prompt(), content("base_video", "QUJD")), "Video URL is invalid"),
        (new_body(prompt(), content("refer_image", "data:a;base64,QUJD")), "File is not in a valid base64 format"),
        (
            new_body(prompt("shot 1, 4, A fox;"), multi_shot=True),
            "the sum of contents[0].text durations (4) must equal settings.duration (5)",
        ),
        (
            new_body(prompt("shot 1, 6, A fox;"), multi_shot=True),
            "contents[0].text shot 1 duration exceeds the task duration",
        ),
        (new_body(prompt("shot 1, 2, a; shot 3, 3, b;"), multi_shot=True), "contents[0].text shot 2 number must be 2"),
        (new_body(prompt("shot 1, 5, ;"), multi_shot=True), "contents[0].text shot 1 cannot be empty"),
        (
            new_body(prompt(f"shot 1, 5, {'x' * 513};"), multi_shot=True),
            "contents[0].text shot 1 must not exceed 512 characters",
        ),
        (
            new_body(prompt(" ".join(f"shot {n}, 1, x;" for n in range(1, 8))), multi_shot=True, duration=7),
            "contents[0].text supports 1 to 6 storyboards",
        ),
        (
            new_body(prompt(), content("refer_image"), element(CHARACTER), content("feature_video"), multi_shot=True),
            "video character elements are not supported with a reference video",
        ),
    ],
)
def test_a_rule_is_answered_in_the_new_words(new: NewApi, body: dict[str, Any], text: str) -> None:
    assert refusal(new.send(body)) == (400, 1201, text)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"multi_shot": True}, "settings.multi_shot is not supported by the current model"),
        ({"multi_shot": ...}, "settings.multi_shot is not supported by the current model"),
        ({"audio": "native"}, "settings.audio is not supported by the current model"),
        ({"resolution": "4k"}, "settings.resolution value '4k' is invalid"),
        ({"duration": 11}, "settings.duration value '11' is invalid"),
        ({"duration": 7}, "Duration only supports 5 or 10 seconds when no refer_image is provided"),
    ],
)
def test_o1_makes_one_silent_shot(new: NewApi, settings: dict[str, Any], text: str) -> None:
    assert refusal(new.create(model=O1, **settings)) == (400, 1201, text)


@pytest.mark.parametrize(
    ("body", "model"),
    [
        (new_body(), V3),
        (new_body(), O1),
        (new_body(prompt("é" * 3072)), V3),
        (new_body(prompt("@i" * 1536), content("refer_image", id="i")), V3),
        (new_body(prompt("x" * 3065 + "@i"), content("refer_image", id="i")), V3),
        (new_body(prompt(f"shot 1, 5, {'x' * 509}@i;"), content("refer_image", id="i"), multi_shot=True), V3),
        (new_body(prompt(STORY), multi_shot=True, audio="native"), V3),
        (new_body(prompt(STORY), content("feature_video"), multi_shot=True, aspect_ratio=...), V3),
        (new_body(prompt(), content("feature_video"), multi_shot=..., aspect_ratio=...), V3),
        (new_body(prompt(), content("feature_video"), multi_shot=True, duration=7), O1),
        (new_body(prompt(), content("base_video"), audio="original", aspect_ratio=..., duration=99), V3),
        (new_body(prompt(), content("base_video"), content("refer_image"), aspect_ratio=...), O1),
        (new_body(prompt(), content("first_frame"), aspect_ratio=...), V3),
        (new_body(prompt(), element(CHARACTER), content("feature_video"), multi_shot=True), V3),
        (new_body(resolution="4k", duration=15), V3),
        (new_body(negative=7, options={"seed": 1}) | {"cfg_scale": []}, V3),
        (new_body(resolution=None, audio=None, duration=None, options={"external_task_id": ""}), V3),
    ],
)
def test_what_is_right_is_accepted(new: NewApi, body: dict[str, Any], model: str) -> None:
    answer = new.send(body, model)
    assert answer.status_code == 200, answer.text


def test_the_letter_of_a_profile_is_kept_over_the_new_api_as_well(tmp_path: Path) -> None:
    with Stand(RehearsalSettings(folder=tmp_path, profile="seed")) as stand:
        new = NewApi(stand)
        assert refusal(new.create(resolution="4k")) == (400, 1201, "settings.resolution value '4k' is invalid")
        stand.server.judge_by("late")
        assert new.create(resolution="4k").status_code == 200
        stand.server.judge_by("seed")
        frames = [content("first_frame"), content("last_frame")]
        text = "start & end frames are not supported when settings.multi_shot is true"
        assert refusal(new.create(prompt(), *frames, multi_shot=True)) == (400, 1201, text)


def test_o1_may_be_of_any_length_where_a_setting_says_so(tmp_path: Path) -> None:
    with Stand(RehearsalSettings(folder=tmp_path, lenient_o1_duration=True)) as stand:
        assert NewApi(stand).create(model=O1, duration=7).status_code == 200


def test_a_picture_may_have_50_mb_and_one_that_is_too_small_fails_the_task(stand: Stand, new: NewApi) -> None:
    large, small = (base64.b64encode(content).decode() for content in (png(300, 300, size=20_000_000), png(299, 400)))
    assert new.ended(new.created(prompt(), content("refer_image", large)))["status"] == "succeeded"
    failed = new.ended(new.created(prompt(), content("refer_image", small)))
    assert (failed["status"], failed["message"]) == ("failed", "Image pixel is invalid")
    assert (failed["outputs"], failed["billing"]) == ([], [])


def test_unfit_media_refuse_the_create_where_a_setting_says_so(tmp_path: Path) -> None:
    small = base64.b64encode(png(299, 400)).decode()
    with Stand(RehearsalSettings(folder=tmp_path, media_faults="create")) as stand:
        text = "image width and height must be at least 300px"
        assert refusal(NewApi(stand).create(prompt(), content("refer_image", small))) == (400, 1201, text)


def test_pictures_arrive_whole_and_in_their_roles(stand: Stand, new: NewApi) -> None:
    pictures = [png(640, 360), png(640, 368), png(400, 400)]
    first, last, plain = (base64.b64encode(picture).decode() for picture in pictures)
    new.ended(
        new.created(prompt(), content("refer_image", plain), content("last_frame", last), content("first_frame", first))
    )
    (spec,) = stand.clips.specs
    assert spec.first is not None
    assert spec.end is not None
    assert [path.read_bytes() for path in (spec.first, spec.end, *spec.references)] == pictures


@pytest.mark.parametrize(
    ("settings", "size"),
    [
        ({}, (1280, 720)),
        ({"resolution": "1080p", "aspect_ratio": "9:16"}, (1080, 1920)),
        ({"resolution": "4k", "aspect_ratio": "1:1"}, (2880, 2880)),
    ],
)
def test_the_resolution_and_the_aspect_ratio_decide_the_size(
    stand: Stand, new: NewApi, settings: dict[str, Any], size: tuple[int, int]
) -> None:
    new.created(**settings)
    spec = until(lambda: stand.clips.specs, bool)[0]
    assert (spec.width, spec.height) == size


def test_an_edit_of_an_earlier_result_keeps_its_length_and_sound(stand: Stand, new: NewApi) -> None:
    stand.clips.clip.write_bytes(mp4(seconds=8.5, width=720, height=1280))
    link = new.ended(new.created())["outputs"][0]["url"]
    task = new.ended(new.created(prompt(), content("base_video", link), audio="original", aspect_ratio=...))
    spec = stand.clips.specs[-1]
    assert (spec.width, spec.height, spec.duration_s, spec.sound) == (720, 1280, 8.5, True)
    assert task["billing"][0]["amount"] == "8.1"


def test_trigger_words_refuse_and_fail(new: NewApi) -> None:
    assert refusal(new.create(prompt("rehearse-refuse")))[:2] == (400, 1301)
    assert refusal(new.create(prompt("shot 1, 5, rehearse-refuse;"), multi_shot=True))[1] == 1301
    failed = new.ended(new.created(prompt("rehearse-fail")))
    assert (failed["status"], failed["message"]) == ("failed", "Failure to pass the risk control system")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"contents": NaN}'])
def test_a_body_that_is_no_json_object_is_invalid(stand: Stand, body: bytes) -> None:
    for path in (f"/omni-video/{V3}", "/tasks"):
        assert refusal(stand.call("POST", path, data=body))[:2] == (400, 1200)


_NO_KEY_PAIRS = (
    "Authentication error. The current API does not support AK/SK; "
    "please go to the console (https://kling.ai/dev/api-key) to create API key."
)


@pytest.mark.parametrize(("method", "path"), [("POST", f"/omni-video/{V3}"), ("GET", "/tasks"), ("POST", "/tasks")])
def test_a_plain_key_opens_the_new_api_and_nothing_else_does(stand: Stand, method: str, path: str) -> None:
    def answer(header: str | None) -> tuple[int, int, str]:
        return refusal(stand.call(method, path, data=b"{", headers={"Authorization": header}))

    assert answer(f"Bearer {token(stand.settings, stand.clock.now)}") == (401, 1002, _NO_KEY_PAIRS)
    assert answer("Bearer garbage") == (401, 1002, _NO_KEY_PAIRS)
    assert answer(stand.settings.api_key) == (401, 1002, _NO_KEY_PAIRS)
    assert answer("Bearer api-key-kling-unknown") == (401, 1002, "api key not found")
    assert answer(None) == (401, 1001, "Authorization is empty")


def test_a_profile_that_has_no_plain_keys_has_no_way_into_the_new_api(tmp_path: Path) -> None:
    with Stand(RehearsalSettings(folder=tmp_path, profile="seed", api_keys_in_seed=False)) as stand:
        assert refusal(NewApi(stand).create())[:2] == (401, 1002)


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", f"/omni-video/{V3}", 1202),
        ("PUT", "/tasks", 1202),
        ("POST", "/omni-video", 1203),
        ("POST", "/omni-video/", 1203),
        ("GET", "/tasks/123", 1203),
    ],
)
def test_unknown_paths_and_wrong_methods_are_refused(stand: Stand, method: str, path: str, code: int) -> None:
    assert refusal(stand.call(method, path, json={}))[:2] == (404, code)


def test_a_slash_at_the_end_changes_nothing(stand: Stand, new: NewApi) -> None:
    assert new.create(model=f"{V3}/").status_code == 200
    assert stand.call("POST", "/tasks/", json={}).json()["data"]["count"] == 1
