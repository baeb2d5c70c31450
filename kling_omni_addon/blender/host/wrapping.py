"""Long sentences in narrow panels: Blender does not wrap labels."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

import bpy

from .language import translated

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import IconItems

_CHARACTER_PX = 6.2
_SIDE_PX = 66
_ICON_CHARACTERS = 2  # beyond those that the sides take already
_NARROWEST_PX = 200
_UNIT_PX = 20
_PIECE = r"[^\s\u3000-\u9fff\uff00-\uffef]+\s*|[\u3000-\u9fff\uff00-\uffef][、。，．：；！？」』）),.;:!?]*\s*|\s+"
"""A word with the blanks behind it, or one wide character with the signs that must not begin a line. Compiled on first
use, and kept by ``re``.
"""


def wrapped(text: str, context: bpy.types.Context) -> tuple[str, ...]:
    """Text in lines that fit the region."""
    return in_lines(text, characters_of(context))


def characters_of(context: bpy.types.Context) -> int:
    """How many characters a line of the region holds."""
    scale = context.preferences.system.ui_scale or 1.0
    width_px = context.region.width / scale if context.region else _NARROWEST_PX
    return max(18, int((width_px - _SIDE_PX) / _CHARACTER_PX))


def units_of(context: bpy.types.Context) -> float:
    """How many of Blender's own units (the height of a button) the region is wide."""
    scale = context.preferences.system.ui_scale or 1.0
    return (context.region.width if context.region else _NARROWEST_PX * scale) / (_UNIT_PX * scale)


@lru_cache(maxsize=256)
def in_lines(text: str, width: int) -> tuple[str, ...]:
    """Text in lines of at most ``width`` characters; a longer word is cut into pieces.

    A Chinese or Japanese character is as wide as two, and a line may end before any of them.
    """
    lines = [""]
    for word in re.findall(_PIECE, " ".join(text.split())):
        for part in _cut(word, width):
            if lines[-1] and columns(lines[-1]) + columns(part.rstrip()) > width:
                lines.append(part.lstrip())
            else:
                lines[-1] += part
    return tuple(line.strip() for line in lines if line.strip())


def columns(text: str) -> int:
    """How many characters of Latin text are as wide."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def _cut(word: str, width: int) -> Iterator[str]:
    return (word[start : start + width] for start in range(0, len(word), width))


def draw_text(layout: bpy.types.UILayout, context: bpy.types.Context, text: str, icon: IconItems) -> None:
    """A sentence under one icon, in the language of the interface, as many lines as it takes."""
    draw_lines(layout, translated(text), characters_of(context), icon)


def draw_lines(layout: bpy.types.UILayout, text: str, width: int, icon: IconItems = "NONE") -> None:
    """Any text as it is, in lines of ``width`` characters, fewer beside an icon."""
    column = layout.column(align=True)
    column.scale_y = 0.8
    for number, line in enumerate(in_lines(text, width if icon == "NONE" else width - _ICON_CHARACTERS)):
        column.label(text=line, icon=icon if not number or icon == "NONE" else "BLANK1")


SIDE_BY_SIDE = 28  # characters: from here on two things stand side by side
WIDE_ENOUGH = 32  # ... and three names
