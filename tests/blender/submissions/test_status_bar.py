"""What the status bar tells of the submissions, and for how long."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender.connection import snapshots
from kling_omni_addon.blender.submissions import status_bar
from kling_omni_addon.core.life.events import Origin, Target
from kling_omni_addon.core.life.lifecycle import Phase, Submission
from kling_omni_addon.core.life.needs import Need, needs_of
from kling_omni_addon.core.payload import Payload
from tests.workshop.layout import Layout


@pytest.fixture(autouse=True)
def nothing_told() -> Iterator[None]:
    status_bar.forget()
    yield
    status_bar.forget()


def submission(name: str, phase: Phase) -> Submission:
    payload = Payload(pieces=(), external_task_id=name, model="kling-v3-omni")
    origin = Origin(service="http://127.0.0.1:9", key_fingerprint="")
    target = Target(name=name)
    return Submission(
        id=f"id-{name}", phase=phase, payload=payload, origin=origin, target=target, created_at=0.0, changed_at=0.0
    )


def told(**phases: Phase) -> str:
    """What stands there once these submissions stand so."""
    return told_of(*(submission(name, phase) for name, phase in phases.items()))


def told_of(*submissions: Submission) -> str:
    status_bar.follow(submissions, needs(*submissions))
    layout = Layout()
    header: Any = SimpleNamespace(layout=layout)
    status_bar.draw(header, bpy.context)
    return " ".join(layout.text.split())


def test_nothing_is_told_while_nothing_is_under_way() -> None:
    assert told() == ""
    assert told(alley=Phase.PLACED, roof=Phase.FAILED) == ""
    assert not status_bar.is_telling()


def test_what_is_under_way_is_counted() -> None:
    assert told(a=Phase.ACCEPTED, b=Phase.ACCEPTED, c=Phase.READY, d=Phase.INTENDED, e=Phase.PLACED) == (
        "Kling: 1 waiting, 2 generating, 1 downloading"
    )


@pytest.mark.parametrize(
    ("phase", "said"),
    [
        (Phase.FETCHED, 'Kling: "alley" is downloaded'),
        (Phase.PLACED, 'Kling: "alley" is in the Sequencer'),
        (Phase.FAILED, 'Kling: "alley" failed'),
    ],
)
def test_what_becomes_of_a_clip_is_told_for_a_while_and_then_what_is_under_way(
    phase: Phase, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(alley=Phase.ACCEPTED, roof=Phase.ACCEPTED)
    assert told(alley=phase, roof=Phase.ACCEPTED) == said
    assert told(alley=phase, roof=Phase.ACCEPTED) == said
    later = status_bar.time.monotonic() + 60
    monkeypatch.setattr(status_bar.time, "monotonic", lambda: later)
    assert told(alley=phase, roof=Phase.ACCEPTED) == "Kling: 1 generating"


def held(name: str, exit_code: int) -> Submission:
    return replace(submission(name, Phase.INTENDED), is_held=True, exit_code=exit_code)


def needs(*submissions: Submission) -> tuple[Need, ...]:
    return needs_of(submissions, submission("any", Phase.PLACED).origin, lambda _: True)


def test_what_waits_for_a_person_stands_there_until_it_is_dealt_with(monkeypatch: pytest.MonkeyPatch) -> None:
    key, parked = held("alley", 3), submission("roof", Phase.PARKED)
    assert told_of(key, parked) == "Key refused by Kling, and 1 more"
    later = status_bar.time.monotonic() + 3600
    monkeypatch.setattr(status_bar.time, "monotonic", lambda: later)
    assert told_of(key, parked) == "Key refused by Kling, and 1 more"
    assert status_bar.is_telling(), "somebody has to look when it is over"
    assert told_of(parked) == 'Kling: "roof" got no response'
    assert told_of(replace(parked, phase=Phase.ABANDONED)) == ""


def test_what_waits_for_a_person_stands_beside_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    making = submission("alley", Phase.ACCEPTED)
    assert told_of(submission("roof", Phase.PARKED), making) == 'Kling: "roof" got no response Kling: 1 generating'


def test_one_clip_has_a_bar_with_its_bytes_and_several_have_their_average(monkeypatch: pytest.MonkeyPatch) -> None:
    bytes_of = {"id-a": (10_000_000, 40_000_000), "id-b": (30_000_000, 40_000_000)}
    monkeypatch.setattr(snapshots, "moved", lambda found: bytes_of.get(found.id, (0, 0)))
    assert told(a=Phase.READY) == "Kling: 1 downloading 10 of 40 MB"
    assert status_bar._told.line.share == 0.25
    assert told(a=Phase.READY, b=Phase.READY, c=Phase.ACCEPTED) == "Kling: 1 generating, 2 downloading"
    assert status_bar._told.line.share == 0.5


def test_a_service_that_does_not_answer_is_named_with_since_when(monkeypatch: pytest.MonkeyPatch) -> None:
    since = 1_700_000_000.0
    monkeypatch.setattr(snapshots, "silent_since", lambda found: since + 60 * (found.id == "id-b"))
    said = time.strftime("%H:%M", time.localtime(since))
    assert told(a=Phase.ACCEPTED, b=Phase.ACCEPTED) == f"Kling: No response since {said}"


def test_clips_that_arrive_together_are_told_together() -> None:
    told(alley=Phase.READY, roof=Phase.READY, door=Phase.READY)
    assert (
        told(alley=Phase.FETCHED, roof=Phase.FETCHED, door=Phase.FETCHED) == 'Kling: "door" is downloaded, and 2 more'
    )


def test_what_an_earlier_session_finished_is_no_news() -> None:
    assert told(alley=Phase.PLACED) == ""
    status_bar.forget()
    assert told(alley=Phase.PLACED, roof=Phase.FETCHED) == ""


def test_drawing_again_is_asked_for_only_when_something_else_is_told() -> None:
    waiting = [submission("alley", Phase.ACCEPTED)]
    assert status_bar.follow(waiting)
    status_bar.redraw()
    assert not status_bar.follow(waiting)
    assert status_bar.follow([])


def test_enabling_stands_in_the_status_bar_once_and_disabling_leaves_nothing(shot_scene: Any) -> None:
    header: Any = bpy.types.STATUSBAR_HT_header
    assert header.draw._draw_funcs.count(status_bar.draw) == 1
    status_bar.unregister()
    assert status_bar.draw not in header.draw._draw_funcs
    status_bar.register()
