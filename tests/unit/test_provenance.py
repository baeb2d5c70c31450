"""What travels with a clip: everything that was asked for, and neither a link nor a secret nor picture bytes."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given

from kling_omni_addon.core.provenance import request_from, wish_of
from kling_omni_addon.core.request import OmniRequest, Picture, Role, Video
from tests.unit.request_space import requests


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
