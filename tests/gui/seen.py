"""Every setting that a capture in the window might change, to be compared before and after."""

from __future__ import annotations

import bpy

from tests.gui.in_window import area
from tests.workshop.settings_dump import everything_in


def everything() -> dict[str, str]:
    """Every setting of the scene, of the view that a picture is taken of, and of what the window shows."""
    space, preferences = area("VIEW_3D").spaces.active, bpy.context.preferences
    assert preferences is not None
    parts = {
        "overlay": space.overlay,
        "shading": space.shading,
        "looks": space.region_3d,
        "scene": bpy.context.scene,
        "preferences": preferences.view,
    }
    settings = {
        name: str(value) for part, struct in parts.items() for name, value in everything_in(struct, part).items()
    }
    settings = {name: value for name, value in settings.items() if not name.startswith("scene.kling")}
    windows = bpy.context.window_manager.windows
    return settings | {
        "scenes": str(len(bpy.data.scenes)),
        "windows": str([[a.type for a in window.screen.areas] for window in windows]),
    }


def changes(before: dict[str, str]) -> list[str]:
    """What is no longer as it was."""
    after = everything()
    return [f"{name}: {value} -> {after.get(name)}" for name, value in before.items() if after.get(name) != value]
