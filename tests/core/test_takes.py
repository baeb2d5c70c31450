"""What the takes of a shot are, and what is said to differ between two of them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from kling_omni_addon.core.media import PictureFacts, PictureRef
from kling_omni_addon.core.provenance import wish_of
from kling_omni_addon.core.request import (
    Element,
    OmniRequest,
    Picture,
    Role,
    Storyboard,
    StoryboardShot,
    Video,
    VideoUse,
)
from kling_omni_addon.core.takes import Take, diff_of, in_order
from kling_omni_addon.core.translation import catalog
from tests.workshop.request_space import requests

REQUEST = OmniRequest(
    prompt="a fox runs",
    pictures=(
        Picture(source="/shots/first.png", role=Role.FIRST),
        Picture(source="/shots/den.png", name="den"),
    ),
    elements=(Element(id=7, name="hero"),),
    mode="std",
)


def wish(**changes: Any) -> dict[str, Any]:
    return wish_of(replace(REQUEST, **changes))


CHANGES: list[tuple[dict[str, Any], str]] = [
    ({"prompt": "a fox sleeps"}, 'Prompt: "a fox runs" → "a fox sleeps"'),
    ({"prompt": ""}, 'Prompt: "a fox runs" → none'),
    ({"mode": "pro"}, "Quality: Standard → Pro"),
    ({"duration_s": 10}, "Length: 5 s → 10 s"),
    ({"aspect_ratio": "1:1"}, "Aspect: none → 1:1"),
    ({"sound": True}, "Sound: off → on"),
    ({"model": "kling-video-o1"}, "Model: Kling 3.0 Omni → Kling O1"),
    ({"pictures": REQUEST.pictures[1:]}, 'First frame: "first.png" → none'),
    (
        {"pictures": (*REQUEST.pictures, Picture(source="C:\\a\\end.png", role=Role.END))},
        'End frame: none → "end.png"',
    ),
    ({"pictures": REQUEST.pictures[:1]}, 'References: "den" → none'),
    ({"elements": (Element(id=7), Element(id=8))}, 'Elements: "hero" → "7", "8"'),
    (
        {"video": Video(url="https://x/y", use=VideoUse.EDIT, keep_sound=True)},
        "Video: none → edited, with original sound",
    ),
    ({"storyboard": Storyboard.AUTOMATIC}, "Cut: none → by Kling"),
    ({"shots": (StoryboardShot(prompt="she waits", duration_s=2),)}, 'Shot 1: none → "she waits (2 s)"'),
]
NAMES = {"std": "Standard", "pro": "Pro", "kling-v3-omni": "Kling 3.0 Omni", "kling-video-o1": "Kling O1"}


@pytest.mark.parametrize(("changes", "line"), CHANGES)
def test_a_line_says_what_was_and_what_is(changes: dict[str, Any], line: str) -> None:
    assert diff_of(wish(), wish(**changes), lambda text: NAMES.get(text, text)) == (line,)


@pytest.mark.parametrize("line", [line for _, line in CHANGES])
def test_a_line_comes_out_whole_in_another_language(line: str) -> None:
    """Beside what is quoted, no English is left of it but names."""
    told = re.sub(r'"[^"]*"', "", catalog("ja").translated(line))
    assert set(re.findall("[A-Za-z]{2,}", told)) <= {"Kling", "Omni", "Pro", "O1"}


def test_long_prompts_are_shown_from_where_they_differ() -> None:
    start = "A wide and slow shot over the roofs of a quiet old town in the first light of a winter morning, "
    (line,) = diff_of(wish(prompt=start + "no birds"), wish(prompt=start + "a flock of birds rises"))
    assert "no birds" in line
    assert "a flock of birds rises" in line
    assert len(line) < 150


def test_a_picture_that_was_rendered_over_is_another_picture() -> None:
    facts = PictureFacts(format="png", width=1, height=1, size_bytes=1)
    before, after = (
        wish_of(REQUEST, {p.source: PictureRef(sha256=digit * 64, facts=facts) for p in REQUEST.pictures})
        for digit in "ab"
    )
    assert diff_of(before, after) == (
        "First frame: another image with the same name",
        "References: other images with the same names",
    )


@given(request=requests(), other=requests())
def test_only_different_wishes_differ(request: OmniRequest, other: OmniRequest) -> None:
    assert diff_of(wish_of(request), wish_of(request)) == ()
    diff_of(wish_of(request), wish_of(other))
    diff_of({}, wish_of(other))


def take(number: int, submission: str = "", clip: str = "") -> Take:
    provenance = {"submission": submission or f"kob-{number}", "submitted": f"2026-11-22T10:0{number}:00+00:00"}
    return Take(clip=clip, provenance=provenance)


def test_takes_are_in_the_order_in_which_they_were_asked_for_each_once() -> None:
    first, second, again = take(1, clip="/a.mp4"), take(2), take(1, clip="/copy.mp4")
    assert in_order([second, first, again]) == (first, second)


def test_takes_of_one_second_stay_in_the_order_of_the_record() -> None:
    first, second = take(1, submission="kob-b"), take(1, submission="kob-a")
    assert in_order([first, second]) == (first, second)
