"""The words of the interface in other languages: catalogs from ``schemas/translations``, one JSON file a language.

The program says everything in English. A catalog knows every English sentence as a template: the text of the code, with
``{0}``, ``{1}`` where it puts values in. What is to be shown is compared with the templates, so that nothing that says
something has to know languages, and a sentence that no template fits stays English.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
_ENDS_INSIDE: Final = re.compile(r"[.!?] \S")
_LETTER: Final = re.compile(r"[A-Za-z]")
_WORD: Final = re.compile(r"\w+")
_WORD_ALONE: Final = re.compile(r"(?<![\w\0])\w+(?![\w\0])")
_FEW_LETTERS: Final = 8
"""A template that begins with a value and has fewer letters of its own ("{0} of {1}") fits numbers only, else it would
fit anybody's words."""


class Template:
    """One English sentence with holes, and its translation."""

    def __init__(self, english: str, translation: str) -> None:
        self._parts: Final = _HOLE.split(english)[::2]
        self.letters: Final = sum(character.isalpha() for part in self._parts for character in part)
        self.length: Final = sum(map(len, self._parts))
        self._is_for_numbers: Final = self.letters < _FEW_LETTERS and not self._parts[0]
        self._english, self._translation = english, translation

    def values(self, text: str) -> tuple[str, ...] | None:
        """What stands in the holes of a text that fits, in their order, each as short as can be.

        By looking for one part behind the other, which takes no longer for a text that somebody made up.
        """
        first, *between, last = self._parts
        at, stop = len(first), len(text) - len(last)
        if not (text.startswith(first) and text.endswith(last) and at <= stop):
            return None
        values = []
        for part in between:
            found = text.find(part, at, stop)
            if found < 0:
                return None
            values.append(text[at:found])
            at = found + len(part)
        values.append(text[at:stop])
        return None if self._is_for_numbers and any(map(_LETTER.search, values)) else tuple(values)

    def is_quoted(self, number: int) -> bool:
        """Whether a hole is for a name, which no language changes: those stand in straight quotes."""
        return f'"{{{number}}}"' in self._english

    def filled(self, values: Sequence[str]) -> str:
        """The translation with its values."""
        return _HOLE.sub(lambda hole: values[int(hole[1])], self._translation)


class Catalog:
    """The templates of one language."""

    def __init__(self, entries: Mapping[str, str]) -> None:
        # What is joined to a sentence by a blank is also met without it, once the text is parted into sentences.
        alone = {english.strip(): translation.strip() for english, translation in entries.items()}
        self._exact: Final = {english: told for english, told in (alone | dict(entries)).items() if told}
        self._by_word: Final[dict[str, list[Template]]] = {}
        for english, told in self._exact.items():
            if _HOLE.search(english):
                self._by_word.setdefault(_rarest_word(english), []).append(Template(english, told))
        self._most_sentences: Final = max((len(_SENTENCE_END.split(english)) for english in self._exact), default=1)

    def translated(self, text: str) -> str:
        """A text in this language; what is not known stays as it is, sentence by sentence."""
        runs = list(self._runs(text))
        if len(runs) > 1 and any(known is None for _, known in runs):
            whole = self._known(text, holds_sentences=True)
            if whole is not None:
                return whole
        return _joined(runs)

    def _runs(self, text: str) -> Iterator[tuple[str, str | None]]:
        """The sentences of a text, those together that are known together, and each alone that is not."""
        sentences = _SENTENCE_END.split(text)
        while sentences:
            for stop in range(min(len(sentences), self._most_sentences), 0, -1):
                known = self._known(" ".join(sentences[:stop]))
                if known is not None:
                    break
            yield " ".join(sentences[:stop]), known
            del sentences[:stop]

    def _known(self, text: str, *, holds_sentences: bool = False) -> str | None:
        """The translation by the template with the most letters that fits; with ``holds_sentences`` also where a value
        is more than a part of one sentence. A line is told part by part.
        """
        if text in self._exact:
            return self._exact[text]
        for template in self._candidates(text):
            values = template.values(text)
            if values is not None and _may_be_meant(template, values, holds_sentences=holds_sentences):
                return template.filled([self._value(template, number, value) for number, value in enumerate(values)])
        return _BETWEEN.join(map(self._of_sentences, text.split(_BETWEEN))) if _BETWEEN in text else None

    def _value(self, template: Template, number: int, value: str) -> str:
        inner = value.strip()
        if template.is_quoted(number) or not inner:
            return value
        before, _, behind = value.partition(inner)
        return f"{before}{self._of_sentences(inner)}{behind}"

    def _of_sentences(self, text: str) -> str:
        return _joined(self._runs(text))

    def _candidates(self, text: str) -> list[Template]:
        """Those whose rarest word the text has."""
        words = ("", *dict.fromkeys(_WORD.findall(text)))
        found = [template for word in words for template in self._by_word.get(word, ())]
        return sorted(found, key=lambda template: (-template.letters, -template.length))


def _may_be_meant(template: Template, values: Sequence[str], *, holds_sentences: bool) -> bool:
    """Whether no value is more than a sentence, and none but a name more than a part of a line."""
    if not holds_sentences and any(map(_ENDS_INSIDE.search, values)):
        return False
    return not any(_BETWEEN in value and not template.is_quoted(number) for number, value in enumerate(values))


def _joined(runs: Iterable[tuple[str, str | None]]) -> str:
    return " ".join(english if known is None else known for english, known in runs)


def _rarest_word(english: str) -> str:
    """A whole word of a template that touches no hole, the longest; ``""`` where there is none."""
    return max(_WORD_ALONE.findall(_HOLE.sub("\0", english)), key=len, default="")


@cache
def catalog(language: str) -> Catalog:
    """The catalog of a language. Raises ``FileNotFoundError`` for one that nobody translated."""
    return Catalog(entries(language))


@cache
def entries(language: str) -> Mapping[str, str]:
    """English templates and their translations, read once."""
    read: Mapping[str, str] = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return read


def language_of(locale: str) -> str:
    """Which of our languages a locale of Blender's means (``de_DE``), or ``""``."""
    if locale.startswith("zh") and "TW" not in locale and "HANT" not in locale:
        return "zh_HANS"
    language = locale.partition("_")[0]
    return language if language in LANGUAGES else ""
