"""How a value that somebody typed stands in a sentence: on one line, in quotes, never long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_omni_addon.core.problem import escaped, quoted


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("sh010", "sh010"),
        ("Straße 雨 😀", "Straße 雨 😀"),
        ("a\0b", r"a\x00b"),
        ("two\nlines", r"two\nlines"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("left\u202eright", r"left\u202eright"),
        (r"C:\films", r"C:\films"),
    ],
)
def test_what_does_not_print_stands_as_its_code(typed: str, told: str) -> None:
    assert (escaped(typed), quoted(typed)) == (told, f'"{told}"')


@given(st.text())
def test_a_text_of_any_characters_is_one_line_that_prints(text: str) -> None:
    assert escaped(text).isprintable()
