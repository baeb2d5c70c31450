"""The words of the interface, as far as a machine can tell good ones: every label and tooltip that Blender was given.

Each rule is a function from a text to whether it holds, tried on texts that break it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from kling_omni_addon.core.life.lifecycle import Phase
from kling_omni_addon.core.prompt_words import groups
from kling_omni_addon.core.translation import LANGUAGES, entries
from tests.workshop.places import ROOT
from tests.workshop.registered import labels, opens_dialog, operators, properties, tooltips

SMALL = re.compile("a|an|the|and|or|to|from|with|in|on|of|by|for|as|at|under", re.IGNORECASE)
UNIT = re.compile(r"(?<=\d) (?:mm|s|fps|MB)\b")
VERBS = re.compile(
    r"(?:Add|Apply|Bridge|Capture|Check|Choose|Clear|Continue|Copy|Create|Delete|Describe|Discard|Distribute|Download"
    r"|Edit|Export|Find"
    r"|Fix|Generate|Hide|Insert|Keep|Lead|Leave|Load|Look|Make|Move|Open|Place|Play|Remove|Rename|Render|Replace"
    r"|Resume|Reveal|Select|Send|Set|Show|Start|Stop|Switch|Test|Toggle|Upload|Use)\b"
)
"""What an operator's label begins with: a new verb is added here by whoever has looked for one that is there."""
BRITISH = re.compile(
    r"\b(?:favour|colour|neighbour|behaviour|honour|labour|centre|grey|metre|catalogue|licence"
    r"|analyse|organis|recognis|customis|initialis|optimis|synchronis|normalis|summaris|visualis|apologis"
    r"|cancell|travell|modell|labell|fulfil\b|whilst|learnt|mould|programme\b)",
    re.IGNORECASE,
)
GLOSSARY = re.compile(
    r"\b(?:pictures?|3D views?(?!port)|below zero|chosen|mend(?:s|ed)?|upright|N-panel|side panel)\b", re.IGNORECASE
)
PLAIN_PHASES = {"failed", "placed", "ready"}  # these are English, too
PHASES = "|".join(phase.value for phase in Phase if phase.value not in PLAIN_PHASES)
CODE = re.compile(rf"\b(?:{PHASES}|(?!OpenTimelineIO)(?:[A-Z][a-z]+){{2,}}|[a-z]+_[a-z_]+)\b|``|\(\)")
SOURCES = sorted((ROOT / "kling_omni_addon" / "blender").rglob("*.py"))


def is_title_case(label: str) -> bool:
    """Every word begins with a capital, a digit or a sign; the small ones inside do not: Zoom In, Take of the Shot."""
    first, *others = re.findall(r"[^\s(]+", UNIT.sub("", label))
    is_small = [SMALL.fullmatch(word) is not None for word in others]
    return not first[0].islower() and all(
        (not small or word.islower() or number == len(others)) and (small or not word[0].islower())
        for number, (word, small) in enumerate(zip(others, is_small, strict=True), start=1)
    )


def is_sentence(tooltip: str) -> bool:
    """It begins with a capital, a digit or a sign, and has no final full stop."""
    return bool(tooltip) and not tooltip[0].islower() and not tooltip.endswith(".")


def is_one_line(text: str) -> bool:
    return "\n" not in text and "  " not in text and text == text.strip()


def has_three_dots(text: str) -> bool:
    """For an ellipsis, and not one character that looks like them."""
    return "…" not in text


def has_straight_quotes(text: str) -> bool:
    return not set("“”‘’„«»") & set(text)


def is_american(text: str) -> bool:
    return BRITISH.search(text) is None


def has_blenders_terms(text: str) -> bool:
    return GLOSSARY.search(text) is None


def is_free_of_code(text: str) -> bool:
    """No class, no phase of a submission, no name of a variable. Those of the environment are in capitals."""
    return CODE.search(text) is None


BROKEN = [
    (is_title_case, "Capture From Camera"),
    (is_title_case, "Capture from camera"),
    (is_title_case, "capture"),
    (is_sentence, "Render the camera."),
    (is_sentence, "render the camera"),
    (is_sentence, ""),
    (is_one_line, "Render\n    the camera"),
    (is_one_line, "Render "),
    (has_three_dots, "Choose Folder…"),
    (has_straight_quotes, "Look at “this”"),
    (is_american, "Mark as favourite"),
    (is_american, "Cancelled by you"),
    (has_blenders_terms, "Use the chosen image"),
    (has_blenders_terms, "Capture the 3D view"),
    (is_free_of_code, "What is parked"),
    (is_free_of_code, "Read the OmniRequest"),
    (is_free_of_code, "Set duration_s"),
]
FINE = [
    (is_title_case, "Take of the Shot"),
    (is_title_case, "35 mm Film (in Color)"),
    (has_blenders_terms, "Capture the 3D Viewport"),
    (is_free_of_code, "KLING_PROFILE in the environment takes precedence"),
    (is_free_of_code, "Export OpenTimelineIO"),
]


@pytest.mark.parametrize(("rule", "text"), BROKEN)
def test_a_broken_rule_is_found(rule: Callable[[str], bool], text: str) -> None:
    assert not rule(text)


@pytest.mark.parametrize(("rule", "text"), FINE)
def test_good_words_pass(rule: Callable[[str], bool], text: str) -> None:
    assert rule(text)


@pytest.mark.parametrize("rule", [is_title_case, is_one_line, has_three_dots, is_american, has_blenders_terms])
def test_every_label_follows_the_rules(shot_scene: Any, rule: Callable[[str], bool]) -> None:
    found = [*labels(), *((f"words.{group.name}", entry.label) for group in groups() for entry in group.entries)]
    assert len(found) > 250
    assert [(place, text) for place, text in found if not rule(text)] == []


@pytest.mark.parametrize(
    "rule",
    [is_sentence, is_one_line, has_three_dots, has_straight_quotes, is_american, has_blenders_terms, is_free_of_code],
)
def test_every_tooltip_follows_the_rules(shot_scene: Any, rule: Callable[[str], bool]) -> None:
    found = list(tooltips())
    assert len(found) > 200
    assert [(place, text) for place, text in found if not rule(text)] == []


def test_every_property_and_item_has_a_name(shot_scene: Any) -> None:
    assert [place for place, label in labels() if not label] == []


def test_a_tooltip_says_more_than_the_label(shot_scene: Any) -> None:
    said = dict(labels())
    assert [place for place, text in tooltips() if text.lower() == said[place].lower().rstrip(".")] == []


def test_an_operator_s_label_begins_with_a_verb(shot_scene: Any) -> None:
    assert [kind.bl_label for kind in operators() if not VERBS.match(kind.bl_label)] == []


def test_a_button_that_opens_a_dialog_ends_in_three_dots(shot_scene: Any) -> None:
    asking = {kind.bl_idname for kind in operators() if opens_dialog(kind)}
    assert {"kling.load_picture", "kling.use_image", "kling.choose_folder"} <= asking
    dotted = {kind.bl_idname for kind in operators() if kind.bl_label.endswith("...")}
    confirming = {"kling.submit_each_shot"}  # a yes or no needs no dots
    assert dotted == asking - confirming


def test_a_unit_belongs_to_the_value_and_not_to_the_name(shot_scene: Any) -> None:
    units = re.compile(r"\b(?:units|seconds|pixels|frames per second|fps|bytes)\b|\([a-z]+\)")
    assert [known.name for _, known in properties() if units.search(known.name)] == []


def strings_of(path: Path) -> Iterator[str]:
    """The string constants of a file that are no docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


@pytest.mark.parametrize("rule", [has_three_dots, has_straight_quotes, is_american])
def test_what_panels_and_reports_say_follows_the_rules_too(rule: Callable[[str], bool]) -> None:
    said = chain.from_iterable(((path.name, text) for text in strings_of(path)) for path in SOURCES)
    assert [(name, text) for name, text in said if " " in text and not rule(text)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_blender_was_given_is_in_every_catalog(shot_scene: Any, language: str) -> None:
    """Texts of several words without a number: ``24 fps`` is the same in all, and limits are filled in."""
    said = re.compile(r"\D*[a-z]{3,} [a-z]{2,}\D*")
    blenders_own = (".check_existing", ".filepath")  # of its export dialogs
    given = {text for place, text in chain(labels(), tooltips()) if not place.endswith(blenders_own)}
    assert [text for text in given if said.fullmatch(text) and text not in entries(language)] == []
