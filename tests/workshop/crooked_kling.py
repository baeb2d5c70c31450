"""A small Kling on a real socket whose answers can be bent by hand: what its tasks say, and how slowly it says it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.workshop.rehearsal_stand import TASKS, mp4

Bend = Callable[[dict[str, Any]], dict[str, Any] | bytes]


class CrookedKling:
    """Every create is taken and done at once, and its clip is there. ``bends`` change what is said of the task of an
    id: the data of an answer, or its whole body as bytes. ``drips`` are the ids whose answers come a byte at a time,
    every ``drip_s``, from the status line on. ``refusals`` answer the next creates.
    """

    def __init__(self) -> None:
        self.creates: list[str] = []
        self.keys: set[str] = set()
        self.bends: dict[str, Bend] = {}
        self.drips: set[str] = set()
        self.drip_s = 0.05
        self.refusals: list[tuple[int, int, str]] = []
        self.account: Any = {}
        self.is_closing = False
        kling = self

        class Answering(_Answering):
            service = kling

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.is_closing = True
        self._server.shutdown()
        self._server.server_close()

    def task(self, own_id: str) -> dict[str, Any] | bytes:
        """What is said of a task."""
        video = {"id": "v", "url": f"{self.url}/clip.mp4", "duration": "3.041"}
        data = {
            "task_id": f"task-{own_id}",
            "task_status": "succeed",
            "task_info": {"external_task_id": own_id},
            "task_result": {"videos": [video]},
            "final_unit_deduction": "1.8",
        }
        bend = self.bends.get(own_id)
        return data if bend is None else bend(data)


class _Answering(BaseHTTPRequestHandler):
    service: CrookedKling

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:  # the last byte was kept back
            self.close_connection = True
            return
        if self.service.refusals:
            status, code, message = self.service.refusals.pop(0)
            self._answer(json.dumps({"code": code, "message": message}).encode(), status)
            return
        own_id = json.loads(body)["external_task_id"]
        self.service.creates.append(own_id)
        self._tell({"task_id": f"task-{own_id}", "task_info": {"external_task_id": own_id}}, own_id)

    def do_GET(self) -> None:
        self.service.keys.add(self.headers.get("Authorization", ""))
        path = self.path.split("?")[0]
        if path == "/clip.mp4":
            self._answer(mp4(), kind="video/mp4")
        elif path == "/account/costs":
            self._tell(self.service.account, "")
        elif path == TASKS:
            tasks = [self.service.task(each) for each in reversed(self.service.creates)]
            self._tell([task for task in tasks if isinstance(task, dict)] if "pageNum=1&" in self.path else [], "list")
        else:
            self._tell_task(path.rpartition("/")[2].removeprefix("task-"))

    def _tell_task(self, own_id: str) -> None:
        if own_id not in self.service.creates:
            missing = {"code": 1201, "message": f"Task not found by id/external id: {own_id}"}
            self._answer(json.dumps(missing).encode(), 400)
            return
        said = self.service.task(own_id)
        if isinstance(said, bytes):
            self._answer(said, own_id=own_id)
        else:
            self._tell(said, own_id)

    def _tell(self, data: Any, own_id: str) -> None:
        self._answer(json.dumps({"code": 0, "message": "SUCCEED", "data": data}).encode(), own_id=own_id)

    def _answer(self, body: bytes, status: int = 200, kind: str = "application/json", own_id: str = "") -> None:
        head = (
            f"HTTP/1.1 {status} OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        self.close_connection = True
        if own_id not in self.service.drips:
            self.wfile.write(head.encode() + body)
            return
        for byte in head.encode() + body:
            if self.service.is_closing:
                return
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(self.service.drip_s)

    def log_message(self, *_: object) -> None:
        """Nothing on stderr."""
