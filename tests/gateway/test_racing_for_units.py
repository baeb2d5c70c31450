"""Everybody at once for the last units: two gateways, of which one is killed, and a session as a panel has it, on one
home, one spool and one project that each of them spells in its own way. The service's books have the last word.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from kling_omni_addon.core.life.books import By
from kling_omni_addon.core.life.spending import Caps, project_of
from kling_omni_addon.core.request import OmniRequest
from kling_omni_addon.costs import read_costs
from kling_omni_addon.session import Session
from kling_omni_addon.settings import read_settings
from kling_omni_addon.work.journal_reading import recorded
from tests.workshop.processes import running

from .conftest import Studio

EACH, PRICE, LAST_UNITS = 5, Decimal("1.8"), "6"  # three clips, and not a fourth
PATIENCE_S, QUIET_S = 60.0, 3.0
KEYS = [f"sh{number}" for number in range(EACH)]


def test_all_of_them_together_never_spend_more_than_the_limit(studio: Studio, tmp_path: Path) -> None:
    with running(tmp_path / "server", submitted_s=0.3, processing_s=0.3) as server:  # nothing else is charged there
        race(replace(studio, rehearsal=server, before=0))


def race(studio: Studio) -> None:
    limits = {"KLING_PROJECT_CAP": LAST_UNITS, "KLING_PROJECT": "Night Watch"}
    gateways = studio.with_settings(**limits)
    for key in KEYS:
        studio.put(key)
    home = Path(studio.home)
    patience = ("--take-over-after", "1")
    with gateways.serving(*patience) as first, gateways.serving(*patience), panel_of(gateways) as panel:
        panel.start()
        for number in range(EACH):
            prompt = f"rain {number} {studio.folder.name}"
            panel.submit(OmniRequest(prompt=prompt, mode="std", aspect_ratio="16:9", duration_s=3))
        wait_for(lambda: studio.creates > 0)
        first.send_signal(signal.SIGKILL)
        first.wait()  # a dead process that nobody waits for looks alive, and keeps what it had in hand for a minute
        journal = home / "journal.sqlite3"
        wait_for(lambda: is_over(journal))
    everything = tuple(recorded(journal))
    assert {project_of(each).casefold() for each in everything} == {"night watch"}
    assert [each.is_held for each in everything].count(True) == 2 * EACH - 3
    charged = Decimal(studio.rehearsal.stats()["charges_units"])
    assert (studio.creates, charged) == (3, 3 * PRICE)
    assert charged <= Decimal(LAST_UNITS)
    assert read_costs(journal, By.PROJECT, rehearsed=True).total.charged_units == charged


def panel_of(studio: Studio) -> Session:
    """A Blender on the gateways' machine, whose preferences name the project in another way."""
    settings = read_settings(studio.environment)
    return Session(replace(settings, project="NIGHT  WATCH", caps=Caps(project=Decimal(LAST_UNITS))))


def is_over(journal: Path) -> bool:
    """Whether all are settled and stay so: whoever takes over tries once more what the limit holds."""
    before = tuple(recorded(journal))
    time.sleep(QUIET_S)
    return sum(each.is_settled for each in before) == 2 * EACH and tuple(recorded(journal)) == before


def wait_for(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.1)
