"""A shortcut for *Generate* that is off and has no key until somebody sets it, under Preferences > Keymap."""

from __future__ import annotations

from typing import Any, Final

import bpy

_KEYMAPS: Final = (("3D View", "VIEW_3D"), ("Sequencer", "SEQUENCE_EDITOR"))
_items: list[tuple[Any, Any]] = []


def register() -> None:
    """Put it into the keymaps of both editors; without a window there are none."""
    keymaps: Any = bpy.context.window_manager.keyconfigs.addon
    for name, space in _KEYMAPS if keymaps is not None else ():
        keymap = keymaps.keymaps.new(name=name, space_type=space)
        item = keymap.keymap_items.new("kling.submit", type="NONE", value="PRESS")
        item.active = False  # it may spend, so a person turns it on
        _items.append((keymap, item))


def unregister() -> None:
    """Take it out again; a key that somebody gave it stays in their preferences."""
    while _items:
        keymap, item = _items.pop()
        keymap.keymap_items.remove(item)
