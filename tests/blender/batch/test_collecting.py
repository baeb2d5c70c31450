"""The clips of a batch in one edit: in order, frame-exact, and no matter how often it is collected."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import pytest

from kling_omni_addon.batch.taking import Standing, State
from kling_omni_addon.blender.batch.collecting import Collected, collect_batch
from kling_omni_addon.blender.host import sequencer
from kling_omni_addon.blender.timeline.clip_file import clip_facts_of
from kling_omni_addon.core.errors import ArgumentsInvalid
from kling_omni_addon.core.request import OmniRequest
from tests.blender.sound import HAS_SOUND
from tests.workshop.grey_clips import WriteClip

Scene = Any
LINE = {"kind": "text", "prompt": "waves", "duration": 3}
Collect = Callable[..., list[Collected]]


class Clips:
    """The clips that are there, by the name that they were asked for under."""

    def __init__(self) -> None:
        self.done: dict[str, Path] = {}

    def standing(self, name: str, _request: OmniRequest | None = None) -> Standing:
        if name not in self.done:
            return Standing(name=name, state=State.RUNNING)
        return Standing(name=name, state=State.DONE, id=f"kob-{name}", clip=str(self.done[name]))


@pytest.fixture
def clips(write_clip: WriteClip) -> Clips:
    made = Clips()
    made.done = {
        "a": write_clip(frames=72),
        "b": write_clip(frames=48, has_sound=HAS_SOUND),
        "c": write_clip(frames=60),
    }
    return made


@pytest.fixture
def edit(tmp_path: Path) -> Path:
    return tmp_path / "edits" / "edit.blend"


@pytest.fixture
def collect(shot_scene: Scene, tmp_path: Path, clips: Clips, edit: Path) -> Collect:
    def collected(*lines: dict[str, Any], otio: Path | None = None) -> list[Collected]:
        manifest = tmp_path / "m.jsonl"
        manifest.write_text("\n".join(json.dumps(LINE | line) for line in lines))
        return list(collect_batch(manifest, edit, clips.standing, otio))

    return collected


ABC = ({"key": "a"}, {"key": "b"}, {"key": "c"})


def opened(edit: Path) -> Scene:
    bpy.ops.wm.open_mainfile(filepath=str(edit))
    return bpy.context.scene


def movies(edit: Path) -> list[tuple[str, int, int]]:
    """The strips of the saved edit: name, first frame, first frame behind."""
    strips = [s for s in sequencer.strips_of(opened(edit)) if s.type == "MOVIE"]
    return sorted(((s.name, sequencer.start_of(s), sequencer.end_of(s)) for s in strips), key=lambda strip: strip[1])


def test_a_new_edit_has_all_clips_one_after_the_other(collect: Collect, edit: Path) -> None:
    assert [shot.problem for shot in collect(*ABC)] == [""] * 3
    assert movies(edit) == [("a", 1, 73), ("b", 73, 121), ("c", 121, 181)]
    scene = opened(edit)
    assert (scene.render.fps, scene.frame_end, scene.render.resolution_x) == (24, 180, 64)
    sounds = [s for s in sequencer.strips_of(scene) if s.type == "SOUND"]
    assert [sequencer.start_of(sound) for sound in sounds] == ([73] if HAS_SOUND else [])


def test_collected_again_nothing_is_there_twice_and_what_was_moved_stays(
    collect: Collect, edit: Path, clips: Clips
) -> None:
    late = clips.done.pop("b")
    assert [shot.problem for shot in collect(*ABC)] == ["", "The clip is not there yet.", ""]
    assert movies(edit) == [("a", 1, 73), ("c", 145, 205)]  # the three seconds that b was asked for are kept free
    (strip,) = (s for s in sequencer.strips_of(opened(edit)) if s.name == "c")
    sequencer.set_end(strip, 200)
    bpy.ops.wm.save_mainfile()
    clips.done["b"] = late
    collect(*ABC)
    assert movies(edit) == [("a", 1, 73), ("b", 73, 121), ("c", 145, 200)]


def test_an_edit_that_was_begun_without_a_clip_gets_the_size_of_the_first_one(
    collect: Collect, clips: Clips, edit: Path
) -> None:
    there, clips.done = clips.done, {}
    collect(*ABC)
    clips.done = there
    collect(*ABC)
    scene = opened(edit)
    size = clip_facts_of(there["a"]).size
    assert (scene.render.resolution_x, scene.render.resolution_y) == size != (1920, 1080)
    scene.render.resolution_x = 100
    bpy.ops.wm.save_mainfile()
    collect(*ABC)
    assert opened(edit).render.resolution_x == 100


def test_a_clip_begins_at_the_place_of_its_line(collect: Collect, edit: Path) -> None:
    collect({"key": "a", "place": 101}, {"key": "b"}, {"key": "c", "place": 1, "name": "Opening"})
    assert movies(edit) == [("Opening", 1, 61), ("a", 101, 173), ("b", 173, 221)]


def test_clips_in_the_same_place_lie_above_each_other(collect: Collect) -> None:
    one, other = collect({"key": "a", "place": 1}, {"key": "c", "place": 20})
    assert one.strip is not None
    assert other.strip is not None
    assert (one.strip.frame_start, other.strip.frame_start) == (1, 20)
    assert one.strip.channel != other.strip.channel


def test_of_several_takes_the_first_that_is_there_is_shown(collect: Collect, clips: Clips) -> None:
    clips.done["d.take2"] = clips.done["c"]
    (shot,) = collect({"key": "d", "takes": 3})
    assert (shot.standing.name, shot.strip is not None) == ("d.take2", True)


def test_a_clip_whose_file_is_gone_keeps_no_other_from_its_place(collect: Collect, clips: Clips, edit: Path) -> None:
    clips.done["a"] = edit.with_name("gone.mp4")
    problems = [shot.problem for shot in collect(*ABC)]
    assert "cannot be added to the Sequencer" in problems[0]
    assert (problems[1:], [name for name, *_ in movies(edit)]) == (["", ""], ["b", "c"])


def test_an_edit_that_is_there_keeps_what_it_has(collect: Collect, edit: Path, shot_scene: Scene) -> None:
    edit.parent.mkdir()
    shot_scene.name, shot_scene.render.fps, shot_scene.frame_start, shot_scene.frame_end = "Reel 3", 30, 11, 500
    bpy.ops.wm.save_as_mainfile(filepath=str(edit))
    (shot,) = collect({"key": "a"})
    assert shot.strip is not None
    assert (shot.strip.frame_start, shot.strip.frame_duration) == (11, 90)  # three seconds at 30 fps
    scene = opened(edit)
    assert (scene.name, scene.render.fps, scene.frame_end) == ("Reel 3", 30, 500)


def test_the_edit_is_exported_in_order(collect: Collect, tmp_path: Path) -> None:
    otio = pytest.importorskip("opentimelineio")
    collect({"key": "a"}, {"key": "c"}, otio=tmp_path / "edit.otio")
    timeline = otio.adapters.read_from_file(str(tmp_path / "edit.otio"))
    clips = list(timeline.find_clips())
    assert [(clip.name, clip.duration().value) for clip in clips] == [("a", 72), ("c", 60)]


def test_with_a_bad_line_nothing_is_changed(collect: Collect, edit: Path) -> None:
    with pytest.raises(ArgumentsInvalid, match=r"Line 2 of the manifest has faults"):
        collect({"key": "a"}, {"key": "b", "mode": "8k"})
    assert not edit.exists()


def test_a_file_that_is_no_edit_is_refused_and_kept(collect: Collect, edit: Path) -> None:
    edit.parent.mkdir()
    edit.write_text("no .blend file")
    with pytest.raises(ArgumentsInvalid, match="Blender cannot open or save"):
        collect({"key": "a"})
    assert edit.read_text() == "no .blend file"
