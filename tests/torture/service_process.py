"""The rehearsal server in a process of its own, on the fast clock, with clips that are ready at once and all different,
and what a run's check asks it.
"""

from __future__ import annotations

import hashlib
import http.client
import itertools
import json
import os
import secrets
import struct
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kling_omni_addon.rehearsal.clip_maker import ClipSpec
from kling_omni_addon.rehearsal.server import RehearsalServer, RehearsalSettings
from kling_omni_addon.settings import Keys
from tests.torture.fast_clock import FastClock
from tests.workshop.rehearsal_stand import TASKS, mp4

API_KEY = "api-key-kling-canary-5f3a9c1e7b"
ACCESS_KEY, SECRET_KEY = "access-key-canary-7c1d", "secret-key-canary-of-32-characters!!"
"""The account's keys, which are searched for wherever they must not be."""
KEYS: Mapping[str, Keys] = {
    "api key": Keys(api_key=API_KEY),
    "key pair": Keys(access_key=ACCESS_KEY, secret_key=SECRET_KEY),
}
KEY_NAMES = tuple(KEYS)
_EXTRA_BYTES = 400_000
_PATIENCE_S = 20.0


class OwnClips:
    """In place of the clip maker: a small MP4 for every task, no two alike."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._start = mp4()
        self._numbers = itertools.count()

    def make(self, spec: ClipSpec) -> Path:
        """The MP4 of every task with a box of chance behind it."""
        path = self._folder / f"{next(self._numbers)}.mp4"
        path.write_bytes(
            self._start + struct.pack(">I", 8 + _EXTRA_BYTES) + b"free" + secrets.token_bytes(_EXTRA_BYTES)
        )
        return path

    def close(self) -> None:
        """Nothing is in the making."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What the service knows of one task."""

    id: str
    submission_id: str
    status: str
    units: Decimal
    link: str


@dataclass(frozen=True, slots=True)
class Kling:
    """A running server, asked over its socket like any client."""

    url: str

    def call(self, method: str, path: str, body: object = None) -> bytes:
        """The body of an answer."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=_PATIENCE_S)
        try:
            sent = None if body is None else json.dumps(body)
            connection.request(method, path, sent, {"Authorization": f"Bearer {API_KEY}"})
            return connection.getresponse().read()
        finally:
            connection.close()

    def forget(self) -> None:
        """An empty account and no faults."""
        self.call("POST", "/rehearsal/reset", {})

    def arm(self, spelling: str) -> None:
        """Arm a fault."""
        self.call("POST", "/rehearsal/faults", {"name": spelling})

    def behave(self) -> None:
        """Disarm every fault."""
        armed = json.loads(self.call("GET", "/rehearsal/faults"))["armed"]
        for name in {fault["name"] for fault in armed}:
            self.arm(f"{name}:0")

    def stats(self) -> Any:
        """What the server counted."""
        return json.loads(self.call("GET", "/rehearsal/stats"))

    def tasks(self) -> tuple[Task, ...]:
        """Every task of the account."""
        listed = json.loads(self.call("GET", f"{TASKS}?pageNum=1&pageSize=500"))["data"]
        return tuple(
            Task(
                id=task["task_id"],
                submission_id=task["task_info"].get("external_task_id", ""),
                status=task["task_status"],
                units=Decimal(task.get("final_unit_deduction") or 0),
                link=next((video["url"] for video in task["task_result"].get("videos", ())), ""),
            )
            for task in listed
        )

    def sha256(self, task: Task) -> str:
        """The digest of a finished task's clip, downloaded."""
        parts = urlsplit(task.link)
        return hashlib.sha256(self.call("GET", f"{parts.path}?{parts.query}")).hexdigest()


@contextmanager
def running_kling(speed: float) -> Iterator[Kling]:
    """A server in a fork of this process, which must have no threads; it ends with the ``with``, or with this
    process.
    """
    from_server, to_us = os.pipe()
    from_us, to_server = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(to_server)
        os.close(from_server)
        _serve(speed, to_us, from_us)
        os._exit(0)
    os.close(to_us)
    os.close(from_us)
    try:
        yield Kling(os.read(from_server, 1000).decode())
    finally:
        os.close(to_server)
        os.waitpid(pid, 0)
        os.close(from_server)


def _serve(speed: float, to_parent: int, from_parent: int) -> None:
    with tempfile.TemporaryDirectory(prefix="kling-torture-server-") as folder:
        settings = RehearsalSettings(
            folder=Path(folder),
            api_key=API_KEY,
            access_key=ACCESS_KEY,
            secret_key=SECRET_KEY,
            units=Decimal(100_000),
            concurrency=4,
            submitted_s=3.0,
            processing_s=6.0,
        )
        with RehearsalServer(settings, OwnClips(Path(folder)), FastClock(speed)) as server:
            os.write(to_parent, server.url.encode())
            os.read(from_parent, 1)  # until the parent closes its end
