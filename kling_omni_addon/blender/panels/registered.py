"""What Blender is given of this room. Panels stand in the tab in the order in which they are registered."""

from __future__ import annotations

from . import (
    gallery,
    item_lists,
    library,
    manual,
    menus,
    needs,
    output,
    pictures,
    preferences_page,
    shortcuts,
    strip_menu,
    tab,
    takes,
)

CLASSES = (
    preferences_page.KLING_AP_preferences,
    *needs.CLASSES,
    *library.CLASSES,
    *output.CLASSES,
    *item_lists.CLASSES,
    *pictures.CLASSES,
    *gallery.CLASSES,
    *strip_menu.CLASSES,
    *menus.CLASSES,
    *manual.CLASSES,
    *tab.CLASSES,
    *takes.CLASSES,
)
_IN_BLENDERS_OWN = (strip_menu, library, gallery, menus, shortcuts, manual)


def register() -> None:
    """Stand in Blender's own menus, keymaps and manual, and keep what the tab enlarges."""
    pictures.register()
    for part in _IN_BLENDERS_OWN:
        part.register()


def unregister() -> None:
    """And no more; look for no takes any more."""
    takes.stop()
    for part in reversed(_IN_BLENDERS_OWN):
        part.unregister()
    pictures.unregister()
