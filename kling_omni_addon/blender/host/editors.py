"""The editors that are open in Blender's windows."""

from __future__ import annotations

from collections.abc import Collection

import bpy


def is_in_sequencer(context: bpy.types.Context) -> bool:
    """Whether it is the Sequencer that is drawn or clicked."""
    return context.area is not None and context.area.type == "SEQUENCE_EDITOR"


def redraw(kinds: Collection[str]) -> None:
    """Have every open editor of these kinds (``Area.type``) drawn again."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type in kinds:
                area.tag_redraw()
