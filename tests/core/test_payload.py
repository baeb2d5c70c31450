"""What is sent, byte for byte: golden payloads for every capability over every dialect, and what holds for every draft.

A golden file is the exact body of one request, with ``sha256:...`` where a picture's Base64 will stand. A byte that
changes is a change of what people pay for; when it is meant, renew the files and read their diff before committing::

    KLING_RENEW_GOLDEN=1 python -m pytest tests/core/test_payload.py
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kling_omni_addon.core import capability
from kling_omni_addon.core.capability import DIALECTS, LEGACY, NEW, PROFILES, Profile
from kling_omni_addon.core.errors import RequestInvalid
from kling_omni_addon.core.life.events import Intended, Origin, Target, event_from, record_of
from kling_omni_addon.core.media import PictureFacts, PictureRef
from kling_omni_addon.core.payload import Payload, build_payload, draft_body, request_from_body
from kling_omni_addon.core.request import (
    Element,
    OmniRequest,
    Picture,
    Role,
    Storyboard,
    StoryboardShot,
    Video,
    VideoUse,
    capability_of,
)
from kling_omni_addon.core.rules.table import problems_in
from kling_omni_addon.work.picture_store import CHUNK_BYTES, PictureStore
from tests.workshop.rehearsal_stand import png
from tests.workshop.request_space import STORED, likely_requests, requests

GOLDEN = Path(__file__).parent / "golden_payloads"
IS_RENEWING = bool(os.environ.get("KLING_RENEW_GOLDEN"))
SEED = capability.profile("seed")
EVERYWHERE = [capability.profile(name, dialect) for name in PROFILES for dialect in DIALECTS]
O1 = "kling-video-o1"

FIRST = Picture(source="first.png", role=Role.FIRST)
END = Picture(source="end.png", role=Role.END)
CHAIR, STYLE = Picture(source="chair.png", name="chair"), Picture(source="style.png", name="style")
LINKED = Picture(source="https://example.com/a.png", name="linked")
LIN, DOG = Element(id=829836802793406551, name="Lin"), Element(id=829836802793406552, name="Biscuit")
CLIP = "https://example.com/clip.mp4"
FOLLOWED = Video(url=CLIP, keep_sound=True)
EDITED = Video(url=CLIP, use=VideoUse.EDIT)
TWO_SHOTS = (
    StoryboardShot(prompt="A push-in on @image:chair.", duration_s=2),
    StoryboardShot(prompt="Cut to rain.", duration_s=3),
)

GOLDEN_REQUESTS: Mapping[str, OmniRequest] = {
    "text": OmniRequest(prompt="Waves roll in.", aspect_ratio="16:9"),
    "text_o1": OmniRequest(model=O1, prompt="Waves roll in.", mode="std", aspect_ratio="9:16", duration_s=10),
    "text_in_any_script": OmniRequest(prompt='"Hé",\n椅子 💡 <<<image_1>>>', aspect_ratio="1:1"),
    "text_4k": OmniRequest(prompt="Waves roll in.", aspect_ratio="16:9", mode="4k"),
    "images": OmniRequest(
        prompt="@image:chair in the style of @image:style", pictures=(CHAIR, STYLE), aspect_ratio="16:9", duration_s=7
    ),
    "image_by_link": OmniRequest(prompt="@image:linked", pictures=(LINKED,), aspect_ratio="16:9"),
    "elements": OmniRequest(prompt="@element:Lin meets @element:Biscuit", elements=(LIN, DOG), aspect_ratio="9:16"),
    "images_and_elements_o1": OmniRequest(
        model=O1, prompt="@element:Lin on @image:chair", pictures=(CHAIR,), elements=(LIN,), aspect_ratio="1:1"
    ),
    "first_frame": OmniRequest(prompt="From @first on.", pictures=(FIRST,), aspect_ratio="16:9"),
    "first_frame_and_images": OmniRequest(prompt="@first, @image:chair", pictures=(FIRST, CHAIR), duration_s=8),
    "frames": OmniRequest(prompt="From @first to @end", pictures=(FIRST, END), mode="std", duration_s=3),
    "frames_given_backwards_o1": OmniRequest(model=O1, prompt="From @first to @end", pictures=(END, FIRST)),
    "frames_and_elements": OmniRequest(prompt="@element:Lin", pictures=(FIRST, END), elements=(LIN,)),
    "edit": OmniRequest(prompt="Make it winter in @video.", video=EDITED, aspect_ratio="16:9", duration_s=15),
    "edit_keeping_sound": OmniRequest(prompt="Make it winter in @video.", video=replace(EDITED, keep_sound=True)),
    "edit_with_image": OmniRequest(prompt="Put @image:chair into @video.", video=EDITED, pictures=(CHAIR,)),
    "edit_with_storyboard": OmniRequest(
        video=replace(EDITED, keep_sound=True), storyboard=Storyboard.CUSTOM, shots=TWO_SHOTS, pictures=(CHAIR,)
    ),
    "video_reference_o1": OmniRequest(
        model=O1,
        prompt="Move as in @video: @element:Lin runs.",
        video=FOLLOWED,
        elements=(LIN,),
        aspect_ratio="1:1",
        duration_s=7,
    ),
    "next_shot": OmniRequest(prompt="Based on @video, generate the next shot.", video=FOLLOWED),
    "previous_shot": OmniRequest(
        prompt="Based on @video, generate the previous shot.", video=replace(FOLLOWED, keep_sound=False)
    ),
    "storyboard": OmniRequest(
        prompt="Not sent.", storyboard=Storyboard.CUSTOM, shots=TWO_SHOTS, pictures=(CHAIR,), aspect_ratio="16:9"
    ),
    "storyboard_by_kling": OmniRequest(
        prompt="Two friends talk in the rain.", storyboard=Storyboard.AUTOMATIC, shots=TWO_SHOTS, aspect_ratio="16:9"
    ),
    "sound": OmniRequest(prompt="Waves roll in.", aspect_ratio="16:9", sound=True),
    "own_id": OmniRequest(prompt="Waves roll in.", aspect_ratio="16:9", external_task_id="sh0010-v003"),
    "watermark_and_callback": OmniRequest(
        prompt="Waves.", aspect_ratio="16:9", watermark=True, callback_url="https://example.com/callback"
    ),
}


REFUSED = {(NEW, "edit_with_storyboard"): ["N02"]}
"""What one dialect does not take, and by which rule."""

GOLDEN_BODIES = [(dialect, name) for dialect in DIALECTS for name in GOLDEN_REQUESTS if (dialect, name) not in REFUSED]


def stored(source: str) -> PictureRef:
    facts = PictureFacts(format="png", width=1280, height=720, size_bytes=1_000_000)
    return PictureRef(sha256=hashlib.sha256(source.encode()).hexdigest(), facts=facts)


PICTURES = {source: stored(source) for source in ("first.png", "end.png", "chair.png", "style.png")}


def built(request: OmniRequest, dialect: str = LEGACY) -> Payload:
    body = draft_body(request, PICTURES, request.external_task_id or "kob-1")
    return build_payload(body, capability.profile("late" if request.mode == "4k" else "seed", dialect))


def with_placeholders(payload: Payload) -> bytes:
    return "".join(p if isinstance(p, str) else f"sha256:{p.sha256}" for p in payload.pieces).encode()


@pytest.mark.parametrize(("dialect", "name"), GOLDEN_BODIES)
def test_a_payload_is_its_golden_file_byte_for_byte(dialect: str, name: str) -> None:
    golden = GOLDEN / dialect / f"{name}.json"
    sent = with_placeholders(built(GOLDEN_REQUESTS[name], dialect))
    if IS_RENEWING:
        golden.write_bytes(sent)
    assert sent == golden.read_bytes(), "If this change of what is sent is meant: see the top of this file."


def test_every_golden_file_has_a_request() -> None:
    assert {(path.parent.name, path.stem) for path in GOLDEN.glob("*/*")} == set(GOLDEN_BODIES)


@pytest.mark.parametrize(("dialect", "name"), REFUSED)
def test_what_a_dialect_does_not_take_becomes_no_payload(dialect: str, name: str) -> None:
    with pytest.raises(RequestInvalid) as caught:
        built(GOLDEN_REQUESTS[name], dialect)
    assert [problem.rule for problem in caught.value.problems] == REFUSED[dialect, name]


@pytest.mark.parametrize(
    ("dialect", "paths"),
    [
        (LEGACY, {"/v1/videos/omni-video"}),
        (NEW, {"/omni-video/kling-3.0-omni", "/omni-video/kling-o1"}),
    ],
)
def test_a_payload_says_where_it_goes_and_in_which_dialect_it_is(dialect: str, paths: set[str]) -> None:
    payloads = [built(GOLDEN_REQUESTS[name], dialect) for spoken, name in GOLDEN_BODIES if spoken == dialect]
    assert {payload.path for payload in payloads} == paths
    assert {payload.dialect for payload in payloads} == {dialect}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_same_words_for_another_model_are_another_payload(dialect: str) -> None:
    """Over the new API the model is in the path alone."""
    one, other = (built(replace(GOLDEN_REQUESTS["text_o1"], model=model), dialect) for model in SEED.models)
    assert one.digest != other.digest


def test_the_golden_requests_cover_every_kind_model_and_storyboard() -> None:
    asked = GOLDEN_REQUESTS.values()
    assert {capability_of(request) for request in asked} == set(capability.Capability)
    assert {request.model for request in asked} == set(SEED.models)
    assert {request.storyboard for request in asked} == set(Storyboard)


def test_a_draft_with_faults_becomes_no_payload_and_tells_them_all() -> None:
    with pytest.raises(RequestInvalid) as caught:
        built(OmniRequest(duration_s=99))
    assert [problem.rule for problem in caught.value.problems] == ["R15", "R64", "R66"]


def test_a_doubt_does_not_keep_a_payload_from_being_built() -> None:
    assert built(OmniRequest(prompt="<<<image_9>>>", aspect_ratio="16:9")).content_length > 0


def values_of(value: Any) -> Iterator[Any]:
    yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in inner:
        yield from values_of(item)


@given(requests())
def test_a_draft_holds_no_null(request: OmniRequest) -> None:
    assert None not in values_of(draft_body(request, STORED))


@given(likely_requests())
def test_a_draft_holds_nothing_that_is_empty(request: OmniRequest) -> None:
    assert not [value for value in values_of(draft_body(request, STORED)) if value in ("", [], {})]


@given(requests())
def test_a_draft_holds_no_key_without_effect(request: OmniRequest) -> None:
    body = draft_body(request, STORED)
    has_first = request.picture(Role.FIRST) is not None
    is_custom = request.storyboard is Storyboard.CUSTOM
    assert ("aspect_ratio" in body) == (request.aspect_ratio != "" and not has_first and not request.is_edit)
    assert ("duration" in body) == (not request.is_edit or is_custom)
    assert ("prompt" in body) == (not is_custom)
    assert ("multi_prompt" in body) == is_custom
    assert ("multi_shot" in body) == ("shot_type" in body) == (request.storyboard is not Storyboard.NONE)
    assert ("watermark_info" in body) == request.watermark
    assert ("callback_url" in body) == (request.callback_url != "")
    assert ("external_task_id" in body) == (request.external_task_id != "")


@given(requests())
def test_what_the_service_has_no_clear_default_for_is_always_said(request: OmniRequest) -> None:
    body = draft_body(request, STORED)
    assert body["mode"] == request.mode
    assert body["sound"] == ("on" if request.sound else "off")
    for video in body.get("video_list", ()):
        assert request.video is not None
        assert video["keep_original_sound"] == ("yes" if request.video.keep_sound else "no")
        assert video["refer_type"] == ("base" if request.is_edit else "feature")


@given(requests())
def test_reference_pictures_come_first_then_the_frames_in_the_order_of_the_clip(request: OmniRequest) -> None:
    types = [image.get("type", "") for image in draft_body(request, STORED).get("image_list", ())]
    assert types == sorted(types, key=["", "first_frame", "middle_frame", "end_frame"].index)


@given(requests())
def test_the_id_of_the_submission_goes_before_the_users_own(request: OmniRequest) -> None:
    assert draft_body(request, STORED, "kob-1")["external_task_id"] == "kob-1"


def faultless_draft(request: OmniRequest, limits: Profile = SEED) -> dict[str, Any]:
    draft = draft_body(request, STORED, "kob-1")
    assume(not any(problem.is_fault for problem in problems_in(draft, profile=limits)))
    return draft


def sent_by(payload: Payload) -> bytes:
    return b"".join(p.encode() if isinstance(p, str) else b"A" * p.base64_length for p in payload.pieces)


def named(limits: Profile) -> str:
    return f"{limits.name} {limits.dialect}"


@pytest.mark.parametrize("limits", EVERYWHERE, ids=named)
@given(request=likely_requests())
def test_a_faultless_draft_becomes_json_of_a_known_length_with_the_id_of_the_submission(
    limits: Profile, request: OmniRequest
) -> None:
    payload = build_payload(faultless_draft(request, limits), limits)
    sent = sent_by(payload)
    assert len(sent) == payload.content_length
    document = json.loads(sent)
    assert document.get("options", document)["external_task_id"] == payload.external_task_id == "kob-1"
    assert None not in values_of(document)


@pytest.mark.parametrize("limits", EVERYWHERE, ids=named)
@given(request=likely_requests())
def test_the_same_draft_becomes_the_same_payload_and_comes_back_from_the_journal_as_it_was(
    limits: Profile, request: OmniRequest
) -> None:
    draft = faultless_draft(request, limits)
    payload = build_payload(draft, limits)
    assert build_payload(draft, limits) == payload
    kind, data = record_of(intended(payload))
    kept = event_from(kind, json.loads(json.dumps(data)))
    assert kept == intended(payload)
    assert isinstance(kept, Intended)
    assert (kept.payload.digest, kept.payload.dialect) == (payload.digest, limits.dialect)


def intended(payload: Payload) -> Intended:
    origin = Origin(service="https://kling.example", key_fingerprint="f")
    return Intended(at=1.0, payload=payload, origin=origin, target=Target())


def test_a_record_without_a_dialect_is_one_of_the_legacy_api() -> None:
    payload = built(GOLDEN_REQUESTS["first_frame"])
    kind, data = record_of(intended(payload))
    del data["payload"]["dialect"], data["payload"]["path"]
    assert event_from(kind, data) == intended(payload)


@pytest.mark.parametrize("name", PROFILES)
@given(request=likely_requests())
def test_over_the_new_api_every_item_has_the_name_that_the_prompt_mentions_it_by(
    name: str, request: OmniRequest
) -> None:
    limits = capability.profile(name, NEW)
    draft = faultless_draft(request, limits)
    prompt, *items = json.loads(sent_by(build_payload(draft, limits)))["contents"]
    lists = {"image": "image_list", "video": "video_list", "element": "element_list"}
    meant = [f"{kind}_{n}" for kind, key in lists.items() for n in range(1, len(draft.get(key, ())) + 1)]
    assert [item["id"] for item in items] == meant
    written = draft.get("prompt") or " ".join(shot["prompt"] for shot in draft["multi_prompt"])
    mentioned = re.findall(r"<<<(\w+)>>>", written)
    assert re.findall(r"@((?:image|video|element)_\d+)(?!\w)", prompt["text"]) == mentioned
    assert "<<<" not in prompt["text"]


@given(likely_requests())
def test_the_bytes_are_the_json_of_the_draft_and_their_number_is_known_before(request: OmniRequest) -> None:
    draft = faultless_draft(request)
    payload = build_payload(draft, SEED)
    sent = sent_by(payload)
    assert len(sent) == payload.content_length
    read = json.loads(sent)
    for image in draft.get("image_list", ()):
        if isinstance(image["image_url"], PictureRef):
            image["image_url"] = "A" * image["image_url"].base64_length
    assert (read, list(read)) == (draft, list(draft))


@pytest.mark.parametrize("size", [100, 101, 102, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES])
def test_a_picture_takes_as_many_characters_as_the_store_gives(tmp_path: Path, size: int) -> None:
    (tmp_path / "picture").write_bytes(png(1, 1) + os.urandom(size - len(png(1, 1))))
    store = PictureStore(tmp_path / "store")
    ref = store.keep_file(tmp_path / "picture", "pictures")
    assert ref.facts.size_bytes == size
    assert len(b"".join(store.encoded(ref))) == ref.base64_length


@given(likely_requests(), st.data())
def test_the_digest_changes_with_any_piece(request: OmniRequest, data: st.DataObject) -> None:
    payload = build_payload(faultless_draft(request), SEED)
    place = data.draw(st.integers(0, len(payload.pieces) - 1))
    piece = payload.pieces[place]
    other = replace(piece, sha256="f" * 64) if isinstance(piece, PictureRef) else f"{piece} "
    before, after = payload.pieces[:place], payload.pieces[place + 1 :]
    for changed in ((*before, other, *after), (*before, *after), (*before, piece, piece, *after)):
        assert replace(payload, pieces=changed).digest != payload.digest


@given(likely_requests(), likely_requests())
def test_two_payloads_have_one_digest_only_if_they_are_the_same_bytes(one: OmniRequest, two: OmniRequest) -> None:
    first, second = (build_payload(faultless_draft(request), SEED) for request in (one, two))
    assert (first.digest == second.digest) == (first.pieces == second.pieces)


@given(likely_requests())
def test_a_draft_read_back_as_a_request_is_drafted_the_same(request: OmniRequest) -> None:
    draft = faultless_draft(request)
    by_digest = {ref.sha256: ref for ref in STORED.values()}
    assert draft_body(request_from_body(draft), by_digest) == draft


@pytest.mark.parametrize("request_", GOLDEN_REQUESTS.values(), ids=GOLDEN_REQUESTS)
def test_every_golden_body_is_a_request_file_that_is_sent_the_same(request_: OmniRequest) -> None:
    body = json.loads(with_placeholders(built(request_)))
    assert draft_body(request_from_body(body), {}) == body
