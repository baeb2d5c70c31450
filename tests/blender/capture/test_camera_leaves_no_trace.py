"""Capturing leaves the scene as it was, whatever it was set to and however the capture ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender.capture.camera import Engine, render_camera_frame
from kling_omni_addon.core.errors import CaptureFailed
from tests.workshop.personal_settings import OUTPUTS, make_it_personal
from tests.workshop.settings_dump import everything_in
from tests.workshop.shots import OBSTACLES, Scene


@pytest.mark.parametrize("obstacle", [None, *OBSTACLES])
@pytest.mark.parametrize("output", OUTPUTS)
def test_every_setting_is_afterwards_what_it_was(
    shot: Scene, tmp_path: Path, output: str, obstacle: str | None
) -> None:
    make_it_personal(shot)
    OUTPUTS[output](shot)
    (tmp_path / "file").write_bytes(b"")
    path = OBSTACLES[obstacle](shot, tmp_path / "file") if obstacle else tmp_path / "a.png"
    before = everything_in(shot)
    try:
        render_camera_frame(shot, 21, path, aspect_ratio="1:1", engine=Engine.CYCLES)
    except CaptureFailed:
        assert obstacle is not None
    assert everything_in(shot) == before


class BreaksDown(bpy.types.RenderEngine):
    """An engine that gives up in the middle of a picture."""

    bl_idname = "KLING_TEST_BREAKS_DOWN"
    bl_label = "Breaks Down"

    def render(self, depsgraph: Any) -> None:  # type: ignore[override] # the stubs take it for a setting of that name
        """As Cycles does on a graphics card that is too small."""
        self.error_set("The renderer ran out of memory")
        self.report({"ERROR"}, "The renderer ran out of memory")


@pytest.fixture
def broken_engine() -> Iterator[str]:
    bpy.utils.register_class(BreaksDown)
    yield BreaksDown.bl_idname
    bpy.utils.unregister_class(BreaksDown)


def test_a_renderer_that_breaks_down_gives_no_picture_and_leaves_no_trace(
    shot: Scene, tmp_path: Path, broken_engine: str
) -> None:
    make_it_personal(shot)
    shot.render.engine = broken_engine
    before = everything_in(shot)
    with pytest.raises(CaptureFailed, match="ran out of memory"):
        render_camera_frame(shot, 21, tmp_path / "a.png", aspect_ratio=None)
    assert everything_in(shot) == before
    assert list(tmp_path.iterdir()) == []
