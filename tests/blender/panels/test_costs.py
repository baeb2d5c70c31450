"""*Costs* in the panel, and the same by a function: nothing is read while a panel is drawn."""

from __future__ import annotations

import os
import time
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import bpy
import pytest

from kling_omni_addon.blender import api
from kling_omni_addon.blender.connection import opening, questions
from kling_omni_addon.blender.panels import costs
from kling_omni_addon.blender.submissions import visit
from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import Asker, Event, Origin, Target
from kling_omni_addon.core.payload import Payload
from kling_omni_addon.work.journal import Journal
from tests.workshop.layout import Layout

Scene = Any
KLING = Origin(service="https://api-singapore.klingai.com", key_fingerprint="f00")
UNITS = ev.Succeeded(at=1e9, charge_units="2.7")
DOLLARS = ev.Succeeded(at=1e9, charge_units="", charge_balance="0.42", charge_currency="USD")


@pytest.fixture
def history(shot_scene: Scene) -> Path:
    """Fourteen projects, of which one has most and one a charge that nobody knows."""
    path = Path(os.environ["KLING_HOME"]) / "journal.sqlite3"
    asked: list[tuple[str, tuple[Event, ...]]] = [(f"film {number:02}", (UNITS,)) for number in range(12)]
    asked += [("harbor", (UNITS,))] * 3 + [("harbor", (DOLLARS,)), ("", ())]
    with closing(Journal(path)) as journal:
        for number, (project, events) in enumerate(asked):
            payload, target = Payload(external_task_id=f"kob-{number}", model="m", pieces=("{}",)), Target(name="a")
            asker = Asker(user="anna", project=project)
            opening = ev.Intended(at=1e9, payload=payload, origin=KLING, target=target, most_units="3", asker=asker)
            sent = (ev.Sent(at=1e9, digest="d"), ev.Accepted(at=1e9, task_id=f"t{number}"))
            journal.carry_over([[opening, *sent, *events]])
    return path


def drawn() -> str:
    layout: Any = Layout()
    costs.draw_costs(layout, bpy.context)
    return " ".join(layout.text.split())


def test_the_panel_shows_what_was_added_up_and_reads_nothing_by_itself(history: Path) -> None:
    assert "units" not in drawn()
    assert bpy.ops.kling.add_up_costs(by="PROJECT") == {"FINISHED"}
    kept = history.read_bytes()
    history.unlink()
    text = drawn()
    assert "Costs by Project harbor 4 clips · 8.1 units · 0.42 USD of the balance" in text
    assert "Not Named 0 clips · up to 3 units not confirmed" in text
    assert "2 more: kling costs on the command line." in text
    assert "Total 16 clips · 40.5 units · 0.42 USD of the balance · up to 3 units not confirmed" in text
    history.write_bytes(kept)
    questions.forget()
    assert "units" not in drawn(), "another service or key"


def test_in_a_window_the_sums_come_also_where_nothing_is_open_to_kling(
    history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The timer hears them. Without a window there is none, and the question waits: here it does not."""
    monkeypatch.setattr(costs.costs.answered, "_wait_s", 0.0)
    assert bpy.ops.kling.add_up_costs(by="USER") == {"FINISHED"}
    assert opening.running() is None
    end = time.monotonic() + 30
    while "anna 16 clips" not in drawn():
        assert time.monotonic() < end
        assert visit.visit() is not None or not questions.is_asking()


def test_a_job_history_that_cannot_be_read_is_a_sentence(history: Path) -> None:
    history.write_bytes(b"no journal")
    assert bpy.ops.kling.add_up_costs(by="DAY") == {"FINISHED"}
    assert "The job history" in drawn()


def test_where_nothing_was_sent_it_says_no_units(shot_scene: Scene) -> None:
    assert bpy.ops.kling.add_up_costs() == {"FINISHED"}
    assert "Total 0 clips · 0 units" in drawn()


def test_a_script_has_exact_sums(history: Path) -> None:
    found = api.costs()
    assert found.total.charged_units == Decimal("40.5")
    assert found.total.charged_balance == {"USD": Decimal("0.42")}
    (anna,) = api.costs(by="user", since="2001-01-01").sums
    assert (anna.what, anna.jobs, anna.estimate_units) == ("anna", 17, Decimal(3))
    assert api.costs(rehearsed=True).total.jobs == 0
    with pytest.raises(api.KlingError, match="cannot be added up by") as caught:
        api.costs(by="mood")
    assert (caught.value.field, caught.value.remedy) == ("by", "Use day, project, shot, user, model.")
    with pytest.raises(api.KlingError, match="is not a day"):
        api.costs(since="yesterday")
