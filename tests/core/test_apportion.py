"""Whole seconds for shots: the sum is exact, and nobody loses or gains a second."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_omni_addon.core.apportion import apportion

lengths = st.lists(st.floats(min_value=1 / 60, max_value=60), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("given_s", "shared"),
    [
        ([3.0, 6.0], (3, 6)),
        ([2.5, 2.5], (3, 2)),
        ([1.4, 1.4, 1.4], (2, 1, 1)),
        ([2.9, 1.2, 0.9], (3, 1, 1)),
        ([0.2, 0.2, 0.2], (1, 1, 1)),
        ([72 / 24.0000001], (3,)),
        ([], ()),
    ],
)
def test_seconds_are_shared_out_by_the_largest_remainder(given_s: list[float], shared: tuple[int, ...]) -> None:
    assert apportion(given_s) == shared


@given(lengths)
def test_every_shot_lasts_a_second_and_none_is_off_by_one(given_s: list[float]) -> None:
    shared = apportion(given_s)
    assert len(shared) == len(given_s)
    assert all(seconds >= 1 for seconds in shared)
    assert all(abs(seconds - length) < 1 for seconds, length in zip(shared, given_s, strict=True))


@given(lengths)
def test_the_sum_is_the_whole_length_rounded_wherever_no_shot_is_under_a_second(given_s: list[float]) -> None:
    whole = [length + 1 for length in given_s]
    assert sum(apportion(whole)) == round(sum(whole))


@given(lengths, st.data())
def test_an_asked_total_is_met_exactly_or_refused(given_s: list[float], data: st.DataObject) -> None:
    total = data.draw(st.integers(0, 800))
    try:
        shared = apportion(given_s, total)
    except ValueError:
        assert total != sum(apportion(given_s))
    else:
        assert sum(shared) == total
        assert all(abs(seconds - length) < 1 for seconds, length in zip(shared, given_s, strict=True))


@given(lengths)
def test_a_longer_shot_never_gets_less_than_a_shorter_one(given_s: list[float]) -> None:
    shared = apportion(given_s)
    in_order = sorted(zip(given_s, shared, strict=True))
    assert all(a[1] <= b[1] for a, b in pairwise(in_order) if b[0] - a[0] > 1e-5)


@pytest.mark.parametrize("given_s", [[0.0], [2.0, -1.0], [float("nan")]])
def test_a_shot_without_a_length_is_refused(given_s: list[float]) -> None:
    with pytest.raises(ValueError, match="length"):
        apportion(given_s)
