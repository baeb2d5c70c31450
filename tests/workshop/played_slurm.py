"""Slurm, played: ``sbatch`` and ``scontrol requeue`` put jobs into a folder, and :func:`play` runs those that may run.

As Slurm does: the script is copied when it is submitted; options stand in its ``#SBATCH`` lines, and on the command
line, which wins; a job runs where it was submitted, with the environment of then; the tasks of an array run beside each
other; ``afterok`` keeps a job back for good when one of the others failed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FOLDER = "PLAYED_SLURM"
_REQUEUED = "requeued"


@dataclass(frozen=True)
class Ran:
    """One run of one task."""

    job: int
    task: int | None
    code: int
    output: str


def install(binaries: Path, jobs: Path) -> dict[str, str]:
    """Put the two commands into a folder of programs; what the environment needs for them."""
    jobs.mkdir()
    for name in ("sbatch", "scontrol"):
        program = binaries / name
        program.write_text(f'#!/bin/bash\nexec "{sys.executable}" "{Path(__file__).resolve()}" {name} "$@"\n')
        program.chmod(0o755)
    return {_FOLDER: str(jobs)}


def play(jobs: Path) -> list[Ran]:
    """Run every job that may run, each once; one that is requeued meanwhile waits for the next time."""
    ran: list[Ran] = []
    for path in _by_number(jobs):
        job = _read(path)
        if job["codes"] is not None or not _may_run(jobs, job):
            continue
        runs = list(_run(jobs, job))
        ran += runs
        is_requeued = (jobs / f"{job['id']}.{_REQUEUED}").exists()
        (jobs / f"{job['id']}.{_REQUEUED}").unlink(missing_ok=True)
        job |= {"codes": None, "restarts": job["restarts"] + 1} if is_requeued else {"codes": [r.code for r in runs]}
        path.write_text(json.dumps(job))
    return ran


def codes(ran: Sequence[Ran]) -> list[tuple[int, int | None, int]]:
    """Job, task of its array, and exit code of each run, in the order in which they began."""
    return [(run.job, run.task, run.code) for run in ran]


def _by_number(jobs: Path) -> list[Path]:
    return sorted(jobs.glob("*.json"), key=lambda path: int(path.stem))


def _read(path: Path) -> dict[str, Any]:
    job: dict[str, Any] = json.loads(path.read_text())
    return job


def _may_run(jobs: Path, job: Mapping[str, Any]) -> bool:
    others = [_read(jobs / f"{number}.json")["codes"] for number in job["after"]]
    return all(codes is not None and not any(codes) for codes in others)


def _run(jobs: Path, job: Mapping[str, Any]) -> Iterator[Ran]:
    """All tasks of a job, at once."""
    started = [(task, _started(jobs, job, task)) for task in job["array"] or [None]]
    for task, process in started:
        output, _ = process.communicate(timeout=300)
        yield Ran(job["id"], task, process.returncode, output)


def _started(jobs: Path, job: Mapping[str, Any], task: int | None) -> subprocess.Popen[str]:
    told = {"SLURM_JOB_ID": job["id"], "SLURM_SUBMIT_DIR": job["folder"]}
    if job["restarts"]:
        told["SLURM_RESTART_COUNT"] = job["restarts"]
    if task is not None:
        array = job["array"]
        told |= {"SLURM_ARRAY_JOB_ID": job["id"], "SLURM_ARRAY_TASK_ID": task, "SLURM_ARRAY_TASK_COUNT": len(array)}
        told |= {"SLURM_ARRAY_TASK_MIN": min(array), "SLURM_ARRAY_TASK_MAX": max(array)}
    return subprocess.Popen(
        ["bash", str(jobs / f"{job['id']}.script")],
        cwd=job["folder"],
        env=job["environment"] | {name: str(value) for name, value in told.items()},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


# The two commands ----------------------------------------------------------------------------------------------------


def _sbatch(words: Sequence[str]) -> None:
    """Take a job, and say its number."""
    at_call = _options().parse_args(words)
    script = Path(at_call.script)
    options = _options().parse_args([*_in_script(script), *words])  # the command line wins
    jobs = Path(os.environ[_FOLDER])
    number = len(_by_number(jobs)) + 1
    (jobs / f"{number}.script").write_text(script.read_text())
    job = {
        "id": number,
        "array": _array(options.array),
        "after": _after(options.dependency),
        "folder": str(Path.cwd()),
        "environment": dict(os.environ),
        "restarts": 0,
        "codes": None,
    }
    (jobs / f"{number}.json").write_text(json.dumps(job))
    print(number if options.parsable else f"Submitted batch job {number}")  # noqa: T201 - as sbatch does


def _options() -> argparse.ArgumentParser:
    """What our scripts use of sbatch's options; any other is an error, as a wrong one is in Slurm."""
    parser = argparse.ArgumentParser(prog="sbatch", allow_abbrev=False)
    for name in ("--array", "--dependency"):
        parser.add_argument(name, default="")
    parser.add_argument("--job-name")
    parser.add_argument("--open-mode", choices=("append", "truncate"))
    for name in ("--parsable", "--requeue"):
        parser.add_argument(name, action="store_true")
    parser.add_argument("script")
    return parser


def _in_script(script: Path) -> list[str]:
    """The options of the ``#SBATCH`` lines, which end where the first command stands."""
    found: list[str] = []
    for line in script.read_text().splitlines():
        if line and not line.startswith("#"):
            break
        found += line.split()[1:] if line.startswith("#SBATCH ") else []
    return found


def _array(said: str) -> list[int]:
    """``1-4,7`` as numbers."""
    numbers: list[int] = []
    for part in filter(None, said.split(",")):
        first, _, last = part.partition("-")
        numbers += range(int(first), int(last or first) + 1)
    return numbers


def _after(said: str) -> list[int]:
    """``afterok:1:2`` as numbers."""
    if said and not re.fullmatch(r"afterok(:\d+)+", said):
        raise SystemExit(f"sbatch: error: Job dependency problem: {said}")
    return [int(number) for number in said.split(":")[1:]]


def _scontrol(words: Sequence[str]) -> None:
    verb, number = words
    if verb != "requeue":
        raise SystemExit(f"scontrol: error: {verb} is not played")
    (Path(os.environ[_FOLDER]) / f"{number}.{_REQUEUED}").touch()


if __name__ == "__main__":
    {"sbatch": _sbatch, "scontrol": _scontrol}[sys.argv[1]](sys.argv[2:])
