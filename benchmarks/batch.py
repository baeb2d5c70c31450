"""What a batch of shots through a gateway takes: calls, memory and time. ``--long``: 2,000 shots instead of 100.

Real processes: the rehearsal server, which runs 50 tasks at once, the gateway, ``batch submit`` on a machine without a
key, ``batch status``. The clips are one test clip, for what is measured is the road and not Blender.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from benchmarks.measuring import ROOT
from benchmarks.row import Row, figure, tell
from tests.workshop.processes import API_KEY, Rehearsal, gateway_beside, run, running

USUAL, LONG = 100, 2_000
MOST_GROWTH_MB = 32.0
LONGEST_S = 7_200.0
_LOOK_S = 1.0


def rows() -> list[Row]:
    """Whether each shot was made once, and what that took."""
    shots = LONG if "--long" in sys.argv else USUAL
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = running(
            folder / "server", submitted_s=0.1, processing_s=0.2, more=("--concurrency", "50", "--units", "100000")
        )
        with server as rehearsal:
            figures = measured(folder, rehearsal, shots)
    once = [figures[name] for name in ("creates", "clips in the spool", "shots done")]
    growth_mb = figures["memory of the gateway, growth in MB"]
    return [
        Row(
            name=f"{shots:,} shots through a gateway: the shots that were not made exactly once",
            ours=figure(max(abs(shots - each) for each in once), ""),
            goal="0",
            is_met=all(each == shots for each in once),
            words="; ".join(f"{what}: {figure(value, '')}" for what, value in figures.items()) + ".",
        ),
        Row(
            name="the same: what the gateway's memory grows by after the first tenth",
            ours=figure(growth_mb, "MB"),
            goal=f"≤ {MOST_GROWTH_MB:g} MB",
            is_met=growth_mb <= MOST_GROWTH_MB,
        ),
    ]


def measured(folder: Path, rehearsal: Rehearsal, shots: int) -> dict[str, float]:
    """The figures of one batch."""
    manifest, spool = folder / "shots.jsonl", folder / "spool"
    line = {"kind": "text", "prompt": "a fox in the snow", "mode": "std", "duration": 3}
    manifest.write_text("".join(json.dumps(line | {"key": f"sh{n:05}"}) + "\n" for n in range(shots)))
    node = {name: value for name, value in os.environ.items() if not name.startswith("KLING_")}
    owner = node | {
        "KLING_HOME": str(folder / "home"),
        "KLING_BASE_URL": rehearsal.url,
        "KLING_API_KEY": API_KEY,
    }
    node["KLING_HOME"] = str(folder / "node")
    began = time.monotonic()
    with gateway_beside(spool, owner) as gateway:
        submitting = _memory_of(["batch", "submit", str(manifest), "--spool", str(spool), "--hand-over"], node)
        submitted = time.monotonic() - began
        early, last = _followed(gateway, spool / "clips", shots)
        took = time.monotonic() - began
    done = run(node, "batch", "status", manifest, "--spool", spool).lines[-1]["done"]
    stats = rehearsal.stats()
    return {
        "shots": float(shots),
        "creates": float(stats["creates"]),
        "clips in the spool": float(_clips(spool / "clips")),
        "shots done": float(done),
        "seconds until all was handed over": submitted,
        "seconds until all clips were there": took,
        "seconds a shot": took / shots,
        "calls of Kling a shot": sum(stats[kind] for kind in ("posts", "queries", "lists")) / shots,
        "memory of batch submit, MB": submitting,
        "memory of the gateway, MB": last,
        "memory of the gateway, growth in MB": last - early,
    }


def _memory_of(verb: list[str], environment: Mapping[str, str]) -> float:
    """The most memory of a verb, in MB, which must end well."""
    command = [sys.executable, "-m", "kling_omni_addon", *verb]
    with subprocess.Popen(command, cwd=ROOT, env=dict(environment), stdout=subprocess.DEVNULL) as process:
        most = 0.0
        while process.poll() is None:
            most = max(most, _memory_mb(process.pid))
            time.sleep(_LOOK_S / 10)
    if process.returncode:
        raise SystemExit(f"{' '.join(verb)} ended with {process.returncode}")
    return most


def _followed(gateway: subprocess.Popen[str], clips: Path, shots: int) -> tuple[float, float]:
    """The memory of the gateway after a tenth of the clips, and in the end, in MB."""
    end, early = time.monotonic() + LONGEST_S, 0.0
    while (there := _clips(clips)) < shots and time.monotonic() < end:
        if not early and there >= shots / 10:
            early = _memory_mb(gateway.pid)
        time.sleep(_LOOK_S)
    return early, _memory_mb(gateway.pid)


def _clips(folder: Path) -> int:
    return sum(1 for _ in folder.glob("*.mp4")) if folder.is_dir() else 0


def _memory_mb(pid: int) -> float:
    """What a process has in memory now; 0 where it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:")), 0.0)


if __name__ == "__main__":
    sys.exit(tell(rows))
