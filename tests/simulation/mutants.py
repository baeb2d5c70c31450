"""Planted mistakes. Each is applied in a child process that plays histories until a promise is broken, and dies there;
nothing of it is ever in the tree. ``python -m tests.simulation.mutants`` lists which seed catches which.

Caught elsewhere, for they live below what is simulated: "rename before fsync" and "Range ignored but appended"
(``tests/torture``).
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from kling_omni_addon.core import protocol
from kling_omni_addon.core.capability import LEGACY, NEW
from kling_omni_addon.core.dialects import Page, legacy, new
from kling_omni_addon.core.errors import KlingError, NotSent, Reaction, Refused, TaskUnknown, Unanswered
from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life import lifecycle, queueing
from kling_omni_addon.core.life.events import Event
from kling_omni_addon.core.life.lifecycle import Action, Phase, Step, Submission
from kling_omni_addon.core.payload import Payload
from kling_omni_addon.core.protocol import HttpReply, Status, TaskReport
from kling_omni_addon.remote.service import KlingService
from kling_omni_addon.work import asking, sending
from kling_omni_addon.work.leases import Lease
from kling_omni_addon.work.memory import Memory
from kling_omni_addon.work.turn import Turn

from .run import broken_promise
from .story import MIXED, Story, wired
from .twin import JournalTwin

MOST_HISTORIES = 6000


@dataclass(frozen=True, slots=True, kw_only=True)
class Catch:
    """Which seed found a mutant out, and by which broken promise."""

    seed: int
    promise: str


def _patched(owner: Any, name: str, change: Callable[[Any], Any]) -> None:
    setattr(owner, name, change(getattr(owner, name)))


def _decided(change: Callable[[Step], Step], instead_s: float | None = None) -> None:
    real = lifecycle.decide

    def decide(submission: Submission, now: float, window_s: float = lifecycle.LOOK_WINDOW_S) -> Step:
        return change(real(submission, now, window_s if instead_s is None else instead_s))

    lifecycle.decide = decide


def _events_changed(change: Callable[[Event], Event]) -> None:
    real = Turn.record

    def record(self: Turn, event: Event) -> None:
        real(self, change(event))

    Turn.record = record  # type: ignore[method-assign]


def _failed_sends_mean(change: Callable[[KlingError, bool], Event | None]) -> None:
    real = sending._after_failed_send

    def after(turn: Turn, error: KlingError, is_committed: bool) -> Event:
        event = change(error, is_committed)
        return real(turn, error, is_committed) if event is None else replace(event, at=turn.now())

    sending._after_failed_send = after


def _payloads_changed(change: Callable[[Payload], Payload]) -> None:
    real, seen = KlingService.submit, set[int]()

    def submit(self: KlingService, payload: Payload, commit: Callable[[], None]) -> TaskReport:
        key = hash((id(self._http), payload.external_task_id))
        is_again = key in seen
        seen.add(key)
        return real(self, change(payload) if is_again else payload, commit)

    KlingService.submit = submit  # type: ignore[method-assign]


def journal_after_the_post() -> None:
    real = KlingService.submit

    def submit(self: KlingService, payload: Payload, commit: Callable[[], None]) -> TaskReport:
        report = real(self, payload, lambda: None)
        commit()
        return report

    KlingService.submit = submit  # type: ignore[method-assign]


def no_look_window() -> None:
    _decided(lambda step: step, instead_s=0.0)


def a_new_id_on_retry() -> None:
    def renamed(payload: Payload) -> Payload:
        old, new = payload.external_task_id, f"{payload.external_task_id}-again"
        pieces = tuple(p.replace(f'"{old}"', f'"{new}"') if isinstance(p, str) else p for p in payload.pieces)
        return replace(payload, external_task_id=new, pieces=pieces)

    _payloads_changed(renamed)


def other_bytes_on_retry() -> None:
    def reworded(payload: Payload) -> Payload:
        pieces = tuple(p.replace("shot", "take") if isinstance(p, str) else p for p in payload.pieces)
        return replace(payload, pieces=pieces)

    _payloads_changed(reworded)


def retry_on_5xx() -> None:
    def change(error: KlingError, _: bool) -> Event | None:
        is_passing = isinstance(error, Refused) and error.reaction is Reaction.RETRY
        return ev.Deferred(at=0.0, reason="5xx", retry_after_s=None) if is_passing else None

    _failed_sends_mean(change)


def a_lost_answer_is_sent_again() -> None:
    def change(error: KlingError, is_committed: bool) -> Event | None:
        is_lost = is_committed and isinstance(error, NotSent | Unanswered)
        return ev.Deferred(at=0.0, reason="lost", retry_after_s=None) if is_lost else None

    _failed_sends_mean(change)


def already_exists_read_as_failure() -> None:
    def change(error: KlingError, _: bool) -> Event | None:
        is_there = isinstance(error, Refused) and "already exists" in str(error)
        return ev.Failed(at=0.0, reason=str(error)) if is_there else None

    _failed_sends_mean(change)


def a_refusal_after_the_last_byte_is_believed_at_once() -> None:
    def change(error: KlingError, _: bool) -> Event | None:
        is_about_the_request = isinstance(error, Refused) and error.reaction is Reaction.CHANGE_REQUEST
        return ev.Failed(at=0.0, reason=str(error)) if is_about_the_request else None

    _failed_sends_mean(change)


def no_lease_check() -> None:
    def change(real: Callable[..., Submission]) -> Callable[..., Submission]:
        return lambda self, submission_id, event, *_, **__: real(self, submission_id, event)

    _patched(JournalTwin, "append", change)


def leases_never_run_out() -> None:
    def change(real: Callable[..., Lease | None]) -> Callable[..., Lease | None]:
        return lambda self, submission_id, now: real(self, submission_id, 0.0)

    _patched(JournalTwin, "claim", change)


def every_429_is_retried() -> None:
    waits = dict.fromkeys((1100, 1101, 1102, 1304), Reaction.WAIT)
    protocol.REACTIONS = {**protocol.REACTIONS, **waits}


def reopened_not_recorded() -> None:
    _patched(Memory, "opened_here", lambda _: lambda self, *_: True)


def one_miss_proves_absence() -> None:
    def change(event: Event) -> Event:
        is_miss = isinstance(event, ev.Missed)
        return ev.Deferred(at=event.at, reason="not found", retry_after_s=None) if is_miss else event

    _events_changed(change)


def scan_skipped() -> None:
    _decided(lambda step: replace(step, action=Action.PARK) if step.action is Action.SCAN else step)


def failed_looks_count_as_misses() -> None:
    def put_off(self: Turn, action: Action, error: KlingError) -> None:
        now = self.now()
        if action is Action.ASK:
            self.memory.pause(self.submission.id, action, now + 5.0)
            return
        self.record(ev.Missed(at=now) if action is Action.LOOK_UP else ev.Scanned(at=now))

    Turn.put_off = put_off  # type: ignore[method-assign]


def withdraw_allowed_after_sent() -> None:
    moves = {**lifecycle.TRANSITIONS[ev.Withdrawn], Phase.UNANSWERED: Phase.ABANDONED}
    lifecycle.TRANSITIONS = {**lifecycle.TRANSITIONS, ev.Withdrawn: moves}


def held_does_not_hold_others() -> None:
    def change(real: Callable[..., Submission | None]) -> Callable[..., Submission | None]:
        return lambda live, *rest: real([s for s in live if not s.is_held], *rest)

    _patched(queueing, "next_to_send", change)


def unsent_treated_as_sent() -> None:
    def change(error: KlingError, is_committed: bool) -> Event | None:
        return None if is_committed or not isinstance(error, NotSent) else ev.Unanswered(at=0.0, reason="?")

    _failed_sends_mean(change)


def an_unreadable_charge_is_nothing() -> None:
    def change(event: Event) -> Event:
        if isinstance(event, ev.Succeeded) and not event.charge_units:
            return replace(event, charge_units="0")
        return event

    _events_changed(change)


def charge_not_recorded() -> None:
    _events_changed(lambda event: replace(event, charge_units="") if isinstance(event, ev.Succeeded) else event)


def a_strangers_task_is_taken() -> None:
    """Whatever task the service tells of is the one that was asked for; of a list, the first."""
    of_legacy, of_new = legacy.read_task, new.read_task

    def read_legacy(reply: HttpReply, wanted: str) -> TaskReport:
        data = protocol.read_data(reply, object, is_question=True)
        return legacy._report(data) if isinstance(data, dict) else of_legacy(reply, wanted)

    def read_new(reply: HttpReply, wanted: str) -> TaskReport:
        data = protocol.read_data(reply, object)
        return new._report(data[0]) if isinstance(data, list) and data else of_new(reply, wanted)

    legacy.read_task, new.read_task = read_legacy, read_new


def a_strangers_task_on_the_list_is_taken() -> None:
    def change(_: Callable[..., TaskReport | None]) -> Callable[..., TaskReport | None]:
        return lambda submission, reports: next((r for r in reports if r.task_id not in submission.ended_tasks), None)

    _patched(asking, "_task_of", change)


def an_empty_list_means_failed() -> None:
    """The service leaves out what it does not know (yet): no word about the task."""

    def change(real: Callable[..., TaskReport]) -> Callable[..., TaskReport]:
        def read_task(reply: HttpReply, wanted: str) -> TaskReport:
            try:
                return real(reply, wanted)
            except TaskUnknown:
                return TaskReport(task_id=wanted, external_task_id=wanted, status=Status.FAILED)

        return read_task

    _patched(new, "read_task", change)


def a_list_that_breaks_off_has_ended() -> None:
    def change(real: Callable[..., Page]) -> Callable[..., Page]:
        def read_page(reply: HttpReply, cursor: str) -> Page:
            try:
                return real(reply, cursor)
            except Unanswered:
                data = protocol.read_data(reply, object)
                entries = data.get("result") if isinstance(data, dict) else None
                return Page(reports=new._reports(entries if isinstance(entries, list) else ()), after="")

        return read_page

    _patched(new, "read_page", change)


def a_list_has_one_page() -> None:
    _patched(new, "read_page", lambda real: lambda reply, cursor: real(reply, cursor)._replace(after=""))


def a_list_in_other_words_is_empty() -> None:
    """What cannot be read is passed over, although nothing on the list can be."""
    _patched(new, "_is_of_legacy", lambda _: lambda task: False)


def every_task_is_asked_for_over_the_preferred_api() -> None:
    _patched(KlingService, "speaking", lambda _: lambda self, dialect: self)


def not_found_means_failed() -> None:
    def change(real: Callable[..., None]) -> Callable[..., None]:
        def put_off(self: Turn, action: Action, error: KlingError) -> None:
            if isinstance(error, TaskUnknown) and action is Action.ASK:
                self.record(ev.Failed(at=self.now(), reason="not found"))
            else:
                real(self, action, error)

        return put_off

    _patched(Turn, "put_off", change)


def unknown_status_means_failed() -> None:
    def change(real: Callable[..., Event | None]) -> Callable[..., Event | None]:
        def after(turn: Turn, report: TaskReport) -> Event | None:
            is_odd = report.status is Status.UNKNOWN
            return ev.Failed(at=turn.now(), reason="?") if is_odd else real(turn, report)

        return after

    _patched(asking, "_after_report", change)


def an_expired_link_means_failed() -> None:
    def change(event: Event) -> Event:
        return ev.Failed(at=event.at, reason="expired") if isinstance(event, ev.LinkExpired) else event

    _events_changed(change)


def parked_without_a_reason() -> None:
    effects: Mapping[Any, Any] = lifecycle._EFFECTS
    lifecycle._EFFECTS = {**effects, ev.Parked: lambda s, e: {}}


MUTANTS: Mapping[str, Callable[[], None]] = {
    mutant.__name__.replace("_", " "): mutant
    for mutant in (
        journal_after_the_post,
        no_look_window,
        a_new_id_on_retry,
        other_bytes_on_retry,
        retry_on_5xx,
        a_lost_answer_is_sent_again,
        already_exists_read_as_failure,
        a_refusal_after_the_last_byte_is_believed_at_once,
        no_lease_check,
        leases_never_run_out,
        every_429_is_retried,
        reopened_not_recorded,
        one_miss_proves_absence,
        scan_skipped,
        failed_looks_count_as_misses,
        withdraw_allowed_after_sent,
        held_does_not_hold_others,
        unsent_treated_as_sent,
        an_unreadable_charge_is_nothing,
        charge_not_recorded,
        a_strangers_task_on_the_list_is_taken,
        every_task_is_asked_for_over_the_preferred_api,
        not_found_means_failed,
        unknown_status_means_failed,
        an_expired_link_means_failed,
        parked_without_a_reason,
    )
}
OF_CODECS: Mapping[tuple[str, str], Callable[[], None]] = {
    (mutant.__name__.replace("_", " "), dialect): mutant
    for mutant, dialects in (
        (a_strangers_task_is_taken, (LEGACY, NEW)),
        (a_list_in_other_words_is_empty, (NEW,)),
        (an_empty_list_means_failed, (NEW,)),
        (a_list_that_breaks_off_has_ended, (NEW,)),
        (a_list_has_one_page, (NEW,)),
    )
    for dialect in dialects
}
"""Mistakes in reading a dialect, each to be found in histories that speak no other."""
HUNTS = (*((name, MIXED) for name in MUTANTS), *OF_CODECS)
"""Each mutant, and in which histories it has to be found."""


def hunt(name: str, dialect: str = MIXED, histories: int = MOST_HISTORIES) -> Catch | None:
    """Let a mutant live in a child process; how it was caught, or None. ``""`` is the unmutated product."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_hunted, (name, dialect, histories))


def _hunted(name: str, dialect: str, histories: int) -> Catch | None:
    if name:
        (MUTANTS.get(name) or OF_CODECS[name, dialect])()
    with wired():
        for seed in range(histories):
            promise = broken_promise(Story(seed, dialect))
            if promise:
                return Catch(seed=seed, promise=promise)
    return None


def main() -> int:
    """Hunt all of them."""
    catches = {(name, dialect): hunt(name, dialect) for name, dialect in HUNTS}
    for (name, dialect), catch in catches.items():
        sys.stdout.write(f"{name} ({dialect}): {f'seed {catch.seed}: {catch.promise}' if catch else 'ESCAPED'}\n")
    return 0 if all(catches.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
