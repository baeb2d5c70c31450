"""A service without faults, rules or keys, for measuring: it makes every task in so many seconds.

    python benchmarks/fast_service.py SECONDS [CLIP]

Its first line of output is its address. ``GET /stats`` says what was asked. The standard library is all that it needs,
because it also runs beside a windowed Blender.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

TASKS = "/v1/videos/omni-video"
CLIP = "/clip.mp4"
_READ_BYTES = 1 << 20
_EDGE_BYTES = 1 << 16
_OWN_ID = re.compile(rb'"external_task_id": ?"([^"]*)"')


@dataclass(slots=True)
class Task:
    """One task, and what was told of it. Times are Unix seconds."""

    number: int
    own_id: str
    made_at: float
    told: int = 0
    told_done_at: float = 0.0


class Service(ThreadingHTTPServer):
    """The tasks, what was asked, and the clip that every task has."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self, seconds: float, clip: Path | None) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.seconds = seconds
        self.clip = clip
        self.lock = threading.Lock()
        self.tasks: dict[str, Task] = {}
        self.asked = {"posts": 0, "gets": 0, "lists": 0, "clips": 0}

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is none."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def make(self, own_id: str) -> Task:
        """A new task, known by both of its ids."""
        with self.lock:
            task = Task(number=self.asked["posts"], own_id=own_id, made_at=time.time())
            self.asked["posts"] += 1
            self.tasks[task_id_of(task.number)] = task
            if own_id:
                self.tasks[own_id] = task
            return task

    def newest_first(self) -> list[Task]:
        """Every task."""
        with self.lock:
            return sorted({t.number: t for t in self.tasks.values()}.values(), key=lambda t: -t.number)

    def told(self, task: Task) -> dict[str, Any]:
        """What is said of a task, which counts."""
        now = time.time()
        is_done = now - task.made_at >= self.seconds
        task.told += 1
        if is_done and not task.told_done_at:
            task.told_done_at = now
        video = {"id": "v", "url": f"{self.url}{CLIP}?{task.number}", "duration": "5.041"}
        return {
            "task_id": task_id_of(task.number),
            "task_status": "succeed" if is_done else "processing",
            "task_info": {"external_task_id": task.own_id},
            "task_result": {"videos": [video]} if is_done else {},
            "final_unit_deduction": "3" if is_done else "",
            "created_at": int(task.made_at * 1000),
            "updated_at": int(now * 1000),
        }

    def stats(self) -> dict[str, Any]:
        """What was asked so far; how late the end of each finished task was told, and how often the rarest was."""
        tasks = self.newest_first()
        late = sorted(t.told_done_at - t.made_at - self.seconds for t in tasks if t.told_done_at)
        return self.asked | {"late_s": late, "least_told": min((task.told for task in tasks), default=0)}


def task_id_of(number: int) -> str:
    """The service's id of its task of that number, from 0."""
    return str(800_000_000_000_000_000 + number)


class _Answers(BaseHTTPRequestHandler):
    server: Service
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *_: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        """Make a task, whatever is asked for."""
        body = self._edges_of_body()
        found = _OWN_ID.search(body)
        task = self.server.make(found[1].decode() if found else "")
        state = {"task_status": "submitted", "created_at": int(task.made_at * 1000), "updated_at": 0}
        info = {"task_info": {"external_task_id": task.own_id}}
        self._answer({"task_id": task_id_of(task.number)} | info | state)

    def do_GET(self) -> None:
        """A task, a page of tasks, the clip, or the counts."""
        address = urlsplit(self.path)
        if address.path == "/stats":
            self._send(200, json.dumps(self.server.stats()).encode())
        elif address.path == CLIP:
            self._send_clip()
        elif address.path == TASKS:
            self._answer_page(parse_qs(address.query))
        else:
            self._answer_task(address.path.rpartition("/")[2])

    def _edges_of_body(self) -> bytes:
        """The beginning and the end, which have the ids; the pictures between them are read and dropped."""
        left, head, tail = int(self.headers.get("Content-Length") or 0), b"", b""
        while left and (piece := self.rfile.read1(min(left, _READ_BYTES))):
            left -= len(piece)
            head += piece[: max(0, _EDGE_BYTES - len(head))]
            tail = (tail + piece)[-_EDGE_BYTES:] if left < _EDGE_BYTES * 2 else b""
        return head + tail

    def _answer_page(self, query: dict[str, list[str]]) -> None:
        number, size = (int(query.get(name, [usual])[0]) for name, usual in (("pageNum", "1"), ("pageSize", "30")))
        self.server.asked["lists"] += 1
        tasks = self.server.newest_first()[(number - 1) * size : number * size]
        self._answer([self.server.told(task) for task in tasks])

    def _answer_task(self, known_as: str) -> None:
        self.server.asked["gets"] += 1
        task = self.server.tasks.get(known_as)
        if task is None:
            unknown = {"code": 1201, "message": f"Task not found by id/external id: {known_as}", "request_id": "x"}
            self._send(400, json.dumps(unknown).encode())
        else:
            self._answer(self.server.told(task))

    def _answer(self, data: object) -> None:
        self._send(200, json.dumps({"code": 0, "message": "SUCCEED", "request_id": "x", "data": data}).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _send_clip(self) -> None:
        """The file, by the kernel alone: what is measured is whoever fetches it."""
        assert self.server.clip is not None
        self.server.asked["clips"] += 1
        with self.server.clip.open("rb") as file:
            size, offset = os.fstat(file.fileno()).st_size, 0
            self.send_response(200)
            self.send_header("Content-Type", "video/mp4")
            self.send_header("Content-Length", str(size))
            self.send_header("ETag", '"clip"')
            self.end_headers()
            while offset < size:
                offset += os.sendfile(self.connection.fileno(), file.fileno(), offset, size - offset)


@contextmanager
def running(seconds: float, clip: Path | None = None) -> Iterator[str]:
    """A service in a process of its own, by its address; it ends with the block."""
    command = [sys.executable, str(Path(__file__).resolve()), str(seconds), *([str(clip)] if clip else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def stats_of(url: str) -> dict[str, Any]:
    """What a running service was asked so far."""
    with urllib.request.urlopen(f"{url}/stats") as answer:
        stats: dict[str, Any] = json.load(answer)
    return stats


if __name__ == "__main__":
    with Service(float(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None) as service:
        print(service.url, flush=True)
        service.serve_forever()
