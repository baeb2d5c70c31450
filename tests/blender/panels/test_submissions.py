"""What the panel tells of submissions and of the account, against a rehearsal server."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender.connection import account, opening, questions, snapshots
from kling_omni_addon.blender.panels import submissions
from kling_omni_addon.blender.submissions import actions, rows
from kling_omni_addon.blender.submissions import rows as blender_submission_list
from kling_omni_addon.core.life.lifecycle import Phase
from kling_omni_addon.work.crew import Progress
from tests.workshop.layout import Layout
from tests.workshop.processes import API_KEY, Rehearsal, running

Scene = Any

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the rehearsal server is stopped by a signal")


@pytest.fixture
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    with running(tmp_path_factory.mktemp("rehearsal"), submitted_s=0.2, processing_s=60) as server:
        yield server


@pytest.fixture
def served(shot_scene: Scene, rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A scene whose submissions go to the rehearsal server, and take a minute there."""
    monkeypatch.setenv("KLING_BASE_URL", rehearsal.url)
    monkeypatch.setenv("KLING_API_KEY", API_KEY)
    shot_scene.kling.prompt, shot_scene.kling.mode = "a fox runs", "std"
    return shot_scene


def drawn(draw: Any = submissions.draw_submissions) -> Layout:
    layout = Layout()
    draw(layout, bpy.context)
    return layout


def submit(scene: Scene, prompt: str) -> str:
    scene.kling.prompt = prompt
    assert bpy.ops.kling.submit() == {"FINISHED"}
    return snapshots.submissions()[-1].id


def wait_for(submission_id: str, phase: Phase) -> None:
    opening.session().wait(lambda found: all(s.phase is phase for s in found.values()), [submission_id], 60)
    snapshots.refresh()


def test_the_newest_submission_comes_first_and_is_told_about(served: Scene) -> None:
    older, newer = submit(served, "one"), submit(served, "two")
    assert [row.name for row in rows.the_list().rows] == [newer, older]
    wait_for(newer, Phase.ACCEPTED)
    layout = drawn()
    assert "The rehearsal has been generating" in " ".join(layout.labels)
    assert [name for name, _ in layout.buttons] == ["kling.stop_waiting", "kling.load_settings"]
    assert layout.buttons[0][1].submission_id == newer


def test_the_chosen_submission_stays_chosen_until_a_newer_one_comes(served: Scene) -> None:
    older, newer = submit(served, "one"), submit(served, "two")
    rows.the_list().index = 1
    blender_submission_list.show()
    assert rows.chosen() == older
    newest = submit(served, "three")
    assert rows.chosen() == newest
    assert [row.name for row in rows.the_list().rows] == [newest, newer, older]


def test_a_submission_that_is_over_can_be_taken_off_the_list_and_is_still_recorded(served: Scene) -> None:
    submission_id = submit(served, "one")
    wait_for(submission_id, Phase.ACCEPTED)
    assert bpy.ops.kling.stop_waiting(submission_id=submission_id) == {"FINISHED"}
    layout = drawn()
    assert "Kling may still finish the clip and charge" in " ".join(layout.labels)
    assert [name for name, _ in layout.buttons] == ["kling.look_again", "kling.load_settings"]
    assert actions.actions_of(snapshots.submissions()[0])[-1] == "kling.hide_submission"
    assert bpy.ops.kling.hide_submission(submission_id=submission_id) == {"FINISHED"}
    assert len(rows.the_list().rows) == 0
    assert [submission.id for submission in snapshots.submissions()] == [submission_id]


@pytest.mark.parametrize(("is_upload", "shown"), [(True, True), (False, False)])
def test_the_bytes_of_an_upload_are_shown_while_it_is_sent_and_those_of_a_download_are_not(
    shot_scene: Scene, monkeypatch: pytest.MonkeyPatch, is_upload: bool, shown: bool
) -> None:
    monkeypatch.setenv("KLING_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("KLING_API_KEY", API_KEY)
    submission_id = submit(shot_scene, "never sent")
    told = Progress(submission_id=submission_id, received=1_500_000, total=6_000_000, is_upload=is_upload)
    opening.session().snapshot.progress[submission_id] = told
    text = drawn().text
    assert ("1.5 of 6.0 MB" in text) == shown


def test_the_folder_of_a_clip_that_is_not_there_is_not_opened(served: Scene) -> None:
    with pytest.raises(RuntimeError, match="moved or deleted"):
        bpy.ops.kling.open_folder(submission_id=submit(served, "one"))


def test_the_account_tells_what_is_left_and_how_old_that_may_be(served: Scene) -> None:
    assert bpy.ops.kling.check_account() == {"FINISHED"}
    told = " ".join(drawn(submissions.draw_account).labels)
    assert "Key accepted. 1000 units left (may be up to 12 h out of date)." in told


def test_a_wrong_key_is_said_to_be_wrong(served: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLING_API_KEY", "wrong")
    assert bpy.ops.kling.check_account() == {"FINISHED"}
    assert account.balance.answer is None
    assert "key" in account.balance.problem.lower()
    questions.forget()
    assert account.balance.problem == ""
