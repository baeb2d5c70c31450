"""The words of the interface in other languages: catalogs from ``schemas/translations``, one JSON file a language.

The program says everything in English. A catalog knows every English sentence as a template: the text of the code, with
``{0}``, ``{1}`` where it puts values in. What is to be shown is compared with the templates, so that nothing that says
something has to know languages, and a sentence that no template fits stays English.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from .capability import SCHEMAS

FOLDER: Final = SCHEMAS / "translations"
LANGUAGES: Final = ("de", "es", "fr", "ja", "zh_HANS")
"""As Blender writes them."""
_HOLE: Final = re.compile(r"\{(\d+)\}")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?:]) (?=\S)")
_BETWEEN: Final = " · "
"""Stands between the parts of a line: "5 s · 16:9 · Silent"."""
_NUMBER: Final = r"([^A-Za-z]*?)"
_IN_A_SENTENCE: Final = r"((?:(?![.!?] \S).)*?)"
_ANYTHING: Final = r"(.*?)"
_FEW_LETTERS: Final = 8
"""A template that begins with a value and has fewer letters of its own ("{0} of {1}") fits numbers only, else it would
fit anybody's words."""


class Template:
    """One English sentence with holes, and its translation."""

    def __init__(self, english: str, translation: str) -> None:
        self.parts: Final = tuple(part for part in _HOLE.split(english)[::2] if part)
        self.letters: Final = sum(character.isalpha() for part in self.parts for character in part)
        self._english, self._translation = english, translation

    def values(self, text: str, hole: str) -> tuple[str, ...] | None:
        """What stands in the holes of a text that fits, in their order; each like the pattern ``hole``."""
        if not all(part in text for part in self.parts):
            return None
        is_for_numbers = self.letters < _FEW_LETTERS and self._english.startswith("{")
        found = _pattern(self._english, _NUMBER if is_for_numbers else hole).fullmatch(text)
        return found and found.groups()

    def is_quoted(self, number: int) -> bool:
        """Whether a hole is for a name, which no language changes: those stand in straight quotes."""
        return f'"{{{number}}}"' in self._english

    def filled(self, values: tuple[str, ...]) -> str:
        """The translation with its values."""
        return _HOLE.sub(lambda hole: values[int(hole[1])], self._translation)


@cache
def _pattern(english: str, hole: str) -> re.Pattern[str]:
    return re.compile(hole.join(map(re.escape, _HOLE.split(english)[::2])), re.DOTALL)


class Catalog:
    """The templates of one language."""

    def __init__(self, entries: Mapping[str, str]) -> None:
        # What is joined to a sentence by a blank is also met without it, once the text is parted into sentences.
        alone = {english.strip(): translation.strip() for english, translation in entries.items()}
        self._exact: Final = {english: told for english, told in (alone | dict(entries)).items() if told}
        holed = (Template(*entry) for entry in self._exact.items() if _HOLE.search(entry[0]))
        self._templates: Final = sorted(holed, key=lambda template: -template.letters)

    def translated(self, text: str) -> str:
        """A text in this language; what is not known stays as it is, sentence by sentence."""
        if (whole := self._known(text, _IN_A_SENTENCE)) is not None:
            return whole
        if _BETWEEN in text:
            return _BETWEEN.join(map(self.translated, text.split(_BETWEEN)))
        runs = list(self._runs(text))
        if any(known is None for _, known in runs) and (whole := self._known(text, _ANYTHING)) is not None:
            return whole
        return " ".join(english if known is None else known for english, known in runs)

    def _known(self, text: str, hole: str) -> str | None:
        if text in self._exact:
            return self._exact[text]
        for template in self._templates:
            values = template.values(text, hole)
            if values is not None:
                inner = (v if template.is_quoted(number) else self.translated(v) for number, v in enumerate(values))
                return template.filled(tuple(inner))
        return None

    def _runs(self, text: str) -> Iterator[tuple[str, str | None]]:
        """The sentences of a text, those together that are known together, and each alone that is not."""
        sentences = _SENTENCE_END.split(text)
        while sentences:
            for stop in range(len(sentences), 0, -1):
                known = self._known(" ".join(sentences[:stop]), _IN_A_SENTENCE)
                if known is not None:
                    break
            yield " ".join(sentences[:stop]), known
            del sentences[:stop]


@cache
def catalog(language: str) -> Catalog:
    """The catalog of a language, read once. Raises ``FileNotFoundError`` for one that nobody translated."""
    return Catalog(entries(language))


def entries(language: str) -> Mapping[str, str]:
    """English templates and their translations."""
    read: Mapping[str, str] = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return read


def language_of(locale: str) -> str:
    """Which of our languages a locale of Blender's means (``de_DE``), or ``""``."""
    if locale.startswith("zh") and "TW" not in locale and "HANT" not in locale:
        return "zh_HANS"
    language = locale.partition("_")[0]
    return language if language in LANGUAGES else ""
