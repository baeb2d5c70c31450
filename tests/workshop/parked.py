"""A submission that an earlier run could not settle."""

from __future__ import annotations

from pathlib import Path

from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import Origin, Target
from kling_omni_addon.core.payload import Payload
from kling_omni_addon.remote.token import ApiKey, fingerprint
from kling_omni_addon.work.journal import Journal
from tests.workshop.processes import API_KEY


def parked_in(home: Path, service: str) -> str:
    """The id of a submission that an earlier run could not settle."""
    payload = Payload(external_task_id="kob-parked", model="kling-v3-omni", pieces=("{}",))
    origin = Origin(service=service, key_fingerprint=fingerprint(ApiKey(key=API_KEY)))
    journal = Journal(home / "journal.sqlite3")
    journal.begin(ev.Intended(at=1e9, payload=payload, origin=origin, target=Target()))
    for event in (ev.Sent(at=1e9, digest=payload.digest), ev.Scanned(at=1e9), ev.Parked(at=1e9)):
        journal.append(payload.external_task_id, event)
    journal.close()
    return payload.external_task_id
