"""What rules, prices, capture and rehearsal server say about an invented model: ``story_of_an_invented_model.py TOLD``.

Runs on whatever package and data are on the path, with or without that model, and says what it finds as JSON.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import kling_omni_addon
from kling_omni_addon.core import capability, choices
from kling_omni_addon.core.errors import RequestInvalid
from kling_omni_addon.core.payload import build_payload, request_from_body
from kling_omni_addon.core.pricing import price_of
from kling_omni_addon.core.protocol import Status
from kling_omni_addon.core.rules.table import problems_in
from kling_omni_addon.core.sizes import legal_size
from kling_omni_addon.rehearsal.clip_maker import ClipSpec
from kling_omni_addon.rehearsal.server import RehearsalServer, RehearsalSettings
from kling_omni_addon.remote.service import KlingService
from kling_omni_addon.remote.token import ApiKey
from kling_omni_addon.work.picture_store import PictureStore
from tests.workshop.invented_model import LONGEST_S, MODE, MODEL, RATIO, SHORTEST_S

BODY = {"model_name": MODEL, "prompt": "A fox", "mode": MODE, "aspect_ratio": RATIO, "duration": str(LONGEST_S)}
CHANGES: dict[str, dict[str, str]] = {
    "as it is": {},
    "a second more": {"duration": str(LONGEST_S + 1)},
    "a second less": {"duration": str(SHORTEST_S - 1)},
    "another model's mode": {"mode": "pro"},
    "an unknown mode": {"mode": "16k"},
    "an unknown ratio": {"aspect_ratio": "32:9"},
    "another model as long": {"model_name": "kling-v3-omni", "mode": "pro", "aspect_ratio": "16:9"},
    "another model in its mode": {"model_name": "kling-v3-omni", "duration": "5"},
    "another model in its shape": {"model_name": "kling-v3-omni", "mode": "pro", "duration": "5"},
}
"""Bodies around the edges of the invented model's data."""


class Planner:
    """In place of the clip maker: keeps what was to be made, and hands out a file."""

    def __init__(self, folder: Path) -> None:
        self.clip = folder / "clip.mp4"
        self.clip.write_bytes(b"no film")
        self.specs: list[ClipSpec] = []

    def make(self, spec: ClipSpec) -> Path:
        self.specs.append(spec)
        return self.clip

    def close(self) -> None:
        """Nothing is in the making."""


def judged(dialect: str) -> dict[str, list[str]]:
    profile = capability.profile(dialect=dialect)
    return {
        name: [problem.rule for problem in problems_in(BODY | change, profile=profile) if problem.is_fault]
        for name, change in CHANGES.items()
    }


def written(dialect: str) -> dict[str, Any]:
    """Where its body goes over a dialect, and what it says."""
    try:
        payload = build_payload(BODY | {"external_task_id": "kob-1"}, capability.profile(dialect=dialect))
    except RequestInvalid as refused:
        return {"refused": [problem.rule for problem in refused.problems]}
    text = "".join(piece for piece in payload.pieces if isinstance(piece, str))
    return {"path": payload.path, "body": json.loads(text), "kind": payload.kind}


def priced() -> str:
    price = price_of(request_from_body(BODY))
    return price.label if price else "no price"


def captured() -> list[int] | str:
    try:
        return list(legal_size(1920, 1080, RATIO))
    except ValueError as error:
        return str(error)


def offered() -> dict[str, list[str]]:
    profile = capability.profile()
    lists = {"models": choices.models, "modes": choices.modes, "aspect_ratios": choices.aspect_ratios}
    return {name: [choice.label for choice in listed(profile)] for name, listed in lists.items()}


def rehearsed() -> dict[str, Any]:
    """One task over HTTP, from its create to its end."""
    with tempfile.TemporaryDirectory() as name:
        planner = Planner(Path(name))
        settings = RehearsalSettings(folder=Path(name), submitted_s=0.0, processing_s=0.0)
        with RehearsalServer(settings, planner) as server:
            created = call(server, settings.api_key, "", BODY)
            if created["code"]:
                return {"code": created["code"], "message": created["message"]}
            task = ended(server, settings.api_key, created["data"]["task_id"])
        (spec,) = planner.specs
        size = [spec.width, spec.height]
        return {
            "status": task["task_status"],
            "units": task["final_unit_deduction"],
            "size": size,
            "seconds": spec.duration_s,
        }


def rehearsed_over_new() -> dict[str, Any]:
    """One task over the new API, from its create to its end, as the client makes it."""
    limits = capability.profile(dialect=capability.NEW)
    if MODEL not in limits.models:
        return {"refused": ["R10"]}
    with tempfile.TemporaryDirectory() as name:
        planner, folder = Planner(Path(name)), Path(name)
        settings = RehearsalSettings(folder=folder, submitted_s=0.0, processing_s=0.0)
        with RehearsalServer(settings, planner) as server:
            service = KlingService(
                base_url=server.url,
                credentials=ApiKey(key=settings.api_key),
                pictures=PictureStore(folder / "pictures"),
                now=time.time,
                user_agent="story",
                dialect=capability.NEW,
            )
            payload = build_payload(BODY | {"external_task_id": "kob-1"}, limits)
            report, until = service.submit(payload, lambda: None), time.monotonic() + 20
            while report.status not in (Status.SUCCEEDED, Status.FAILED):
                assert time.monotonic() < until, report
                time.sleep(0.05)
                report = service.find("kob-1")
        (spec,) = planner.specs
        size = [spec.width, spec.height]
        return {"status": report.status, "units": report.charge_units, "size": size, "seconds": spec.duration_s}


def ended(server: RehearsalServer, key: str, task_id: str) -> dict[str, Any]:
    until = time.monotonic() + 20
    while (task := call(server, key, f"/{task_id}")["data"])["task_status"] not in ("succeed", "failed"):
        assert time.monotonic() < until, task
        time.sleep(0.05)
    found: dict[str, Any] = task
    return found


def call(server: RehearsalServer, key: str, path: str, body: dict[str, str] | None = None) -> dict[str, Any]:
    url, content = f"{server.url}/v1/videos/omni-video{path}", None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    asked = urllib.request.Request(url, data=content, headers=headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(asked, timeout=20) as reply:
            answer: dict[str, Any] = json.load(reply)
    except urllib.error.HTTPError as refusal:
        with refusal:
            answer = json.load(refusal)
    return answer


if __name__ == "__main__":
    told = {
        "package": kling_omni_addon.__file__,
        "judged": judged(capability.LEGACY),
        "judged_over_new": judged(capability.NEW),
        "written": {dialect: written(dialect) for dialect in capability.DIALECTS},
        "priced": priced(),
        "captured": captured(),
        "offered": offered(),
        "rehearsed": rehearsed(),
        "rehearsed_over_new": rehearsed_over_new(),
    }
    Path(sys.argv[1]).write_text(json.dumps(told), "utf-8")
