"""What the gateway makes of a submission that was sent and never answered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import Origin, Target
from kling_omni_addon.core.life.lifecycle import Phase, Submission, begin
from kling_omni_addon.core.life.queueing import Queue
from kling_omni_addon.core.payload import Payload
from kling_omni_addon.gateway.desk import state_of
from kling_omni_addon.gateway.state import Standing


def parked(*, sends: int, has_own_id: bool = True) -> Submission:
    """One that was looked for in vain."""
    payload = Payload(external_task_id="kob-1", model="kling-v3-omni", pieces=("{}",), has_own_id=has_own_id)
    origin = Origin(service="http://127.0.0.1:9", key_fingerprint="")
    intended = ev.Intended(at=0.0, payload=payload, origin=origin, target=Target(name="alley"), once="sh010")
    return replace(begin(intended), phase=Phase.PARKED, sends=sends)


@pytest.mark.parametrize(
    ("submission", "is_again"),
    [
        (parked(sends=1), True),
        (parked(sends=2), False),
        (parked(sends=1, has_own_id=False), False),
        (replace(parked(sends=1), once=""), False),
        (replace(parked(sends=1), phase=Phase.UNANSWERED), False),
        (replace(parked(sends=1), was_made=True), False),  # it was paid for
    ],
)
def test_it_is_sent_again_by_itself_once_and_only_under_an_id_of_ours(submission: Submission, is_again: bool) -> None:
    assert submission.is_sent_again is is_again


def test_looked_for_in_vain_twice_it_waits_for_a_person() -> None:
    assert state_of(parked(sends=1), "sh010", "wish", Queue((), now=0.0)).standing is Standing.UNDER_WAY
    assert state_of(parked(sends=2), "sh010", "wish", Queue((), now=0.0)).standing is Standing.NEEDS_A_PERSON
