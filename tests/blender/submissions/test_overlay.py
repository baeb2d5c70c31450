"""Where the bar of a stand-in goes on high and low channels, and what stands on it."""

from __future__ import annotations

import pytest

from kling_omni_addon.blender.submissions.overlay import lane_of


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_on_a_tall_strip_the_bar_lies_in_the_lower_half_and_holds_text(scale: float) -> None:
    low, high, holds_text = lane_of(100, 100 + 60 * scale, scale)
    assert holds_text
    assert 100 < low < high <= 100 + 30 * scale
    assert 14 * scale <= high - low <= 18 * scale


@pytest.mark.parametrize("scale", [1.0, 2.0])
@pytest.mark.parametrize("height", [30, 20, 10, 7])
def test_on_a_low_strip_the_text_stands_over_its_middle_and_stays_legible(height: float, scale: float) -> None:
    low, high, holds_text = lane_of(100, 100 + height * scale, scale)
    assert holds_text
    assert high - low >= 14 * scale
    assert (low + high) / 2 == pytest.approx(100 + height * scale / 2)


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_on_a_strip_that_is_too_low_for_text_there_is_the_bar_alone_within_the_strip(scale: float) -> None:
    low, high, holds_text = lane_of(100, 100 + 5 * scale, scale)
    assert not holds_text
    assert 100 < low < high < 100 + 5 * scale
