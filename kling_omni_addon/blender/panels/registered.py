"""What Blender is given of this room. Panels stand in the tab in the order in which they are registered."""

from __future__ import annotations

from . import library, output, preferences_page, sources, strip_menu, submissions, tab, takes

CLASSES = (
    preferences_page.KLING_AP_preferences,
    *library.CLASSES,
    *output.CLASSES,
    *sources.CLASSES,
    *submissions.CLASSES,
    *strip_menu.CLASSES,
    *tab.CLASSES,
    *takes.CLASSES,
)


def register() -> None:
    """Stand in the strips' own menu."""
    strip_menu.register()


def unregister() -> None:
    """And no more; look for no takes any more."""
    takes.stop()
    strip_menu.unregister()
