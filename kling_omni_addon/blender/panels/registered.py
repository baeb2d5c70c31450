"""What Blender is given of this room. Panels stand in the tab in the order in which they are registered."""

from __future__ import annotations

from . import item_lists, library, needs, output, pictures, preferences_page, strip_menu, submissions, tab, takes

CLASSES = (
    preferences_page.KLING_AP_preferences,
    *needs.CLASSES,
    *library.CLASSES,
    *output.CLASSES,
    *item_lists.CLASSES,
    *pictures.CLASSES,
    *submissions.CLASSES,
    *strip_menu.CLASSES,
    *tab.CLASSES,
    *takes.CLASSES,
)


def register() -> None:
    """Stand in the strips' own menu, and keep what the tab enlarges."""
    pictures.register()
    strip_menu.register()


def unregister() -> None:
    """And no more; look for no takes any more."""
    takes.stop()
    strip_menu.unregister()
    pictures.unregister()
