"""What Blender is given of this room."""

from __future__ import annotations

from . import deletions, diagnosis, element_library, opening, uploads

CLASSES = (*element_library.CLASSES, *diagnosis.CLASSES)


def register() -> None:
    """Keep the element library in the window manager; remember what is uploaded, to delete it one day."""
    element_library.register()
    uploads.heard.connect(deletions.remember)
    opening.changed.connect(deletions.delete_unneeded)
    opening.closed.connect(deletions.forget)


def unregister() -> None:
    """And no more."""
    opening.closed.disconnect(deletions.forget)
    opening.changed.disconnect(deletions.delete_unneeded)
    uploads.heard.disconnect(deletions.remember)
    element_library.unregister()
