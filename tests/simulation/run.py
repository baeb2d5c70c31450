"""Play many histories: ``python -m tests.simulation.run --seed 0 --histories 100000``.

Says the seed range, the speed, how often every trouble, transition, answer and act of the user was met, and each
violation with the seed that replays it, in the same ``--dialect``. Ends with 1 when there was one.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from .story import MIXED, SPOKEN, Story, Violation, wired

CHUNK = 250


@dataclass(kw_only=True)
class Tally:
    """What a range of seeds met."""

    histories: int = 0
    calls: int = 0
    troubles: Counter[tuple[str, str]] = field(default_factory=Counter)
    """What, and which dialects the history speaks; so are deaths and acts."""
    transitions: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    acts: Counter[tuple[str, str]] = field(default_factory=Counter)
    deaths: Counter[tuple[str, str]] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    moves: Counter[str] = field(default_factory=Counter)
    violations: list[tuple[int, str]] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.histories += other.histories
        self.calls += other.calls
        self.troubles.update(other.troubles)
        self.transitions.update(other.transitions)
        self.acts.update(other.acts)
        self.deaths.update(other.deaths)
        self.answers.update(other.answers)
        self.moves.update(other.moves)
        self.violations.extend(other.violations)

    def take(self, story: Story, violation: str) -> None:
        self.histories += 1
        self.calls += story.kling.calls
        for counter, counts in (
            (self.troubles, story.troubles.counts),
            (self.acts, story.acts),
            (self.deaths, story.steps),
        ):
            counter.update({(kind, story.spoken): times for kind, times in counts.items()})
        self.transitions.update(story.transitions)
        self.answers.update(story.kling.answers)
        self.moves.update(story.moves)
        if violation:
            self.violations.append((story.seed, violation))


def broken_promise(story: Story) -> str:
    """Play a story; which promise was broken, or ``""``. An exception that nobody expected is one, too."""
    try:
        story.play()
    except Violation as violation:
        return str(violation)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding, and its seed replays it
        return f"{type(error).__name__}: {error}"
    return ""


def played(seeds: Iterable[int], dialect: str = MIXED) -> Tally:
    """Play these seeds in this process."""
    tally = Tally()
    with wired(), _tidied_once():
        for seed in seeds:
            story = Story(seed, dialect)
            tally.take(story, broken_promise(story))
    return tally


@contextmanager
def _tidied_once() -> Iterator[None]:
    """Collect garbage at the end only: a story is one tangle of references, and no part of it is free before it ends.

    A chunk of stories takes some 50 MB.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.collect()


def simulate(seed: int, histories: int, jobs: int, dialect: str = MIXED) -> Tally:
    """Play a range of seeds on ``jobs`` processes."""
    tally = Tally()
    chunks = [range(at, min(at + CHUNK, seed + histories)) for at in range(seed, seed + histories, CHUNK)]
    with multiprocessing.get_context("spawn").Pool(jobs, initializer=gc.freeze) as pool:
        for part in pool.imap_unordered(partial(played, dialect=dialect), chunks):
            tally.add(part)
    return tally


def told(seed: int, dialect: str = MIXED) -> Iterator[str]:
    """One story in words."""
    with wired():
        story = Story(seed, dialect, is_told=True)
        violation = broken_promise(story)
    yield from story.lines
    yield f"VIOLATION: {violation}" if violation else "every promise was kept"


def _report(tally: Tally, seed: int, dialect: str, seconds: float) -> Iterator[str]:
    pace = tally.histories / max(seconds, 0.001)
    yield f"seeds {seed} to {seed + tally.histories - 1}, {dialect}, {pace:.0f} histories/s, {tally.calls} calls"
    for title, counts in (
        ("dialects", tally.moves),
        ("troubles", _summed(tally.troubles)),
        ("acts of the user", _summed(tally.acts)),
        ("answers", tally.answers),
        ("deaths", _summed(tally.deaths)),
    ):
        yield f"{title}:"
        yield from (f"  {count:9d}  {name}" for name, count in sorted(counts.items()))
    yield "transitions:"
    yield from (
        f"  {count:9d}  {event} in {phase}, {spoken}"
        for (event, phase, spoken), count in sorted(tally.transitions.items())
    )
    yield f"violations: {len(tally.violations)}"
    yield from (f"  seed {bad}: {sentence}" for bad, sentence in sorted(tally.violations)[:50])


def _summed(counts: Counter[tuple[str, str]]) -> Counter[str]:
    """Whatever is spoken."""
    summed: Counter[str] = Counter()
    for (kind, _), times in counts.items():
        summed[kind] += times
    return summed


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.run", description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--histories", type=int, default=100_000)
    parser.add_argument("--dialect", choices=SPOKEN, default=MIXED, help="which API is spoken; mixed: drawn for each")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--verbose", action="store_true", help="tell every story")
    options = parser.parse_args(arguments)
    if options.verbose:
        for seed in range(options.seed, options.seed + options.histories):
            sys.stdout.writelines(f"{line}\n" for line in told(seed, options.dialect))
        return 0
    began = time.monotonic()
    tally = simulate(options.seed, options.histories, options.jobs, options.dialect)
    seconds = time.monotonic() - began
    sys.stdout.writelines(f"{line}\n" for line in _report(tally, options.seed, options.dialect, seconds))
    return 1 if tally.violations else 0


if __name__ == "__main__":
    sys.exit(main())
