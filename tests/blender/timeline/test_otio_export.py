"""The hand-over, read with the real OpenTimelineIO: ranges, files, tracks, speed, and where the clips come from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

import bpy
import pytest

from kling_omni_addon.blender.host.sequencer import new_effect, set_end, set_start, strips_of
from kling_omni_addon.blender.timeline import provenance
from kling_omni_addon.blender.timeline.clip_strips import place_clip
from kling_omni_addon.blender.timeline.otio_export import export_otio
from kling_omni_addon.blender.timeline.our_strips import find_strip
from kling_omni_addon.core.errors import KlingError
from tests.blender.sound import needs_sound
from tests.workshop.grey_clips import WriteClip
from tests.workshop.transitions import add_cross

otio: Any = pytest.importorskip("opentimelineio", reason="has no wheel for this Python")

Scene = Any

_ALIVE: list[Any] = []  # a clip does not keep the timeline that it is on


@pytest.fixture
def film(scene: Scene) -> Scene:
    """A scene of 30 frames a second that begins at frame 1."""
    scene.render.fps = 30
    scene.sequence_editor_create()
    return scene


def add(scene: Scene, clip: Path, *, frame_start: int = 1, channel: int = 1, **how: Any) -> Any:
    name = f"clip {frame_start} {channel}"
    place_clip(scene, clip, frame_start=frame_start, channel=channel, name=name, submission_id=name, **how)
    return find_strip(scene, name)


def exported(scene: Scene, folder: Path, *, is_relative: bool = False) -> Any:
    path = folder / "cut.otio"
    export_otio(scene, path, is_relative=is_relative)
    _ALIVE.append(otio.adapters.read_from_file(str(path)))
    return _ALIVE[-1]


def clips_of(timeline: Any, kind: str = "Video") -> list[Any]:
    tracks = timeline.video_tracks() if kind == "Video" else timeline.audio_tracks()
    return [clip for track in tracks for clip in track if isinstance(clip, otio.schema.Clip)]


def shown_at(clip: Any, fps: float = 30.0) -> Any:
    """From which to before which frame of the scene's timeline a clip shows, counted from 0."""
    found = clip.range_in_parent()
    start, duration = (time.rescaled_to(fps).value for time in (found.start_time, found.duration))
    return pytest.approx(start), pytest.approx(start + duration)


def source_of(clip: Any) -> Any:
    """Its first frame, how long it lasts, and in which rate."""
    start, duration = clip.source_range.start_time, clip.source_range.duration
    assert start.rate == duration.rate
    return start.value, duration.value, start.rate


def file_of(clip: Any) -> Path:
    parts = urlsplit(clip.media_reference.target_url)
    assert parts.scheme == "file"
    return Path(url2pathname(parts.path))


def test_a_clip_at_its_own_speed_is_its_whole_file_in_its_own_rate(
    film: Scene, write_clip: WriteClip, tmp_path: Path
) -> None:
    add(film, write_clip(), frame_start=11)
    (clip,) = clips_of(exported(film, tmp_path))
    assert source_of(clip) == (0, 48, 24)
    assert shown_at(clip) == (10, 70)
    assert clip.effects[:] == []
    assert file_of(clip) == write_clip()
    available = clip.media_reference.available_range
    assert (available.start_time.value, available.duration.value, available.duration.rate) == (0, 48, 24)


@pytest.mark.parametrize(("fps", "fps_base"), [(24, 1.001), (24, 1.0), (25, 1.0), (30, 1.001), (50, 1.0), (60, 1.0)])
def test_its_own_speed_is_no_warp_at_any_rate_of_the_scene(
    film: Scene, write_clip: WriteClip, tmp_path: Path, fps: int, fps_base: float
) -> None:
    film.render.fps, film.render.fps_base = fps, fps_base
    add(film, write_clip())
    (clip,) = clips_of(exported(film, tmp_path))
    assert clip.effects[:] == []
    assert source_of(clip) == (0, pytest.approx(48, abs=1), 24)


def test_trims_are_frames_of_the_file(film: Scene, write_clip: WriteClip, tmp_path: Path) -> None:
    strip = add(film, write_clip(), frame_start=1)
    set_start(strip, 1 + 15)
    set_end(strip, 61 - 20)
    (clip,) = clips_of(exported(film, tmp_path))
    assert source_of(clip) == (pytest.approx(12), pytest.approx(20), 24)
    assert shown_at(clip) == (15, 40)


def test_a_clip_that_plays_faster_says_so_and_uses_all_of_its_file(
    film: Scene, write_clip: WriteClip, tmp_path: Path
) -> None:
    add(film, write_clip(), timing="frames")
    (clip,) = clips_of(exported(film, tmp_path))
    (warp,) = clip.effects
    assert isinstance(warp, otio.schema.LinearTimeWarp)
    assert warp.time_scalar == pytest.approx(1.25)
    start, duration, _ = source_of(clip)
    assert (start, duration * warp.time_scalar) == (0, pytest.approx(48))
    assert shown_at(clip) == (0, 48)


def test_a_stretched_clip_says_so(film: Scene, write_clip: WriteClip, tmp_path: Path) -> None:
    add(film, write_clip(), fit_frames=120)
    (clip,) = clips_of(exported(film, tmp_path))
    assert clip.effects[0].time_scalar == pytest.approx(0.5, abs=0.02)
    assert shown_at(clip) == (0, pytest.approx(120, abs=1))


@pytest.mark.parametrize(("control", "scalar"), [("STRETCH", 2.0), ("MULTIPLY", 1.5)])
def test_a_speed_effect_of_the_artists_counts(
    film: Scene, write_clip: WriteClip, tmp_path: Path, control: str, scalar: float
) -> None:
    film.render.fps = 24
    strip = add(film, write_clip())
    set_end(strip, 25)
    effect = new_effect(strips_of(film), "SPEED", name="Fast", channel=2, frame_start=1, length=24, over=strip)
    effect.speed_control = control
    if control == "MULTIPLY":
        effect.speed_factor = 1.5
    (clip,) = clips_of(exported(film, tmp_path))
    assert clip.effects[0].time_scalar == pytest.approx(scalar)


def test_every_channel_is_a_track_from_the_bottom_up_with_gaps_between(
    film: Scene, write_clip: WriteClip, tmp_path: Path
) -> None:
    for channel, start in ((1, 1), (1, 101), (3, 31)):
        add(film, write_clip(), frame_start=start, channel=channel)
    timeline = exported(film, tmp_path)
    tracks = [[type(item).__name__ for item in track] for track in timeline.video_tracks()]
    assert tracks == [["Clip", "Gap", "Clip"], ["Gap", "Clip"]]
    assert [shown_at(clip) for clip in clips_of(timeline)] == [(0, 60), (100, 160), (30, 90)]
    assert timeline.duration().rescaled_to(30).value == pytest.approx(160)
    assert timeline.name == film.name


@needs_sound
def test_sound_has_tracks_of_its_own_in_step(film: Scene, write_clip: WriteClip, tmp_path: Path) -> None:
    add(film, write_clip(has_sound=True), frame_start=11)
    timeline = exported(film, tmp_path)
    (sound,) = clips_of(timeline, "Audio")
    assert shown_at(sound) == (10, 70)
    assert file_of(sound) == write_clip(has_sound=True)
    assert len(clips_of(timeline)) == 1


def test_what_is_muted_is_left_out(film: Scene, write_clip: WriteClip, tmp_path: Path) -> None:
    kept, muted = add(film, write_clip()), add(film, write_clip(), frame_start=101)
    add(film, write_clip(), channel=3)
    muted.mute = True
    film.sequence_editor.channels[3].mute = True
    assert [clip.name for clip in clips_of(exported(film, tmp_path))] == [kept.name]


def test_a_meta_strip_shows_what_it_shows(film: Scene, write_clip: WriteClip, tmp_path: Path) -> None:
    inner, outer = add(film, write_clip(), frame_start=1), add(film, write_clip(), frame_start=201)
    meta = strips_of(film).new_meta("Scene 1", 5, 1)
    inner.move_to_meta(meta)
    set_end(meta, 41)
    set_start(meta, 11)
    found = {clip.name: clip for clip in clips_of(exported(film, tmp_path))}
    assert set(found) == {inner.name, outer.name}
    assert shown_at(found[inner.name]) == (10, 40)
    assert source_of(found[inner.name]) == (pytest.approx(8), pytest.approx(24), 24)


@pytest.mark.parametrize("kind", ["CROSS", "GAMMA_CROSS"])
def test_a_cross_fade_is_a_dissolve_on_one_track(film: Scene, write_clip: WriteClip, tmp_path: Path, kind: str) -> None:
    film.render.fps = 24
    before, after = add(film, write_clip(), frame_start=1), add(film, write_clip(), frame_start=37, channel=2)
    add_cross(film, before, after, channel=9, kind=kind)
    timeline = exported(film, tmp_path)
    (track,) = timeline.video_tracks()
    first, fade, second = track
    assert [shown_at(clip, 24) for clip in (first, second)] == [(0, 36), (36, 84)]
    assert isinstance(fade, otio.schema.Transition)
    assert (fade.in_offset.value, fade.out_offset.value, fade.out_offset.rate) == (0, 12, 24)
    needed = first.source_range.end_time_exclusive() + fade.out_offset
    assert needed <= first.media_reference.available_range.end_time_exclusive()


def test_a_cross_fade_with_something_in_the_way_stays_in_blender(
    film: Scene, write_clip: WriteClip, tmp_path: Path
) -> None:
    film.render.fps = 24
    before, after = add(film, write_clip(), frame_start=1), add(film, write_clip(), frame_start=37, channel=2)
    add(film, write_clip(), frame_start=60)
    add_cross(film, before, after, channel=9)
    assert export_otio(film, tmp_path / "cut.otio") == (3, 1)
    assert len(exported(film, tmp_path).video_tracks()) == 2


def test_pictures_that_are_held_beyond_the_file_are_not_promised(
    film: Scene, write_clip: WriteClip, tmp_path: Path
) -> None:
    film.render.fps = 24
    strip = add(film, write_clip(), frame_start=11)
    set_start(strip, 1)
    set_end(strip, 70)
    (clip,) = clips_of(exported(film, tmp_path))
    assert source_of(clip) == (0, 48, 24)
    assert shown_at(clip, 24) == (10, 58)


def test_links_can_be_relative_so_that_all_moves_together(film: Scene, write_clip: WriteClip, tmp_path: Path) -> None:
    clip = tmp_path / "clips" / "ein Füchslein #1.mp4"
    clip.parent.mkdir()
    clip.write_bytes(write_clip().read_bytes())
    add(film, clip)
    (found,) = clips_of(exported(film, tmp_path, is_relative=True))
    link = found.media_reference.target_url
    assert not link.startswith(("/", "file:"))
    assert (tmp_path / unquote(link)).samefile(clip)
    (found,) = clips_of(exported(film, tmp_path))
    assert file_of(found) == clip


def test_a_clip_carries_where_it_comes_from(film: Scene, write_clip: WriteClip, tmp_path: Path) -> None:
    strip = add(film, write_clip())
    said = {"submission": "kob-1", "shot": "kob-1", "model": "kling-v3-omni", "prompt": "ein Fuchs 狐", "task": "811"}
    provenance.mark_with(strip, said | {"wish": {"prompt": "ein Fuchs 狐", "mode": "pro"}})
    (clip,) = clips_of(exported(film, tmp_path))
    kept = clip.metadata["kling_omni"]
    assert {name: kept[name] for name in said} == said
    assert kept["wish"]["mode"] == "pro"


def test_a_file_that_is_gone_is_still_named(film: Scene, write_clip: WriteClip, tmp_path: Path) -> None:
    lost = tmp_path / "lost.mp4"
    lost.write_bytes(write_clip().read_bytes())
    add(film, lost)
    lost.unlink()
    (clip,) = clips_of(exported(film, tmp_path))
    assert file_of(clip) == lost
    assert shown_at(clip) == (0, 60)


def test_an_empty_timeline_writes_nothing(film: Scene, tmp_path: Path) -> None:
    with pytest.raises(KlingError, match="has no clips"):
        export_otio(film, tmp_path / "cut.otio")
    assert list(tmp_path.iterdir()) == []


def test_the_operator_says_what_was_left_out(
    shot_scene: Scene, write_clip: WriteClip, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    add(shot_scene, write_clip())
    strips = strips_of(shot_scene)
    new_effect(strips, "TEXT", name="Title", channel=9, frame_start=1, length=20)
    path = tmp_path / "cut.otio"
    assert bpy.ops.kling.export_otio(filepath=str(path)) == {"FINISHED"}
    assert "Wrote 1 clip to cut.otio" in capfd.readouterr().out
    assert json.loads(path.read_text("utf-8"))["OTIO_SCHEMA"] == "Timeline.1"
    with pytest.raises(RuntimeError, match="cannot be written"):
        bpy.ops.kling.export_otio(filepath=str(tmp_path / "nowhere" / "cut.otio"))
