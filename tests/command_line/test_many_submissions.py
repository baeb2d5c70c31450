"""Resuming more submissions than a panel lists: none of their endings is forgotten (second round, 5)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kling_omni_addon.core.request import OmniRequest
from kling_omni_addon.session import Session
from kling_omni_addon.settings import Keys, Settings
from kling_omni_addon.work.recovery import SHOWN
from tests.workshop.processes import API_KEY, Rehearsal, run, running

MANY, FAILED = SHOWN + 30, 10


@pytest.fixture(scope="module")
def instant_rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """A server whose tasks end at once, and whose account has a slot for each."""
    folder = tmp_path_factory.mktemp("rehearsal")
    with running(folder, submitted_s=0.0, processing_s=0.0, more=("--concurrency", "200")) as server:
        yield server


def test_ten_failures_among_130_are_not_lost_behind_what_came_after_them(
    environment: dict[str, str], instant_rehearsal: Rehearsal, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    keys = Keys(api_key=API_KEY)
    settings = Settings(service_url=instant_rehearsal.url, keys=keys, home=home, clips=home / "clips")
    with Session(settings) as session:  # not started: all of it is left to the command
        for number in range(MANY):
            prompt = "waves rehearse-refuse" if number < FAILED else "waves"
            session.submit(OmniRequest(prompt=prompt, mode="std", aspect_ratio="16:9", duration_s=3))
    said = run(environment | {"KLING_BASE_URL": instant_rehearsal.url, "KLING_LOOK_WINDOW_S": "2"}, "resume", "--wait")
    phases = {line["id"]: line["phase"] for line in said.lines}
    assert (len(phases), list(phases.values()).count("failed")) == (MANY, FAILED)
    assert said.errors.count("Saved: ") == MANY - FAILED
    assert said.code == 4
