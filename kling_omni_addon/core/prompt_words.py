"""Words that are offered for a prompt, as data from ``schemas/prompt_words.json``, and how they join what is there."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from .capability import SCHEMAS
from .errors import KlingError

_ENDS_A_SENTENCE: Final = tuple(".!?…。！？")
_JOINS_BY_ITSELF: Final = tuple(",;:(，、；：（")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a menu shows, and the English words that it writes."""

    label: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Entries about one thing: camera moves, lenses. ``icon`` is one of Blender's."""

    name: str
    label: str
    icon: str
    entries: tuple[Entry, ...]


@cache
def groups() -> tuple[Group, ...]:
    """All that is offered, in the order of the menus."""
    data = json.loads((SCHEMAS / "prompt_words.json").read_text(encoding="utf-8"))
    return tuple(
        Group(**group | {"entries": tuple(Entry(**entry) for entry in group["entries"])}) for group in data["groups"]
    )


def extended(prompt: str, words: str, most: int) -> str:
    """The prompt with words at its end; those between two commas that stand in it already are left out.

    Raises :class:`KlingError` where that has more than ``most`` characters.
    """
    new = ", ".join(part for part in map(str.strip, words.split(",")) if part and not has_words(prompt, part))
    longer = _joined(prompt.rstrip(), new) if new else prompt
    if new and len(longer) > most:
        sentence = f"The prompt would have {len(longer):,} characters; Kling reads at most {most:,}."
        raise KlingError(sentence, field="prompt", remedy=f"Take out {len(longer) - most:,}.")
    return longer


def has_words(prompt: str, words: str) -> bool:
    """Whether the words stand in the prompt as they are, in any case and over line breaks."""
    pattern = r"\s+".join(map(re.escape, words.split()))
    return re.search(rf"(?<!\w){pattern}(?!\w)", prompt, re.IGNORECASE) is not None


def _joined(prompt: str, words: str) -> str:
    if not prompt or prompt.endswith(_ENDS_A_SENTENCE):
        return f"{prompt} {words[0].upper()}{words[1:]}".lstrip()
    return f"{prompt} {words}" if prompt.endswith(_JOINS_BY_ITSELF) else f"{prompt}, {words}"
