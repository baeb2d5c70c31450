"""A placement that cannot be finished leaves nothing behind, is not recorded, and is tried again (second round, 9)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kling_omni_addon.blender.host.sequencer import (
    all_strips,
    content_length_of,
    end_of,
    start_of,
    strips_of,
)
from kling_omni_addon.blender.timeline import clip_strips, retiming, stand_in
from kling_omni_addon.blender.timeline.clip_strips import place_clip, replace_source
from kling_omni_addon.blender.timeline.our_strips import find_strip
from kling_omni_addon.core.errors import KlingError
from tests.blender.conftest import Scene, WriteClip
from tests.blender.sound import needs_sound


def everything(scene: Scene) -> list[tuple[Any, ...]]:
    """What there is on the timeline, and the rate of the scene."""
    strips = [
        (
            strip.name,
            strip.type,
            strip.channel,
            start_of(strip),
            end_of(strip),
            content_length_of(strip) if strip.type == "MOVIE" else None,  # of a sound Blender measures it when it likes
            strip.filepath if strip.type == "MOVIE" else strip.sound.filepath,
            sorted((name, value) for name, value in strip.items() if name.startswith("kling_")),
        )
        for strip in all_strips(scene)
    ]
    return [(scene.render.fps, scene.render.fps_base), *sorted(strips)]


def fails_at(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, error: BaseException, call: int) -> None:
    """Have Blender's part of a placement fail for once, at its ``call``-th call, counted from 1."""
    real: Callable[..., object] = getattr(module, name)
    calls = []

    def once(*given: object, **named: object) -> object:
        calls.append(given)
        if len(calls) == call:
            raise error
        return real(*given, **named)

    monkeypatch.setattr(module, name, once)


TROUBLES = [
    pytest.param(retiming, "_set_speed", KlingError("no window"), 1, id="before-the-speed"),
    pytest.param(retiming, "_set_speed", TypeError("a temporary screen"), 2, id="between-two-speeds"),
    pytest.param(clip_strips, "set_content_length", RuntimeError("poll"), 2, id="at-the-sound-or-not-at-all"),
    pytest.param(clip_strips, "_require_place", KlingError("elsewhere"), 1, id="after-the-speed"),
    pytest.param(clip_strips, "_add_sound", KlingError("no channel"), 1, id="at-the-sound"),
]


@needs_sound
@pytest.mark.parametrize(("module", "name", "error", "call"), TROUBLES)
def test_a_new_clip_that_stumbles_leaves_nothing_and_comes_whole_the_next_time(
    scene: Scene, write_clip: WriteClip, monkeypatch: pytest.MonkeyPatch, module: Any, name: str, error: Any, call: int
) -> None:
    clip = write_clip(frames=72, has_sound=True)
    scene.render.fps = 25
    scene.sequence_editor_create()
    before = everything(scene)

    def place() -> Any:
        return place_clip(scene, clip, frame_start=10, name="alley", submission_id="one")

    with monkeypatch.context() as patched:
        fails_at(patched, module, name, error, call)
        try:
            place()
        except type(error):
            assert everything(scene) == before
    placed = place()
    assert (placed.frame_start, placed.frame_duration, placed.sound_name) == (10, 75, "alley Sound")
    assert len(strips_of(scene)) == 2


@needs_sound
@pytest.mark.parametrize(("module", "name", "error", "call"), TROUBLES)
def test_a_stand_in_that_stumbles_stays_one_and_becomes_the_clip_the_next_time(
    scene: Scene,
    write_clip: WriteClip,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    module: Any,
    name: str,
    error: Any,
    call: int,
) -> None:
    clip = write_clip(frames=72, has_sound=True)
    scene.render.fps = 25
    stand_in.new_stand_in(scene, tmp_path, name="alley", submission_id="one", channel=3, frame_start=10, length=75)
    before = everything(scene)

    def fill() -> Any:
        return replace_source(find_strip(scene, "one"), scene, clip, submission_id="one", length=75)

    with monkeypatch.context() as patched:
        fails_at(patched, module, name, error, call)
        try:
            fill()
        except type(error):
            assert everything(scene) == before
            assert stand_in.look_again() == {"one"}
    placed = fill()
    assert (placed.frame_start, placed.frame_duration, placed.channel) == (10, 75, 3)
    assert placed.sound_name == "alley Sound"
    assert not stand_in.look_again()


@needs_sound
def test_another_take_that_stumbles_leaves_the_one_that_was_there_with_its_sound(
    scene: Scene, write_clip: WriteClip, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.render.fps = 25
    first, second = write_clip(frames=72, has_sound=True), write_clip(frames=48, has_sound=True)
    place_clip(scene, first, frame_start=10, name="alley", submission_id="one")
    before = everything(scene)
    with monkeypatch.context() as patched:
        fails_at(patched, clip_strips, "_keep_step", KlingError("out of step"), 1)
        with pytest.raises(KlingError, match="out of step"):
            replace_source(find_strip(scene, "one"), scene, second, submission_id="two")
    assert everything(scene) == before


def test_a_rate_that_was_taken_over_is_given_back(
    scene: Scene, write_clip: WriteClip, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.render.fps = 30
    fails_at(monkeypatch, clip_strips, "_require_place", KlingError("elsewhere"), 1)
    with pytest.raises(KlingError):
        place_clip(scene, write_clip(), frame_start=1, name="alley", submission_id="one", timing="conform")
    assert scene.render.fps == 30


@pytest.mark.parametrize("fps", [25, 30, 50])
def test_a_speed_that_blender_does_not_set_is_noticed(
    scene: Scene, write_clip: WriteClip, monkeypatch: pytest.MonkeyPatch, fps: int
) -> None:
    """The operator ends well and nothing happened."""
    scene.render.fps = fps
    monkeypatch.setattr(retiming, "_set_speed", lambda _scene, _speed: None)
    with pytest.raises(KlingError, match="could not be set to the speed"):
        place_clip(scene, write_clip(frames=24), frame_start=1, name="alley", submission_id="one")
    assert list(all_strips(scene)) == []
