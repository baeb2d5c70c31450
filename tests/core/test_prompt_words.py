"""Words for a prompt: well-formed data, and well-joined text."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from kling_omni_addon.core.capability import SCHEMAS
from kling_omni_addon.core.errors import KlingError
from kling_omni_addon.core.prompt_words import extended, groups, has_words

MOST = 2500
ENTRIES = [entry for group in groups() for entry in group.entries]


def test_the_data_are_as_their_schema_says() -> None:
    schema, data = (
        json.loads((SCHEMAS / f"prompt_words{end}").read_text("utf-8")) for end in (".schema.json", ".json")
    )
    Draft202012Validator.check_schema(schema)
    assert list(Draft202012Validator(schema).iter_errors(data)) == []
    assert list(Draft202012Validator(schema).iter_errors({"groups": [{"name": "Light"}]})) != []


def test_no_menu_and_no_words_are_there_twice() -> None:
    assert len({group.name for group in groups()}) == len(groups())
    assert len({entry.words.lower() for entry in ENTRIES}) == len(ENTRIES)
    for group in groups():
        assert len({entry.label for entry in group.entries}) == len(group.entries)


@pytest.mark.parametrize(
    ("prompt", "joined"),
    [
        ("", "Low angle"),
        ("  \n", "Low angle"),
        ("A fox runs", "A fox runs, low angle"),
        ("A fox runs  \n", "A fox runs, low angle"),
        ("A fox runs,", "A fox runs, low angle"),
        ("A fox runs.", "A fox runs. Low angle"),
        ("Does a fox run?", "Does a fox run? Low angle"),
        ("狐が走る。", "狐が走る。 Low angle"),
        ("A fox like @image:fox", "A fox like @image:fox, low angle"),
        ("Camera:", "Camera: low angle"),
    ],
)
def test_words_join_what_stands_there(prompt: str, joined: str) -> None:
    assert extended(prompt, "low angle", MOST) == joined


@pytest.mark.parametrize("prompt", ["A fox, low angle", "Low Angle. A fox", "A fox from a low\nangle"])
def test_words_that_stand_there_are_not_written_again(prompt: str) -> None:
    assert extended(prompt, "low angle", MOST) == prompt


def test_of_several_only_the_missing_ones_are_written() -> None:
    assert extended("A fox, 35 mm", "dolly in, 35 mm, low angle", MOST) == "A fox, 35 mm, dolly in, low angle"


@pytest.mark.parametrize("prompt", ["tilt upwards", "a stilt up there", "tilt, up"])
def test_parts_of_other_words_are_not_the_words(prompt: str) -> None:
    assert not has_words(prompt, "tilt up")


def test_a_prompt_that_would_be_too_long_is_left_alone_with_a_sentence() -> None:
    assert extended("x" * 89, "low angle", 100) == "x" * 89 + ", low angle"
    with pytest.raises(
        KlingError, match=r"would have 101 characters; Kling reads at most 100\. Take out 1\."
    ) as caught:
        extended("x" * 90, "low angle", 100)
    assert caught.value.field == "prompt"


@given(prompt=st.text(max_size=80), entries=st.lists(st.sampled_from(ENTRIES), max_size=5))
def test_whatever_is_inserted_stands_there_once_and_nothing_is_lost(prompt: str, entries: list) -> None:
    whole = prompt
    for entry in entries:
        whole = extended(whole, entry.words, MOST)
        assert has_words(whole, entry.words)
        assert extended(whole, entry.words, MOST) == whole
    assert whole.startswith(prompt.rstrip())
    assert not re.search(r"[,.]\s*,", whole.removeprefix(prompt.rstrip()))
