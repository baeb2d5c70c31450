"""What is wrong with a request, as data: where, why, in whose words, and what would mend it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal

_SHOWN_CHARACTERS = 60
_ITEMS = re.compile(r"(?P<list>\w+)\[(?P<start>\d+)(?::(?P<stop>\d+))?\](?:\.(?P<key>.+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """One change of the body that mends a problem.

    ``path`` names a place (``duration``, ``multi_prompt[1].index``) or a run of list items (``image_list[5:7]``);
    ``value`` is what belongs there, ``None`` removes it. ``label`` fits on a button: "Set 5 s", "Remove 2 Images".
    """

    path: str
    value: Any
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One broken rule, or one doubt.

    ``rule`` is the contract's id (``R21``), ``A09`` for a key that Kling ignores, or ``W01`` to ``W11`` for the doubts
    of section 16.7 in their order. ``path`` is a place in the body, list positions counted from 0. ``message`` is for
    an artist, ``service_text`` is what the service would answer (``""`` where it says nothing).
    """

    rule: str
    path: str
    message: str
    kind: Literal["error", "warning"]
    service_text: str = ""
    remedy: Remedy | None = None

    @property
    def is_fault(self) -> bool:
        """Whether the service would refuse the request for it."""
        return self.kind == "error"

    @property
    def keeps_from_sending(self) -> bool:
        """Whether a request file is not sent for it: a fault, or a key that Kling ignores and charges for all the
        same.
        """
        return self.is_fault or self.rule == "A09"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule's check found: a :class:`Problem` that does not know its rule yet."""

    path: str
    message: str
    service_text: str = ""
    remedy: Remedy | None = None


def shown(value: Any) -> str:
    """A value as it stands in the service's texts: strings bare, nothing for ``None``, all else as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def escaped(text: str) -> str:
    """A text that somebody typed, on one line: what does not print stands as its code."""
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


def quoted(value: Any) -> str:
    """A value as it stands in our sentences: in quotes and never long."""
    text = escaped(shown(value))
    return f'"{text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "..."}"'


def counted(number: int, noun: str) -> str:
    """A number with its noun: "1 image", "2 images"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


_REMOVALS: Mapping[str, tuple[str, str]] = {
    "video": ("Remove 1 Video", "Remove {number} Videos"),
    "shot": ("Remove 1 Shot", "Remove {number} Shots"),
    "image": ("Remove 1 Image", "Remove {number} Images"),
    "frame": ("Remove 1 Frame", "Remove {number} Frames"),
    "middle frame": ("Remove 1 Middle Frame", "Remove {number} Middle Frames"),
    "end frame": ("Remove 1 End Frame", "Remove {number} End Frames"),
    "element": ("Remove 1 Element", "Remove {number} Elements"),
}


def removal(items: str, positions: Sequence[int], noun: str) -> Remedy | None:
    """The remedy that takes neighboring items out of a list; ``None`` when they do not stand side by side."""
    start, stop = positions[0], positions[-1] + 1
    if len(positions) != stop - start:
        return None
    one, many = _REMOVALS[noun]
    label = one if stop - start == 1 else many.format(number=f"{stop - start:,}")
    return Remedy(path=f"{items}[{start}:{stop}]", value=None, label=label)


def nearest_duration(lengths: Sequence[int], wanted: int) -> Remedy:
    """The remedy that sets the possible length nearest to the wanted one, the longer of two."""
    nearest = min(lengths, key=lambda length: (abs(length - wanted), -length))
    return Remedy(path="duration", value=str(nearest), label=f"Set {nearest} s")


def remedied(body: Mapping[str, Any], remedy: Remedy) -> dict[str, Any]:
    """A copy of the body with the remedy applied."""
    mended = deepcopy(dict(body))
    holder: Any = mended
    place: Any = remedy.path
    if place not in mended and (items := _ITEMS.fullmatch(place)):
        start = int(items["start"])
        holder, place = mended[items["list"]], slice(start, int(items["stop"] or start + 1))
        if items["key"]:
            holder, place = holder[start], items["key"]
    if remedy.value is None:
        del holder[place]
    else:
        holder[place] = remedy.value
    return mended
