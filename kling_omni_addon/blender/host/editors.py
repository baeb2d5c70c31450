"""The editors that are open in Blender's windows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import bpy

TAB = "Kling"
"""The category of our panels in the side panels."""
_WITH_TAB = ("VIEW_3D", "SEQUENCE_EDITOR")
_SECTIONS_WITH_PAGE = ("ADDONS", "EXTENSIONS")


def is_in_sequencer(context: bpy.types.Context) -> bool:
    """Whether it is the Sequencer that is drawn or clicked."""
    return context.area is not None and context.area.type == "SEQUENCE_EDITOR"


def redraw_tab() -> None:
    """Have our tab drawn again wherever it is in sight.

    Nothing else of its editor is: a 3D Viewport draws its scene anew for a tag on it, which costs more than all else
    that we do.
    """
    for area in _areas():
        if area.type in _WITH_TAB:
            _tag(area, _shows_tab)


def redraw_preferences() -> None:
    """Have our page in the preferences drawn again, where add-ons are in sight."""
    if str(bpy.context.preferences.active_section) in _SECTIONS_WITH_PAGE:
        for area in _areas():
            if area.type == "PREFERENCES":
                _tag(area, _is_main)


def redraw_strips() -> None:
    """Have the strips of every Sequencer drawn again: something that we draw on them changed."""
    for area in _areas():
        space = area.spaces.active
        if isinstance(space, bpy.types.SpaceSequenceEditor) and space.view_type != "PREVIEW":
            _tag(area, _is_main)


def redraw_views() -> None:
    """Have every 3D Viewport drawn again: something that we draw over the scene changed."""
    for area in _areas():
        if area.type == "VIEW_3D":
            _tag(area, _is_main)


def _areas() -> Iterator[bpy.types.Area]:
    for window in bpy.context.window_manager.windows:
        yield from window.screen.areas


def _tag(area: bpy.types.Area, is_meant: Callable[[bpy.types.Region], bool]) -> None:
    for region in area.regions:
        if is_meant(region):
            region.tag_redraw()


def _is_main(region: bpy.types.Region) -> bool:
    return region.type == "WINDOW"


def _shows_tab(region: bpy.types.Region) -> bool:
    """Whether our tab is chosen in a side panel that is open. Nobody knows which one is before the first drawing."""
    is_open = region.type == "UI" and region.width > 1
    return is_open and getattr(region, "active_panel_category", TAB) in (TAB, "", "UNSUPPORTED")
