"""Names in a prompt become numbers, and only names do."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_omni_addon.core.naming import Numbering, mention, numbered, renamed, unknown_names
from kling_omni_addon.core.request import Element, Picture, Role, Video

CHAIR, LAMP = Picture(source="c", name="chair"), Picture(source="l", name="red lamp")
FIRST, END = Picture(source="f", role=Role.FIRST), Picture(source="e", role=Role.END)
HERO = Element(id=7, name="Hero")
ALL = Numbering.of((CHAIR, LAMP, FIRST, END), (Element(id=1), HERO), Video(url="https://a"))
NONE = Numbering.of((), (), None)


@pytest.mark.parametrize(
    ("prompt", "sent"),
    [
        ("From @first to @end.", "From <<<image_3>>> to <<<image_4>>>."),
        ("@image:chair", "<<<image_1>>>"),
        ('the @image:"red lamp" burns', "the <<<image_2>>> burns"),
        ('@image:"chair" in quotes', "<<<image_1>>> in quotes"),
        ("@element:Hero's hat", "<<<element_2>>>'s hat"),
        ("Based on @video, go on", "Based on <<<video_1>>>, go on"),
        ("(@first)/@end", "(<<<image_3>>>)/<<<image_4>>>"),
        ("@First, @IMAGE:chair", "<<<image_3>>>, <<<image_1>>>"),
        ("@image:chair. @image:chair-", "<<<image_1>>>. <<<image_1>>>-"),
        ("让@first变成@end。", "让<<<image_3>>>变成<<<image_4>>>。"),
        ("@image:chair放在", "<<<image_1>>>放在"),
        ("@first에서", "<<<image_3>>>에서"),
        ("<<<image_1>>> and <<< image_9 >>>", "<<<image_1>>> and <<< image_9 >>>"),
    ],
)
def test_a_name_becomes_its_number(prompt: str, sent: str) -> None:
    assert numbered(prompt, ALL) == sent


@pytest.mark.parametrize(
    "prompt",
    [
        "write to me@first.com",
        "user_1@video.example",
        "é@first",
        "@firstborn",
        "@first_frame",
        "@end2",
        "@@first",
        "@ first",
        "@image1",
        "@image: chair",
        "@image:Chair",
        "@image:chairs",
        "@image:red lamp",
        "@image:chair-leg",
        "@element:chair",
        '@image:"chair',
        "a@b",
    ],
)
def test_what_is_no_name_stays_as_typed(prompt: str) -> None:
    assert numbered(prompt, ALL) == prompt


def test_names_that_name_nothing_here_are_told_as_typed_and_once() -> None:
    prompt = '@first @image:lamp, @element:"Old Man" or @image:lamp, not me@first.com; @frist'
    assert unknown_names(prompt, NONE) == ("@first", "@image:lamp", '@element:"Old Man"', "@frist")


def test_known_names_and_numbers_are_not_told_as_unknown() -> None:
    assert unknown_names('@first @image:"red lamp" <<<image_9>>> me@nowhere.com 5 @ 3', ALL) == ()


def test_names_follow_every_order_of_the_pictures() -> None:
    for pictures in permutations((CHAIR, LAMP, FIRST, END)):
        names = Numbering.of(pictures, (), None)
        assert numbered("@image:chair", names) == f"<<<image_{pictures.index(CHAIR) + 1}>>>"
        assert numbered("@end", names) == f"<<<image_{pictures.index(END) + 1}>>>"


def test_a_frame_can_have_a_name_of_its_own() -> None:
    names = Numbering.of((Picture(source="f", role=Role.FIRST, name="alley"),), (), None)
    assert numbered("@image:alley @first", names) == "<<<image_1>>> <<<image_1>>>"


def test_of_two_things_with_one_name_the_first_keeps_it() -> None:
    names = Numbering.of((CHAIR, Picture(source="d", name="chair")), (), None)
    assert numbered("@image:chair", names) == "<<<image_1>>>"


def test_a_thing_without_a_name_still_counts() -> None:
    names = Numbering.of((Picture(source="x"), CHAIR), (), None)
    assert names.texts == {"@image:chair": "<<<image_2>>>"}


SPOKEN = st.text(min_size=1, max_size=12).filter(lambda name: name.strip() == name and "\n" not in name)


@given(st.lists(SPOKEN, min_size=1, max_size=5, unique_by=lambda name: name.replace('"', "'")), st.text(max_size=20))
def test_whatever_a_thing_is_called_its_mention_finds_it(names: list[str], tail: str) -> None:
    pictures = [Picture(source=name, name=name) for name in names]
    numbering = Numbering.of(pictures, (), None)
    for number, name in enumerate(names, start=1):
        sent = numbered(f"See {mention('image', name)} {tail.replace('@', '')}", numbering)
        assert sent == f"See <<<image_{number}>>> {tail.replace('@', '')}"


@given(st.text(alphabet='@:"_-. image first end video element chair 椅', max_size=40))
def test_a_prompt_is_all_known_names_unknown_names_and_other_text(prompt: str) -> None:
    assert numbered(prompt, NONE) == prompt
    assert all(name in prompt for name in unknown_names(prompt, NONE))
    assert set(unknown_names(prompt, ALL)) <= set(unknown_names(prompt, NONE))


@given(st.text(max_size=60))
def test_numbering_twice_is_numbering_once(prompt: str) -> None:
    assert numbered(numbered(prompt, ALL), ALL) == numbered(prompt, ALL)


def test_middle_frames_are_called_by_their_order() -> None:
    turn, door = Picture(source="t", role=Role.MIDDLE), Picture(source="d", role=Role.MIDDLE, name="door")
    names = Numbering.of((FIRST, turn, door, END), (), None)
    said = "@first by @middle1 and @Middle2 (@image:door) to @end, not @middle3 nor @middle"
    assert numbered(said, names) == (
        "<<<image_1>>> by <<<image_2>>> and <<<image_3>>> (<<<image_3>>>) to <<<image_4>>>, not @middle3 nor @middle"
    )
    assert unknown_names(said, names) == ("@middle3", "@middle")


def test_a_thing_gets_a_new_name_in_the_prompt_and_nothing_else_does() -> None:
    said = '@element:hero, @Element:"hero" and @image:hero meet @element:hero-like rocks, not me@element:hero'
    assert renamed(said, "element", "hero", "red fox") == (
        '@element:"red fox", @element:"red fox" and @image:hero meet @element:hero-like rocks, not me@element:hero'
    )
