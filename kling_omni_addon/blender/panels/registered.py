"""What Blender is given of this room. Panels stand in the tab in the order in which they are registered."""

from __future__ import annotations

from . import gallery, item_lists, library, needs, output, pictures, preferences_page, strip_menu, tab, takes

CLASSES = (
    preferences_page.KLING_AP_preferences,
    *needs.CLASSES,
    *library.CLASSES,
    *output.CLASSES,
    *item_lists.CLASSES,
    *pictures.CLASSES,
    *gallery.CLASSES,
    *strip_menu.CLASSES,
    *tab.CLASSES,
    *takes.CLASSES,
)


def register() -> None:
    """Stand in the strips' own menu and in that of the list, and keep what the tab enlarges."""
    pictures.register()
    strip_menu.register()
    gallery.register()


def unregister() -> None:
    """And no more; look for no takes any more."""
    takes.stop()
    gallery.unregister()
    strip_menu.unregister()
    pictures.unregister()
