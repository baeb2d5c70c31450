"""The new API at a rehearsal server to try things on (contract section 13)."""

from __future__ import annotations

from typing import Any

import requests

from tests.workshop.rehearsal_stand import Stand, until

V3, O1 = "kling-3.0-omni", "kling-o1"
CREATE, TASKS = "/omni-video", "/tasks"
IMAGE, VIDEO = "https://example.com/a.png", "https://example.com/v.mp4"


def prompt(text: Any = "A fox in the snow") -> dict[str, Any]:
    return {"type": "prompt", "text": text}


def content(kind: str, url: Any = None, **more: Any) -> dict[str, Any]:
    """An input of this type; without a link of its own it has one that fits."""
    return {"type": kind, "url": url or (VIDEO if kind.endswith("video") else IMAGE), **more}


def element(number: str, known_as: str = "hero") -> dict[str, Any]:
    return {"type": "element", "element_id": number, "id": known_as}


def new_body(*contents: Any, options: Any = None, **settings: Any) -> dict[str, Any]:
    """A body that V3 takes, of a prompt unless there are other contents; ``...`` leaves a setting out."""
    given = {"multi_shot": False, "aspect_ratio": "16:9", **settings}
    body = {
        "contents": list(contents) or [prompt()],
        "settings": {name: value for name, value in given.items() if value is not ...},
    }
    return body if options is None else {**body, "options": options}


class NewApi:
    """The calls of the new API, as :class:`Stand` has those of the legacy one."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand

    def send(self, body: Any, model: str = V3) -> requests.Response:
        return self.stand.call("POST", f"{CREATE}/{model}", json=body)

    def create(self, *contents: Any, options: Any = None, model: str = V3, **settings: Any) -> requests.Response:
        return self.send(new_body(*contents, options=options, **settings), model)

    def created(self, *contents: Any, **more: Any) -> str:
        """The task id of a create that must succeed."""
        answer = self.create(*contents, **more)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["data"]["id"])

    def ask(self, query: str) -> requests.Response:
        return self.stand.get(f"{TASKS}?{query}")

    def tasks(self, query: str) -> list[dict[str, Any]]:
        """What a query says about tasks, of which it may know none."""
        answer = self.ask(query)
        assert answer.status_code == 200, answer.text
        tasks: list[dict[str, Any]] = answer.json()["data"]
        return tasks

    def task(self, task_id: str) -> dict[str, Any]:
        (task,) = self.tasks(f"task_ids={task_id}")
        return task

    def ended(self, task_id: str) -> dict[str, Any]:
        """The task after its time, however long the thread that takes its clip needs."""
        self.stand.pass_time()
        return until(lambda: self.task(task_id), lambda task: task["status"] in ("succeeded", "failed"))

    def search(self, **body: Any) -> requests.Response:
        return self.stand.call("POST", TASKS, json=body)

    def page(self, **body: Any) -> dict[str, Any]:
        """A page of the list that must be there."""
        answer = self.search(**body)
        assert answer.status_code == 200, answer.text
        page: dict[str, Any] = answer.json()["data"]
        return page
