"""A strip becomes a clip where it is: what an artist did to it stays, and there is one strip, whatever is undone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender.host.sequencer import (
    all_strips,
    end_of,
    new_effect,
    set_end,
    set_start,
    start_of,
    strips_of,
)
from kling_omni_addon.blender.timeline.clip_strips import place_clip, replace_source
from kling_omni_addon.blender.timeline.our_strips import find_strip
from kling_omni_addon.blender.timeline.stand_in import is_stand_in, new_stand_in, remove_stand_ins
from kling_omni_addon.core.errors import ClipUnusable
from tests.blender.sound import needs_sound
from tests.workshop.coded_clip import HEIGHT, WIDTH, shown_frames, write_coded_clip
from tests.workshop.grey_clips import write_grey_clip
from tests.workshop.transitions import add_cross

Scene = Any  # the stubs know one Blender, these tests run in several
Strip = Any

START = 40
SECONDS = 4


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where coded clips are, each made once."""
    return tmp_path_factory.mktemp("coded")


@pytest.fixture(params=[24, 30], ids=["24 fps", "30 fps"])
def film(request: pytest.FixtureRequest, scene: Scene) -> Scene:
    scene.render.fps = request.param
    scene.render.resolution_x, scene.render.resolution_y = WIDTH, HEIGHT
    return scene


@pytest.fixture
def clip(clips: Path) -> Path:
    """What is planned: four seconds."""
    return write_coded_clip(clips, frames=24 * SECONDS)


def add_stand_in(scene: Scene, folder: Path, *, channel: int = 3) -> Strip:
    length = SECONDS * scene.render.fps
    wishes: dict[str, Any] = {"channel": channel, "frame_start": START, "length": length}
    return new_stand_in(scene, folder, name="Alley", submission_id="one", **wishes)


def arrive(scene: Scene, clip: Path, frames: int = 24 * SECONDS) -> Strip:
    strip = find_strip(scene, "one")
    replace_source(strip, scene, clip, submission_id="one", length=round(frames / 24 * scene.render.fps))
    return find_strip(scene, "one")


def edited(scene: Scene, folder: Path) -> Strip:
    """A stand-in that an artist has worked on: between neighbours on its channel, under effects and a transition."""
    fps = scene.render.fps
    strip = add_stand_in(scene, folder)
    card(scene, "Before", channel=3, start=START - 30, length=30)
    card(scene, "Behind", channel=3, start=START + SECONDS * fps, length=50)
    crossed = card(scene, "Crossed", channel=5, start=START + SECONDS * fps - 20, length=60)
    blur = new_effect(
        strips_of(scene), "GAUSSIAN_BLUR", name="Blur", channel=4, frame_start=START, length=9, over=strip
    )
    card(scene, "Beside Blur", channel=4, start=end_of(blur), length=40)
    add_cross(scene, strip, crossed, channel=6, kind="WIPE")
    strip.color_tag = "COLOR_04"
    strip.blend_type = "ALPHA_OVER"
    for frame, alpha in ((START, 0.0), (START + 12, 1.0)):
        strip.blend_alpha = alpha
        strip.keyframe_insert("blend_alpha", frame=frame)
    strip.modifiers.new("Brighter", "BRIGHT_CONTRAST").bright = 3.0
    strip.transform.offset_x, strip.use_flip_x = 7.0, True
    return strip


def card(scene: Scene, name: str, *, channel: int, start: int, length: int) -> Strip:
    return new_effect(strips_of(scene), "COLOR", name=name, channel=channel, frame_start=start, length=length)


def everything(scene: Scene) -> dict[str, Any]:
    """What a person sees of every strip of the film, but for the file that it plays."""
    return {strip.name: facts(strip) for strip in all_strips(scene)} | {"curves": curves(scene)}


def facts(strip: Strip) -> dict[str, Any]:
    told: dict[str, Any] = {"type": strip.type, "channel": strip.channel, "span": (start_of(strip), end_of(strip))}
    told |= {"colour": strip.color_tag, "mute": strip.mute, "blend": strip.blend_type, "select": strip.select}
    told["modifiers"] = [(m.name, m.type, getattr(m, "bright", None)) for m in strip.modifiers]
    told["inputs"] = [getattr(strip, name).name for name in ("input_1", "input_2") if getattr(strip, name, None)]
    told["meta"] = getattr(strip.parent_meta(), "name", "")
    if hasattr(strip, "transform"):
        told["transform"] = (strip.transform.offset_x, strip.use_flip_x)
    return told


def curves(scene: Scene) -> list[tuple[str, list[tuple[float, float]]]]:
    action: Any = scene.animation_data and scene.animation_data.action
    if not action:
        return []
    found = action.fcurves if hasattr(action, "fcurves") else action.layers[0].strips[0].channelbags[0].fcurves
    return [(curve.data_path, [tuple(point.co) for point in curve.keyframe_points]) for curve in found]


def test_effects_transitions_neighbours_tags_keys_and_modifiers_stay(film: Scene, clip: Path, tmp_path: Path) -> None:
    edited(film, tmp_path)
    before = everything(film)
    strip = arrive(film, clip)
    assert everything(film) == before
    assert (Path(bpy.path.abspath(strip.filepath)), is_stand_in(strip)) == (clip, False)


def test_the_same_inside_meta_strips(film: Scene, clip: Path, tmp_path: Path) -> None:
    edited(film, tmp_path)
    inner = strips_of(film).new_meta("Inner", channel=10, frame_start=1)
    outer = strips_of(film).new_meta("Outer", channel=11, frame_start=1)
    for strip in list(strips_of(film)):
        if strip not in (inner, outer) and strip.parent_meta() is None:  # effects follow their strip
            strip.move_to_meta(inner)
    inner.move_to_meta(outer)
    before = everything(film)
    arrive(film, clip)
    assert everything(film) == before
    assert [strip.name for strip in strips_of(film)] == ["Outer"]


def test_the_open_meta_strip_the_selection_and_the_active_strip_stay(film: Scene, clip: Path, tmp_path: Path) -> None:
    edited(film, tmp_path)
    meta = strips_of(film).new_meta("Meta", channel=10, frame_start=1)
    strips_of(film)["Before"].move_to_meta(meta)
    film.sequence_editor.display_stack(meta)
    film.sequence_editor.active_strip = meta.strips["Before"] if hasattr(meta, "strips") else meta.sequences["Before"]
    before = everything(film)
    arrive(film, clip)
    assert everything(film) == before
    assert [each.name for each in film.sequence_editor.meta_stack] == ["Meta"]
    assert film.sequence_editor.active_strip.name == "Before"


def test_a_strip_that_was_moved_and_renamed_becomes_the_clip_where_it_is_now(
    film: Scene, clip: Path, tmp_path: Path
) -> None:
    strip = add_stand_in(film, tmp_path)
    strip.name, strip.channel = "Mine", 9
    if hasattr(strip, "content_start"):
        strip.content_start += 100
    else:
        strip.frame_start += 100
    before = everything(film)
    assert arrive(film, clip).name == "Mine"
    assert everything(film) == before


def test_handles_that_were_moved_stay_and_show_what_is_there(film: Scene, clip: Path, tmp_path: Path) -> None:
    fps = film.render.fps
    strip = add_stand_in(film, tmp_path)
    set_start(strip, START + fps)
    set_end(strip, START + 2 * fps)
    strip = arrive(film, clip)
    assert (start_of(strip), end_of(strip)) == (START + fps, START + 2 * fps)
    assert shown_frames(film, START + fps, START + fps, tmp_path) == [24]  # a second is cut off
    set_start(strip, START)
    assert shown_frames(film, START, START, tmp_path) == [0]  # and is still there


def test_a_stand_in_that_was_cut_in_two_becomes_the_clip_cut_in_two(film: Scene, clip: Path, tmp_path: Path) -> None:
    fps = film.render.fps
    strip = add_stand_in(film, tmp_path)
    right = strip.split(START + fps, "SOFT")
    for piece in (strip, right):
        replace_source(piece, film, clip, submission_id="one", length=SECONDS * fps)
    assert sorted((start_of(s), end_of(s)) for s in strips_of(film)) == [
        (START, START + fps),
        (START + fps, START + SECONDS * fps),
    ]
    assert shown_frames(film, START + fps - 1, START + fps, tmp_path) in ([23, 24], [22, 24])


@pytest.mark.parametrize("frames", [72, 97, 121])
def test_a_range_that_nobody_touched_becomes_the_files_own_length(
    film: Scene, clips: Path, tmp_path: Path, frames: int
) -> None:
    add_stand_in(film, tmp_path)
    strip = arrive(film, write_coded_clip(clips, frames=frames), frames)
    assert (start_of(strip), end_of(strip)) == (START, START + round(frames / 24 * film.render.fps))


def test_a_clip_that_is_longer_than_planned_stops_at_its_neighbour(film: Scene, clips: Path, tmp_path: Path) -> None:
    edited(film, tmp_path)
    before = everything(film)
    arrive(film, write_coded_clip(clips, frames=121), 121)
    assert everything(film) == before


def test_the_picture_is_fitted_unless_the_artist_scaled_it(film: Scene, clip: Path, tmp_path: Path) -> None:
    strip = add_stand_in(film, tmp_path)
    assert arrive(film, clip).transform.scale_x == pytest.approx(1.0)  # the stand-in has another size
    remove_stand_ins("one")
    strips_of(film).remove(find_strip(film, "one"))
    strip = add_stand_in(film, tmp_path)
    strip.transform.scale_x = strip.transform.scale_y = 0.5
    assert arrive(film, clip).transform.scale_x == pytest.approx(0.5)


def test_a_take_of_another_size_is_fitted_where_nothing_was_drawn_meanwhile(
    film: Scene, clip: Path, tmp_path: Path
) -> None:
    """Blender renews what it knows of a file's size only when it draws the strip."""
    square = write_grey_clip(tmp_path, frames=24 * SECONDS, fps=24, has_sound=False)
    add_stand_in(film, tmp_path)
    scales = [arrive(film, file).transform.scale_x for file in (clip, square, clip)]
    wide = min(WIDTH / 128, HEIGHT / 16)
    assert scales == pytest.approx([wide, min(WIDTH, HEIGHT) / 64, wide])


def test_an_unusable_file_changes_nothing(film: Scene, tmp_path: Path) -> None:
    edited(film, tmp_path)
    before = everything(film)
    (tmp_path / "clip.mp4").write_bytes(b"<html>")
    with pytest.raises(ClipUnusable):
        arrive(film, tmp_path / "clip.mp4")
    assert everything(film) == before
    assert is_stand_in(find_strip(film, "one"))


def test_undo_redo_save_and_reload_leave_one_strip(film: Scene, clip: Path, tmp_path: Path) -> None:
    edited(film, tmp_path)
    bpy.ops.ed.undo_push(message="Stand-in")
    count = len(all_strips(film))
    arrive(film, clip)
    bpy.ops.ed.undo_push(message="Clip")
    bpy.ops.ed.undo()
    undone: Any = bpy.context.scene
    assert (len(all_strips(undone)), is_stand_in(find_strip(undone, "one"))) == (count, True)
    bpy.ops.ed.redo()
    redone: Any = bpy.context.scene
    assert (len(all_strips(redone)), is_stand_in(find_strip(redone, "one"))) == (count, False)
    before = everything(redone)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "film.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "film.blend"))
    assert everything(bpy.context.scene) == before


def test_another_take_keeps_handles_and_tempo(film: Scene, clips: Path, clip: Path, tmp_path: Path) -> None:
    place_clip(film, clip, frame_start=START, name="Alley", submission_id="one", fit_frames=150)
    strip = find_strip(film, "one")
    set_start(strip, START + 10)
    replace_source(strip, film, write_coded_clip(clips, frames=97), submission_id="two")
    strip = find_strip(film, "two")
    assert (start_of(strip), end_of(strip)) == (START + 10, START + round(97 * 150 / 96))
    assert find_strip(film, "one") is None


# Sound ---------------------------------------------------------------------------------------------------------------


def sounds_of(scene: Scene) -> list[Strip]:
    return [strip for strip in all_strips(scene) if strip.type == "SOUND"]


@needs_sound
def test_a_clip_with_sound_brings_it_on_a_free_channel_beside_it_in_step(
    film: Scene, clips: Path, tmp_path: Path
) -> None:
    strip = edited(film, tmp_path)
    set_start(strip, START + 5)
    before = everything(film)
    strip = arrive(film, write_coded_clip(clips, frames=24 * SECONDS, has_sound=True))
    (sound,) = sounds_of(film)
    assert (sound.name, sound.channel) == ("Alley Sound", 2)
    assert (start_of(sound), end_of(sound)) == (start_of(strip), end_of(strip))
    assert {name: told for name, told in everything(film).items() if name != sound.name} == before


@needs_sound
def test_the_sound_of_a_strip_in_a_meta_strip_is_in_the_same(film: Scene, clips: Path, tmp_path: Path) -> None:
    strip = add_stand_in(film, tmp_path)
    meta = strips_of(film).new_meta("Meta", channel=1, frame_start=1)
    strip.move_to_meta(meta)
    arrive(film, write_coded_clip(clips, frames=24 * SECONDS, has_sound=True))
    assert [sound.parent_meta().name for sound in sounds_of(film)] == ["Meta"]


@needs_sound
def test_another_take_replaces_the_sound_and_keeps_its_volume(film: Scene, clips: Path) -> None:
    with_sound = write_coded_clip(clips, frames=24 * SECONDS, has_sound=True)
    place_clip(film, with_sound, frame_start=START, name="Alley", submission_id="one")
    (sound,) = sounds_of(film)
    sound.volume = 0.25
    longer = write_coded_clip(clips, frames=121, has_sound=True)
    replace_source(find_strip(film, "one"), film, longer, submission_id="two")
    (sound,) = sounds_of(film)
    assert (sound.volume, Path(bpy.path.abspath(sound.sound.filepath))) == (0.25, longer)
    assert end_of(sound) == end_of(find_strip(film, "two"))
    replace_source(find_strip(film, "two"), film, write_coded_clip(clips, frames=24 * SECONDS), submission_id="three")
    assert sounds_of(film) == []
