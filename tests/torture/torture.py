"""kill -9 on real processes and real sockets, over and over: ``torture.py --kills 2000 --seed 0``.

One line of JSON at the end; every violation before it, with the seed that replays its choices (``--only SEED`` and the
same ``--dialect``).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.torture.checks import broken_promises  # noqa: E402
from tests.torture.fast_clock import SPEED  # noqa: E402
from tests.torture.life import LIFE_S, Place, Plant, fork_last_look, fork_life  # noqa: E402
from tests.torture.mutants import MUTANTS, OTHER_STORIES, STORIES  # noqa: E402
from tests.torture.service_process import Kling, running_kling  # noqa: E402
from tests.torture.share import Share  # noqa: E402
from tests.torture.stories import MIXED, SPOKEN, Death, Story, Wish, spoken, story_of  # noqa: E402

Step: TypeAlias = tuple[float, Callable[[], None]]
"""What happens so many real seconds after the start of a life."""
Processes: TypeAlias = dict[int, tuple[Death, str]]
"""How each process is to end, and the API that it prefers."""
_SAID_BYTES = 3000
_LANES_THAT_SEND = 2
_STORIES = {**STORIES, **OTHER_STORIES}
_PATIENT_SPEED = 30.0
"""Slow enough that no lease of a living process runs out on a busy machine."""


@dataclass(slots=True)
class Tally:
    """What has happened so far."""

    runs: int = 0
    creates: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    spoken: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)

    @property
    def killed(self) -> int:
        """How many processes died by SIGKILL."""
        return self.kills.total()

    def add(self, other: Tally) -> None:
        """Take another tally in."""
        self.runs += other.runs
        self.creates += other.creates
        self.kills += other.kills
        self.missed += other.missed
        self.spoken += other.spoken
        self.violations += other.violations

    def line(self) -> dict[str, Any]:
        """The tally as JSON data."""
        return {
            "runs": self.runs,
            "creates": self.creates,
            "kills": self.killed,
            "violations": self.violations,
            "by_point": dict(sorted(self.kills.items())),
            "points_not_reached": dict(sorted(self.missed.items())),
            "kills_by_dialect": dict(sorted(self.spoken.items())),
        }


def run_story(story: Story, kling: Kling, plant: Plant | None = None, speed: float = SPEED) -> Tally:
    """Act a story out and check what it left. ``plant`` changes the product in every process of it."""
    tally = Tally(runs=1)
    folder = Path(tempfile.mkdtemp(prefix="kling-torture-"))
    place = Place(url=kling.url, home=folder / "home", speed=speed, plant=plant)
    try:
        unseen = _act_out(story, place, kling, tally)
        tally.creates = kling.stats()["creates"]
        tally.violations += broken_promises(story, kling, folder, unseen)
        tally.violations = [f"seed {story.seed}: {violation}" for violation in tally.violations]
        if tally.violations:
            tally.violations.append(_told(story, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return tally


def _act_out(story: Story, place: Place, kling: Kling, tally: Tally) -> int:
    """All lives of a story, then clean ones; how many creates may have arrived that the journal cannot know of."""
    kling.forget()
    share = Share(place.home.parent)
    unseen, wishes = 0, list[Wish]()
    if story.is_lax:
        kling.arm("lax-duplicates")
    for life in story.lives:
        for fault in life.faults:
            kling.arm(fault)
        wishes += life.wishes
        (_, state), *later = life.share
        share.become(state)
        pids = {
            fork_life(story, wishes, death, place, life.key, dialect): (death, dialect)
            for death, dialect in zip(life.deaths, life.dialects, strict=True)
        }
        _watch_die(pids, tally, [(at_s, partial(share.become, state)) for at_s, state in later])
        unseen += _LANES_THAT_SEND * sum(1 for death in life.deaths if death.is_meant or death.frozen_s)
    kling.behave()
    share.become("there")
    if story.is_lax:
        kling.arm("lax-duplicates")
    for key in story.keys:
        dialect = story.dialect_with(key)
        _watch_die({fork_life(story, wishes, Death(), place, key, dialect): (Death(), dialect)}, tally)
    key = story.keys[-1]
    dialect = story.dialect_with(key)
    _watch_die({fork_last_look(place, key, dialect): (Death(), dialect)}, tally)
    return unseen


def _watch_die(pids: Processes, tally: Tally, happenings: Sequence[Step] = ()) -> None:
    """Kill and freeze processes as their deaths say, let happen what else does, and wait until all have ended."""
    start = time.monotonic()
    left = set(pids)
    todo = sorted((*happenings, *_plan(pids, left)), key=lambda step: step[0])
    while left:
        while todo and time.monotonic() - start >= todo[0][0]:
            todo.pop(0)[1]()
        if time.monotonic() - start > LIFE_S:
            tally.violations.append(f"a process hangs in {pids}")
            for pid in left:
                os.kill(pid, signal.SIGKILL)
        for pid in tuple(left):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                left.discard(pid)
                _count(*pids[pid], status, tally)
        time.sleep(0.001)


def _plan(pids: Processes, left: set[int]) -> Iterator[Step]:
    def tell(pid: int, number: signal.Signals) -> Callable[[], None]:
        return lambda: os.kill(pid, number) if pid in left else None

    for pid, (death, _) in pids.items():
        if death.after_s is not None:
            yield death.after_s + death.frozen_s, tell(pid, signal.SIGKILL)
        if death.frozen_s:
            yield death.frozen_from_s, tell(pid, signal.SIGSTOP)
            yield death.frozen_from_s + death.frozen_s, tell(pid, signal.SIGCONT)


def _count(death: Death, dialect: str, status: int, tally: Tally) -> None:
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        tally.kills[death.point or "at random"] += 1
        tally.spoken[dialect] += 1
    elif death.is_meant:
        tally.missed[death.point or "at random"] += 1


def _told(story: Story, folder: Path) -> str:
    said = folder / "said.txt"
    text = said.read_text(errors="replace")[-_SAID_BYTES:] if said.exists() else ""
    return f"the story: {story}\n{_histories(folder)}\n{text}"


def _histories(folder: Path) -> str:
    try:
        with closing(sqlite3.connect(folder / "home" / "journal.sqlite3")) as db:
            told = db.execute("SELECT submission_id, group_concat(kind, ' ') FROM event GROUP BY submission_id")
            rows = told.fetchall()
    except sqlite3.Error as error:
        return f"(no history: {error})"
    return "\n".join(f"{submission_id}: {kinds}" for submission_id, kinds in rows)


def torture(kills: int, seed: int, say: Callable[[str], None], dialect: str, step: int = 1) -> Tally:
    """Run stories from ``seed`` on, every ``step``-th, until so many processes were killed."""
    tally = Tally()
    with running_kling(SPEED) as kling:
        while tally.killed < kills:
            result = run_story(spoken(story_of(seed), dialect), kling)
            tally.add(result)
            for violation in result.violations:
                say(violation)
            seed += step
    return tally


def in_parallel(kills: int, seed: int, workers: int, dialect: str) -> Tally:
    """The same with several workers at once, each in a process of its own."""
    parts = [(kills + number) // workers for number in range(workers)]
    readers = [_fork_worker(part, seed + number, dialect, workers) for number, part in enumerate(parts)]
    whole = Tally()
    for pid, reader in readers:
        with os.fdopen(reader) as stream:
            data = json.loads(stream.read())
        os.waitpid(pid, 0)
        died, missed = Counter(data["by_point"]), Counter(data["points_not_reached"])
        over = Counter(data["kills_by_dialect"])
        whole.add(Tally(data["runs"], data["creates"], died, missed, over, data["violations"]))
    return whole


def _fork_worker(kills: int, seed: int, dialect: str, step: int) -> tuple[int, int]:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writer)
        return pid, reader
    os.close(reader)
    tally = torture(kills, seed, lambda text: print_now(text, sys.stderr), dialect, step)
    with os.fdopen(writer, "w") as stream:
        stream.write(json.dumps(tally.line()))
    os._exit(0)


def print_now(text: str, stream: Any = sys.stdout) -> None:
    """A line, at once."""
    stream.write(text + "\n")
    stream.flush()


def main() -> int:
    """Read the words, torture, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=max(2, os.cpu_count() or 2))
    parser.add_argument("--dialect", choices=SPOKEN, default=MIXED, help="which API; mixed: drawn for each process")
    parser.add_argument("--only", type=int, help="run the story of one seed")
    parser.add_argument("--story", choices=tuple(_STORIES), help="run a story of mutants.py")
    parser.add_argument("--planted", action="store_true", help="... with the mistake that it is there to show")
    options = parser.parse_args()
    start = time.monotonic()
    if options.story:
        plant = MUTANTS[options.story] if options.planted else None
        with running_kling(_PATIENT_SPEED) as kling:
            tally = run_story(spoken(_STORIES[options.story], options.dialect), kling, plant, _PATIENT_SPEED)
    elif options.only is not None:
        story = spoken(story_of(options.only), options.dialect)
        print_now(str(story))
        with running_kling(SPEED) as kling:
            tally = run_story(story, kling)
    else:
        tally = in_parallel(options.kills, options.seed, options.workers, options.dialect)
    print_now(json.dumps(tally.line() | {"seconds": round(time.monotonic() - start, 1)}, indent=1))
    return 1 if tally.violations else 0


if __name__ == "__main__":
    sys.exit(main())
