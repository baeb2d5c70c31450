"""Submissions whose clips an earlier run fetched."""

from __future__ import annotations

import hashlib
from pathlib import Path

from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import Origin, Target
from kling_omni_addon.core.payload import Payload
from kling_omni_addon.core.provenance import wish_of
from kling_omni_addon.core.request import OmniRequest
from kling_omni_addon.remote.token import ApiKey, fingerprint
from kling_omni_addon.work.journal import Journal
from kling_omni_addon.work.sidecar import keep_sidecar

SERVICE, KEY = "http://127.0.0.1:9", "the-key-of-a-studio"


def arrived_in(home: Path, clip: Path, target: Target, *, prompt: str = "a fox runs", at: float = 1e9) -> str:
    """The id of a submission whose clip is there, recorded at ``at`` (Unix seconds), with the file beside the clip."""
    film = clip.read_bytes()
    payload = Payload(external_task_id=f"kob-{target.name}", model="kling-v3-omni", pieces=("{}",))
    origin = Origin(service=SERVICE, key_fingerprint=fingerprint(ApiKey(key=KEY)))
    wish = wish_of(OmniRequest(prompt=prompt, mode="pro", duration_s=5))
    journal = Journal(home / "journal.sqlite3")
    journal.begin(ev.Intended(at=at, payload=payload, origin=origin, target=target, wish=wish, most_units="4.0"))
    for event in (
        ev.Sent(at=at, digest=payload.digest),
        ev.Accepted(at=at, task_id=f"task-{target.name}"),
        ev.Succeeded(at=at, charge_units=""),
        ev.Fetched(at=at, path=str(clip), size_bytes=len(film), sha256=hashlib.sha256(film).hexdigest()),
    ):
        submission = journal.append(payload.external_task_id, event)
    keep_sidecar(submission)
    journal.close()
    return payload.external_task_id
