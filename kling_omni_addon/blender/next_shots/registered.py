"""What Blender is given of this room."""

from __future__ import annotations

from . import bridge, each_shot, follow, storyboard

CLASSES = (*follow.CLASSES, *bridge.CLASSES, *storyboard.CLASSES, *each_shot.CLASSES)
