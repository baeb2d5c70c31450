"""Where a change of a shot is told: the properties send it, the judge hears it."""

from __future__ import annotations

import bpy

from ..host.signals import Signal

shot_changed: Signal[[bpy.types.Scene]] = Signal()
"""Something of this scene's shot is other than before."""
