"""What Blender is given of this room."""

from __future__ import annotations

from . import element_library

CLASSES = element_library.CLASSES


def register() -> None:
    """Keep the element library in the window manager."""
    element_library.register()


def unregister() -> None:
    """Take it out again."""
    element_library.unregister()
