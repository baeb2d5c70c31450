"""The diagram in docs/architecture.md is the one that the table of transitions draws."""

from __future__ import annotations

import pytest

from docs.life_of_a_submission import make
from kling_omni_addon.core.life import events
from kling_omni_addon.core.life.events import Origin, Target
from kling_omni_addon.core.life.lifecycle import TRANSITIONS, Phase, begin
from kling_omni_addon.core.payload import Payload


def test_the_page_shows_the_life_of_today() -> None:
    page = make.PAGE.read_text("utf-8")
    assert make.page_with_life(page) == page, "run: .venv/bin/python docs/life_of_a_submission/make.py"


def test_every_way_of_the_table_is_drawn_once() -> None:
    lines = make.drawn().splitlines()
    for event, ways in TRANSITIONS.items():
        for before, after in ways.items():
            start = f"| {before.name} |" if before is after else f"    {before.name} --> {after.name}:"
            (line,) = [line for line in lines if line.startswith(start)]
            assert event.__name__ in line.replace("`", "").replace("|", ",").replace(":", ",").replace(",", " ").split()


def test_a_history_opens_where_the_diagram_begins() -> None:
    origin, target = Origin(service="", key_fingerprint=""), Target()
    intended = events.Intended(
        at=0.0, payload=Payload(external_task_id="a", model="", pieces=()), origin=origin, target=target
    )
    adopted = events.Adopted(at=0.0, submission_id="a", task_id="1", origin=origin)
    assert {Phase.INTENDED, Phase.ACCEPTED} == {begin(intended).phase, begin(adopted).phase}
    drawn = make.drawn()
    for opening in (intended, adopted):
        assert f"    [*] --> {begin(opening).phase.name}: {type(opening).__name__}\n" in drawn


def test_a_page_without_marks_is_told() -> None:
    with pytest.raises(ValueError, match="lacks the marks"):
        make.page_with_life("# A page\n")
