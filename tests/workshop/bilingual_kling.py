"""A small Kling on a real socket that serves both generations of the API, each in its own words or in the other's."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs, urlsplit

from kling_omni_addon.core.capability import LEGACY, NEW
from tests.workshop.rehearsal_stand import TASKS, mp4


class Asked(NamedTuple):
    """One call, as the service got it."""

    method: str
    path: str
    body: Any


class BilingualKling:
    """Every create is taken and done at once, and its clip is there. Over the legacy API there are the tasks that were
    made over it; over the new one there are all of them. ``words`` are those in which a dialect is answered, where they
    are not its own.
    """

    def __init__(self, words: Mapping[str, str] | None = None) -> None:
        self.words = {LEGACY: LEGACY, NEW: NEW} | dict(words or {})
        self.tasks: dict[str, str] = {}
        self.asked: list[Asked] = []
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
        self._server.shutdown()
        self._server.server_close()

    def paths(self, own_id: str) -> list[str]:
        """Where one submission was sent and asked about, in order, each place once."""
        found = (asked.path for asked in self.asked if own_id in f"{asked.path} {asked.body}")
        return list(dict.fromkeys(found))

    def task(self, own_id: str, words: str) -> dict[str, Any]:
        """A finished task in the words of a dialect."""
        video = {"id": "v", "type": "video", "url": f"{self.url}/clip.mp4", "duration": "3.041"}
        if words == NEW:
            return {"id": f"task-{own_id}", "external_id": own_id, "status": "succeeded", "outputs": [video]}
        told = {"task_id": f"task-{own_id}", "task_info": {"external_task_id": own_id}, "task_status": "succeed"}
        return told | {"task_result": {"videos": [video]}}

    def answer(self, asked: Asked) -> tuple[int, dict[str, Any]]:
        """HTTP status and document."""
        path, query = urlsplit(asked.path)[2:4]
        dialect = LEGACY if path.startswith(TASKS) else NEW
        known = [own_id for own_id, made in self.tasks.items() if dialect in (made, NEW)]
        words = self.words[dialect]
        if asked.method == "POST" and path != "/tasks":
            own_id = asked.body.get("options", asked.body)["external_task_id"]
            self.tasks[own_id] = dialect
            return _good(self.task(own_id, words))
        if path in (TASKS, "/tasks") and "task_ids" not in query:
            tasks = [self.task(own_id, words) for own_id in reversed(known)] if "pageNum=2" not in query else []
            return _good({"result": tasks, "has_more": False, "next_cursor": ""} if words == NEW else tasks)
        wanted = path.rpartition("/")[2] if dialect == LEGACY else next(iter(parse_qs(query).values()))[0]
        ids = [each.removeprefix("task-") for each in wanted.split(",")]
        tasks = [self.task(own_id, words) for own_id in ids if own_id in known]
        if words == NEW:
            return _good(tasks)
        return _good(tasks[0]) if tasks else (400, {"code": 1201, "message": f"Task not found by id: {wanted}"})


def _good(data: Any) -> tuple[int, dict[str, Any]]:
    return 200, {"code": 0, "message": "SUCCEED", "data": data}


class _Answering(BaseHTTPRequestHandler):
    service: BilingualKling

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        self.close_connection = True
        if len(body) == length:  # else the last byte was kept back
            self._answer(Asked("POST", self.path, json.loads(body)))

    def do_GET(self) -> None:
        self.close_connection = True
        if self.path == "/clip.mp4":
            self._send(200, mp4(), "video/mp4")
        else:
            self._answer(Asked("GET", self.path, None))

    def _answer(self, asked: Asked) -> None:
        self.service.asked.append(asked)
        status, document = self.service.answer(asked)
        self._send(status, json.dumps(document).encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(body))), ("Connection", "close")):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing on stderr."""
