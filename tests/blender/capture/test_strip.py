"""A frame of a strip becomes a picture: the very frame that plays there, as the file has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender.capture import strip as capture_strip
from kling_omni_addon.blender.host.sequencer import new_effect, set_end, strips_of
from kling_omni_addon.blender.timeline.clip_strips import place_clip
from kling_omni_addon.core.errors import CaptureFailed
from tests.workshop.grey_clips import WriteClip, grey_of
from tests.workshop.pixels import paint, red_of, size_of
from tests.workshop.settings_dump import everything_in
from tests.workshop.shots import Scene


@pytest.fixture
def timeline(scene: Scene, write_clip: WriteClip) -> Scene:
    """A 24 fps scene under AgX with a clip of 48 frames at frame 11."""
    clip = write_clip()
    scene.render.fps = 24
    scene.view_settings.view_transform = "AgX"
    place_clip(scene, clip, frame_start=11, name="Clip", submission_id="a")
    return scene


def save(scene: Scene, frame: int, path: Path) -> Path:
    return capture_strip.save_strip_frame(scene, capture_strip.strip_at(scene, frame), frame, path)


@pytest.mark.parametrize(("frame", "of_the_file"), [(11, 0), (12, 1), (34, 23), (58, 47)])
def test_the_picture_is_the_very_frame_of_the_file_in_its_own_colours(
    timeline: Scene, tmp_path: Path, frame: int, of_the_file: int
) -> None:
    assert red_of(save(timeline, frame, tmp_path / "a.png")) == pytest.approx(grey_of(of_the_file), abs=0.009)


def test_a_clip_of_another_frame_rate_ends_with_its_last_frame(
    scene: Scene, write_clip: WriteClip, tmp_path: Path
) -> None:
    scene.render.fps = 30
    place_clip(scene, write_clip(), frame_start=1, name="Clip", submission_id="a")
    assert red_of(save(scene, 60, tmp_path / "a.png")) == pytest.approx(grey_of(47), abs=0.009)
    assert red_of(save(scene, 31, tmp_path / "b.png")) == pytest.approx(grey_of(24), abs=0.009)


def test_trimming_counts(timeline: Scene, tmp_path: Path) -> None:
    strip = capture_strip.strip_at(timeline, 20)
    end = "right_handle" if hasattr(strip, "right_handle") else "frame_final_end"
    setattr(strip, end, 31)
    assert red_of(save(timeline, 30, tmp_path / "a.png")) == pytest.approx(grey_of(19), abs=0.009)
    with pytest.raises(CaptureFailed, match="No movie or image strip is at frame 31"):
        capture_strip.strip_at(timeline, 31)


def test_what_the_timeline_makes_of_the_frame_is_left_out(timeline: Scene, tmp_path: Path) -> None:
    strip: Any = capture_strip.strip_at(timeline, 12)
    strip.blend_alpha, strip.color_multiply, strip.transform.offset_x, strip.crop.min_x = 0.3, 0.5, 40, 20
    strip.modifiers.new("Bright", "BRIGHT_CONTRAST").bright = 50
    new_effect(strips_of(timeline), "COLOR", name="Title", channel=9, frame_start=1, length=60).color = (1, 0, 0)
    timeline.animation_data_create()
    strip.keyframe_insert("blend_alpha", frame=12)
    assert red_of(save(timeline, 12, tmp_path / "a.png")) == pytest.approx(grey_of(1), abs=0.009)


def test_a_clip_too_small_for_the_service_is_enlarged(timeline: Scene, tmp_path: Path) -> None:
    assert size_of(save(timeline, 12, tmp_path / "a.png")) == (300, 300)


def test_an_image_strip_gives_its_image(scene: Scene, tmp_path: Path) -> None:
    path = paint(tmp_path / "still.png", (400, 320), 0.5)
    scene.sequence_editor_create()
    strips_of(scene).new_image("Still", str(path), 1, 5)
    before = path.read_bytes()
    picture = save(scene, 5, tmp_path / "a.png")
    assert (picture, path.read_bytes() == before) == (tmp_path / "a.png", True), "the strip's own file is never written"
    assert size_of(picture) == (400, 320)
    assert red_of(picture) == pytest.approx(0.5, abs=0.004)


def test_the_active_strip_comes_first_then_the_topmost_that_is_seen(timeline: Scene, write_clip: WriteClip) -> None:
    for name, channel in (("Above", 4), ("Muted", 6)):
        place_clip(timeline, write_clip(), frame_start=11, name=name, submission_id=name, channel=channel)
    strips = strips_of(timeline)
    strips["Muted"].mute = True
    timeline.sequence_editor.active_strip = None
    assert capture_strip.strip_at(timeline, 20).name == "Above"
    timeline.sequence_editor.active_strip = strips["Clip"]
    assert capture_strip.strip_at(timeline, 20).name == "Clip"


def test_a_missing_file_is_told_rather_than_a_black_picture_made(timeline: Scene, tmp_path: Path) -> None:
    capture_strip.strip_at(timeline, 12).filepath = str(tmp_path / "gone.mp4")
    with pytest.raises(CaptureFailed, match=r"gone\.mp4 cannot be read"):
        save(timeline, 12, tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("obstacle", ["none", "file", "folder"])
def test_nothing_is_left_behind_in_the_scene_or_the_file(timeline: Scene, tmp_path: Path, obstacle: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    strip: Any = capture_strip.strip_at(timeline, 12)
    if obstacle == "file":
        strip.filepath = str(tmp_path / "gone.mp4")
    path = tmp_path / ("file/a.png" if obstacle == "folder" else "a.png")
    timeline.render.use_stamp, timeline.view_settings.exposure = True, 2.0
    before = everything_in(timeline), everything_in(strip), len(bpy.data.images), len(bpy.data.scenes)
    render_results = sum(image.type == "RENDER_RESULT" for image in bpy.data.images)
    try:
        save(timeline, 12, path)
    except CaptureFailed:
        assert obstacle != "none"
    made = sum(image.type == "RENDER_RESULT" for image in bpy.data.images) - render_results
    images = len(bpy.data.images) - made
    assert (everything_in(timeline), everything_in(strip), images, len(bpy.data.scenes)) == before


def test_a_strip_inside_a_meta_strip_gives_its_frame(timeline: Scene, write_clip: WriteClip, tmp_path: Path) -> None:
    meta = strips_of(timeline).new_meta("Meta", 3, 11)
    inside = meta.strips if hasattr(meta, "strips") else meta.sequences
    timeline.sequence_editor.active_strip = inside.new_movie("Inside", str(write_clip()), 1, 11)
    set_end(meta, 59)
    meta.blend_alpha, meta.channels[1].mute = 0.2, True
    strips_of(timeline)["Clip"].mute = True
    assert red_of(save(timeline, 34, tmp_path / "a.png")) == pytest.approx(grey_of(23), abs=0.009)
