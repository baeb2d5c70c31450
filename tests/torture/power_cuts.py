"""Cut the power after every step of a recorded life, and look at what is left."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from kling_omni_addon.core.capability import LEGACY
from kling_omni_addon.core.errors import JournalUnusable
from kling_omni_addon.work.journal_file import look_for_damage
from tests.torture.crash_points import is_create
from tests.torture.power import Disk, mixtures
from tests.torture.recorded_life import MARK
from tests.torture.service_process import running_kling
from tests.torture.system_calls import Step, record

SCRIPT = Path(__file__).with_name("recorded_life.py")
_SPEED = 20.0
_LAST_BYTE = b"}"
_REQUEST_LINE = re.compile(rb"([A-Z]+) (\S+) HTTP/1\.1\r\n")
_JOURNAL = ("journal.sqlite3", "journal.sqlite3-wal", "journal.sqlite3-journal")
"""The last is there for the first moments only, before the journal is in WAL mode."""


def recorded(folder: Path, mutant: str = "", dialect: str = LEGACY) -> tuple[Step, ...]:
    """The steps of a life on an empty ``folder``: two clips wished for, sent, fetched, one of them placed."""
    log = folder.parent / "strace.log"
    with running_kling(_SPEED) as kling:
        words = [str(SCRIPT), kling.url, str(folder), str(_SPEED), dialect, *([mutant] if mutant else [])]
        return record([sys.executable, *words], log, folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """What the program has acted on so far."""

    records: Counter[tuple[str, str]]
    bodies_out: int


def losses(steps: Sequence[Step], folder: Path, *, is_strict: bool = False, seed: int = 0) -> Iterator[str]:
    """Every promise that a power cut after some step would break, as a sentence (``is_strict``: see :class:`Disk`)."""
    disk = Disk(folder, is_strict=is_strict)
    records: Counter[tuple[str, str]] = Counter()
    bodies_out, out = 0, bodies_sent(steps)
    for number, step in enumerate(steps):
        disk.take(step)
        records.update(_marked(step))
        bodies_out += number in out
        promised = Promised(records=records, bodies_out=bodies_out)
        for name, mixture in mixtures(seed + number).items():
            left = disk.after_a_cut(*mixture)
            for fault in _faults(left, promised):
                yield f"step {number} ({step.kind} {Path(step.path).name}), {name} survives: {fault}"


def bodies_sent(steps: Sequence[Step]) -> frozenset[int]:
    """The steps by which the last byte of a create left; those of a question's body are none."""
    creating: dict[int, bool] = {}
    found = set()
    for number, step in enumerate(steps):
        if step.kind != "send":
            continue
        line = _REQUEST_LINE.match(step.data)
        if line:
            creating[step.file] = is_create(line[1].decode(), line[2].decode())
        if step.data == _LAST_BYTE and creating.get(step.file):
            found.add(number)
    return frozenset(found)


def _marked(step: Step) -> Iterator[tuple[str, str]]:
    for line in step.data.decode(errors="replace").splitlines() if step.kind == "mark" else ():
        if line.startswith(MARK):
            _, submission_id, kind = line.split()
            yield submission_id, kind


def _faults(left: Mapping[str, bytes], promised: Promised) -> Iterator[str]:
    verdict, events = _read(tuple((name, left.get(f"home/{name}", b"")) for name in _JOURNAL))
    if verdict != "ok":
        yield f"the journal: {verdict}"
    found = Counter((submission_id, kind) for submission_id, kind, _ in events)
    if promised.records - found:
        yield f"the journal lacks {dict(promised.records - found)}"
    sent = sum(1 for _, kind, _ in events if kind == "Sent")
    if sent < promised.bodies_out:
        yield f"{promised.bodies_out} whole bodies left, and the journal knows of {sent}"
    mark = json.loads(left.get("home/journal.seq") or "{}").get("seq", 0)
    if mark > len(events):
        yield f"the mark knows of {mark} events and the journal of {len(events)}: it would be doubted"
    for submission_id, kind, data in events:
        yield from _file_faults(left, submission_id, kind, json.loads(data))


def _file_faults(left: Mapping[str, bytes], submission_id: str, kind: str, data: Mapping[str, Any]) -> Iterator[str]:
    if kind == "Fetched":
        content = left.get(f"home/clips/{Path(data['path']).name}")
        if content is None or hashlib.sha256(content).hexdigest() != data["sha256"]:
            yield f"the clip of {submission_id} is {'gone' if content is None else 'not what was recorded'}"
        said = left.get(f"home/clips/{Path(data['path']).with_suffix('.json').name}", b"")
        if f'"submission": "{submission_id}"'.encode() not in said or not said.endswith(b"}\n"):
            yield f"what the clip of {submission_id} is, is not said beside it"
    if kind == "Intended":
        for piece in data["payload"]["pieces"]:
            sha256 = piece["sha256"] if isinstance(piece, dict) else ""
            if sha256 and hashlib.sha256(left.get(f"home/pictures/{sha256}", b"")).hexdigest() != sha256:
                yield f"a picture of {submission_id} is gone or not what was judged"


@cache
def _read(files: tuple[tuple[str, bytes], ...]) -> tuple[str, tuple[tuple[str, str, str], ...]]:
    """What is made of a journal that was cut off: the verdict of its first look and of SQLite, and the events in it."""
    with tempfile.TemporaryDirectory(
        prefix="kling-power-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None
    ) as at:
        for name, content in files:
            if content:
                (Path(at) / name).write_bytes(content)
        path = Path(at) / files[0][0]
        try:
            look_for_damage(path)
            with closing(sqlite3.connect(path)) as db:
                verdict = str(db.execute("PRAGMA integrity_check").fetchone()[0])
                has_events = db.execute("SELECT 1 FROM sqlite_master WHERE name='event'").fetchone()
                sql = "SELECT submission_id, kind, data FROM event ORDER BY seq"
                return verdict, tuple(db.execute(sql).fetchall()) if has_events else ()
        except (JournalUnusable, sqlite3.DatabaseError) as error:
            return str(error), ()
