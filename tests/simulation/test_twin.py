"""The simulator's journal in memory and the real one on disk do the same, whatever is done to them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from kling_omni_addon.core.capability import LEGACY, NEW
from kling_omni_addon.core.dialects import legacy
from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import Event, Origin, Target
from kling_omni_addon.core.life.lifecycle import IllegalTransition
from kling_omni_addon.core.payload import Payload
from kling_omni_addon.work import leases
from kling_omni_addon.work.journal import AlreadyThere, Journal
from kling_omni_addon.work.leases import Lease, LeaseLost

from .twin import Disk, JournalTwin, Unwatched
from .words import NEW_CREATE_PATH

OWNERS = ("here:1", "elsewhere:2", "dead:3")
IDS = ("kob-1", "kob-2", "kob-3")
ORIGINS = (Origin(service="https://k", key_fingerprint="f"), Origin(service="https://k", key_fingerprint="g"))
TIMES = st.sampled_from((0.0, 100.0, 130.0, 161.0, 250.0, 100_000.0))
EVENTS: tuple[Event, ...] = (
    ev.Sent(at=101.0, digest="d"),
    ev.NotSent(at=101.0, reason="no network"),
    ev.Unanswered(at=101.0, reason="lost"),
    ev.Deferred(at=101.0, reason="1303", retry_after_s=7.0),
    ev.Held(at=101.0, reason="no units", exit_code=4),
    ev.Released(at=101.0),
    ev.Rebound(at=101.0, origin=ORIGINS[1]),
    ev.Begun(at=101.0),
    ev.SetAside(at=101.0),
    ev.Missed(at=101.0),
    ev.Parked(at=101.0),
    ev.SendAgain(at=101.0),
    ev.Withdrawn(at=101.0, reason="no", exit_code=5),
    ev.Abandoned(at=101.0, reason="stopped"),
    ev.Accepted(at=101.0, task_id="t"),
    ev.Succeeded(at=101.0, charge_units="3"),
    ev.Fetched(at=101.0, path="/c", sha256="c", size_bytes=9),
)
ACTS = st.one_of(
    st.tuples(st.just("begin"), st.sampled_from(IDS), TIMES, st.sampled_from(("", "Scene"))),
    st.tuples(st.just("append"), st.sampled_from(IDS), st.sampled_from(EVENTS)),
    st.tuples(st.just("append under the lease"), st.sampled_from(IDS), st.sampled_from(EVENTS)),
    st.tuples(st.just("claim"), st.sampled_from(IDS), TIMES),
    st.tuples(st.just("renew"), TIMES),
    st.tuples(st.just("give up")),
    st.tuples(st.just("settle"), st.sampled_from(IDS), st.sampled_from(ORIGINS)),
)


def outcome(journal: Any, leases: dict[tuple[str, str], Lease], act: tuple[Any, ...]) -> object:
    """What an act gives or raises."""
    try:
        return _done(journal, leases, act)
    except (LeaseLost, AlreadyThere, IllegalTransition) as error:
        return type(error)


def _done(journal: Any, leases: dict[tuple[str, str], Lease], act: tuple[Any, ...]) -> object:
    match act:
        case ("begin", str(an_id), at, scene):
            dialect, path = (NEW, NEW_CREATE_PATH) if an_id == IDS[1] else (LEGACY, legacy.TASKS_PATH)
            payload = Payload(external_task_id=an_id, model="kling-v3-omni", pieces=("{}",), dialect=dialect, path=path)
            target = Target(scene=scene)
            return journal.begin(ev.Intended(at=at, payload=payload, origin=ORIGINS[0], target=target))
        case ("append", str(an_id), event):
            return journal.append(an_id, event) if journal.load(an_id) else None
        case ("append under the lease", str(an_id), event):
            lease = leases.get((journal.owner, an_id))
            return journal.append(an_id, event, lease) if lease else None
        case ("claim", str(an_id), now):
            lease = journal.claim(an_id, now)
            if lease is not None:
                leases[journal.owner, an_id] = lease
            return lease
        case ("settle", str(an_id), origin):
            spoken = NEW if origin == ORIGINS[1] else LEGACY
            adopted = ev.Adopted(at=102.0, submission_id=an_id, task_id="found", origin=origin, dialect=spoken)
            return journal.settle(origin, [adopted])
        case ("renew", now):
            return journal.renew(now, IDS[:1])
        case _:
            return journal.give_up()


def seen(journal: Any) -> tuple[object, ...]:
    """Everything that can be read."""
    each = [(journal.knows(i), journal.load(i), journal.history(i)) for i in IDS]
    doubts = [journal.needs_reconciling(origin) for origin in ORIGINS]
    durations = journal.durations(ORIGINS[0].service, most=2)
    return journal.live(), journal.all(), journal.last_seq(), doubts, durations, each


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(OWNERS), ACTS), max_size=25))
def test_the_twin_and_the_real_journal_do_the_same(acts: list[tuple[str, tuple[Any, ...]]]) -> None:
    def is_dead(owner: str) -> bool:
        return owner.startswith("dead")

    disk = Disk()
    twins = {owner: JournalTwin(disk, owner, is_dead, Unwatched()) for owner in OWNERS}
    with tempfile.TemporaryDirectory() as folder, patch.object(leases, "_is_dead", is_dead):
        journals = {owner: Journal(Path(folder) / "journal.sqlite3", owner) for owner in OWNERS}
        real_leases: dict[tuple[str, str], Lease] = {}
        twin_leases: dict[tuple[str, str], Lease] = {}
        for owner, act in acts:
            assert outcome(twins[owner], twin_leases, act) == outcome(journals[owner], real_leases, act)
            assert seen(twins[owner]) == seen(journals[owner])
        for journal in journals.values():
            journal.close()
