"""What a held submission holds, and for what the others wait."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import Origin, Target, event_from, record_of
from kling_omni_addon.core.life.lifecycle import Phase, Submission, submission_from
from kling_omni_addon.core.life.queueing import Queue, Slots, next_to_send
from kling_omni_addon.core.payload import Payload

ORIGIN = Origin(service="s", key_fingerprint="k")
NOW = 200.0


def one(name: str, *after: Any, at: float = 100.0, origin: Origin = ORIGIN) -> Submission:
    payload = Payload(external_task_id=name, model="m", pieces=("{}",))
    target = Target(blend=f"/{name[:1]}.blend", name=name)
    return submission_from([ev.Intended(at=at, payload=payload, origin=origin, target=target), *after])


def held(scope: str, exit_code: int) -> ev.Held:
    return ev.Held(at=101.0, reason="The reason.", exit_code=exit_code, scope=scope)


OF_THE_KEY = [held("key", 4), held("key", 3), held("", 4), held("", 3), held("key", 2)]
OF_ITSELF = [held("submission", 2), held("", 2), held("submission", 4)]
"""A record of an earlier version says nothing of its scope: there only a cap has exit code 2."""


def chosen(*live: Submission) -> str:
    found = next_to_send(live, (), Slots(), NOW)
    return found.id if found else ""


@pytest.mark.parametrize("event", OF_THE_KEY)
def test_the_keys_trouble_holds_the_key_and_the_others_say_so(event: ev.Held) -> None:
    stopped, waiting = one("a1", event), one("b1", at=102.0)
    assert chosen(stopped, waiting) == ""
    assert Queue([stopped, waiting], NOW).held_back_by(waiting) == stopped
    assert Queue([stopped, waiting], NOW).waits_because(waiting) == (
        'Waiting, because "a1" with the same key is on hold. The reason.'
    )
    elsewhere = replace(waiting, origin=replace(ORIGIN, key_fingerprint="other"))
    assert Queue([stopped, elsewhere], NOW).held_back_by(elsewhere) is None


@pytest.mark.parametrize("event", OF_ITSELF)
def test_a_cap_holds_what_it_caps(event: ev.Held) -> None:
    stopped, waiting = one("a1", event), one("b1", at=102.0)
    assert chosen(stopped, waiting) == "b1"
    assert chosen(stopped) == "", "not by itself"
    assert Queue([stopped, waiting], NOW).held_back_by(waiting) is None
    assert Queue([stopped, waiting], NOW).waits_because(waiting) == ""
    assert stopped.is_stopped
    assert stopped.problem == "The reason."


def test_what_a_cap_held_can_be_held_by_the_key_later() -> None:
    released = ev.Released(at=103.0)
    both = one("a1", held("submission", 2), released, held("key", 4))
    assert chosen(both, one("b1", at=104.0)) == ""
    assert chosen(one("a1", held("key", 4), released), one("b1", at=104.0)) == "a1"


def test_one_that_waits_for_its_turn_says_who_is_before_it() -> None:
    made = one("a1", ev.Sent(at=101.0, digest="d"), ev.Accepted(at=102.0, task_id="t"))
    before, last = one("a2", at=103.0), one("a3", at=104.0)
    others = [made, before, last, one("a4", held("submission", 2), at=99.0)]
    assert Queue(others, NOW).waits_because(last) == "Queued: 1 being generated, 1 ahead of this job."
    assert Queue(others, NOW).waits_because(made) == "", "it was sent"
    assert Queue([one("c1")], NOW).waits_because(one("c1")) == "", "nothing is in its way"


def test_of_one_moment_those_on_record_before_it_are_before_it() -> None:
    first, second = one("a2"), one("a1")
    assert Queue([first, second], NOW).waits_because(second) == "Queued: 0 being generated, 1 ahead of this job."
    assert Queue([first, second], NOW).waits_because(first) == ""


def test_one_that_says_itself_why_it_waits_says_nothing_more() -> None:
    backing_off = one("b1", ev.NotSent(at=101.0, reason="No network."))
    assert Queue([backing_off, one("a1", at=99.0)], NOW).waits_because(backing_off) == ""
    stopped = one("a1", held("key", 4))
    told = Queue([backing_off, stopped], NOW).waits_because(backing_off)
    assert "is on hold" in told, "the key's trouble is the news"


def test_the_scope_is_on_record_and_an_old_record_has_none() -> None:
    kind, data = record_of(held("submission", 2))
    assert data["scope"] == "submission"
    del data["scope"]
    assert event_from(kind, data) == held("", 2)
    assert one("a1").phase is Phase.INTENDED
