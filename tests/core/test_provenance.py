"""What travels with a clip: everything that was asked for, and neither a link nor a secret nor picture bytes."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given

from kling_omni_addon.core.media import PictureFacts, PictureRef
from kling_omni_addon.core.provenance import request_from, wish_of
from kling_omni_addon.core.request import OmniRequest, Picture, Role, Video
from tests.workshop.request_space import requests


@given(request=requests())
def test_a_request_comes_back_as_it_was_but_for_links_and_ids(request: OmniRequest) -> None:
    video = None if request.video is None else replace(request.video, url="")
    pictures = tuple(replace(p, source="" if "://" in p.source else p.source) for p in request.pictures)
    expected = replace(request, pictures=pictures, video=video, callback_url="", external_task_id="")
    assert request_from(json.loads(json.dumps(wish_of(request)))) == expected


def test_no_link_and_no_picture_bytes_are_kept() -> None:
    request = OmniRequest(
        prompt="a street",
        pictures=(
            Picture(source="https://cdn/x.png?sig=canary", role=Role.FIRST),
            Picture(source="canary" * 1000),
            Picture(source="data:image/png;base64,canary"),
            Picture(source="/home/me/street.png", name="street"),
        ),
        video=Video(url="https://cdn/y.mp4?sig=canary"),
        callback_url="https://me/canary",
    )
    kept = json.dumps(wish_of(request))
    assert "canary" not in kept
    assert "/home/me/street.png" in kept


def test_a_picture_in_the_store_can_be_found_again_by_its_content() -> None:
    facts = PictureFacts(format="png", width=1, height=1, size_bytes=1)
    kept = {source: PictureRef(sha256="ab" * 32, facts=facts) for source in ("/home/me/street.png", "ab" * 32)}
    request = OmniRequest(pictures=tuple(Picture(source=source) for source in kept))
    wish = wish_of(request, kept)
    assert [picture["sha256"] for picture in wish["pictures"]] == ["ab" * 32] * 2
    assert [picture["source"] for picture in wish["pictures"]] == ["/home/me/street.png", ""]  # the other has no file
    assert [picture.source for picture in request_from(wish).pictures] == ["/home/me/street.png", ""]


def test_a_wish_of_a_newer_version_is_read_as_far_as_it_is_known() -> None:
    wish = wish_of(OmniRequest(prompt="a street", video=Video(url="x")))
    newer = wish | {"seed": 7, "video": wish["video"] | {"mask": 1}}
    assert request_from(newer) == OmniRequest(prompt="a street", video=Video(url=""))
