"""What Blender is given of this room."""

from __future__ import annotations

from ..connection import element_library
from . import making, operators, records

CLASSES = (*records.CLASSES, *operators.CLASSES)


def register() -> None:
    """Keep elements with what they were made of, and know the library by its names."""
    records.register()
    element_library.listed.connect(making.name_rows)


def unregister() -> None:
    """And no more."""
    element_library.listed.disconnect(making.name_rows)
    records.unregister()
