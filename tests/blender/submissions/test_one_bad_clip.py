"""What goes wrong with one clip, scene or text stops no other (second round, 10)."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, cast

import bpy
import pytest

from kling_omni_addon.blender.connection import opening, questions, snapshots
from kling_omni_addon.blender.host import isolating, signals
from kling_omni_addon.blender.shot import judging
from kling_omni_addon.blender.submissions import placing, visit
from kling_omni_addon.blender.timeline import stand_in
from kling_omni_addon.blender.timeline.our_strips import find_strip
from kling_omni_addon.core.life.lifecycle import Phase, Submission
from tests.blender.conftest import Scene


@pytest.fixture(autouse=True)
def nothing_was_told() -> None:
    """Each test hears of its own troubles."""
    isolating._told.clear()


def two_clips(road: Scene) -> tuple[Submission, Submission]:
    """Two shots whose clips have come and are not placed yet."""
    made = []
    for frame in (12, 200):
        road.frame_current = frame
        assert bpy.ops.kling.submit() == {"FINISHED"}
        made.append(snapshots.submissions()[-1].id)
    found = opening.session().wait(lambda states: all(s.is_settled for s in states.values()), made, 120)
    snapshots.refresh()
    return found[made[0]], found[made[1]]


def spoil(monkeypatch: pytest.MonkeyPatch, poison: str) -> None:
    """Blender trips over one clip: an error that nobody foresaw."""
    real = stand_in.fill

    def fill(strip: Any, scene: Any, submission: Submission) -> Any:
        if submission.id == poison:
            raise TypeError("Overriding context with an active temporary screen isn't supported")
        return real(strip, scene, submission)

    monkeypatch.setattr(stand_in, "fill", fill)


def test_a_clip_that_trips_us_up_keeps_no_other_from_its_place_and_says_so(
    road: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = two_clips(road)
    with monkeypatch.context() as patched:
        spoil(patched, bad.id)
        assert [placed.frame_start for placed in placing.place_arrived()] == [200]
        snapshots.refresh()
        assert [s.phase for s in snapshots.submissions()] == [Phase.FETCHED, Phase.PLACED]
        told = placing.waits_because(snapshots.submissions()[0])
        assert told.startswith("Downloaded, but an error in the extension kept the clip")
        assert "TypeError" not in told
        assert [record.exc_info is not None for record in caplog.records if record.levelno >= logging.ERROR] == [True]
        assert placing.place_arrived(is_patient=True) == []
    (placed,) = placing.place_arrived()
    assert placed.frame_start == 12
    assert placing.waits_because(snapshots.submissions()[0]) == ""
    assert find_strip(cast(Any, bpy.context.scene), good.id) is not None


def test_the_timer_comes_to_the_clips_whatever_else_goes_wrong(road: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> bool:
        raise ValueError("a text that nobody can read")

    two_clips(road)
    for module, name in ((judging, "judge_edited"), (questions, "hear"), (visit, "_is_second_over")):
        monkeypatch.setattr(module, name, broken)
    visit.visit()
    snapshots.refresh()
    assert [s.phase for s in snapshots.submissions()] == [Phase.PLACED, Phase.PLACED]


def test_a_scene_that_cannot_be_judged_keeps_no_other_from_being_judged(
    road: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = bpy.data.scenes.new("Zebra")
    for scene in (road, other):
        scene.kling.prompt_text = bpy.data.texts.new(scene.name)
        scene.kling.prompt_text.from_string("a cube")
    real = judging.judge

    def judge(scene: Any, request: Any = None) -> Any:
        if scene.name == road.name:
            raise ValueError("hostile")
        return real(scene, request)

    monkeypatch.setattr(judging, "judge", judge)
    judging.forget()
    judging._texts_judged.clear()
    assert judging.judge_edited()
    assert judging.problems(other) is not None


def test_opening_a_file_goes_on_behind_a_handler_that_fails(
    road: Scene, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken() -> None:
        raise ValueError("hostile")

    stand_in.new_stand_in(road, tmp_path, name="alley", submission_id="one", channel=1, frame_start=1, length=72)
    bpy.ops.wm.save_mainfile()
    monkeypatch.setattr(judging, "forget", broken)
    bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)
    assert placing._as_loaded == {"one"}


def test_one_who_fails_to_hear_keeps_no_other_from_hearing(caplog: pytest.LogCaptureFixture) -> None:
    heard: list[str] = []
    signal: signals.Signal[[]] = signals.Signal()
    signal.connect(lambda: 1 // 0)
    signal.connect(lambda: heard.append("yes"))
    for _ in range(3):
        signal.send()
    assert heard == ["yes"] * 3
    assert len([record for record in caplog.records if record.exc_info]) == 1  # once, not at each beat
