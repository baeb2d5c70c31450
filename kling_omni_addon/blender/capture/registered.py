"""What Blender is given of this room."""

from __future__ import annotations

from . import dropping, footage_operators, frame_overlay, keyframes, menus, operators

CLASSES = (
    *operators.CLASSES,
    *keyframes.CLASSES,
    *footage_operators.CLASSES,
    *menus.CLASSES,
    *dropping.CLASSES,
    frame_overlay.KLING_OT_toggle_frame_overlay,
)


def register() -> None:
    """Nothing but the classes: the overlay is drawn when the artist turns it on."""


def unregister() -> None:
    """Take the overlay away."""
    frame_overlay.hide()
