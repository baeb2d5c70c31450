"""How many questions a task costs, and how late its end is noticed: real sessions against a service of one process.

The service notes when it said for the first time that a task is done; that, less the moment at which it was done, is
how late it was noticed. Beside the first row, a plain loop asks about as many tasks every five seconds.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from benchmarks import fast_service
from benchmarks.large_files import written_clip
from benchmarks.row import Row, figure, tell
from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import Event, Origin, Target
from kling_omni_addon.core.payload import Payload
from kling_omni_addon.core.request import OmniRequest
from kling_omni_addon.session import Session
from kling_omni_addon.settings import read_settings
from kling_omni_addon.work.journal import Journal

TASK_S = 60.0
TOGETHER, ALONE, CROWD = 40, 12, 1_000
EARLIER = 20
SMALL_BYTES = 100_000
PLAIN_PERIOD_S = 5.0
ROUNDS_OF_CROWD = 5
LONGEST_S = 240.0
_REQUEST = OmniRequest(prompt="a fox", aspect_ratio="16:9", mode="std", duration_s=5)
_LOOK_S = 0.25


def rows() -> list[Row]:
    """Forty tasks at once, one at a time with what earlier ones taught, and a thousand."""
    return [*forty_tasks(), *one_task(), *a_thousand_tasks()]


def forty_tasks() -> list[Row]:
    """One session and a plain loop, side by side, each at a service of its own."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        clip = written_clip(folder / "served.mp4", SMALL_BYTES)
        ours, plain = (stack.enter_context(fast_service.running(TASK_S, clip)) for _ in range(2))
        loop = threading.Thread(target=ask_plainly, args=(plain, TOGETHER))
        loop.start()
        session = stack.enter_context(session_at(ours, folder / "home"))
        for _ in range(TOGETHER):
            session.submit(_REQUEST)
        session.start()
        stats = wait_for(ours, TOGETHER)
        loop.join()
        theirs = wait_for(plain, TOGETHER)
    name = (
        f"polling {TOGETHER} tasks of {TASK_S:.0f} s: requests a task, against asking each every {PLAIN_PERIOD_S:.0f} s"
    )
    asked, plainly = (questions(each) / TOGETHER for each in (stats, theirs))
    row = counted(name, asked, plainly, most=1.5, words=f"{lateness(stats)} The plain loop: {lateness(theirs)}")
    return [row]


def one_task() -> list[Row]:
    """Some sessions with one task each, which know how long earlier ones took from their journal alone."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(fast_service.running(TASK_S, written_clip(folder / "served.mp4", SMALL_BYTES)))
        for number in range(ALONE):
            home = folder / str(number)
            with session_at(url, home) as earlier:
                sample = earlier.intended(_REQUEST, None, None)
            put_into(home, (finished(sample, each) for each in range(EARLIER)))
            session = stack.enter_context(session_at(url, home))
            session.submit(_REQUEST)
            session.start()
        stats = wait_for(url, ALONE)
    p95_s = percentile(stats["late_s"], 0.95)
    name = f"one task of {TASK_S:.0f} s after {EARLIER} like it: requests, against asking every {PLAIN_PERIOD_S:.0f} s"
    row = counted(name, questions(stats) / ALONE, TASK_S / PLAIN_PERIOD_S, most=8, words=lateness(stats))
    late = Row(
        name=f"the same: how late 95 of 100 are noticed at most ({ALONE} sessions)",
        ours=figure(p95_s, "s"),
        goal="≤ 5 s",
        is_met=p95_s <= 5,
    )
    return [row, late]


def a_thousand_tasks() -> list[Row]:
    """One session that takes over a thousand running tasks. A round is over when each of them was told of once more."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(fast_service.running(LONGEST_S * 10))
        with session_at(url, folder / "home") as earlier:
            origin = earlier.origin
        put_into(folder / "home", (taken_over(origin, number, make_plainly(url)) for number in range(CROWD)))
        session = stack.enter_context(session_at(url, folder / "home"))
        session.start()
        began = time.monotonic()
        end = began + LONGEST_S
        while (stats := fast_service.stats_of(url))["least_told"] < ROUNDS_OF_CROWD and time.monotonic() < end:
            time.sleep(_LOOK_S)
        round_s = (time.monotonic() - began) / max(1, stats["least_told"])
    asked = questions(stats) / max(1, stats["least_told"])
    name = f"{CROWD:,} tasks under way: requests a round, against one for each"
    words = f"{singly(stats)} A round took {round_s:.1f} s."
    return [counted(name, asked, float(CROWD), most=4, words=words)]


def counted(name: str, ours: float, yardstick: float, *, most: float, words: str) -> Row:
    """A row of counts, which have no noise to speak of."""
    is_met, goal = ours <= most, f"≤ {most:g}"
    ratio = ours / yardstick
    return Row(
        name=name,
        ours=figure(ours, ""),
        yardstick=figure(yardstick, ""),
        ratio=ratio,
        goal=goal,
        is_met=is_met,
        words=words,
    )


def session_at(url: str, home: Path) -> Session:
    """A session with a home of its own, and room for all tasks."""
    environment = {"KLING_BASE_URL": url, "KLING_API_KEY": "none", "KLING_HOME": str(home), "KLING_CONCURRENCY": "50"}
    return Session(read_settings(environment))


def put_into(home: Path, histories: Iterable[list[Event]]) -> None:
    """Have the journal of a home know what happened elsewhere."""
    with closing(Journal(home / "journal.sqlite3")) as journal:
        journal.carry_over(histories)


def finished(sample: ev.Intended, number: int) -> list[Event]:
    """The history of a task of the same kind, a day ago, that took 57 to 63 s."""
    took_s = TASK_S - 3 + 6 * number / EARLIER
    at = sample.at - 86_400 + 120 * number
    payload = renamed(sample.payload, f"kob-earlier-{number}")
    return [
        ev.Intended(at=at, payload=payload, origin=sample.origin, target=Target()),
        ev.Sent(at=at, digest=payload.digest),
        ev.Accepted(at=at, task_id=f"earlier-{number}"),
        ev.Succeeded(at=at + took_s, charge_units="3"),
        ev.Fetched(at=at + took_s + 1, path=f"/clips/{number}.mp4", sha256="c" * 64, size_bytes=SMALL_BYTES),
        ev.Placed(at=at + took_s + 2, scene="Scene", strip="clip"),
    ]


def taken_over(origin: Origin, number: int, task_id: str) -> list[Event]:
    """The history of a task that was accepted a moment ago."""
    now = time.time()
    payload = Payload(external_task_id=f"kob-{number}", model="kling-v3-omni", pieces=("{}",))
    return [
        ev.Intended(at=now, payload=payload, origin=origin, target=Target()),
        ev.Sent(at=now, digest=payload.digest),
        ev.Accepted(at=now, task_id=task_id),
    ]


def renamed(payload: Payload, own_id: str) -> Payload:
    """The same under another id: it is never sent."""
    return Payload(external_task_id=own_id, model=payload.model, pieces=payload.pieces, kind=payload.kind)


def ask_plainly(url: str, count: int) -> None:
    """A plain loop: make the tasks, and ask about each that is not done, every :data:`PLAIN_PERIOD_S`.

    It begins half a period late, so that it is neither lucky nor unlucky with tasks of whole periods.
    """
    open_tasks = [make_plainly(url) for _ in range(count)]
    time.sleep(PLAIN_PERIOD_S / 2)
    while open_tasks:
        time.sleep(PLAIN_PERIOD_S)
        open_tasks = [task_id for task_id in open_tasks if not is_done(url, task_id)]


def make_plainly(url: str) -> str:
    """A task of nobody's; its id at the service."""
    with urllib.request.urlopen(f"{url}{fast_service.TASKS}", data=b"{}") as answer:
        return str(json.load(answer)["data"]["task_id"])


def is_done(url: str, task_id: str) -> bool:
    """One question."""
    with urllib.request.urlopen(f"{url}{fast_service.TASKS}/{task_id}") as answer:
        return bool(json.load(answer)["data"]["task_status"] == "succeed")


def wait_for(url: str, count: int) -> dict[str, Any]:
    """What a service was asked until it had told so many ends. Raises TimeoutError."""
    end = time.monotonic() + LONGEST_S
    while len((stats := fast_service.stats_of(url))["late_s"]) < count:
        if time.monotonic() > end:
            raise TimeoutError(f"Only {len(stats['late_s'])} of {count} tasks were noticed.")
        time.sleep(_LOOK_S)
    return stats


def questions(stats: dict[str, Any]) -> float:
    """Requests that ask."""
    return float(stats["gets"] + stats["lists"])


def lateness(stats: dict[str, Any]) -> str:
    """How it was asked, and how late the ends were noticed, as sentences."""
    late = stats["late_s"]
    median_s, p95_s = statistics.median(late), percentile(late, 0.95)
    return f"{singly(stats)} The end is noticed {median_s:.1f} s late (median), {p95_s:.1f} s (p95)."


def singly(stats: dict[str, Any]) -> str:
    """How it was asked, as a sentence."""
    return f"Asked singly: {stats['gets']:,} times; pages of the list: {stats['lists']:,}."


def percentile(values: Sequence[float], share: float) -> float:
    """The value that so large a share does not exceed."""
    return sorted(values)[max(0, round(share * len(values) + 0.5) - 1)]


if __name__ == "__main__":
    sys.exit(tell(rows))
