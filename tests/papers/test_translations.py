"""The catalogs of languages against the sentences of the sources: none missing, none left over, every value there."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from kling_omni_addon.core.translation import FOLDER, LANGUAGES, catalog, entries
from tests.workshop.sentences import sentences, templates_of

HOLES = re.compile(r"\{[^{}]*\}")


def test_there_is_a_catalog_for_each_language_and_no_other() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.json")) == sorted(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_missing_and_nothing_is_left_over(language: str) -> None:
    said, known = sentences(), entries(language)
    missing = {english: place for english, place in said.items() if not known.get(english)}
    assert (missing, sorted(known.keys() - said.keys())) == ({}, [])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_value_has_its_place(language: str) -> None:
    wrong = {
        english: translation
        for english, translation in entries(language).items()
        if Counter(HOLES.findall(english)) != Counter(HOLES.findall(translation))
    }
    assert wrong == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_stay_in_straight_quotes_and_ends_stay_as_they_are(language: str) -> None:
    """A quoted value is a name, which :class:`Template` leaves alone."""
    wrong = {
        english: translation
        for english, translation in entries(language).items()
        if re.findall(r'"\{\d+\}"', english) != sorted(re.findall(r'"\{\d+\}"', translation))
        or english.endswith("...") != translation.endswith("...")
        or "\n" in translation
    }
    assert wrong == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalog_is_sorted_so_that_its_changes_can_be_read(language: str) -> None:
    text = (FOLDER / f"{language}.json").read_text(encoding="utf-8")
    assert text == json.dumps(dict(sorted(entries(language).items())), ensure_ascii=False, indent=1) + "\n"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('raise KlingError(f"The file {path} is gone.")', ["The file {0} is gone."]),
        ('label(text="Library")', ["Library"]),
        ('say(f"{number:,} clips")', ["{0} clips"]),
        ('"{name} and {others} more".format()', ["{0} and {1} more"]),
        ('log.warning("the journal could not be copied")', []),
        ('"""What a module says."""', []),
        ('def f():\n    """What it does."""\n    return execute("SELECT x FROM y")', []),
        (
            'class KLING_OT_x(Operator):\n    """Do this"""\n    bl_idname = "kling.x"\n    bl_label = "Do It"',
            ["Do this", "Do It"],
        ),
        ('icon = "CAMERA_DATA"\nkey = "first_frame"', []),
    ],
)
def test_what_a_person_reads_is_found_in_a_source(source: str, found: list[str]) -> None:
    assert list(templates_of(source, is_drawn=True)) == found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_template_is_found_by_what_the_code_makes_of_it(language: str) -> None:
    """With numbers in its holes; where two holes touch nobody can tell them apart."""

    def filled(text: str) -> str:
        return re.sub(r"\{(\d+)\}", lambda hole: str(71 + int(hole[1])), text)

    told = {text: translation for text, translation in entries(language).items() if "}{" not in text}
    found = {text: catalog(language).translated(filled(text)) for text in told}
    assert {text: found[text] for text in told if found[text] != filled(told[text])} == {}
