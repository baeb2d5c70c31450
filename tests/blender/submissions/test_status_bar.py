"""What the status bar tells of the submissions, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender.submissions import status_bar
from kling_omni_addon.core.life.events import Origin, Target
from kling_omni_addon.core.life.lifecycle import Phase, Submission
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
    status_bar.follow([submission(name, phase) for name, phase in phases.items()])
    layout = Layout()
    header: Any = SimpleNamespace(layout=layout)
    status_bar.draw(header, bpy.context)
    return layout.text.strip()


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
        (Phase.FETCHED, 'Kling: "alley" has arrived'),
        (Phase.PLACED, 'Kling: "alley" is on the timeline'),
        (Phase.FAILED, 'Kling: "alley" failed'),
        (Phase.PARKED, 'Kling: "alley" got no answer'),
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


def test_clips_that_arrive_together_are_told_together() -> None:
    told(alley=Phase.READY, roof=Phase.READY, door=Phase.READY)
    assert told(alley=Phase.FETCHED, roof=Phase.FETCHED, door=Phase.FETCHED) == 'Kling: "door" has arrived, and 2 more'


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
