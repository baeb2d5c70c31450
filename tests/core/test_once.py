"""What makes two requests one wish: everything that is asked for, and nothing of how its pictures were rendered."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kling_omni_addon.core.once import is_same_wish, next_once_id, once_id
from kling_omni_addon.core.request import Element, OmniRequest, Picture, Role, Video, VideoUse

REQUEST = OmniRequest(
    prompt="@first turns into @image:chair",
    pictures=(Picture(source="/a/first.png", role=Role.FIRST), Picture(source="/a/chair.png", name="chair")),
    elements=(Element(id=829836802793406551, name="hero"),),
    mode="std",
    duration_s=5,
)


def test_the_id_of_a_wish_never_changes() -> None:
    """Another id for the same wish would be paid for twice by whoever updates between two tries."""
    assert once_id("kob-", "sh010 v003", REQUEST, 1) == "kob-sh010-v003-d65a9311b9b0537d"
    assert once_id("kob-", "sh010 v003", REQUEST, 2) == "kob-sh010-v003-d65a9311b9b0537d-2"


@given(st.sampled_from(["kob-", "kob-test-"]), st.text(min_size=1), st.integers(1, 500))
@example("kob-test-", "k" * 40, 500)
def test_every_name_makes_an_id_that_the_service_takes(prefix: str, key: str, attempt: int) -> None:
    made = once_id(prefix, key, REQUEST, attempt)
    assert len(made) <= 64
    assert made.isascii()
    assert not set(made) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


@given(st.sampled_from(["kob-", "kob-test-"]), st.text(min_size=1), st.integers(1, 500))
def test_the_next_attempt_is_told_by_the_id_alone(prefix: str, key: str, attempt: int) -> None:
    assert next_once_id(once_id(prefix, key, REQUEST, attempt)) == once_id(prefix, key, REQUEST, attempt + 1)


@given(st.text(min_size=1), st.text(min_size=1))
def test_different_names_make_different_ids(one: str, other: str) -> None:
    assert (once_id("kob-", one, REQUEST, 1) == once_id("kob-", other, REQUEST, 1)) == (one == other)


@pytest.mark.parametrize(
    "other",
    [
        replace(REQUEST, pictures=tuple(replace(p, source=f"D:/b{p.source}") for p in REQUEST.pictures)),
        replace(REQUEST, callback_url="https://studio.example/done"),
    ],
)
def test_where_the_pictures_lie_and_who_is_told_make_no_difference(other: OmniRequest) -> None:
    assert is_same_wish(REQUEST, other)


@pytest.mark.parametrize(
    "other",
    [
        replace(REQUEST, prompt="another"),
        replace(REQUEST, mode="pro"),
        replace(REQUEST, duration_s=6),
        replace(REQUEST, sound=True),
        replace(REQUEST, model="kling-video-o1"),
        replace(REQUEST, watermark=True),
        replace(REQUEST, pictures=REQUEST.pictures[:1]),
        replace(REQUEST, elements=()),
        replace(REQUEST, video=Video(url="https://a.example/b.mp4", use=VideoUse.REFERENCE)),
    ],
)
def test_everything_that_is_asked_for_makes_a_difference(other: OmniRequest) -> None:
    assert not is_same_wish(REQUEST, other)


def test_a_link_that_is_signed_anew_is_the_same_video() -> None:
    first, again = (
        replace(REQUEST, video=Video(url=f"https://a.example/b.mp4?signature={text}", use=VideoUse.EDIT))
        for text in ("one", "two")
    )
    assert is_same_wish(first, again)
