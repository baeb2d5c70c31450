"""A script as README has it, killed at a named moment: ``killed_script.py MOMENT FILM.blend``; ``-`` for no kill."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).parents[3]))

import kling_omni_addon
from tests.workshop import crashing_command_line as crashing

moment, film = sys.argv[1:3]
if moment != "-":
    crashing.MOMENTS.get(moment, crashing.at_event)(moment)
kling_omni_addon.register()
bpy.ops.wm.open_mainfile(filepath=film)
scene: Any = bpy.context.scene
scene.kling.kind, scene.kling.prompt = "TEXT", "The camera rises slowly around the lighthouse"
scene.kling.mode, scene.kling.duration_s = "std", 3
shot_name = bpy.path.basename(bpy.data.filepath)
bpy.ops.kling.submit(once=shot_name, wait_s=120)
bpy.ops.wm.save_mainfile()
kling_omni_addon.unregister()
