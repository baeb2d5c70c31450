"""The life of a submission, as tables and as properties."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import Event, Origin, Target, event_from, record_of
from kling_omni_addon.core.life.lifecycle import (
    LOOK_WINDOW_S,
    MOST_CRASHES,
    MOST_MARKED_TRIES,
    TRANSITIONS,
    Action,
    IllegalTransition,
    Phase,
    Step,
    Submission,
    apply,
    begin,
    decide,
    submission_from,
)
from kling_omni_addon.core.media import PictureFacts, PictureRef
from kling_omni_addon.core.payload import Payload

PICTURE = PictureRef(sha256="ab" * 32, facts=PictureFacts(format="png", width=640, height=360, size_bytes=1000))
PAYLOAD = Payload(external_task_id="kob-1", model="kling-v3-omni", pieces=('{"a":"', PICTURE, '"}'))
INTENDED = ev.Intended(
    at=100.0,
    payload=PAYLOAD,
    origin=Origin(service="https://kling.example", key_fingerprint="f00"),
    target=Target(blend="/a.blend", scene="Scene", frame_start=12, channel=3, name="alley"),
)
EVENTS: dict[type, Event] = {
    ev.Adopted: ev.Adopted(at=101.0, submission_id="kob-1", task_id="8668", origin=INTENDED.origin),
    ev.Doubted: ev.Doubted(at=101.0),
    ev.Sent: ev.Sent(at=101.0, digest="d"),
    ev.NotSent: ev.NotSent(at=101.0, reason="no network"),
    ev.Unanswered: ev.Unanswered(at=101.0, reason="lost"),
    ev.Denied: ev.Denied(at=101.0, reason="1301", verdict="Failed", exit_code=4),
    ev.Rebound: ev.Rebound(at=101.0, origin=replace(INTENDED.origin, key_fingerprint="ba5")),
    ev.Deferred: ev.Deferred(at=101.0, reason="1303", retry_after_s=7.0),
    ev.Held: ev.Held(at=101.0, reason="no units", exit_code=4),
    ev.Begun: ev.Begun(at=101.0),
    ev.SetAside: ev.SetAside(at=101.0),
    ev.Released: ev.Released(at=101.0),
    ev.Reopened: ev.Reopened(at=101.0),
    ev.Missed: ev.Missed(at=101.0),
    ev.Scanned: ev.Scanned(at=101.0),
    ev.Parked: ev.Parked(at=101.0),
    ev.LookAgain: ev.LookAgain(at=101.0),
    ev.SendAgain: ev.SendAgain(at=101.0),
    ev.Withdrawn: ev.Withdrawn(at=101.0, reason="gave up", exit_code=5),
    ev.Abandoned: ev.Abandoned(at=101.0, reason="stopped waiting"),
    ev.Accepted: ev.Accepted(at=101.0, task_id="866889456698785798"),
    ev.Progressed: ev.Progressed(at=101.0, status="processing"),
    ev.Succeeded: ev.Succeeded(at=101.0, charge_units="3"),
    ev.Failed: ev.Failed(at=101.0, reason="policy"),
    ev.LinkExpired: ev.LinkExpired(at=101.0),
    ev.Receiving: ev.Receiving(at=101.0, etag='"e"', total_bytes=9),
    ev.Received: ev.Received(at=101.0, offset=4),
    ev.Named: ev.Named(at=101.0, path="/c.mp4", sha256="c"),
    ev.Redirected: ev.Redirected(at=101.0, folder="/elsewhere"),
    ev.FetchFailed: ev.FetchFailed(at=101.0, reason="cut"),
    ev.Fetched: ev.Fetched(at=101.0, path="/c.mp4", sha256="c", size_bytes=9),
    ev.Vanished: ev.Vanished(at=101.0),
    ev.MarkedFetched: ev.MarkedFetched(at=101.0, path="/c.watermarked.mp4", sha256="m"),
    ev.MarkedFailed: ev.MarkedFailed(at=101.0, reason="gone"),
    ev.Placed: ev.Placed(at=101.0, scene="Scene", strip="alley"),
}


def in_phase(phase: Phase) -> Submission:
    return replace(begin(INTENDED), phase=phase, looking_since=100.0, accepted_at=100.0, crashes=MOST_CRASHES)


def test_every_event_but_the_first_has_a_row_in_the_table() -> None:
    assert set(TRANSITIONS) == set(EVENTS)


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("event", EVENTS.values(), ids=lambda event: type(event).__name__)
def test_an_event_leads_where_the_table_says_or_is_illegal(event: Event, phase: Phase) -> None:
    after = TRANSITIONS[type(event)].get(phase)
    before = replace(
        in_phase(phase), id_is_taken=isinstance(event, ev.Adopted), was_made=isinstance(event, ev.Vanished)
    )
    if after is None:
        with pytest.raises(IllegalTransition):
            apply(before, event)
    else:
        assert apply(before, event).phase is after


def test_a_task_that_bears_the_id_of_another_is_adopted_as_what_it_is_and_never_looked_for_as_ours() -> None:
    taken = apply(begin(INTENDED), ev.Failed(at=101.0, reason="taken", exit_code=2, id_is_taken=True))
    with pytest.raises(IllegalTransition):
        apply(taken, ev.LookAgain(at=102.0))
    adopted = apply(taken, EVENTS[ev.Adopted])
    assert (adopted.phase, adopted.is_adopted, adopted.wish, adopted.payload.pieces) == (Phase.ACCEPTED, True, {}, ())
    with pytest.raises(IllegalTransition):
        apply(apply(begin(INTENDED), ev.Failed(at=101.0, reason="policy")), EVENTS[ev.Adopted])


@pytest.mark.parametrize("phase", [Phase.FETCHED, Phase.PLACED])
def test_what_becomes_of_the_marked_copy_says_nothing_of_placing(phase: Phase) -> None:
    before = replace(in_phase(phase), wants_marked=True, is_set_aside=True)
    for event in (EVENTS[ev.MarkedFailed], EVENTS[ev.MarkedFetched], EVENTS[ev.Named]):
        after = apply(before, event)
        assert (after.crashes, after.is_set_aside, after.is_over) == (MOST_CRASHES, True, before.is_over)


def test_the_marked_copy_is_fetched_once_the_clip_is_there_and_so_often() -> None:
    ready = apply(in_phase(Phase.ACCEPTED), ev.Succeeded(at=101.0, charge_units="3", has_marked=True))
    assert decide(ready, now=102.0).action is Action.FETCH
    fetched = apply(ready, EVENTS[ev.Fetched])
    for number in range(MOST_MARKED_TRIES):
        assert decide(fetched, now=1e6).action is Action.FETCH_MARKED, number
        fetched = apply(fetched, ev.MarkedFailed(at=101.0, reason="gone"))
    assert decide(fetched, now=1e6).action is Action.PLACE
    assert (fetched.awaits_marked, "gone" in fetched.note, fetched.problem) == (False, True, "")


def test_a_key_of_another_service_takes_nothing_over() -> None:
    elsewhere = Origin(service="https://other.example", key_fingerprint="f00")
    with pytest.raises(IllegalTransition):
        apply(begin(INTENDED), ev.Rebound(at=101.0, origin=elsewhere))


HISTORIES: list[tuple[list[Any], Action]] = [
    ([], Action.SEND),
    ([ev.Sent], Action.LOOK_UP),
    ([ev.Doubted], Action.LOOK_UP),
    ([ev.Adopted], Action.ASK),
    ([ev.Sent, ev.Parked, ev.Adopted], Action.ASK),
    ([ev.Sent, ev.Unanswered], Action.LOOK_UP),
    ([ev.Sent, ev.Denied], Action.LOOK_UP),
    ([ev.Sent, ev.Denied, ev.Failed, ev.LookAgain], Action.LOOK_UP),
    ([ev.Rebound], Action.SEND),
    ([ev.Sent, ev.Rebound], Action.LOOK_UP),
    ([ev.Sent, ev.Deferred], Action.SEND),
    ([ev.Sent, ev.Held], Action.REST),
    ([ev.Sent, ev.Held, ev.Released], Action.SEND),
    ([ev.Sent, ev.Accepted], Action.ASK),
    ([ev.Sent, ev.Accepted, ev.Succeeded], Action.FETCH),
    ([ev.Sent, ev.Accepted, ev.Succeeded, ev.LinkExpired], Action.ASK),
    ([ev.Sent, ev.Accepted, ev.Succeeded, ev.Fetched], Action.PLACE),
    ([ev.Sent, ev.Accepted, ev.Succeeded, ev.Fetched, ev.Placed], Action.REST),
    ([ev.Sent, ev.Parked], Action.REST),
    ([ev.Sent, ev.Parked, ev.LookAgain], Action.LOOK_UP),
    ([ev.Sent, ev.Parked, ev.SendAgain], Action.SEND),
    ([ev.Sent, ev.Held, ev.Withdrawn, ev.LookAgain, ev.Parked, ev.SendAgain], Action.SEND),  # held long ago
    ([ev.Sent, ev.Failed], Action.REST),
    ([ev.Withdrawn], Action.REST),
]


@pytest.mark.parametrize(("history", "action"), HISTORIES)
def test_what_comes_next_after(history: list[Any], action: Action) -> None:
    submission = submission_from([INTENDED, *(EVENTS[kind] for kind in history)])
    assert decide(submission, now=101.0).action is action


def test_a_clip_for_no_timeline_rests_when_it_is_fetched() -> None:
    nowhere = replace(INTENDED, target=Target())
    done = (EVENTS[kind] for kind in (ev.Sent, ev.Accepted, ev.Succeeded, ev.Fetched))
    assert decide(submission_from([nowhere, *done]), now=200.0) == Step(action=Action.REST)


def looked_for(
    *, until_s: float, window_s: float = LOOK_WINDOW_S, scans: bool = True
) -> tuple[Submission, list[float]]:
    """A lost answer of which every look is a clean miss; the times of the looks."""
    submission = submission_from([INTENDED, ev.Sent(at=1000.0, digest="d"), ev.Unanswered(at=1000.0, reason="lost")])
    now, looks = 1000.0, []
    while now < 1000.0 + until_s:
        step = decide(submission, now, window_s)
        if step.due > now:
            now = step.due
        elif step.action is Action.LOOK_UP:
            looks.append(now)
            submission = apply(submission, ev.Missed(at=now))
        elif step.action is Action.SCAN and scans:
            submission = apply(submission, ev.Scanned(at=now))
        else:
            break
    return submission, looks


def test_a_lost_answer_is_never_parked_within_the_window() -> None:
    submission, looks = looked_for(until_s=LOOK_WINDOW_S - 0.001)
    assert decide(submission, now=1000.0 + LOOK_WINDOW_S - 0.001).action is Action.LOOK_UP
    assert looks[:7] == [1000.0, 1001.0, 1002.0, 1004.0, 1008.0, 1015.0, 1030.0]


def test_parking_takes_three_clean_misses_after_the_window_and_one_clean_scan() -> None:
    submission, looks = looked_for(until_s=3600.0, scans=False)
    assert decide(submission, now=5000.0).action is Action.SCAN
    assert len([at for at in looks if at >= 1000.0 + LOOK_WINDOW_S]) == 3
    assert decide(looked_for(until_s=3600.0)[0], now=5000.0).action is Action.PARK


@given(window_s=st.floats(0, 5000))
def test_any_window_ends_in_parking_with_three_looks_after_it(window_s: float) -> None:
    submission, looks = looked_for(until_s=window_s + 600, window_s=window_s)
    assert decide(submission, now=1000.0 + window_s + 600, window_s=window_s).action is Action.PARK
    assert len([at for at in looks if at >= 1000.0 + window_s]) == 3


@pytest.mark.parametrize(
    ("verdict", "exit_code", "window_s"),
    [("Failed", 4, 60.0), ("Deferred", 4, 60.0), ("Held", 4, 60.0), ("Deferred", 3, 60.0), ("Held", 3, 20.0)],
)
def test_only_a_refused_key_that_waits_for_a_person_is_believed_before_a_minute(
    verdict: ev.Verdict, exit_code: int, window_s: float
) -> None:
    """A refused signature (1003, 1004) goes out again by itself, so look-ups that lag must have caught up by then."""
    denied = ev.Denied(at=1000.0, reason="no", verdict=verdict, exit_code=exit_code)
    history = [INTENDED, EVENTS[ev.Sent], denied, ev.Missed(at=1000.0 + window_s - 1), ev.Scanned(at=1000.0)]
    assert decide(submission_from(history), now=1000.0 + window_s - 1).action is Action.LOOK_UP
    late = submission_from([*history, ev.Missed(at=1000.0 + window_s)])
    assert decide(late, now=1000.0 + window_s).action is Action.BELIEVE


def test_an_unanswered_create_is_never_sent_again_by_itself() -> None:
    """Only the user, or a proof (1302, 1303, an account that must be cleared), leads back to sending."""
    back: set[Any] = {kind for kind, moves in TRANSITIONS.items() if moves.get(Phase.UNANSWERED) is Phase.INTENDED}
    assert back == set[Any]((ev.Deferred, ev.Held))
    assert {kind for kind, moves in TRANSITIONS.items() if moves.get(Phase.PARKED) is Phase.INTENDED} == {ev.SendAgain}


def test_an_adopted_submission_is_asked_for_and_never_sent() -> None:
    adopted = submission_from([EVENTS[ev.Adopted]])
    assert (adopted.id, adopted.task_id, adopted.phase) == ("kob-1", "8668", Phase.ACCEPTED)
    parked = submission_from([EVENTS[kind] for kind in (ev.Adopted, ev.Abandoned, ev.LookAgain, ev.Parked)])
    assert decide(parked, now=200.0) == Step(action=Action.REST)
    with pytest.raises(IllegalTransition, match="cannot be sent again"):
        apply(parked, EVENTS[ev.SendAgain])


@given(st.lists(st.sampled_from(list(EVENTS.values())), max_size=40))
def test_no_history_leads_an_adopted_submission_to_sending(history: list[Event]) -> None:
    submission = submission_from([EVENTS[ev.Adopted]])
    for event in history:
        try:
            submission = apply(submission, event)
        except IllegalTransition:
            continue
        assert decide(submission, now=200.0).action is not Action.SEND


def test_only_what_was_never_sent_can_be_withdrawn() -> None:
    assert set(TRANSITIONS[ev.Withdrawn]) == {Phase.INTENDED}


@pytest.mark.parametrize("verdict", ["Held", "Deferred"])
def test_what_was_refused_for_its_key_is_never_called_unsent(verdict: ev.Verdict) -> None:
    """The key may not have been able to ask either, and a proxy may have delivered the request before with success
    (seeds 261959, 395458).
    """
    denied = ev.Denied(at=101.0, reason="1002", verdict=verdict, exit_code=3)
    believed = submission_from([INTENDED, EVENTS[ev.Sent], denied, ev.believed(denied, 130.0)])
    assert (believed.phase, believed.is_unproved, believed.may_take_any_key) == (Phase.INTENDED, True, True)
    with pytest.raises(IllegalTransition):
        apply(believed, EVENTS[ev.Withdrawn])
    assert apply(believed, EVENTS[ev.Abandoned]).phase is Phase.ABANDONED
    before_the_last_byte = apply(begin(INTENDED), ev.Held(at=101.0, reason="1002", exit_code=3))
    assert apply(before_the_last_byte, EVENTS[ev.Withdrawn]).phase is Phase.ABANDONED


SENT_AGAIN = [INTENDED, EVENTS[ev.Sent], EVENTS[ev.Parked], EVENTS[ev.SendAgain]]


def test_after_send_again_nothing_is_proved_about_the_first_send() -> None:
    again = submission_from(SENT_AGAIN)
    assert again.phase is Phase.INTENDED
    assert not again.is_proved_unsent
    with pytest.raises(IllegalTransition):
        apply(again, EVENTS[ev.Withdrawn])
    assert apply(again, EVENTS[ev.Abandoned]).phase is Phase.ABANDONED


def test_a_second_send_that_is_refused_leaves_the_first_to_be_looked_for() -> None:
    for history in ([], [EVENTS[ev.Sent]]):
        refused = apply(submission_from([*SENT_AGAIN, *history]), EVENTS[ev.Failed])
        assert (refused.phase, refused.problem) == (Phase.PARKED, "policy")


def test_after_send_again_a_task_that_failed_leaves_the_other_to_be_looked_for() -> None:
    first, second = ev.Accepted(at=110.0, task_id="first"), ev.Accepted(at=130.0, task_id="second")
    one_failed = submission_from([*SENT_AGAIN, EVENTS[ev.Sent], first, ev.Failed(at=120.0, reason="Policy.")])
    assert (one_failed.phase, one_failed.tasks, one_failed.exit_code) == (Phase.UNANSWERED, 1, 0)
    assert one_failed.problem.startswith("Policy. ")
    assert decide(one_failed, 121.0).action is Action.LOOK_UP
    for known in (first, ev.Adopted(at=121.0, submission_id="kob-1", task_id="first", origin=INTENDED.origin)):
        with pytest.raises(IllegalTransition):
            apply(one_failed, known)
    parked = apply(one_failed, EVENTS[ev.Parked])
    assert (parked.exit_code, "One task failed" in parked.problem) == (5, True)
    for submission in (one_failed, parked):
        other = apply(submission, second)
        assert (other.phase, other.task_id, other.tasks) == (Phase.ACCEPTED, "second", 1)
        assert apply(other, EVENTS[ev.Failed]).phase is Phase.FAILED


def test_a_task_that_failed_ends_all_when_the_other_send_made_none() -> None:
    refused = [EVENTS[ev.Sent], EVENTS[ev.Deferred], EVENTS[ev.Sent], EVENTS[ev.Accepted]]
    only = [INTENDED, EVENTS[ev.Sent], EVENTS[ev.Deferred], EVENTS[ev.Sent], EVENTS[ev.Accepted]]
    assert apply(submission_from(only), EVENTS[ev.Failed]).phase is Phase.FAILED
    assert apply(submission_from([*SENT_AGAIN, *refused]), EVENTS[ev.Failed]).phase is Phase.UNANSWERED


def test_back_off_grows_over_fifty_refusals_for_want_of_a_slot() -> None:
    submission, waits = begin(INTENDED), []
    for _ in range(50):
        submission = apply(submission, ev.Sent(at=1000.0, digest="d"))
        submission = apply(submission, ev.Deferred(at=1000.0, reason="1303", retry_after_s=None))
        waits.append(submission.retry_at - 1000.0)
    assert waits[0] < 2 < waits[3]
    assert waits[-1] == 60.0, "a slot may be free any moment"


@pytest.mark.parametrize(("asked_s", "least_s"), [(30.0, 30.0), (21600.0, 3600.0)])
def test_retry_after_is_heeded_up_to_an_hour(asked_s: float, least_s: float) -> None:
    sent = apply(begin(INTENDED), EVENTS[ev.Sent])
    deferred = apply(sent, ev.Deferred(at=1000.0, reason="1302", retry_after_s=asked_s))
    assert deferred.retry_at == 1000.0 + least_s


def test_a_wait_far_in_the_future_of_a_clock_set_back_is_over_now() -> None:
    late = apply(begin(INTENDED), ev.NotSent(at=10_000_000.0, reason="no network"))
    assert decide(late, now=50.0) == Step(action=Action.SEND, due=50.0)


@pytest.mark.parametrize("event", [INTENDED, *EVENTS.values()], ids=lambda event: type(event).__name__)
def test_an_event_survives_its_record(event: Event) -> None:
    kind, data = record_of(event)
    assert event_from(kind, data) == event


def test_a_record_of_a_newer_version_is_read_without_what_is_new() -> None:
    kind, data = record_of(EVENTS[ev.Failed])
    assert event_from(kind, data | {"mood": "sad"}) == EVENTS[ev.Failed]


@given(st.lists(st.sampled_from(list(EVENTS.values())), max_size=40))
def test_no_history_passes_the_commit_point_twice_without_proof_or_the_user(history: list[Event]) -> None:
    submission, permits = begin(INTENDED), 1
    for event in history:
        try:
            submission = apply(submission, event)
        except IllegalTransition:
            continue
        permits += isinstance(event, ev.Deferred | ev.Held | ev.SendAgain)
        assert submission.sends <= permits


def test_a_download_backs_off_unless_it_came_further_than_ever() -> None:
    submission = in_phase(Phase.READY)

    def after(*events: Event) -> Submission:
        nonlocal submission
        for event in events:
            submission = apply(submission, event)
        return submission

    begun, broken = ev.Receiving(at=101.0, etag='"e"', total_bytes=9), ev.FetchFailed(at=102.0, reason="cut")
    assert after(begun, ev.Received(at=101.0, offset=4), broken, broken).failures == 2
    assert after(ev.Received(at=103.0, offset=6), broken).failures == 1
    assert (submission.etag, submission.total_bytes, submission.received) == ('"e"', 9, 6)
    assert after(begun).received == 0
    assert after(ev.Received(at=104.0, offset=6), broken).failures == 2
    assert after(ev.LinkExpired(at=105.0), ev.Succeeded(at=106.0, charge_units="3")).received == 6
