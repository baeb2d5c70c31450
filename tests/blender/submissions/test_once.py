"""A script that is run again: the same clip, a placeholder where this file has none, and another take by a word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender import api
from kling_omni_addon.blender.connection import opening, snapshots
from kling_omni_addon.blender.host.sequencer import strips_of
from kling_omni_addon.blender.shot.properties import put_picture
from kling_omni_addon.blender.submissions import acts
from tests.workshop.processes import API_KEY, running
from tests.workshop.rehearsal_stand import png

Scene = Any


def clear_timeline(scene: Scene) -> None:
    """As after a kill: the file was never saved with the placeholder."""
    for strip in list(strips_of(scene)):
        strips_of(scene).remove(strip)


def test_the_same_script_goes_on_with_what_is_unfinished_and_holds_its_place_again(unsent_shot: Scene) -> None:
    first = api.submit(unsent_shot)
    clear_timeline(unsent_shot)
    assert api.submit(unsent_shot).id == first.id
    assert len(snapshots.submissions()) == len(strips_of(unsent_shot)) == 1


def test_another_take_is_made_when_the_script_says_so(unsent_shot: Scene) -> None:
    first = api.submit(unsent_shot)
    assert api.submit(unsent_shot, again=True).id != first.id


@pytest.mark.parametrize("change", ["prompt", "frame", "mode"])
def test_another_prompt_place_or_quality_is_another_clip(unsent_shot: Scene, change: str) -> None:
    first = api.submit(unsent_shot)
    if change == "frame":
        unsent_shot.frame_set(50)
    else:
        setattr(unsent_shot.kling, change, {"prompt": "a fox sleeps", "mode": "pro"}[change])
    assert api.submit(unsent_shot).id != first.id


def test_a_frame_that_was_rendered_again_is_the_same_wish(unsent_shot: Scene, tmp_path: Path) -> None:
    ids = set()
    for size in (2_000, 3_000):
        render = tmp_path / f"first_{size}.png"
        render.write_bytes(png(640, 360, size=size))
        put_picture(unsent_shot, "FIRST", str(render), "Scene camera, frame 1")
        ids.add(api.submit(unsent_shot).id)
    assert len(ids) == 1


def test_the_operator_of_a_script_takes_a_name(
    unsent_shot: Scene, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path_factory.mktemp("rehearsal"), submitted_s=0.2, processing_s=60) as server:
        monkeypatch.setenv("KLING_BASE_URL", server.url)
        monkeypatch.setenv("KLING_API_KEY", API_KEY)
        for _ in range(2):
            assert bpy.ops.kling.submit(once="sh010_v003") == {"FINISHED"}
        assert [submission.once for submission in snapshots.submissions()] == ["sh010_v003"]
        opening.close()


def test_under_a_name_nothing_is_recorded_while_the_service_cannot_be_asked(unsent_shot: Scene) -> None:
    with pytest.raises(RuntimeError, match="cannot be reached"):
        bpy.ops.kling.submit(once="sh010_v003")
    assert snapshots.submissions() == ()


def test_takes_of_a_script_that_is_run_again_are_as_many_as_before(unsent_shot: Scene) -> None:
    unsent_shot.kling.takes = 3
    for _ in range(2):
        acts.last_press.forget()  # a script that is run again is a process of its own
        assert bpy.ops.kling.submit() == {"FINISHED"}
    assert len(snapshots.submissions()) == 3
