"""Item 11.23: a rehearsal charges nothing, and what a service does not say is said."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from kling_omni_addon.blender.connection import snapshots
from kling_omni_addon.blender.submissions import words
from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import Origin, Target
from kling_omni_addon.core.life.lifecycle import Phase, Submission, begin
from kling_omni_addon.core.payload import Payload
from kling_omni_addon.remote.token import ApiKey, fingerprint


def submission(service: str, key: str, phase: Phase) -> Submission:
    origin = Origin(service=service, key_fingerprint=fingerprint(ApiKey(key=key)))
    payload = Payload(external_task_id="kob-1", model="m", pieces=("{}",))
    begun = begin(ev.Intended(at=1.0, payload=payload, origin=origin, target=Target(name="alley")))
    return replace(begun, phase=phase, charge_units="4", accepted_at=time.time())


@pytest.mark.parametrize(
    ("service", "key", "is_free"),
    [
        ("http://127.0.0.1:1", "api-key-kling-rehearsal", True),
        ("http://127.0.0.1:1", "a key of somebody who relays", False),
        ("https://api-singapore.klingai.com", "a key", False),
    ],
)
def test_only_kling_charges(service: str, key: str, is_free: bool) -> None:
    told = words.account_of(submission(service, key, Phase.READY), ())
    assert ("Rehearsal is free" in told) is is_free
    assert ("Kling charged 4 units" in told) is not is_free


def test_what_the_balance_paid_is_told_beside_the_units() -> None:
    paid = submission("https://api-singapore.klingai.com", "a key", Phase.READY)
    paid = replace(paid, charge_balance="0.42", charge_currency="USD", charge_said='"4" units, "0.42" of the balance')
    assert "Kling charged 4 units and 0.42 USD of the balance." in words.account_of(paid, ())
    uncertain = replace(paid, charge_units="", charge_balance="")
    assert "The charge is not certain" in words.account_of(uncertain, ())
    assert words.account_of(replace(uncertain, charge_said=""), ()).endswith(
        "Kling has finished the clip. Downloading."
    )


def test_a_service_that_is_silent_is_never_said_to_be_making_the_clip(monkeypatch: pytest.MonkeyPatch) -> None:
    found = submission("https://api-singapore.klingai.com", "a key", Phase.ACCEPTED)
    assert "has been generating" in words.account_of(found, ())
    monkeypatch.setattr(snapshots, "silence", lambda _: "No answer that helps since 14:02; asking on.")
    assert words.account_of(found, ()) == "No answer that helps since 14:02; asking on."
