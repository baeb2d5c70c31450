"""Strips become a video that Kling takes, and the scene is as it was. Rendered for real, and read by the file's own
boxes.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender import api
from kling_omni_addon.blender.connection import limits
from kling_omni_addon.blender.host.sequencer import new_effect, set_end, set_start, strips_of
from kling_omni_addon.blender.timeline.clip_strips import place_clip
from kling_omni_addon.core.errors import CaptureFailed
from kling_omni_addon.core.media import VideoFacts
from kling_omni_addon.rehearsal.video_facts import video_facts
from tests.blender.sound import needs_sound
from tests.workshop.grey_clips import WriteClip, grey_of
from tests.workshop.pixels import paint, red_of
from tests.workshop.settings_dump import everything_in
from tests.workshop.shots import Scene


@pytest.fixture
def timeline(shot_scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A saved 24 fps scene of 64 x 64, which is quick, with limits that take so little: core/test_footage.py has the
    real ones.
    """
    general = limits.of_model
    small = replace(general("kling-v3-omni").video, side=(64, 4553))
    monkeypatch.setattr(limits, "of_model", lambda name: replace(general(name), video=small))
    shot_scene.render.fps, shot_scene.render.resolution_x, shot_scene.render.resolution_y = 24, 64, 64
    shot_scene.render.resolution_percentage = 50  # that of the artist's previews is not the video's
    shot_scene.view_settings.view_transform = "Standard"
    shot_scene.sequence_editor_create()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "film.blend"))
    return shot_scene


def card(scene: Scene, name: str, *, channel: int, start: int, length: int, red: float = 0.0) -> Any:
    """A strip of one colour, not selected."""
    strip = new_effect(strips_of(scene), "COLOR", name=name, channel=channel, frame_start=start, length=length)
    strip.color, strip.select = (red, 0.0, 0.0), False
    return strip


def select(scene: Scene, *names: str) -> None:
    for strip in strips_of(scene):
        strip.select = strip.name in names
    scene.sequence_editor.active_strip = None


def told(facts: VideoFacts) -> tuple[Any, ...]:
    assert facts.fps is not None
    assert facts.duration_s is not None
    return facts.width, facts.height, round(facts.fps, 3), round(facts.duration_s, 3)


def reds_of(video: Path, frames: list[int]) -> list[float]:
    """How red the middle of a video is at its frames, counted from 1."""
    viewer = bpy.data.scenes.new("Viewer")
    viewer.sequence_editor_create()
    viewer.view_settings.view_transform = "Standard"
    viewer.render.resolution_x = viewer.render.resolution_y = 64
    strips_of(viewer).new_movie("Video", str(video), 1, 1)
    reds = []
    with bpy.context.temp_override(scene=viewer):
        for frame in frames:
            viewer.frame_set(frame)
            bpy.ops.render.render()
            bpy.data.images["Render Result"].save_render(str(video.with_suffix(".png")), scene=viewer)
            reds.append(red_of(video.with_suffix(".png")))
    bpy.data.scenes.remove(viewer)
    return reds


def test_the_visible_range_of_a_strip_is_rendered_at_the_timelines_size(timeline: Scene, write_clip: WriteClip) -> None:
    place_clip(timeline, write_clip(frames=120), frame_start=50, name="Clip", submission_id="")
    strip = strips_of(timeline)["Clip"]
    set_start(strip, 60)
    set_end(strip, 140)
    select(timeline, "Clip")
    video = api.render_strips(timeline)
    assert told(video_facts(video)) == (64, 64, 24.0, 3.333)
    assert reds_of(video, [1, 80]) == pytest.approx([grey_of(10, 120), grey_of(89, 120)], abs=0.02)


def test_selected_strips_are_shown_as_cut_and_nothing_else(timeline: Scene) -> None:
    card(timeline, "One", channel=1, start=1, length=48, red=1.0)
    card(timeline, "Two", channel=2, start=49, length=48, red=0.5)
    card(timeline, "Above", channel=5, start=1, length=300, red=0.0)
    select(timeline, "One", "Two")
    video = api.render_strips(timeline)
    assert told(video_facts(video)) == (64, 64, 24.0, 4.0)
    assert reds_of(video, [1, 48, 49, 96]) == pytest.approx([1.0, 1.0, 0.5, 0.5], abs=0.02)
    assert timeline.kling.footage_origin == "One and 1 more, frames 1 to 96"


def test_the_active_strip_is_meant_where_none_is_selected(timeline: Scene) -> None:
    strip = card(timeline, "One", channel=1, start=1, length=72)
    timeline.sequence_editor.active_strip = strip
    assert told(video_facts(api.render_strips(timeline)))[3] == 3.0


def test_fades_play(timeline: Scene) -> None:
    strip = card(timeline, "One", channel=1, start=1, length=72, red=1.0)
    for frame, alpha in ((1, 0.0), (72, 1.0)):
        strip.blend_alpha = alpha
        strip.keyframe_insert("blend_alpha", frame=frame)
    strip.blend_type = "ALPHA_OVER"
    select(timeline, "One")
    first, last = reds_of(api.render_strips(timeline), [1, 72])
    assert (first < 0.1, last > 0.9) == (True, True)


def test_a_meta_strip_is_rendered_with_what_it_holds(timeline: Scene) -> None:
    meta = strips_of(timeline).new_meta("Meta", 1, 1)
    held = meta.strips if hasattr(meta, "strips") else meta.sequences
    new_effect(held, "COLOR", name="Inside", channel=1, frame_start=1, length=72).color = (1.0, 0.0, 0.0)
    set_end(meta, 73)
    select(timeline, "Meta")
    assert reds_of(api.render_strips(timeline), [36]) == pytest.approx([1.0], abs=0.02)


def test_a_scene_strip_is_rendered_with_what_its_scene_shows(timeline: Scene) -> None:
    other = bpy.data.scenes.new("Set")
    other.view_settings.view_transform, other.frame_end = "Standard", 72
    other.sequence_editor_create()
    card(other, "Inside", channel=1, start=1, length=72, red=1.0)
    strips_of(timeline).new_scene("Set", other, 1, 1).scene_input = "SEQUENCER"
    select(timeline, "Set")
    video = api.render_strips(timeline)
    assert told(video_facts(video)) == (64, 64, 24.0, 3.0)
    assert reds_of(video, [36]) == pytest.approx([1.0], abs=0.02)


@pytest.mark.parametrize(
    ("size", "rendered"),
    [((97, 65), (96, 64)), ((48, 27), (114, 64)), ((200, 66), (164, 66))],
)
def test_an_illegal_size_is_scaled_and_the_picture_with_it(
    timeline: Scene, tmp_path: Path, size: tuple[int, int], rendered: tuple[int, int]
) -> None:
    timeline.render.resolution_x, timeline.render.resolution_y = size
    still = paint(tmp_path / "still.png", size, 0.5)
    strip = strips_of(timeline).new_image("Still", str(still), 1, 1)
    set_end(strip, 73)
    select(timeline, "Still")
    video = api.render_strips(timeline)
    assert told(video_facts(video)) == (*rendered, 24.0, 3.0)
    assert corner_of(video, rendered) == pytest.approx(0.5, abs=0.02), "the still fills the frame to its corners"


def test_the_limits_in_force_decide_about_the_size(shot_scene: Scene, tmp_path: Path) -> None:
    shot_scene.render.resolution_x, shot_scene.render.resolution_y = 640, 360
    shot_scene.sequence_editor_create()
    card(shot_scene, "One", channel=1, start=1, length=72)
    select(shot_scene, "One")
    video = api.render_strips(shot_scene)
    assert told(video_facts(video)) == (1248, 702, 24.0, 3.0)
    assert video.parent == tmp_path / "home" / "footage", "the file is not saved"


def corner_of(video: Path, size: tuple[int, int]) -> float:
    """How red the last pixel of a video's first frame is."""
    viewer = bpy.data.scenes.new("Viewer")
    viewer.sequence_editor_create()
    viewer.view_settings.view_transform = "Standard"
    viewer.render.resolution_x, viewer.render.resolution_y = size
    strips_of(viewer).new_movie("Video", str(video), 1, 1)
    with bpy.context.temp_override(scene=viewer):
        bpy.ops.render.render()
    bpy.data.images["Render Result"].save_render(str(video.with_suffix(".png")), scene=viewer)
    bpy.data.scenes.remove(viewer)
    image = bpy.data.images.load(str(video.with_suffix(".png")))
    pixels: Any = image.pixels
    found = min(pixels[0], pixels[-4])
    bpy.data.images.remove(image)
    return float(found)


@pytest.mark.parametrize(
    ("fps", "base", "frames", "facts"),
    [
        (120, 1.0, 480, (60.0, 4.0)),
        (30, 1.001, 120, (29.97, 4.004)),
    ],
)
def test_an_illegal_rate_keeps_the_speed(
    timeline: Scene, fps: int, base: float, frames: int, facts: tuple[float, float]
) -> None:
    timeline.render.fps, timeline.render.fps_base = fps, base
    strip = card(timeline, "Fade", channel=1, start=5, length=frames)
    for frame, red in ((5, 0.0), (4 + frames, 1.0)):
        strip.color = (red, 0.0, 0.0)
        strip.keyframe_insert("color", frame=frame)
    for curve in fcurves_of(timeline):
        for point in curve.keyframe_points:
            point.interpolation = "LINEAR"
    select(timeline, "Fade")
    video = api.render_strips(timeline)
    assert told(video_facts(video))[2:] == facts
    count = round(facts[0] * facts[1])
    reds = reds_of(video, [1, count // 2, count])
    assert reds == pytest.approx([0.0, 0.5, 1.0], abs=0.04)


def fcurves_of(scene: Scene) -> list[Any]:
    """The curves of a scene's action, which lie in slots from 4.4 on."""
    action: Any = scene.animation_data.action
    if hasattr(action, "fcurves"):
        return list(action.fcurves)
    return [
        curve for layer in action.layers for part in layer.strips for bag in part.channelbags for curve in bag.fcurves
    ]


def test_what_is_too_long_is_a_sentence_and_is_cut_when_asked(timeline: Scene) -> None:
    card(timeline, "Long", channel=1, start=1, length=600)
    select(timeline, "Long")
    with pytest.raises(CaptureFailed, match=r"This is 25 s long; Kling takes at most 15\.5 s\."):
        api.render_strips(timeline)
    assert timeline.kling.footage == ""
    assert told(video_facts(api.render_strips(timeline, cuts=True)))[3] == 15.5


def test_what_cannot_become_a_video_is_a_sentence(timeline: Scene, tmp_path: Path) -> None:
    with pytest.raises(CaptureFailed, match="No strip with an image is selected"):
        api.render_strips(timeline)
    card(timeline, "Short", channel=1, start=1, length=24)
    select(timeline, "Short")
    with pytest.raises(CaptureFailed, match="The strips last 1 s"):
        api.render_strips(timeline)
    still = paint(tmp_path / "gone.png", (64, 64), 0.5)
    strips_of(timeline).new_image("Gone", str(still), 2, 1)
    still.unlink()
    select(timeline, "Gone")
    with pytest.raises(CaptureFailed, match=r'gone\.png of the strip "Gone" is missing'):
        api.render_strips(timeline)
    timeline.render.pixel_aspect_x = 2.0
    card(timeline, "Wide", channel=3, start=1, length=100)
    select(timeline, "Wide")
    with pytest.raises(CaptureFailed, match="has non-square pixels"):
        api.render_strips(timeline)


def test_the_scene_is_as_it_was_and_only_the_video_is_new(timeline: Scene, tmp_path: Path) -> None:
    card(timeline, "One", channel=1, start=1, length=72)
    hidden = card(timeline, "Hidden", channel=2, start=1, length=72)
    hidden.mute = True
    select(timeline, "One")
    before = {name: value for name, value in everything_in(timeline).items() if not name.startswith("scene.kling")}
    scenes, strips = len(bpy.data.scenes), [(s.name, s.mute) for s in strips_of(timeline)]
    video = api.render_strips(timeline)
    after = {name: value for name, value in everything_in(timeline).items() if not name.startswith("scene.kling")}
    assert [name for name in before if before[name] != after[name]] == []
    assert (len(bpy.data.scenes), [(s.name, s.mute) for s in strips_of(timeline)]) == (scenes, strips)
    assert video.parent == tmp_path / "kling" / "footage"
    assert list(video.parent.iterdir()) == [video]
    assert str(tmp_path).encode() not in video.read_bytes(), "no path of this computer is in the video"


@needs_sound
def test_a_strip_with_sound_gives_a_video_with_sound(timeline: Scene, write_clip: WriteClip) -> None:
    clip = write_clip(frames=96, has_sound=True)
    strips_of(timeline).new_movie("Clip", str(clip), 1, 1)
    strips_of(timeline).new_sound("Tone", str(clip), 2, 1)
    select(timeline, "Clip", "Tone")
    assert b"soun" in api.render_strips(timeline).read_bytes()
    select(timeline, "Clip")
    assert b"soun" not in api.render_strips(timeline).read_bytes()
