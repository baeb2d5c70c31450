"""The words of sentences, as far as a machine can tell good ones: all that the package says beside its interface.

What Blender draws is judged in ``tests/blender``. Here are the sentences of the rules, the jobs, the service, the disk
and the command line. Each rule is a function from a text to whether it holds, tried on texts that break it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from kling_omni_addon.settings import OFFLINE
from tests.workshop.places import ROOT
from tests.workshop.sentences import templates_of

PACKAGE = ROOT / "kling_omni_addon"
SENT_OR_WRITTEN = (
    *("blender/", "core/camera_words.py", "core/prompt_words.py", "core/otio.py", "core/payload.py", "core/script.py"),
    *("work/journal.py", "work/journal_file.py", "work/leases.py", "work/salvage.py"),
    *("rehearsal/answers.py", "rehearsal/fault_table.py", "rehearsal/new_words.py", "rehearsal/orders.py"),
)
"""What speaks to Kling, to a file or as the service does, and what is judged elsewhere."""
FOR_PROGRAMS = "a submission that is"
"""The message of ``IllegalTransition``, which people read as a refusal (``core/life/refusals.py``)."""
JOURNAL_FILE = "KLING_HOME (journal and clips)"
"""Where technical directors are told which files a folder holds."""
GLOSSARY = re.compile(
    r"\b(?:submissions?|stand-?ins?|caps?|journals?|books|parked|given up|pictures?|timelines?|add-on|mend(?:s|ed)?"
    r"|below zero|chosen|N-panel|side panel|3D views?(?!port)|go(?:es)? on with|asked for|looked for|is taken)\b",
    re.IGNORECASE,
)
OURS = re.compile(r"\b(?:we|us|ours?)\b", re.IGNORECASE)
PLEADING = re.compile(r"!|\bplease\b|\bsorry\b", re.IGNORECASE)
INVERSION = re.compile(r"(?:^|\. )(?:Of|Over|Beside) [^.]*\b(?:it|not|is|are)\b|\bit is not known\b")
LIMITED_WORDS = 25
"""A sentence of the guide has 20 words; a value, a path or a range in parentheses may add some."""


def has_the_words_of_the_glossary(text: str) -> bool:
    return FOR_PROGRAMS in text or GLOSSARY.search(text.replace(JOURNAL_FILE, "")) is None


def speaks_for_nobody(text: str) -> bool:
    """The program has no "we"."""
    return OURS.search(text) is None


def neither_begs_nor_shouts(text: str) -> bool:
    return PLEADING.search(text) is None


def has_normal_word_order(text: str) -> bool:
    return INVERSION.search(text) is None


def ends_as_it_goes_on(text: str) -> bool:
    """A text of several sentences ends its last one; a command may stand at the end without a full stop, and Blender
    ends by itself the reason why a button is grayed out.
    """
    return (
        text == OFFLINE or not re.search(r"[a-z)\"}]\. [A-Z]", text) or text.rstrip()[-1] in ".:}" or ": kling" in text
    )


def has_short_sentences(text: str) -> bool:
    return all(len(sentence.split()) <= LIMITED_WORDS for sentence in re.split(r"[.:;] ", text))


RULES: tuple[Callable[[str], bool], ...] = (
    has_the_words_of_the_glossary,
    speaks_for_nobody,
    neither_begs_nor_shouts,
    has_normal_word_order,
    ends_as_it_goes_on,
    has_short_sentences,
)
BROKEN = [
    (has_the_words_of_the_glossary, "There is no submission {0}."),
    (has_the_words_of_the_glossary, "The cap is reached."),
    (has_the_words_of_the_glossary, "The clips are stand-ins."),
    (has_the_words_of_the_glossary, "The journal is damaged."),
    (has_the_words_of_the_glossary, "A picture changed."),
    (has_the_words_of_the_glossary, "The timeline has 24 fps."),
    (has_the_words_of_the_glossary, "It was asked for before."),
    (speaks_for_nobody, "Kling takes no id of ours."),
    (speaks_for_nobody, "The proxy does not let us through."),
    (neither_begs_nor_shouts, "Please try again."),
    (neither_begs_nor_shouts, "Done!"),
    (has_normal_word_order, 'Of strip "x" it is not known how it was made.'),
    (has_normal_word_order, "Over Kling's new API a clip is silent."),
    (ends_as_it_goes_on, "Not sent. Press Resume"),
    (has_short_sentences, "The job " + "of the clip " * 9 + "was stopped."),
]
FINE = [
    (has_the_words_of_the_glossary, "Settings: KLING_HOME (journal and clips); KLING_DAILY_CAP (units)"),
    (has_the_words_of_the_glossary, "The capture of the placeholder"),
    (ends_as_it_goes_on, "Nothing is lost. List all jobs with: kling status"),
    (has_short_sentences, "The daily limit of {0} units would be exceeded. Raise Daily Limit, then press Resume."),
]


@pytest.mark.parametrize(("rule", "text"), BROKEN)
def test_a_broken_rule_is_found(rule: Callable[[str], bool], text: str) -> None:
    assert not rule(text)


@pytest.mark.parametrize(("rule", "text"), FINE)
def test_good_words_pass(rule: Callable[[str], bool], text: str) -> None:
    assert rule(text)


def said() -> Iterator[tuple[str, str]]:
    """Where a sentence stands, and the sentence."""
    for path in sorted(PACKAGE.rglob("*.py")):
        place = path.relative_to(PACKAGE).as_posix()
        if not place.startswith(SENT_OR_WRITTEN):
            yield from ((place, text) for text in templates_of(path.read_text("utf-8"), is_drawn=False))


@pytest.mark.parametrize("rule", RULES)
def test_every_sentence_follows_the_rules(rule: Callable[[str], bool]) -> None:
    found = list(said())
    assert len(found) > 450
    assert [(place, text) for place, text in found if not rule(text)] == []
