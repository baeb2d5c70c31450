"""Timelines as OpenTimelineIO, read back with the real library: everything is where it was."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_omni_addon.core.otio import Media, Piece, dissolved, timeline_of

otio: Any = pytest.importorskip("opentimelineio", reason="has no wheel for this Python")

RATES = st.sampled_from((23.976, 24.0, 25.0, 30 / 1.001, 30.0, 60.0))


@st.composite
def timelines(draw: st.DrawFn) -> list[Piece]:
    """Some tracks of pieces, each behind the last."""
    pieces: list[Piece] = []
    for lane in range(draw(st.integers(1, 3))):
        at = draw(st.integers(-50, 50))
        for _ in range(draw(st.integers(1, 4))):
            length = draw(st.integers(1, 400))
            media = Media(url="file:///clip.mp4", fps=draw(RATES), frames=1000)
            step = draw(st.floats(0.2, 3.0))
            name = f"clip {len(pieces)}"
            pieces.append(
                Piece(name=name, media=media, lane=(lane,), kind="Video", start=at, length=length, first=7.0, step=step)
            )
            at += length + draw(st.integers(0, 100))
    return pieces


def read(pieces: list[Piece], fps: float) -> Any:
    text = json.dumps(timeline_of("Film", fps, min(p.start for p in pieces), pieces))
    return otio.adapters.read_from_string(text, "otio_json")


@given(pieces=timelines(), fps=RATES)
def test_every_clip_is_where_it_was_and_uses_what_it_used(pieces: list[Piece], fps: float) -> None:
    timeline, origin = read(pieces, fps), min(piece.start for piece in pieces)
    found = {clip.name: clip for track in timeline.tracks for clip in track if isinstance(clip, otio.schema.Clip)}
    assert set(found) == {piece.name for piece in pieces}
    for piece in pieces:
        clip = found[piece.name]
        shown = clip.range_in_parent()
        assert shown.start_time.to_seconds() == pytest.approx((piece.start - origin) / fps, abs=1e-6)
        assert shown.duration.to_seconds() == pytest.approx(piece.length / fps, abs=1e-6)
        speed = clip.effects[0].time_scalar if clip.effects else 1.0
        used = clip.source_range.duration.value * speed
        assert used == pytest.approx(piece.length * piece.step, abs=1.0)  # own speed is not told to the frame
        assert clip.source_range.start_time.value == 7.0


def piece(name: str, start: int, length: int, lane: int) -> Piece:
    media = Media(url=f"file:///{name}.mp4", fps=24.0, frames=1000)
    return Piece(name=name, media=media, lane=(lane,), kind="Video", start=start, length=length)


def test_a_row_of_fades_comes_onto_one_track() -> None:
    pieces = {"a": piece("a", 0, 50, 1), "b": piece("b", 40, 50, 2), "c": piece("c", 80, 50, 3)}
    joined, count = dissolved(pieces, [("b", "c"), ("a", "b")])
    assert count == 2
    (track,) = read(list(joined.values()), 24.0).video_tracks()
    assert [type(item).__name__ for item in track] == ["Clip", "Transition", "Clip", "Transition", "Clip"]
    assert track.duration().value == 130


@pytest.mark.parametrize(
    ("second", "others"),
    [
        (piece("b", 10, 20, 2), ()),
        (piece("b", 50, 50, 2), ()),
        (piece("b", 40, 50, 2), (piece("x", 60, 10, 1),)),
    ],
)
def test_what_is_no_plain_fade_stays_as_it_is(second: Piece, others: tuple[Piece, ...]) -> None:
    pieces = {each.name: each for each in (piece("a", 0, 50, 1), second, *others)}
    assert dissolved(pieces, [("a", "b"), ("a", "gone")]) == (pieces, 0)
