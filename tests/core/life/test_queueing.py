"""Who is sent next, and how many at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import Origin, Target
from kling_omni_addon.core.life.lifecycle import Phase, Submission, begin
from kling_omni_addon.core.life.queueing import FIRST_LIMIT, LAST_LIMIT, Slots, next_to_send
from kling_omni_addon.core.payload import Payload

NOW = 100_000.0


def one(name: str, phase: Phase = Phase.INTENDED, *, at: float = 100.0, held: bool = False) -> Submission:
    """A submission named ``project/number``."""
    payload = Payload(external_task_id=name, model="m", pieces=("{}",))
    target = Target(blend=name.split("/")[0])
    event = ev.Intended(at=at, payload=payload, origin=Origin(service="s", key_fingerprint="k"), target=target)
    return replace(begin(event), phase=phase, accepted_at=at, is_held=held)


def chosen(*live: Submission, busy: tuple[str, ...] = (), slots: int = 3, now: float = 200.0) -> str | None:
    submission = next_to_send(live, busy, Slots(limit=slots), now)
    return submission.id if submission else None


def test_within_a_project_the_oldest_goes_first() -> None:
    assert chosen(one("a/2", at=102), one("a/1", at=101)) == "a/1"


def test_of_one_moment_the_first_on_record_goes_first() -> None:
    assert chosen(one("a/2"), one("a/1")) == "a/2"
    assert chosen(one("b/1"), one("a/1")) == "b/1"


def test_between_projects_the_one_with_fewer_running_goes_first() -> None:
    running = (one("a/1", Phase.ACCEPTED), one("a/2", Phase.UNANSWERED))
    assert chosen(*running, one("a/3", at=101), one("b/1", at=150)) == "b/1"


def test_what_another_lane_is_sending_counts_and_is_not_chosen() -> None:
    assert chosen(one("a/1"), one("b/1", at=101), busy=("a/1",)) == "b/1"
    assert chosen(one("a/1"), one("b/1", at=101), busy=("a/1",), slots=1) is None


@pytest.mark.parametrize(("phase", "free"), [(Phase.ACCEPTED, False), (Phase.UNANSWERED, False), (Phase.READY, True)])
def test_a_slot_is_held_from_the_send_to_the_end_of_the_task(phase: Phase, free: bool) -> None:
    assert (chosen(one("a/1", phase), one("a/2"), slots=1) is not None) == free


@pytest.mark.parametrize(("verdict", "free"), [("Failed", True), ("Held", False), ("Deferred", False)])
def test_while_a_refusal_is_checked_the_others_go_on_unless_it_is_true_for_all(verdict: ev.Verdict, free: bool) -> None:
    denial = ev.Denied(at=100.0, reason="Kling refused.", verdict=verdict, exit_code=4)
    refused = replace(one("a/1", Phase.UNANSWERED), denial=denial)
    assert (chosen(refused, one("a/2"), slots=1) is not None) == free


def test_a_task_that_hangs_at_the_service_does_not_stop_the_queue_for_ever() -> None:
    stuck = one("a/1", Phase.ACCEPTED, at=100.0)
    assert chosen(stuck, one("a/2"), slots=1, now=3600.0) is None
    assert chosen(stuck, one("a/2"), slots=1, now=3701.0) == "a/2"


def test_a_held_one_holds_back_all() -> None:
    assert chosen(one("a/1", held=True), one("b/1")) is None


def test_one_that_backs_off_keeps_its_place() -> None:
    backing_off = replace(one("a/1"), retry_at=10_000.0)
    assert chosen(backing_off, one("a/2", at=101)) == "a/1"


def test_the_limit_is_learned_upwards_from_a_full_house_and_downwards_from_1303() -> None:
    slots = Slots()
    assert slots.limit == FIRST_LIMIT == 3
    assert slots.after_accepted(2, NOW).limit == 3
    assert slots.after_accepted(3, NOW).limit == 4
    assert Slots(limit=9).after_refused(5, NOW).limit == 5
    assert Slots(limit=2).after_refused(0, NOW).limit == 1
    assert Slots.at_most(None) == slots
    assert Slots.at_most(2).limit == Slots.at_most(2).after_accepted(2, NOW).limit == 2
    assert Slots.at_most(50).limit == FIRST_LIMIT
    assert Slots(limit=30, most=50).after_accepted(30, NOW).after_refused(40, NOW).limit == 31
    assert Slots(limit=LAST_LIMIT).after_accepted(LAST_LIMIT, NOW).limit == LAST_LIMIT


def test_a_number_that_was_refused_is_not_tried_again_for_ten_minutes() -> None:
    refused = Slots(limit=6).after_refused(5, NOW)
    assert refused.after_accepted(5, NOW + 599.0).limit == 5
    assert refused.after_accepted(5, NOW + 600.0).limit == 6
    assert refused.after_accepted(5, NOW - 90_000.0).limit == 6  # the clock was set back
