"""The functions for scripts know every submission, however short the panel's list is (second round, 5)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import bpy
import pytest

from kling_omni_addon.blender import api
from kling_omni_addon.blender.connection import snapshots
from kling_omni_addon.blender.submissions import rows
from kling_omni_addon.blender.takes import takes
from kling_omni_addon.blender.timeline import stand_in
from kling_omni_addon.core.errors import KlingError
from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import Event, Origin, Target
from kling_omni_addon.core.life.lifecycle import Phase
from kling_omni_addon.core.payload import Payload
from kling_omni_addon.work.journal import Journal
from kling_omni_addon.work.recovery import SHOWN
from tests.blender.conftest import Scene, WriteClip

MANY = SHOWN + 30
OLDEST = "kob-000"


def ended(number: int, clip: Path, film: Path) -> list[Event]:
    """A submission that was placed in the film; every tenth failed."""
    name, at = f"kob-{number:03}", 1e9 + number
    payload = Payload(external_task_id=name, model="kling-v3-omni", pieces=("{}",))
    target = Target(blend=str(film), scene="Scene", frame_start=1, has_stand_in=True)
    origin = Origin(service="https://k", key_fingerprint="f")
    sent: list[Event] = [
        ev.Intended(at=at, payload=payload, origin=origin, target=target),
        ev.Sent(at=at, digest=payload.digest),
        ev.Accepted(at=at, task_id=str(number)),
    ]
    if number % 10 == 9:
        return [*sent, ev.Failed(at=at, reason="Kling could not generate the clip.")]
    fetched = ev.Fetched(at=at, path=str(clip), sha256="c" * 64, size_bytes=9)
    return [*sent, ev.Succeeded(at=at, charge_units="3"), fetched, ev.Placed(at=at, scene="Scene", strip=name)]


@pytest.fixture
def film(shot_scene: Scene, write_clip: WriteClip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The journal of a long film, with a service that is away."""
    monkeypatch.setenv("KLING_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("KLING_API_KEY", "a-key-of-a-test")
    film, clip = tmp_path / "film.blend", write_clip(frames=72)
    journal = Journal(tmp_path / "home" / "journal.sqlite3")
    journal.carry_over(ended(number, clip, film) for number in range(MANY))
    journal.close()
    shot_scene.name = "Scene"
    return film


def test_scripts_know_what_the_list_does_not_show(film: Path) -> None:
    every = [f"kob-{number:03}" for number in range(MANY)]
    assert [s.id for s in api.submissions()] == every
    assert len(rows.the_list().rows) == SHOWN
    assert api.submission(OLDEST).phase is Phase.PLACED
    ended_as = [s.phase for s in api.wait(every, 5.0)]
    assert (len(ended_as), ended_as.count(Phase.FAILED)) == (MANY, MANY // 10)
    with pytest.raises(KlingError, match="no job"):
        api.submission("kob-nobody")


def test_an_old_clip_comes_again_into_the_stand_in_of_a_file_that_was_not_saved(film: Path) -> None:
    scene: Any = bpy.context.scene
    stand_in.new_stand_in(scene, film.parent, name="alley", submission_id=OLDEST, channel=1, frame_start=1, length=72)
    bpy.ops.wm.save_as_mainfile(filepath=str(film))
    bpy.ops.wm.open_mainfile(filepath=str(film))
    (strip,) = api.place_arrived()
    assert (strip.frame_start, strip.frame_duration) == (1, 72)
    assert not stand_in.look_again()


def test_the_stand_in_of_an_old_submission_tells_how_it_ended(film: Path) -> None:
    api.submissions()
    assert snapshots.submission("kob-009") is None
    stand_in.new_stand_in(
        cast(Any, bpy.context.scene),
        film.parent,
        name="alley",
        submission_id="kob-009",
        channel=1,
        frame_start=1,
        length=72,
    )
    api.place_arrived()
    found = snapshots.submission("kob-009")
    assert found is not None
    assert found.phase is Phase.FAILED


def test_the_takes_of_an_old_shot_are_known(film: Path) -> None:
    api.submissions()
    assert [take.submission for take in takes.takes_around(OLDEST, film.parent)] == [OLDEST]
