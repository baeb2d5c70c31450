"""What is chosen in the preferences: the page that it is chosen on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender.connection import preferences

Scene = Any
Page = Any


@pytest.fixture
def page(shot_scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """The page as a fresh install has it."""
    home = os.environ["KLING_HOME"]
    for name in [name for name in os.environ if name.startswith("KLING_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("KLING_HOME", home)
    enabled: Any = bpy.context.preferences.addons.new()
    enabled.module = preferences.ROOT_PACKAGE
    shot_scene.kling.prompt = "a fox runs"
    yield enabled.preferences
    bpy.context.preferences.addons.remove(enabled)
