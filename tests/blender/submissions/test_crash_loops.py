"""Fault 58 inside Blender: a clip over which one Blender after the other died is not placed by itself any more."""

from __future__ import annotations

import sys

import bpy
import pytest

from kling_omni_addon.blender.connection import opening, snapshots
from kling_omni_addon.blender.panels import submissions
from kling_omni_addon.blender.submissions import placing
from kling_omni_addon.blender.timeline import our_strips
from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.lifecycle import MOST_CRASHES, Phase, Submission
from tests.workshop.layout import Layout

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the rehearsal server is stopped by a signal")


def arrived() -> Submission:
    """The one submission, once its clip is here."""
    assert bpy.ops.kling.submit() == {"FINISHED"}
    (submission,) = snapshots.submissions()
    opening.session().wait(lambda found: all(s.is_settled for s in found.values()), [submission.id], 120)
    return seen()


def seen() -> Submission:
    snapshots.refresh()
    (submission,) = snapshots.submissions()
    return submission


def test_fault_58_the_artist_is_told_and_lets_it_go_on(road: bpy.types.Scene) -> None:
    submission = arrived()
    assert submission.phase is Phase.FETCHED
    for _ in range(MOST_CRASHES):
        opening.session()._journal.append(submission.id, ev.Begun(at=submission.changed_at))
    seen()
    assert placing.place_arrived() == []
    assert seen().is_set_aside

    layout = Layout()
    submissions.draw_submissions(layout, bpy.context)  # type: ignore[arg-type]
    assert f"{MOST_CRASHES} times in a row" in layout.text
    assert "kling.resume" in [name for name, _ in layout.buttons]

    assert bpy.ops.kling.resume() == {"FINISHED"}
    seen()
    (strip,) = placing.place_arrived()
    assert our_strips.find_strip(road, submission.id) is not None
    assert strip.frame_duration == 72
    assert (seen().phase, seen().problem) == (Phase.PLACED, "")


def test_a_clip_that_is_placed_at_the_first_try_leaves_one_mark_of_it(road: bpy.types.Scene) -> None:
    submission = arrived()
    assert len(placing.place_arrived()) == 1
    assert placing.place_arrived() == []
    kinds = [type(event).__name__ for event in opening.session()._journal.history(submission.id)]
    assert kinds[-3:] == ["Fetched", "Begun", "Placed"]
