"""Names that count up."""

from __future__ import annotations

import pytest

from kling_omni_addon.core.shot_names import next_name


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


def test_names_that_are_taken_are_passed_over() -> None:
    assert next_name("alley_03", {"alley_04", "alley_05"}) == "alley_06"
