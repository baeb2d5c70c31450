"""A journal and a .blend from before the code was divided into rooms, where they were made, and the service they knew.

``tests/fixtures/before_the_rooms/README.md`` says what there is, how it was made, and why the place is a fixed one.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from kling_omni_addon.core.errors import RehearsalUnavailable
from kling_omni_addon.core.life.lifecycle import Submission
from kling_omni_addon.rehearsal.server import RehearsalServer
from kling_omni_addon.rehearsal.settings import RehearsalSettings
from kling_omni_addon.work.journal import Journal
from tests.workshop.places import TESTS
from tests.workshop.processes import Rehearsal
from tests.workshop.rehearsal_stand import TASKS, HandClock, ReadyClips, unlogged

FIXTURE = TESTS / "fixtures" / "before_the_rooms"
PLACE = Path("/tmp/kling-before-the-rooms")
KNOWN_TO_THE_SERVICE = ("READY", "ABANDONED", "ACCEPTED", "UNANSWERED")
"""Phases of the submissions whose tasks the service has, in the order in which it got them."""
PATIENCE_S = 300.0


@dataclass(frozen=True)
class Before:
    """What was there before: where, at which service, and what the code of then said of it."""

    place: Path
    rehearsal: Rehearsal
    told: Mapping[str, Any]

    @property
    def home(self) -> Path:
        """The home of the journal."""
        return self.place / "home"

    def id_of(self, phase: str) -> str:
        """The submission that was in this phase."""
        return str(self.told["phases"][phase])


@contextmanager
def before() -> Iterator[Before]:
    """Everything where it was, and a server of today that has the tasks which the server of then had."""
    told = json.loads((FIXTURE / "told.json").read_text("utf-8"))
    with only_one():
        shutil.rmtree(PLACE, ignore_errors=True)
        shutil.copytree(FIXTURE / "place", PLACE)
        try:
            clip = next((PLACE / "film" / "kling" / "clips").glob("PLACED*.mp4"))
            settings = RehearsalSettings(
                folder=PLACE / "server", port=told["port"], submitted_s=0.0, processing_s=0.0, concurrency=10
            )
            clock = HandClock()
            server = RehearsalServer(settings, ReadyClips(clip), clock=clock)
            start(server)
            try:
                there = Before(place=PLACE, rehearsal=Rehearsal(server.url), told=told)
                hand_in(there, clock, settings.api_key)
                yield there
            finally:
                server.stop()
        finally:
            shutil.rmtree(PLACE, ignore_errors=True)


@contextmanager
def only_one() -> Iterator[None]:
    """No other run of the tests uses the place meanwhile."""
    assert sys.platform != "win32"
    import fcntl  # no such thing on Windows

    with PLACE.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def start(server: RehearsalServer) -> None:
    """Start it, once the port is free."""
    limit = time.monotonic() + PATIENCE_S
    while True:
        try:
            return server.start()
        except RehearsalUnavailable:
            if time.monotonic() > limit:
                raise
            time.sleep(0.2)


def hand_in(there: Before, clock: HandClock, key: str) -> None:
    """Create the tasks of then by HTTP: the same bodies at the same times by its clock, which gives the same ids."""
    for phase in KNOWN_TO_THE_SERVICE:
        submission = recorded(there, phase)
        clock.now = int(submission.task_id) / 1e8 if submission.task_id else clock.now + 10.0
        body = "".join(str(piece) for piece in submission.payload.pieces)
        head = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        with unlogged():
            answer = requests.post(there.rehearsal.url + TASKS, data=body, headers=head, timeout=20)
        assert answer.status_code == 200, answer.text
        assert answer.json()["data"]["task_id"] == submission.task_id or not submission.task_id
    clock.now += 3600.0


def recorded(there: Before, phase: str) -> Submission:
    """The submission that was in this phase, as today's journal reads it."""
    with closing(Journal(there.home / "journal.sqlite3")) as journal:
        found = journal.load(there.id_of(phase))
    assert found is not None
    return found


def facts_of(submission: Submission) -> dict[str, Any]:
    """What ``make.py`` of the fixture wrote down of a submission, by the code of today."""
    names = ("task_id", "clip", "strip", "problem", "charge_units")
    facts: dict[str, Any] = {name: getattr(submission, name) for name in names}
    target = {name: getattr(submission.target, name) for name in ("name", "scene", "frame_start", "folder", "blend")}
    return facts | {"phase": submission.phase.name, "target": target}
