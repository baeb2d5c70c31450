"""Measure two ways of doing one thing in one run, and how far a thing is from itself: the noise.

Linux only: the peak of memory is what the kernel says.
"""

from __future__ import annotations

import multiprocessing
import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeAlias

ROOT = Path(__file__).resolve().parents[1]
Figures: TypeAlias = Mapping[str, float]
"""What one run took, each figure under its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The medians of some rounds. ``noise`` is how far two runs of one and the same thing lie apart in a round, as a
    share: of the yardstick, or of ours where there is none.
    """

    ours: float
    yardstick: float | None
    noise: float

    @property
    def ratio(self) -> float | None:
        """Ours divided by the yardstick; None where there is nothing to divide by."""
        return self.ours / self.yardstick if self.yardstick else None


def compared(ours: Callable[[], Figures], yardstick: Callable[[], Figures], rounds: int) -> dict[str, Compared]:
    """Yardstick, ours, yardstick, and so on: what disturbs the machine for a while disturbs all of them."""
    runs = [(yardstick(), ours(), yardstick()) for _ in range(rounds)]
    return {
        name: Compared(
            ours=statistics.median(our[name] for _, our, _ in runs),
            yardstick=statistics.median(each[name] for first, _, second in runs for each in (first, second)),
            noise=_noise([(first[name], second[name]) for first, _, second in runs]),
        )
        for name in runs[0][0]
        if name in runs[0][1]
    }


def repeated(ours: Callable[[], Figures], rounds: int) -> dict[str, Compared]:
    """Ours alone, twice in each round."""
    runs = [(ours(), ours()) for _ in range(rounds)]
    return {
        name: Compared(
            ours=statistics.median(each[name] for pair in runs for each in pair),
            yardstick=None,
            noise=_noise([(first[name], second[name]) for first, second in runs]),
        )
        for name in runs[0][0]
    }


def _noise(pairs: Sequence[tuple[float, float]]) -> float:
    return statistics.median(abs(first - second) / ((first + second) / 2 or 1.0) for first, second in pairs)


def in_child(act: Callable[[], object]) -> dict[str, float]:
    """Do it in a forked process: ``wall`` and ``cpu`` in seconds, ``memory`` in MB, the most above what it began with.

    Raises RuntimeError where it fails there.
    """
    here, there = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(target=_measure, args=(act, there))
    child.start()
    there.close()
    try:
        figures: dict[str, float] = here.recv()
    except EOFError:
        raise RuntimeError("What was to be measured failed; see above.") from None
    finally:
        child.join()
    return figures


def _measure(act: Callable[[], object], told: Connection) -> None:
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before_mb, began, cpu_began = _peak_mb(), time.perf_counter(), time.process_time()
    act()
    wall_s, cpu_s = time.perf_counter() - began, time.process_time() - cpu_began
    told.send({"wall": wall_s, "cpu": cpu_s, "memory": _peak_mb() - before_mb})


def _peak_mb() -> float:
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(int(line.split()[1]) / 1000 for line in lines if line.startswith("VmHWM:"))


def in_children(act: Callable[[], object]) -> dict[str, float]:
    """``wall`` and ``cpu``, in seconds, of the programs that are run there and waited for."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    act()
    wall_s, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"wall": wall_s, "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime}


def of_command(command: Sequence[str], environment: Mapping[str, str] | None = None) -> dict[str, float]:
    """The same of one program. Raises CalledProcessError."""
    run = partial(subprocess.run, command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=True)
    return in_children(run)


def in_ms(act: Callable[[], object]) -> float:
    """Milliseconds of this thread's clock on the wall."""
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000
