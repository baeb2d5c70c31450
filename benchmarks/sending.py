"""Send a create with seven 10 MB images to a service on this machine, beside ``requests`` with ``json=``."""

from __future__ import annotations

import base64
import sys
import tempfile
import time
from pathlib import Path

import requests

from benchmarks import fast_service
from benchmarks.large_files import request_with_pictures
from benchmarks.measuring import compared, in_child
from benchmarks.row import Goal, Row, row_of, tell
from kling_omni_addon.core import capability
from kling_omni_addon.core.payload import Payload, build_payload, draft_body
from kling_omni_addon.core.request import OmniRequest
from kling_omni_addon.judging import keep_pictures
from kling_omni_addon.remote.service import KlingService
from kling_omni_addon.remote.token import ApiKey
from kling_omni_addon.work.picture_store import PictureStore

ROUNDS = 3
HOUR_S = 3600.0


def rows() -> list[Row]:
    """CPU and peak memory of one send."""
    with tempfile.TemporaryDirectory() as name, fast_service.running(HOUR_S) as url:
        folder = Path(name)
        request, store = request_with_pictures(folder), PictureStore(folder / "store")
        payload = payload_of(request, store)
        figures = compared(
            lambda: in_child(lambda: send(url, payload, store)),
            lambda: in_child(lambda: send_plainly(url, request)),
            ROUNDS,
        )
    body = f"sending seven 10 MB images, a body of {payload.content_length / 1e6:.0f} MB"
    return [
        row_of(f"{body}: CPU, against requests with json=", figures["cpu"], "s", goal=Goal(limit=0.5, is_ratio=True)),
        row_of(f"{body}: peak memory, against the same", figures["memory"], "MB", goal=Goal(limit=8)),
    ]


def payload_of(request: OmniRequest, store: PictureStore) -> Payload:
    """The request as it is sent, its images in the store."""
    return build_payload(draft_body(request, keep_pictures(request, store), "kob-1"), capability.profile())


def send(url: str, payload: Payload, store: PictureStore) -> None:
    """As the worker does, the question about the key before it included."""
    KlingService(
        base_url=url, credentials=ApiKey(key="k"), pictures=store, now=time.time, user_agent="benchmark"
    ).submit(payload, lambda: None)


def send_plainly(url: str, request: OmniRequest) -> None:
    """Read, encode, and let ``requests`` do the rest."""
    body = draft_body(request, {}, "kob-1")
    for image in body["image_list"]:
        image["image_url"] = base64.b64encode(Path(image["image_url"]).read_bytes()).decode()
    requests.post(f"{url}{fast_service.TASKS}", json=body, timeout=HOUR_S).raise_for_status()


if __name__ == "__main__":
    sys.exit(tell(rows))
