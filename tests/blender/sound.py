"""What this Blender can do with sound: the bpy wheel of 4.2 is built without."""

from __future__ import annotations

from typing import Any

import bpy
import pytest

_build: Any = bpy.app.build_options  # the stubs lack its members
HAS_SOUND = bool(_build.audaspace)
needs_sound = pytest.mark.skipif(not HAS_SOUND, reason="this Blender was built without sound")
