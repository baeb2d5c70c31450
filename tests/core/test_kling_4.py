"""What is sent to Kling 4.0, word for word, as a relay documents it (contract section 13.1)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kling_omni_addon.core import capability
from kling_omni_addon.core.capability import NEW, Capability
from kling_omni_addon.core.dialects import spoken
from kling_omni_addon.core.errors import RequestInvalid
from kling_omni_addon.core.payload import build_payload, draft_body, ordered_pictures, request_from_body
from kling_omni_addon.core.pieces import Body
from kling_omni_addon.core.pricing import price_of
from kling_omni_addon.core.request import OmniRequest, Picture, Role, Video, VideoUse, capability_of

RELAYED = capability.profile("late", NEW, is_relayed=True)
AT = "https://a.example"
FIRST, TURN, DOOR, END = (
    Picture(source=f"{AT}/{name}.png", role=role)
    for name, role in (("f", Role.FIRST), ("t", Role.MIDDLE), ("d", Role.MIDDLE), ("e", Role.END))
)
KEYFRAMES = OmniRequest(
    prompt="From @first by @middle1 and @middle2 to @end.",
    pictures=(END, TURN, FIRST, DOOR),
    model="kling-4.0",
    duration_s=20,
    sound=True,
)


def written(request: OmniRequest) -> tuple[str, Body]:
    """Path and body, but for the options, in which the id of a submission may stand."""
    path, document = spoken(NEW).written(draft_body(request, {}), RELAYED)
    return path, {name: value for name, value in document.items() if name != "options"}


def test_keyframes_are_sent_in_the_order_of_the_clip() -> None:
    assert ordered_pictures(KEYFRAMES) == (FIRST, TURN, DOOR, END)
    assert written(KEYFRAMES) == (
        "/omni-video/kling-4.0",
        {
            "contents": [
                {"type": "prompt", "text": "From @image_1 by @image_2 and @image_3 to @image_4."},
                {"type": "first_frame", "url": f"{AT}/f.png", "id": "image_1"},
                {"type": "middle_frame", "url": f"{AT}/t.png", "id": "image_2"},
                {"type": "middle_frame", "url": f"{AT}/d.png", "id": "image_3"},
                {"type": "last_frame", "url": f"{AT}/e.png", "id": "image_4"},
            ],
            "settings": {"resolution": "1080p", "audio": "native", "multi_shot": False, "duration": 20},
        },
    )


def test_the_body_of_a_request_file_says_middle_frame() -> None:
    drafted = draft_body(KEYFRAMES, {})
    types = [image["type"] for image in drafted["image_list"]]
    assert types == ["first_frame", "middle_frame", "middle_frame", "end_frame"]
    again = request_from_body(drafted)
    assert again.pictures == (FIRST, TURN, DOOR, END)
    assert draft_body(again, {}) == drafted


@pytest.mark.parametrize("video", [None, Video(url=f"{AT}/v.mp4"), Video(url=f"{AT}/v.mp4", use=VideoUse.EDIT)])
def test_sound_is_always_made(video: Video | None) -> None:
    silent = OmniRequest(prompt="Waves.", model="kling-4.0", aspect_ratio="21:9", video=video)
    _, document = written(silent)
    assert document["settings"]["audio"] == "native"
    _, other = written(replace(silent, model="kling-v3-omni"))
    assert other["settings"]["audio"] == "off"


def test_no_price_is_known() -> None:
    assert price_of(KEYFRAMES, profile=RELAYED) is None


def test_a_clip_through_middle_frames_is_one_between_frames() -> None:
    assert capability_of(replace(KEYFRAMES, pictures=(FIRST, TURN))) is Capability.FRAMES
    assert capability_of(replace(KEYFRAMES, pictures=(FIRST,))) is Capability.FIRST_FRAME


def test_it_is_a_payload_where_it_is_in_force_and_refused_elsewhere() -> None:
    drafted = draft_body(KEYFRAMES, {}, "kob-1")
    assert build_payload(drafted, RELAYED).path == "/omni-video/kling-4.0"
    for profile in (capability.profile(), capability.profile("late", NEW)):
        with pytest.raises(RequestInvalid, match="documented only by a relay"):
            build_payload(drafted, profile)
