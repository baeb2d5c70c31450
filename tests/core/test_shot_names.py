"""Names that count up."""

from __future__ import annotations

import pytest

from kling_omni_addon.core.shot_names import beside, next_name


@pytest.mark.parametrize(
    ("name", "following"),
    [
        ("alley_03", "alley_04"),
        ("alley_09", "alley_10"),
        ("shot099", "shot100"),
        ("alley_03.001", "alley_04"),
        ("alley", "alley_02"),
        ("7", "8"),
        ("sc10_sh020", "sc10_sh021"),
        ("", "_02"),
    ],
)
def test_the_last_number_of_a_name_counts_up_as_wide_as_it_was(name: str, following: str) -> None:
    assert next_name(name) == following


@pytest.mark.parametrize(
    ("name", "word", "called"),
    [
        ("alley_03", "next", "alley_03 next"),
        ("alley_03 next", "next", "alley_03 next 2"),
        ("alley_03 next 9", "next", "alley_03 next 10"),
        ("alley_03 next", "previous", "alley_03 next previous"),
        ("next", "next", "next next"),
        ("street.mp4.001", "edit", "street edit"),
    ],
)
def test_a_shot_is_called_after_the_clip_that_it_stands_beside(name: str, word: str, called: str) -> None:
    assert beside(name, word) == called
