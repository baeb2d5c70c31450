"""What is made ready before the first press: the session rests, unseen and at no work, until somebody needs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender import api
from kling_omni_addon.blender.connection import online, opening, preparing, snapshots
from kling_omni_addon.blender.host import heartbeat
from kling_omni_addon.core.life.lifecycle import Phase
from kling_omni_addon.session import Session
from tests.workshop.rehearsal_stand import until

Scene = Any


def prepare() -> Session | None:
    """Beat the timer, which does not beat by itself without a window, until all is prepared; what rests then."""
    preparing.begin()
    until(heartbeat.beat, lambda _: not preparing.is_under_way())
    return opening.at_hand()


def test_the_session_that_rests_is_not_seen_and_is_the_one_that_the_press_takes(unsent_shot: Scene) -> None:
    resting = prepare()
    assert resting is not None
    assert (resting.is_running, opening.running(), snapshots.submissions()) == (False, None, ())
    assert bpy.ops.kling.submit() == {"FINISHED"}
    assert opening.running() is resting
    assert resting.is_running
    assert len(snapshots.submissions()) == 1


def test_what_is_unfinished_is_not_gone_on_with_while_the_session_rests(unsent_shot: Scene) -> None:
    made = api.submit(unsent_shot)
    opening.close()
    preparing.stop()
    resting = prepare()
    assert resting is not None
    assert not resting.is_running
    assert [(each.id, each.phase, each.sends) for each in resting.read_all()] == [(made.id, Phase.INTENDED, 0)]


def test_with_other_settings_another_session_is_opened(unsent_shot: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    resting = prepare()
    monkeypatch.setenv("KLING_API_KEY", "another key")
    assert opening.session() is not resting
    assert opening.session().settings.keys.api_key == "another key"


def test_where_the_journal_is_gone_another_session_is_opened(unsent_shot: Scene, tmp_path: Path) -> None:
    resting = prepare()
    (tmp_path / "home").rename(tmp_path / "moved")
    made = api.submit(unsent_shot)
    assert opening.running() is not resting
    assert [each.id for each in opening.session().read_all()] == [made.id]


def test_nothing_is_opened_while_blender_is_offline(unsent_shot: Scene, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(opening, "offline_reason", lambda: online.OFFLINE)
    assert prepare() is None
    assert not (tmp_path / "home").exists()


def test_no_rehearsal_is_started_ahead(unsent_shot: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KLING_BASE_URL", "KLING_API_KEY"):
        monkeypatch.delenv(name)
    assert prepare() is None
    assert not (tmp_path / "home").exists()


def test_disabling_closes_what_rests(unsent_shot: Scene) -> None:
    assert prepare() is not None
    opening.close()
    assert opening.at_hand() is None
