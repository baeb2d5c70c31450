"""What Blender is given of this room."""

from __future__ import annotations

from . import load_settings, operators

CLASSES = (*load_settings.CLASSES, *operators.CLASSES)
