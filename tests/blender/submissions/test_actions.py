"""What can be done about a submission from the list: buttons, the menu beside them, and the way to its strip."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender.connection import snapshots
from kling_omni_addon.blender.host import sequencer
from kling_omni_addon.blender.submissions import actions as submissions_actions
from kling_omni_addon.blender.submissions import rows
from kling_omni_addon.blender.timeline import clip_strips, our_strips
from kling_omni_addon.core.life.events import Origin, Target
from kling_omni_addon.core.life.lifecycle import Phase, Submission
from kling_omni_addon.core.payload import Payload
from tests.workshop.grey_clips import WriteClip
from tests.workshop.layout import Layout
from tests.workshop.processes import API_KEY, Rehearsal, running

Scene = Any

_ID = "kob-revealed"


@pytest.fixture
def strip(shot_scene: Scene, write_clip: WriteClip) -> Any:
    """The strip of a clip on the timeline, at frame 20."""
    clip_strips.place_clip(shot_scene, write_clip(), frame_start=20, name="shot", submission_id=_ID)
    return our_strips.find_strip(shot_scene, _ID)


def add_card(scene: Scene, channel: int) -> Any:
    card = sequencer.new_effect(
        sequencer.strips_of(scene), "COLOR", name="Card", channel=channel, frame_start=200, length=10
    )
    card.select = True
    scene.sequence_editor.active_strip = card
    return card


def test_revealing_selects_the_strip_alone_and_moves_the_playhead_there(strip: Any, shot_scene: Scene) -> None:
    card = add_card(shot_scene, 9)
    assert bpy.ops.kling.reveal_strip(submission_id=_ID) == {"FINISHED"}
    assert (strip.select, card.select, shot_scene.frame_current) == (True, False, 20)
    assert shot_scene.sequence_editor.active_strip == strip


def test_a_strip_in_another_scene_is_found_there(strip: Any, shot_scene: Scene) -> None:
    other = bpy.data.scenes.new("Other")
    with bpy.context.temp_override(scene=other):
        assert bpy.ops.kling.reveal_strip(submission_id=_ID) == {"FINISHED"}
    assert (shot_scene.frame_current, other.frame_current) == (20, 1)


def test_a_strip_that_was_deleted_is_said_to_be_gone(strip: Any, shot_scene: Scene) -> None:
    sequencer.strips_of(shot_scene).remove(strip)
    with pytest.raises(RuntimeError, match="Press Add to Sequencer"):
        bpy.ops.kling.reveal_strip(submission_id=_ID)


@pytest.fixture
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    with running(tmp_path_factory.mktemp("rehearsal"), submitted_s=0.1, processing_s=0.1) as server:
        yield server


@pytest.fixture
def placed(shot_scene: Scene, rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> Submission:
    """A submission whose clip is on the timeline."""
    monkeypatch.setenv("KLING_BASE_URL", rehearsal.url)
    monkeypatch.setenv("KLING_API_KEY", API_KEY)
    shot = shot_scene.kling
    shot.prompt, shot.mode, shot.duration_s = "a fox runs", "std", 3
    assert bpy.ops.kling.submit(wait_s=120) == {"FINISHED"}
    return snapshots.submissions()[0]


def shown(submission: Submission, width_px: int) -> tuple[list[str], list[str]]:
    """What has a button in a panel of that width, and what is in the menu."""
    layout = Layout()
    context: Any = SimpleNamespace(preferences=bpy.context.preferences, region=SimpleNamespace(width=width_px))
    submissions_actions.draw_actions(layout, context, submission)  # type: ignore[arg-type]
    menu = Layout()
    submissions_actions.draw_menu(menu)  # type: ignore[arg-type]
    assert all(button.submission_id == submission.id for _, button in (*layout.buttons, *menu.buttons))
    return [name for name, _ in layout.buttons], [name for name, _ in menu.buttons]


@pytest.mark.skipif(sys.platform == "win32", reason="the rehearsal server is stopped by a signal")
def test_two_actions_have_buttons_in_any_width_and_no_action_is_lost(placed: Submission) -> None:
    assert rows.chosen() == placed.id
    for width_px in (200, 400):
        buttons, menu = shown(placed, width_px)
        assert len(buttons) == 2
        assert (*buttons, *menu) == submissions_actions.actions_of(placed)
        assert menu


@pytest.mark.parametrize("phase", list(Phase))
def test_there_is_something_to_do_in_every_phase_and_nothing_twice(phase: Phase) -> None:
    origin = Origin(service="http://127.0.0.1:9", key_fingerprint="")
    payload = Payload(pieces=(), external_task_id=_ID, model="kling-v3-omni")
    submission = Submission(
        id=_ID, phase=phase, payload=payload, origin=origin, target=Target(), created_at=0.0, changed_at=0.0
    )
    actions = submissions_actions.actions_of(submission)
    assert actions
    assert len(set(actions)) == len(actions)
