"""Run the benchmarks one after the other, each in a process of its own, and print one table.

    python -m benchmarks.bench [NAME...] [--long]

A run of all of them writes ``benchmarks/latest.json``, and the table in ``docs/performance.md`` between its marks.
Ends with 1 where a benchmark broke off; a goal that is not met stands in the table.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.measuring import ROOT
from benchmarks.row import Row, not_measured, table_of

NAMES = (
    "sending",
    "fetching",
    "validate_and_build",
    "pressing",
    "starting",
    "polling",
    "journal",
    "batch",
    "rehearsal_clips",
    "zip_size",
    "draw",
    "beat",
)
KEPT = ROOT / "benchmarks" / "latest.json"
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- made by make bench: begin -->", "<!-- made by make bench: end -->"
_BUSY = 0.5
"""From this load a core on, other programs are part of every figure."""


def main(arguments: Sequence[str]) -> int:
    """Measure what is named, or everything."""
    names = [name for name in arguments if not name.startswith("--")]
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        raise SystemExit(f"There is no benchmark {', '.join(unknown)}. There are: {', '.join(NAMES)}.")
    where = machine()
    rows: list[Row] = []
    for name in names or NAMES:
        print(f"{name} ...", file=sys.stderr, flush=True)
        rows += rows_of(name, [option for option in arguments if option.startswith("--")])
    told = f"{where}\n\n{table_of(rows)}"
    print(told)
    if not names:
        KEPT.write_text(json.dumps({"machine": where, "rows": [asdict(row) for row in rows]}, indent=1), "utf-8")
        PAGE.write_text(page_with_table(PAGE.read_text("utf-8"), told), "utf-8")
    return int(any(row.name in NAMES for row in rows))


def rows_of(name: str, options: Sequence[str]) -> list[Row]:
    """What a benchmark tells; a row with its last word where it broke off."""
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "rows.json"
        command = [sys.executable, "-m", f"benchmarks.{name}", "--json", str(told), *options]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if told.exists():
            return [Row(**row) for row in json.loads(told.read_text("utf-8"))]
    sys.stderr.write(done.stderr)
    last = next((line.strip() for line in reversed(done.stderr.splitlines()) if line.strip()), "it said nothing")
    return [not_measured(name, f"it broke off: {last}")]


def machine() -> str:
    """When and where, and whether other programs disturb, as a paragraph."""
    when = datetime.now(UTC).strftime("%Y-%m-%d")
    cores, load = os.cpu_count() or 1, os.getloadavg()[0]
    where = f"{when}, commit {commit()}: {cores} cores, {processor()}, Python {platform.python_version()}"
    is_busy = load > _BUSY * cores
    busy = " **The machine was busy with other work: these figures are preliminary.**" if is_busy else ""
    return f"{where}, bpy {version('bpy')}. Load before the run: {load:.1f}.{busy}"


def processor() -> str:
    """What the kernel calls it."""
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


def commit() -> str:
    """What is measured; empty where there is no git."""
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return said.stdout.strip()


def page_with_table(page: str, told: str) -> str:
    """The page with what was told between its marks. Raises ValueError for a page without them."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{PAGE.name} lacks the marks {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{told}\n{END}{after}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
