"""Models that take no id of ours: a lost answer is looked for on the account's list alone, and a person chooses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import event_from, record_of
from kling_omni_addon.core.life.lifecycle import LOOK_WINDOW_S, Phase
from kling_omni_addon.core.life.queueing import Slots, next_to_send
from tests.workshop.studio import ORIGIN, Studio, refusal

STRANGER = "somebody else's"


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    studio = Studio(tmp_path)
    studio.intend(has_own_id=False)
    yield studio
    studio.journal.close()
    for lane in studio.lanes:
        lane.close()


def made_by_another(studio: Studio, age_s: float = 0.0) -> None:
    """Another program of the same account has made a task at the same time, without an id either."""
    studio.kling.tasks[STRANGER] = studio.clock.now() - age_s
    studio.kling.nameless.add(STRANGER)


def test_an_answered_send_goes_its_way_by_the_id_of_the_service(studio: Studio) -> None:
    studio.run(120)
    assert studio.submission().phase is Phase.FETCHED
    assert "find" not in studio.kling.calls


def test_nothing_is_adopted_by_a_guess_not_even_the_only_task_on_the_list(studio: Studio) -> None:
    studio.kling.trouble["submit"] = ["lost"]
    studio.run(LOOK_WINDOW_S + 60)
    parked = studio.submission()
    assert (parked.phase, parked.candidates) == (Phase.PARKED, ("task of kob-1",))
    assert "task of kob-1" in parked.problem
    assert (studio.kling.creates, "find" in studio.kling.calls) == (["kob-1"], False)


def test_the_task_that_a_person_chooses_is_carried_on(studio: Studio) -> None:
    studio.kling.trouble["submit"] = ["lost"]
    made_by_another(studio)
    studio.run(LOOK_WINDOW_S + 60)
    assert set(studio.submission().candidates) == {"task of kob-1", f"task of {STRANGER}"}
    studio.journal.append("kob-1", ev.Accepted(at=studio.clock.now(), task_id="task of kob-1"))
    studio.run(60)
    assert (studio.submission().phase, studio.submission().candidates) == (Phase.FETCHED, ())
    assert studio.kling.creates == ["kob-1"]


def test_what_is_older_than_the_wish_or_anothers_is_no_candidate(studio: Studio) -> None:
    made_by_another(studio, age_s=3600.0)
    studio.kling.tasks["with an id"] = studio.clock.now()
    studio.kling.trouble["submit"] = ["swallowed"]
    studio.run(LOOK_WINDOW_S + 60)
    assert (studio.submission().phase, studio.submission().candidates) == (Phase.PARKED, ())
    assert "You may be charged" in studio.submission().problem


def test_while_one_is_looked_for_no_other_goes_out_and_then_it_does(studio: Studio) -> None:
    studio.kling.trouble["submit"] = ["lost"]
    studio.intend(2, has_own_id=False)
    studio.intend(3)
    studio.run(LOOK_WINDOW_S - 10)
    assert studio.kling.creates == ["kob-1", "kob-3"]
    studio.run(120)
    assert studio.kling.creates == ["kob-1", "kob-3", "kob-2"]
    assert studio.submission().candidates == ("task of kob-1",)  # that of kob-2 came later, and is known


def test_another_process_that_has_one_open_keeps_the_last_byte_back(studio: Studio) -> None:
    """The queue of a process knows what the journal said before; the commit point asks it once more."""
    studio.intend(2, has_own_id=False)
    lane = studio.lanes[0]
    chosen = next_to_send(studio.journal.live(), (), Slots(), studio.clock.now())
    assert chosen is not None
    studio.journal.append("kob-2", ev.Sent(at=studio.clock.now(), digest="d"))
    lane._advance(chosen.id)
    assert studio.kinds() == ["Intended", "NotSent"]
    assert studio.kling.creates == []


def test_one_that_is_open_with_another_key_is_in_nobodys_way(studio: Studio) -> None:
    studio.intend(2, origin=replace(ORIGIN, key_fingerprint="01d"), has_own_id=False)
    studio.journal.append("kob-2", ev.Sent(at=studio.clock.now(), digest="d"))
    studio.run(5)
    assert studio.kling.creates == ["kob-1"]


def test_send_again_sends_although_there_is_a_candidate(studio: Studio) -> None:
    """A person has seen the candidates and decided."""
    studio.kling.trouble["submit"] = ["swallowed"]
    made_by_another(studio)
    studio.run(LOOK_WINDOW_S + 60)
    assert studio.submission().candidates == (f"task of {STRANGER}",)
    studio.journal.append("kob-1", ev.SendAgain(at=studio.clock.now()))
    studio.run(120)
    assert studio.kling.creates == ["kob-1"]
    assert studio.submission().phase is Phase.FETCHED


@pytest.mark.parametrize("code", [1301, 1303, 1102])
def test_a_refusal_after_the_last_byte_is_believed_where_the_list_has_no_candidate(studio: Studio, code: int) -> None:
    studio.kling.trouble["submit"] = [refusal(code)]
    studio.run(59)
    assert studio.submission().phase is Phase.UNANSWERED
    studio.run(10)
    assert studio.kinds()[:4] == ["Intended", "Sent", "Denied", "Scanned"]
    assert studio.submission().phase in (Phase.FAILED, Phase.INTENDED, Phase.ACCEPTED)


@pytest.mark.parametrize("code", [1301, 1303, 1102])
def test_a_refusal_beside_a_candidate_is_left_to_a_person(studio: Studio, code: int) -> None:
    studio.kling.trouble["submit"] = [refusal(code)]
    made_by_another(studio)
    studio.run(LOOK_WINDOW_S)
    assert (studio.submission().phase, studio.submission().candidates) == (Phase.PARKED, (f"task of {STRANGER}",))
    assert studio.kling.creates == []


def test_a_task_that_appears_after_not_now_was_believed_keeps_it_from_being_sent_again(studio: Studio) -> None:
    not_now = refusal(1303)
    not_now.retry_after_s = 90.0
    studio.kling.trouble["submit"] = [not_now]
    studio.run(70)
    assert studio.submission().phase is Phase.INTENDED
    made_by_another(studio)
    studio.run(LOOK_WINDOW_S + 60)
    assert studio.submission().phase is Phase.PARKED
    assert studio.kling.creates == []


def test_the_candidates_survive_the_journal() -> None:
    scanned = ev.Scanned(at=1.0, candidates=("1", "2"))
    name, data = record_of(scanned)
    assert event_from(name, {**data, "candidates": list(data["candidates"])}) == scanned
    assert event_from("Scanned", {"at": 1.0}) == ev.Scanned(at=1.0)
