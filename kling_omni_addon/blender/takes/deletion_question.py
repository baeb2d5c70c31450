"""What is asked before clips are deleted from the disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import bpy

from ..host.language import translated

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import IconItems

_NAMED: Final = 12


def draw_question(column: bpy.types.UILayout, clips: Sequence[str], kept: Sequence[str] = ()) -> None:
    """The files that go, by their names; sentences on those that stay; and who may miss them."""
    number = len(clips)
    doomed = f"{'1 clip is' if number == 1 else f'{number} clips are'} deleted from the disk, for good:"
    column.label(text=translated(doomed))
    _draw_some(column, [Path(clip).name for clip in clips], "FILE_MOVIE")
    _draw_some(column, list(map(translated, kept)), "LOCKED")
    column.label(text="Other .blend files that use these clips will not find them.", icon="ERROR")


def _draw_some(column: bpy.types.UILayout, lines: Sequence[str], icon: IconItems) -> None:
    for line in lines[:_NAMED]:
        column.label(text=line, translate=False, icon=icon)
    if len(lines) > _NAMED:
        column.label(text=translated(f"and {len(lines) - _NAMED} more"))
