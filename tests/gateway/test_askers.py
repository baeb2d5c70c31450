"""Who asked, through a spool: what a worker says of itself is recorded as far as it can be, and where the gateway was
told its project, it decides nothing.
"""

from __future__ import annotations

import getpass
import json
import socket
from pathlib import Path
from typing import Any

from kling_omni_addon.core.life.events import Asker
from kling_omni_addon.work.journal_reading import recorded

from .conftest import Studio


def rewritten(studio: Studio, key: str, **members: Any) -> None:
    """Somebody else's hand in the spool; None takes a member away."""
    path = studio.spool / "requests" / f"{key}.json"
    asked = json.loads(path.read_text()) | members
    path.write_text(json.dumps({name: value for name, value in asked.items() if value is not None}))


def askers(studio: Studio) -> dict[str, Asker]:
    return {each.once: each.asker for each in recorded(Path(studio.home) / "journal.sqlite3")}


def test_the_gateway_records_who_asked_and_for_which_project_and_believes_no_more_than_a_name(studio: Studio) -> None:
    folder = studio.folder / "harbor_v004"
    folder.mkdir()
    request = folder / "shot.json"
    request.write_text(studio.request().read_text())
    assert studio.submit("sh010", request).code == 0
    for key in ("older", "hostile", "odd"):
        studio.put(key)
    rewritten(studio, "older", asker=None)
    rewritten(studio, "hostile", asker={"user": "a\x1b[2J\nb" + "x" * 10_000, "host": ["desk"], "project": "\ud800"})
    rewritten(studio, "odd", asker="anna")
    assert studio.gateway().code == 0
    found = askers(studio)
    assert found["sh010"] == Asker(user=getpass.getuser(), host=socket.gethostname(), project="harbor")
    assert (found["older"], found["odd"]) == (Asker(), Asker())
    assert found["hostile"] == Asker(user="a [2J b" + "x" * 73)


def test_a_gateway_that_was_told_its_project_lets_nobody_ask_for_another_one(studio: Studio) -> None:
    for number in range(4):
        studio.put(f"sh{number}")
        rewritten(studio, f"sh{number}", asker={"user": "anna", "host": "farm-7", "project": f"loophole {number}"})
    told = studio.with_settings(KLING_PROJECT="Night Watch", KLING_PROJECT_CAP="4")
    assert told.gateway().code == 2, "what waits for a person ends a gateway that is to run until it is empty"
    assert studio.creates == 2
    assert set(askers(studio).values()) == {Asker(user="anna", host="farm-7", project="Night Watch")}
