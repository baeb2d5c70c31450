"""Names instead of numbers: what a prompt calls its pictures, elements and video, turned into the service's numbers.

A prompt may say ``@first``, ``@middle1``, ``@end``, ``@video``, ``@image:chair`` or ``@element:Hero``. A name that is
more than letters, digits, underscores and inner hyphens, or that is Chinese, Japanese or Korean, stands in double
quotes: ``@image:"red chair"``; :func:`mention` writes either form. Numbers are computed when the body is drafted, so
names follow every reordering.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count
from types import MappingProxyType

from .request import Element, OmniRequest, Picture, Role, Video

# Text in these scripts runs on without spaces, so such a letter beside a mention does not make it part of a word.
_UNSPACED = "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
_LETTER = rf"[^\W{_UNSPACED}]"
_BARE_NAME = rf"{_LETTER}+(?:-{_LETTER}+)*"
# Case is let go where it matters only: for all of it, the ranges above take twenty milliseconds to compile.
_MENTION = (
    rf"(?<!{_LETTER})(?<!@)@"
    rf'(?:(?P<kind>(?i:image|element)):(?:"(?P<quoted>[^"\n]+)"|(?P<bare>{_BARE_NAME}|\w+))|(?P<place>{_LETTER}+))'
)


@cache
def _mentions() -> re.Pattern[str]:
    """Compiled on first use: its ranges take milliseconds, which enabling the extension does without."""
    return re.compile(_MENTION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbering:
    """Which number each name has. ``texts`` maps a mention as :func:`mention` writes it to the text that is sent."""

    texts: Mapping[str, str]

    @classmethod
    def of(cls, pictures: Sequence[Picture], elements: Sequence[Element], video: Video | None) -> Numbering:
        """Number the things in the order in which they are sent. Of two things with one name the first keeps it."""
        texts: dict[str, str] = {}
        middle = count(1)
        for number, picture in enumerate(pictures, start=1):
            for name in _names(picture, middle):
                texts.setdefault(name, f"<<<image_{number}>>>")
        for number, element in enumerate(elements, start=1):
            if element.name:
                texts.setdefault(mention("element", element.name), f"<<<element_{number}>>>")
        if video is not None:
            texts["@video"] = "<<<video_1>>>"
        return cls(texts=MappingProxyType(texts))


def ordered_pictures(request: OmniRequest) -> tuple[Picture, ...]:
    """The pictures in the order in which they are sent: references, first frame, middle frames, end frame; the user's
    order within each.
    """
    return tuple(request.pictures[position] for position in order_of(request.pictures))


def order_of(pictures: Sequence[Picture]) -> list[int]:
    """The positions of the pictures, in the order in which they are sent."""
    order = (Role.REFERENCE, Role.FIRST, Role.MIDDLE, Role.END)
    return sorted(range(len(pictures)), key=lambda position: order.index(pictures[position].role))


def middle_name(number: int) -> str:
    """What a prompt calls a middle frame: the first is number 1."""
    return f"@{Role.MIDDLE.value}{number}"


def _names(picture: Picture, middle: Iterator[int]) -> Iterator[str]:
    if picture.role is Role.MIDDLE:
        yield middle_name(next(middle))
    elif picture.role is not Role.REFERENCE:
        yield f"@{picture.role.value}"
    if picture.name:
        yield mention("image", picture.name)


def mention(kind: str, name: str) -> str:
    """What to write in a prompt for a named ``image`` or ``element``; double quotes in a name become single ones."""
    if re.fullmatch(_BARE_NAME, name):
        return f"@{kind}:{name}"
    spoken = name.replace('"', "'").replace("\n", " ")
    return f'@{kind}:"{spoken}"'


def numbered(prompt: str, names: Numbering) -> str:
    """The exact text that is sent: each known name replaced by its number, everything else as typed."""
    return _mentions().sub(lambda match: names.texts.get(_spelt(match), match[0]), prompt)


def unknown_names(prompt: str, names: Numbering) -> tuple[str, ...]:
    """The mentions that name nothing here, as typed, each once, in order of appearance."""
    unknown = (match[0] for match in _mentions().finditer(prompt) if _spelt(match) not in names.texts)
    return tuple(dict.fromkeys(unknown))


def renamed(prompt: str, kind: str, before: str, after: str) -> str:
    """The prompt with each mention of an ``image`` or ``element`` under its new name, everything else as typed."""
    old, new = mention(kind, before), mention(kind, after)
    return _mentions().sub(lambda match: new if _spelt(match) == old else match[0], prompt)


def _spelt(match: re.Match[str]) -> str:
    """A mention as :func:`mention` would have written it."""
    if match["place"]:
        return f"@{match['place'].lower()}"
    return mention(match["kind"].lower(), match["quoted"] or match["bare"])
