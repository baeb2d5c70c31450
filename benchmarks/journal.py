"""How long a journal with 10,000 finished submissions takes to open and to read; see README.md here.

``benchmarks/journal.py``, run by hand. Ends with 1 when reading the ten live ones takes a hundredth of reading all, or
more.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import Event, Origin, Target
from kling_omni_addon.core.payload import Payload
from kling_omni_addon.work.backup import Backup
from kling_omni_addon.work.journal import Journal
from kling_omni_addon.work.recovery import SHOWN, open_journal

FINISHED, LIVE, RUNS = 10_000, 10, 5
MOST_RATIO = 0.01


def main() -> int:
    """Measure and print; 1 when reading the live ones is not a matter of the live ones alone."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.sqlite3"
        journal = Journal(path)
        journal.carry_over(history(number) for number in range(FINISHED + LIVE))
        journal.close()
        print(f"{FINISHED:,} finished, {LIVE} live, {path.stat().st_size / 1e6:.1f} MB")
        opening = best(lambda: Journal(path).close())
        checking = best(lambda: open_journal(path, 0.0)[0].close())
        live = best(lambda: read(path, lambda journal: journal.live()))
        recent = best(lambda: read(path, lambda journal: journal.recent(SHOWN)))
        everything = best(lambda: read(path, lambda journal: journal.all()), runs=2)
        backup = best(lambda: Backup(path, 0.0).make())
    for name, seconds in (
        ("open", opening),
        ("open as a session does: look for damage, read what is shown", checking),
        ("live()", live),
        (f"recent({SHOWN})", recent),
        ("all()", everything),
        ("backup, in a thread of its own", backup),
    ):
        print(f"{name:60} {seconds * 1000:8.1f} ms")
    print(f"live() / all() = {live / everything:.5f}")
    return int(live / everything >= MOST_RATIO)


def history(number: int) -> list[Event]:
    """What usually happens to a submission; the last few are still under way."""
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
    return started + (ended if number < FINISHED else [])


def read(path: Path, what: Callable[[Journal], object]) -> float:
    """Seconds of a reading on a fresh connection."""
    journal = Journal(path)
    start = time.perf_counter()
    what(journal)
    taken = time.perf_counter() - start
    journal.close()
    return taken


def best(work: Callable[[], object], runs: int = RUNS) -> float:
    """The shortest of some runs, in seconds: what ``work`` says it took, or what it took."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        said = work()
        times.append(said if isinstance(said, float) else time.perf_counter() - start)
    return min(times)


if __name__ == "__main__":
    raise SystemExit(main())
