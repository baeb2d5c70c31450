"""What a job history of thousands costs: opening it as a session does, listing it, and how both grow.

``--long`` at the end also measures 100,000 jobs.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import tempfile
from contextlib import closing
from itertools import pairwise
from pathlib import Path

from benchmarks.measuring import compared, in_ms, of_command
from benchmarks.row import Goal, Row, row_of, tell
from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import Event, Origin, Target
from kling_omni_addon.core.payload import Payload
from kling_omni_addon.session import Session
from kling_omni_addon.settings import read_settings
from kling_omni_addon.work.journal import Journal

FEW, MANY, LONG = 1_000, 10_000, 100_000
LIVE, SHOWN = 10, 100
ROUNDS = 5
_HERE = {"KLING_BASE_URL": "http://127.0.0.1:9", "KLING_API_KEY": "none"}
_PLAIN_LIST = """
import json, sqlite3, sys
for kind, data in sqlite3.connect(sys.argv[1]).execute("SELECT kind, data FROM event ORDER BY seq"):
    print(kind, json.loads(data).get("at"))
"""


def rows() -> list[Row]:
    """Opening and listing, few against many."""
    sizes = (FEW, MANY, LONG) if "--long" in sys.argv else (FEW, MANY)
    with tempfile.TemporaryDirectory() as name:
        homes = {size: filled(Path(name) / str(size), size) for size in sizes}
        return [*of_many(homes[MANY]), *(row for pair in pairwise(sizes) for row in growth(homes, *pair))]


def of_many(home: Path) -> list[Row]:
    """What a history of :data:`MANY` jobs costs."""
    megabytes = (home / "journal.sqlite3").stat().st_size / 1e6
    plain = compared(lambda: opened(home), lambda: opened_plainly(home), ROUNDS)["ms"]
    listed = compared(lambda: of_command(status_of(home), at(home)), lambda: of_command(plainly(home)), rounds=1)[
        "wall"
    ]
    return [
        row_of(
            f"opening a session with {MANY:,} jobs, main thread, against sqlite3 and one SELECT of {SHOWN} rows",
            plain,
            "ms",
            goal=Goal(limit=20),
            words=f"The file has {megabytes:.1f} MB.",
        ),
        row_of(
            f"kling status with {MANY:,} jobs: wall, against Python that prints every event of the file",
            listed,
            "s",
            goal=Goal(limit=0.5),
        ),
    ]


def growth(homes: dict[int, Path], few: int, many: int) -> list[Row]:
    """How much longer it takes with ten times as many."""
    opening = compared(lambda: opened(homes[many]), lambda: opened(homes[few]), ROUNDS)["ms"]
    listing = compared(lambda: listed(homes[many]), lambda: listed(homes[few]), rounds=2)["ms"]
    linear = Goal(limit=1.2 * many / few, is_ratio=True)  # with a fifth for the noise: squares would be ten times that
    return [
        row_of(f"opening a session: {many:,} jobs against {few:,}", opening, "ms", goal=linear),
        row_of(f"reading all of them: {many:,} jobs against {few:,}", listing, "ms", goal=linear),
    ]


def opened(home: Path) -> dict[str, float]:
    """Milliseconds until Blender has what it shows. Closing it is not counted, nor the backup in its own thread."""
    sessions: list[Session] = []

    def open_session() -> None:
        session = Session(read_settings(at(home)))
        session.snapshot.refresh()
        sessions.append(session)

    took_ms = in_ms(open_session)
    sessions[0].close()
    return {"ms": took_ms}


def opened_plainly(home: Path) -> dict[str, float]:
    """Milliseconds of what a history of one row for each job would need."""

    def read() -> None:
        with closing(sqlite3.connect(home / "journal.sqlite3")) as db:
            db.execute("SELECT * FROM submission ORDER BY created_at DESC LIMIT ?", (SHOWN,)).fetchall()

    return {"ms": in_ms(read)}


def listed(home: Path) -> dict[str, float]:
    """Milliseconds of reading every job, in a process that has everything imported."""
    with closing(Journal(home / "journal.sqlite3")) as journal:
        return {"ms": in_ms(journal.all)}


def status_of(home: Path) -> list[str]:
    """The command line."""
    return [sys.executable, "-m", "kling_omni_addon", "status"]


def plainly(home: Path) -> list[str]:
    """A script of three lines over the same file."""
    return [sys.executable, "-c", _PLAIN_LIST, str(home / "journal.sqlite3")]


def at(home: Path) -> dict[str, str]:
    """The environment of a home."""
    return os.environ | _HERE | {"KLING_HOME": str(home)}


def filled(home: Path, finished: int) -> Path:
    """A home with so many finished jobs, and some that are under way."""
    home.mkdir()
    with closing(Journal(home / "journal.sqlite3")) as journal:
        journal.carry_over(history(number, number < finished) for number in range(finished + LIVE))
    return home


def history(number: int, is_finished: bool) -> list[Event]:
    """What usually happens to a submission."""
    payload = Payload(external_task_id=f"kob-{number:032}", model="kling-v3-omni", pieces=('{"prompt":"a fox"}' * 30,))
    at = 1e9 + number
    started: list[Event] = [
        ev.Intended(at=at, payload=payload, origin=Origin(service="https://k", key_fingerprint="f"), target=Target()),
        ev.Sent(at=at, digest=payload.digest),
        ev.Accepted(at=at, task_id=str(number)),
        ev.Progressed(at=at, status="processing"),
    ]
    ended: list[Event] = [
        ev.Succeeded(at=at, charge_units="3"),
        ev.Fetched(at=at, path=f"/clips/{number}.mp4", sha256="c" * 64, size_bytes=9_000_000),
    ]
    return started + (ended if is_finished else [])


if __name__ == "__main__":
    sys.exit(tell(rows))
