"""What Blender is given of this room."""

from __future__ import annotations

from . import otio_export

CLASSES = otio_export.CLASSES


def register() -> None:
    """Stand in Blender's export menu."""
    otio_export.register()


def unregister() -> None:
    """And no more."""
    otio_export.unregister()
