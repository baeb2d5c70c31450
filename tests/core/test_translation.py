"""Sentences in other languages: which template a sentence fits, and what becomes of its values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_omni_addon.core.translation import Catalog, language_of

GERMAN = Catalog(
    {
        "Queued": "In Warteschlange",
        "this clip": "dieser Clip",
        '"{0}" got no response': 'Keine Antwort für "{0}"',
        "{0} of {1}": "{0} von {1}",
        "Kling charged {0}.": "Kling hat {0} berechnet.",
        "Kling charged {0}. Limits count {1}.": "Kling hat {0} berechnet. Die Grenzen zählen {1}.",
        "{0} units": "{0} Einheiten",
        "The file {0} is gone.": "Die Datei {0} fehlt.",
        "Select another file.": "Wähle eine andere Datei.",
        "{0} of {1} may cost {2}": "{2} kostet {0} von {1}",
        "{0} Ask for help.": "Ask for help. ({0})",
        " Rehearsal is free.": " Die Probe ist kostenlos.",
        "{0} has been generating for {1}.{2}": "{0} generiert seit {1}.{2}",
        "Usually {0} to {1} {2}": "Meist {0} bis {1} {2}",
        "Not translated yet": "",
    }
)


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("Queued", "In Warteschlange"),
        ('"alley_03" got no response', 'Keine Antwort für "alley_03"'),
        ("3 of 4", "3 von 4"),
        ("1.5 of 12 MB", "1.5 of 12 MB"),
        ("Kling charged 3.0 units.", "Kling hat 3.0 Einheiten berechnet."),
        (
            "Kling charged 3 units. Limits count this clip.",
            "Kling hat 3 Einheiten berechnet. Die Grenzen zählen dieser Clip.",
        ),
        ("The file a.png is gone. Select another file.", "Die Datei a.png fehlt. Wähle eine andere Datei."),
        ("Nobody knows this. Select another file.", "Nobody knows this. Wähle eine andere Datei."),
        ("The file a.b c is gone. Nobody knows this.", "Die Datei a.b c fehlt. Nobody knows this."),
        ("Not sent. Nobody knows this. Ask for help.", "Ask for help. (Not sent. Nobody knows this.)"),
        ("1 of 2 may cost this clip", "dieser Clip kostet 1 von 2"),
        ("Queued · 5 s · 3 units", "In Warteschlange · 5 s · 3 Einheiten"),
        ("The file x is gone. The file y is gone.", "Die Datei x fehlt. Die Datei y fehlt."),
        ("The file x is gone. Rehearsal is free.", "Die Datei x fehlt. Die Probe ist kostenlos."),
        ("Kling has been generating for 0:42. Usually 2 to 4 min", "Kling generiert seit 0:42. Meist 2 bis 4 min"),
        ("Kling has been generating for 0:42.", "Kling generiert seit 0:42."),
        ("Not translated yet", "Not translated yet"),
        ("", ""),
    ],
)
def test_a_sentence_is_told_by_its_template(english: str, german: str) -> None:
    assert GERMAN.translated(english) == german


@pytest.mark.parametrize("name", ["Queued", "this clip", "3 of 4", 'a "b" got no response', "The file x is gone."])
def test_a_name_in_quotes_stays_as_its_owner_wrote_it(name: str) -> None:
    assert GERMAN.translated(f'"{name}" got no response') == f'Keine Antwort für "{name}"'


def test_a_short_template_does_not_fit_anybodys_words() -> None:
    assert GERMAN.translated("Day of Wrath") == "Day of Wrath"


@given(st.text(max_size=40))
def test_what_nobody_translated_stays_to_the_letter(text: str) -> None:
    assert Catalog({}).translated(text) == text


@given(st.lists(st.text(alphabet=st.characters(exclude_characters='"'), max_size=12), min_size=3, max_size=3))
def test_values_go_to_the_holes_of_their_numbers(values: list[str]) -> None:
    catalog = Catalog({'Put "{0}" beside "{1}" and "{2}".': '"{2}" "{0}" "{1}"'})
    first, second, third = values
    assert catalog.translated(f'Put "{first}" beside "{second}" and "{third}".') == f'"{third}" "{first}" "{second}"'


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        *(("de_DE", "de"), ("de", "de"), ("fr_FR", "fr"), ("es", "es"), ("ja_JP", "ja")),
        *(("zh_HANS", "zh_HANS"), ("zh_CN", "zh_HANS"), ("zh_HANT", ""), ("zh_TW", ""), ("en_US", ""), ("", "")),
    ],
)
def test_a_locale_of_blender_means_one_of_ours_or_english(locale: str, language: str) -> None:
    assert language_of(locale) == language


def test_a_text_of_any_length_is_told_sentence_by_sentence() -> None:
    """Also one that a hostile service made up, of halves of templates over and over."""
    told = GERMAN.translated(" ".join(["The file x is gone.", "The file is here.", "1 of 2 may."] * 200))
    assert told == " ".join(["Die Datei x fehlt.", "The file is here.", "1 of 2 may."] * 200)
    line = " · ".join(["3 of 4 may cost this clip"] * 200)
    assert GERMAN.translated(line) == " · ".join(["dieser Clip kostet 3 von 4"] * 200)
