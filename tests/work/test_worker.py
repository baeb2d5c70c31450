"""The worker against a model of the service, in virtual time: real journal, no threads, no sleeping."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kling_omni_addon.core.errors import (
    ClipUnusable,
    LinkExpired,
    NotSent,
    Reaction,
    Refused,
    Unanswered,
)
from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import Origin
from kling_omni_addon.core.life.lifecycle import IllegalTransition, Phase
from kling_omni_addon.core.payload import Payload
from kling_omni_addon.core.protocol import Status, TaskReport
from kling_omni_addon.work import journal_file
from kling_omni_addon.work.crew import Progress
from kling_omni_addon.work.journal import Journal
from kling_omni_addon.work.leases import LEASE_S
from tests.workshop.rehearsal_stand import until
from tests.workshop.studio import ORIGIN, HurriedClock, Studio, refusal, unknown

DAY_S = 86_400.0


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    studio = Studio(tmp_path)
    yield studio
    for lane in studio.lanes:
        lane.close()


def test_a_submission_goes_from_intention_to_a_file(studio: Studio) -> None:
    studio.intend()
    studio.run(120)
    submission = studio.submission()
    assert submission.phase is Phase.FETCHED
    assert Path(submission.clip).read_bytes() == b"clip"
    assert Path(submission.clip).name == "Alley-night-1_1970-01-12_kob-1.mp4"
    assert (submission.charge_units, submission.problem) == ("3", "")
    assert studio.kinds() == ["Intended", "Sent", "Accepted", "Progressed", "Succeeded", "Fetched"]
    assert studio.messages.get_nowait() == Progress(submission_id="kob-1", received=4, total=4)


def test_sent_is_recorded_before_the_last_byte_leaves(studio: Studio) -> None:
    seen: list[list[str]] = []
    submit = studio.kling.submit

    def watched(payload: Payload, commit: Callable[[], None]) -> TaskReport:
        def and_look() -> None:
            commit()
            seen.append([type(event).__name__ for event in Journal(studio.path).history("kob-1")])

        return submit(payload, and_look)

    studio.kling.submit = watched  # type: ignore[method-assign]
    studio.intend()
    studio.run(1)
    assert seen == [["Intended", "Sent"]]


def test_a_lost_answer_is_looked_up_and_never_sent_again(studio: Studio) -> None:
    studio.kling.trouble["submit"] = ["lost"]
    studio.intend()
    studio.run(300)
    assert studio.kling.creates == ["kob-1"]
    assert studio.submission().phase is Phase.FETCHED


def test_a_request_that_vanished_is_parked_after_the_window_and_sent_again_only_by_the_user(studio: Studio) -> None:
    studio.kling.trouble["submit"] = ["swallowed"]
    studio.intend()
    studio.run(170)
    assert studio.submission().phase is Phase.UNANSWERED
    studio.run(3600)
    assert studio.submission().phase is Phase.PARKED
    assert studio.kling.calls.count("submit") == 1
    assert studio.kinds()[-2:] == ["Scanned", "Parked"]
    studio.journal.append("kob-1", ev.SendAgain(at=studio.clock.now()))
    studio.run(120)
    assert studio.kling.creates == ["kob-1"]
    assert studio.submission().phase is Phase.FETCHED


def test_a_late_commit_found_by_the_list_is_accepted(studio: Studio) -> None:
    studio.kling.trouble = {"submit": ["lost"], "find": [unknown()] * 20}
    studio.intend()
    studio.run(400)
    assert "Scanned" not in studio.kinds()
    assert studio.submission().phase is Phase.FETCHED
    assert studio.kling.creates == ["kob-1"]


def test_looks_that_fail_are_no_misses(studio: Studio) -> None:
    studio.kling.trouble = {"submit": ["lost"], "find": [Unanswered("proxy")] * 50}
    studio.intend()
    studio.run(200)
    assert "Missed" not in studio.kinds()
    studio.run(1200)
    assert studio.submission().phase is Phase.FETCHED


@pytest.mark.parametrize("code", [1302, 1303])
def test_a_proof_of_not_created_leads_back_to_sending_in_order(studio: Studio, code: int) -> None:
    studio.kling.trouble["submit"] = [refusal(code)] * 6
    studio.intend(1)
    studio.run(400)
    assert studio.kling.creates == ["kob-1"]
    assert studio.kling.calls.count("submit") == 7


def test_11_3_before_a_send_that_follows_a_refused_one_the_task_is_looked_for_once_more(studio: Studio) -> None:
    """A proxy delivered twice, "too many" was the second answer, and the task of the first shows after the window."""
    studio.kling.trouble["submit"] = [refusal(1303), *[NotSent("no network")] * 50]
    studio.intend()
    studio.run(80)
    assert studio.submission().phase is Phase.INTENDED
    studio.kling.tasks["kob-1"] = studio.clock.now()
    studio.run(600)
    assert (studio.submission().phase, studio.kling.creates) == (Phase.FETCHED, [])
    assert "Adopted" in studio.kinds()


@pytest.mark.parametrize("code", [1302, 1303])
def test_while_not_now_is_checked_nothing_else_is_sent(studio: Studio, code: int) -> None:
    studio.kling.trouble["submit"] = [refusal(code)] * 9
    studio.intend(1)
    studio.intend(2)
    studio.run(50)
    assert studio.kling.calls.count("submit") == 1
    studio.run(1200)
    assert studio.kling.creates == ["kob-1", "kob-2"]


@pytest.mark.parametrize("code", [5000, 5001, 5002])
def test_a_server_error_after_the_commit_point_proves_nothing(studio: Studio, code: int) -> None:
    studio.kling.trouble["submit"] = [refusal(code)]
    studio.intend()
    studio.run(60)
    assert studio.submission().phase is Phase.UNANSWERED
    assert studio.kling.calls.count("submit") == 1


@pytest.mark.parametrize("code", [1000, 1002, 1100, 1101, 1102, 1304])
def test_key_and_account_troubles_hold_everything_of_the_key_after_one_post(studio: Studio, code: int) -> None:
    studio.kling.trouble["submit"] = [refusal(code)]
    studio.intend(1)
    studio.intend(2)
    studio.run(3600)
    assert studio.kling.calls.count("submit") == 1
    assert studio.submission("kob-1").is_held
    studio.journal.append("kob-1", ev.Released(at=studio.clock.now()))
    studio.run(120)
    assert studio.kling.creates == ["kob-1", "kob-2"]


def test_clocks_that_disagree_are_tried_twice_more_and_then_held(studio: Studio) -> None:
    studio.kling.trouble["submit"] = [refusal(1003)] * 9
    studio.intend()
    studio.run(600)
    assert studio.kling.calls.count("submit") == 3
    assert studio.submission().is_held


@pytest.mark.parametrize("code", [1103, 1200, 1201, 1203, 1300, 1301])
def test_a_refused_request_has_failed_and_is_not_sent_again(studio: Studio, code: int) -> None:
    studio.kling.trouble["submit"] = [refusal(code)]
    studio.intend()
    studio.run(600)
    assert studio.submission().phase is Phase.FAILED
    assert studio.submission().problem == f"refused {code}"
    assert studio.kling.calls.count("submit") == 1


def test_a_code_that_nobody_has_explained_proves_nothing(studio: Studio) -> None:
    strange = Refused("?", code=4711, http_status=200, reaction=Reaction.STOP)
    studio.kling.trouble["submit"] = [strange]
    studio.kling.tasks["kob-1"] = studio.clock.now()  # and yet there is a task
    studio.intend()
    studio.run(120)
    assert studio.submission().phase is Phase.FETCHED
    assert studio.kling.calls.count("submit") == 1


def test_already_exists_means_look_it_up(studio: Studio) -> None:
    studio.kling.tasks["kob-1"] = studio.clock.now()
    studio.kling.trouble["submit"] = [Refused("exists", code=1201, http_status=400, reaction=Reaction.LOOK_UP)]
    studio.intend()
    studio.run(120)
    assert studio.submission().phase is Phase.FETCHED
    assert studio.kling.creates == []


def test_no_network_is_tried_again_for_as_long_as_it_takes(studio: Studio) -> None:
    studio.kling.trouble["submit"] = [NotSent("no network")] * 10
    studio.intend()
    studio.run(3600)
    assert studio.kling.creates == ["kob-1"]
    assert studio.submission().sends == 1


def test_polls_that_fail_lose_nothing(studio: Studio) -> None:
    studio.kling.trouble["ask"] = [Unanswered("proxy"), unknown(), refusal(5000), refusal(1002), "unknown"]
    studio.intend()
    studio.run(1200)
    assert studio.submission().phase is Phase.FETCHED


def test_a_failed_task_says_why(studio: Studio) -> None:
    studio.kling.trouble["ask"] = ["failed"]
    studio.intend()
    studio.run(120)
    assert studio.submission().phase is Phase.FAILED
    assert "risk control" in studio.submission().problem


def test_what_a_failed_task_cost_is_kept(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    charged = TaskReport(task_id="t", status=Status.FAILED, message="risk control", charge_units="1.8")
    monkeypatch.setattr(studio.kling, "ask", lambda _: charged)
    studio.intend()
    studio.run(120)
    assert (studio.submission().phase, studio.submission().charge_units) == (Phase.FAILED, "1.8")


@pytest.mark.parametrize("phase", [Phase.ACCEPTED, Phase.READY])
def test_a_task_that_the_service_no_longer_knows_is_asked_for_until_a_person_gives_it_up(
    studio: Studio, phase: Phase
) -> None:
    """Its word proves nothing, and a clock that was wrong once makes any task look older than Kling keeps clips."""
    studio.kling.trouble["fetch"] = [ClipUnusable("broken")] * 5
    studio.intend()
    studio.run(70 if phase is Phase.READY else 10)
    assert studio.submission().phase is phase
    studio.kling.trouble["ask"] = [unknown()] * 200
    studio.clock.time += 40 * DAY_S
    studio.run(3600)
    assert studio.submission().phase is phase
    studio.kling.trouble["ask"] = []
    studio.run(3600)
    assert studio.submission().phase is Phase.FETCHED


def test_a_broken_download_is_tried_again_and_an_expired_link_is_asked_for_anew(studio: Studio) -> None:
    studio.kling.trouble["fetch"] = [ClipUnusable("cut"), LinkExpired("403")]
    studio.intend()
    studio.run(300)
    assert studio.kinds()[-5:] == ["Succeeded", "FetchFailed", "LinkExpired", "Succeeded", "Fetched"]


def test_a_task_that_runs_for_a_day_is_still_asked_for_but_less_often(studio: Studio) -> None:
    studio.kling.makes_s = 86_400.0
    studio.intend()
    studio.run(7200)
    before = studio.kling.calls.count("ask")
    studio.run(3600)
    assert 40 <= studio.kling.calls.count("ask") - before <= 90
    studio.run(86_400)
    assert studio.submission().phase is Phase.FETCHED


def test_a_task_that_was_accepted_by_a_clock_that_ran_ahead_is_asked_for_no_more_often(studio: Studio) -> None:
    studio.kling.makes_s = 86_400.0
    studio.intend()
    studio.run(10)
    studio.clock.time -= 7200.0
    studio.restart()
    studio.kling.calls.clear()
    studio.run(600)
    assert studio.kling.calls.count("ask") <= 600 / (60 * 0.8) + 1


def test_a_create_left_open_by_a_crash_is_looked_for_over_a_window_of_its_own(studio: Studio) -> None:
    studio.intend()
    studio.journal.append("kob-1", ev.Sent(at=studio.clock.now(), digest="d"))
    studio.clock.time += 86_400
    studio.restart()
    studio.run(100)
    assert studio.submission().phase is Phase.UNANSWERED
    studio.kling.tasks["kob-1"] = studio.clock.now()
    studio.run(200)
    assert studio.submission().phase is Phase.FETCHED
    assert studio.kling.calls.count("submit") == 0
    assert "Reopened" in studio.kinds()


def test_submissions_of_another_key_or_host_are_left_alone(studio: Studio) -> None:
    studio.intend(1, origin=Origin(service=ORIGIN.service, key_fingerprint="other"))
    studio.run(600)
    assert studio.kling.calls == []
    assert studio.submission().phase is Phase.INTENDED


def test_one_of_two_processes_works(studio: Studio) -> None:
    studio.intend()
    studio.run(10)
    first = studio.lanes
    studio.restart(owner="another-machine:7")
    before = len(studio.kling.calls)
    studio.run(10)
    assert len(studio.kling.calls) == before
    studio.lanes = first
    studio.run(120)
    assert studio.submission().phase is Phase.FETCHED


def test_a_lease_lost_during_the_upload_stops_the_send_at_the_commit_point(studio: Studio) -> None:
    submit = studio.kling.submit

    def slow(payload: Payload, commit: Callable[[], None]) -> TaskReport:
        studio.clock.time += 600  # frozen for ten minutes; another process takes over
        other = Journal(studio.path, owner="another-machine:7")
        assert other.claim("kob-1", studio.clock.now() - LEASE_S) is None
        assert other.claim("kob-1", studio.clock.now())
        return submit(payload, commit)

    studio.kling.submit = slow  # type: ignore[method-assign]
    studio.intend()
    studio.lanes[0].run_due()
    assert studio.kling.creates == []
    assert studio.kinds() == ["Intended"]


def test_the_journal_never_holds_the_link_of_a_clip(studio: Studio) -> None:
    studio.intend()
    studio.run(120)
    everything = b"".join(p.read_bytes() for p in studio.path.parent.glob("journal*"))
    assert b"kob-1" in everything
    assert b"secret-link" not in everything


def test_a_task_that_another_process_works_on_does_not_make_the_others_be_asked_about_without_end(
    studio: Studio,
) -> None:
    """Found by the simulator (seed 216504): the list page was read again and again without a pause."""
    studio.kling.makes_s = 3600.0
    for number in range(1, 5):
        studio.intend(number)
    studio.run(30)
    other = Journal(studio.path, "elsewhere:1")
    for lane in studio.lanes:
        lane._journal.give_up()
    assert other.claim("kob-1", studio.clock.now()) is not None
    for seconds in range(20, 120, 5):  # tasks of this kind end at any moment now, so they are asked about often
        studio.lanes[1]._memory.learn_duration("", seconds)
    asked = len(studio.kling.calls)
    studio.run(50)
    other.close()
    assert len(studio.kling.calls) - asked <= 100


def test_a_task_that_was_sent_while_the_clock_stood_at_1970_is_not_given_up_at_the_first_look_up_that_lags(
    studio: Studio,
) -> None:
    """Found by the simulator (seed 227526)."""
    now, studio.clock.time = studio.clock.time + 50 * 365 * DAY_S, 5.0
    studio.intend()
    studio.run(1)
    studio.clock.time = now
    studio.kling.trouble["ask"] = [unknown()] * 4
    studio.kling.tasks["kob-1"] = now
    studio.run(900)
    assert studio.submission().phase is Phase.FETCHED


@pytest.mark.parametrize("limit", [1, 2, 7])
def test_no_more_than_the_users_own_limit_run_at_once_however_many_the_service_takes(
    studio: Studio, limit: int
) -> None:
    studio.restart(concurrency=limit)
    submit = studio.kling.submit
    running: list[int] = []

    def counted(payload: Payload, commit: Callable[[], None]) -> TaskReport:
        report = submit(payload, commit)
        alive = [at for at in studio.kling.tasks.values() if studio.clock.now() < at + studio.kling.makes_s]
        running.append(len(alive))
        return report

    studio.kling.submit = counted  # type: ignore[method-assign]
    for number in range(20):
        studio.intend(number)
    studio.run(1800)
    assert len(studio.kling.creates) == 20
    assert max(running) == limit


def test_no_more_than_the_learned_number_run_at_once_and_all_are_sent_in_order(studio: Studio) -> None:
    slots, most = 5, 0
    submit = studio.kling.submit

    def limited(payload: Payload, commit: Callable[[], None]) -> TaskReport:
        nonlocal most
        running = [at for at in studio.kling.tasks.values() if studio.clock.now() < at + studio.kling.makes_s]
        if len(running) >= slots:
            commit()
            raise refusal(1303)
        most = max(most, len(running) + 1)
        return submit(payload, commit)

    studio.kling.submit = limited  # type: ignore[method-assign]
    for number in range(20):
        studio.clock.time += 0.001
        studio.intend(number)
    studio.run(30)
    assert len(studio.kling.creates) <= 5
    studio.run(3600)
    assert studio.kling.creates == [f"kob-{number}" for number in range(20)]
    assert most == slots
    assert all(studio.submission(f"kob-{number}").phase is Phase.FETCHED for number in range(20))


def test_many_tasks_are_asked_for_by_one_page(studio: Studio) -> None:
    for number in range(3):
        studio.intend(number)
    studio.run(1)
    studio.kling.calls.clear()
    studio.run(8)
    assert studio.kling.calls.count("recent") >= 1
    assert studio.kling.calls.count("ask") == 0


def test_a_task_that_is_on_no_page_is_asked_for_singly(studio: Studio) -> None:
    studio.kling.recent = lambda: ()  # type: ignore[method-assign]
    for number in range(3):
        studio.intend(number)
    studio.run(600)
    assert all(studio.submission(f"kob-{number}").phase is Phase.FETCHED for number in range(3))


@pytest.mark.parametrize(
    "told",
    [
        pytest.param({"link": ""}, id="without links"),
        pytest.param({"status": Status.UNKNOWN, "link": ""}, id="in words that nobody knows"),
        pytest.param({"status": Status.FAILED, "link": "", "message": "no"}, id="as failed, which they are not"),
        pytest.param({"status": Status.SUBMITTED, "link": ""}, id="as they stood when they were made"),
        pytest.param({"status": Status.PROCESSING, "link": ""}, id="as they stood a moment later"),
    ],
)
def test_a_list_that_tells_of_its_tasks_keeps_no_clip_back(studio: Studio, told: dict[str, Any]) -> None:
    whole = studio.kling.recent
    studio.kling.recent = lambda: tuple(replace(each, **told) for each in whole())  # type: ignore[method-assign]
    for number in range(3):
        studio.intend(number)
    studio.run(1200)
    assert [studio.submission(f"kob-{number}").phase for number in range(3)] == [Phase.FETCHED] * 3


def test_one_page_tells_of_those_that_are_not_due_too_so_that_they_are_not_asked_about_soon(studio: Studio) -> None:
    studio.kling.makes_s = 3600.0
    for number in range(20):
        studio.intend(number)
    studio.run(60)
    assert studio.kling.calls.count("recent") <= 20, "some every four seconds, and not one for each task"
    assert studio.kling.calls.count("ask") <= 2, "of the first, while there were no others"


def test_a_clip_is_downloaded_by_the_link_of_the_answer_that_named_it(studio: Studio) -> None:
    studio.intend()
    studio.run(120)
    assert studio.kinds()[-1] == "Fetched"
    last_question = len(studio.kling.calls) - 1 - studio.kling.calls[::-1].index("ask")
    assert studio.kling.calls[last_question:] == ["ask", "fetch"]


def test_a_link_that_is_no_longer_fresh_is_asked_for_anew(studio: Studio) -> None:
    studio.kling.trouble["fetch"] = [ClipUnusable("cut")]
    studio.intend()
    studio.run(120)
    assert studio.kinds()[-3:] == ["Succeeded", "FetchFailed", "Fetched"]
    assert studio.kling.calls[-4:] == ["ask", "fetch", "ask", "fetch"]


def test_a_page_that_names_an_expired_link_for_ever_costs_no_clip(studio: Studio) -> None:
    """Somebody between us and the service keeps the list; what is asked for singly is fresh."""
    list_now, fetch_now = studio.kling.recent, studio.kling.fetch

    def kept_page() -> tuple[TaskReport, ...]:
        return tuple(replace(report, link=report.link and "expired") for report in list_now())

    def fetch(report: TaskReport, *arguments: Any) -> object:
        if report.link == "expired":
            raise LinkExpired("403")
        return fetch_now(report, *arguments)

    studio.kling.recent, studio.kling.fetch = kept_page, fetch  # type: ignore[method-assign,assignment]
    for number in range(3):
        studio.intend(number)
    studio.run(600)
    assert [studio.submission(f"kob-{number}").phase for number in range(3)] == [Phase.FETCHED] * 3
    assert [studio.kinds(f"kob-{number}").count("LinkExpired") for number in range(3)] == [1] * 3


def test_how_long_tasks_usually_take_is_learned_from_the_journal_too(studio: Studio) -> None:
    for number in range(3):
        studio.intend(number)
        studio.run(120)
    studio.restart()
    assert [55 < seconds < 75 for seconds in studio.worker.crew.memory.usual_s("")] == [True] * 3
    studio.kling.calls.clear()
    studio.intend(3)
    studio.run(80)
    assert studio.submission("kob-3").phase is Phase.FETCHED
    assert studio.kling.calls.count("ask") <= 8


def test_a_night_without_blender_and_a_clock_that_was_set_are_not_how_long_a_task_takes(studio: Studio) -> None:
    studio.intend(1)
    studio.run(20)
    studio.clock.time += 12 * 3600.0
    studio.run(60)
    studio.intend(2)
    studio.run(20)
    studio.clock.time -= 3600.0
    studio.kling.tasks["kob-2"] -= 3600.0
    studio.restart()
    studio.run(120)
    assert [studio.submission(f"kob-{number}").phase for number in (1, 2)] == [Phase.FETCHED] * 2
    assert studio.worker.crew.memory.usual_s("") == ()
    studio.restart()
    assert studio.worker.crew.memory.usual_s("") == ()


@pytest.mark.parametrize("data", ["[]", '{"at": "noon", "charge_units": "3"}', '{"at": 1, "charge_units'])
def test_a_record_of_a_clip_that_cannot_be_read_keeps_no_other_from_being_asked_about(
    studio: Studio, data: str
) -> None:
    studio.intend(1)
    studio.run(120)
    with closing(sqlite3.connect(studio.path)) as db, db:
        db.execute("UPDATE event SET data=?, checksum=NULL WHERE kind='Succeeded'", (data,))
    studio.restart()
    studio.intend(2)
    studio.run(120)
    assert studio.submission("kob-2").phase is Phase.FETCHED


def test_other_bytes_are_never_sent_under_the_same_id(studio: Studio) -> None:
    studio.kling.trouble["submit"] = [refusal(1303), *[NotSent("no network")] * 50]
    studio.intend()
    studio.run(80)
    assert studio.submission().phase is Phase.INTENDED
    with pytest.raises(IllegalTransition, match="other bytes"):
        studio.journal.append("kob-1", ev.Sent(at=studio.clock.now(), digest="of other bytes"))


def test_threads_whose_journal_is_held_say_so_in_a_sentence_and_go_on(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    studio.intend()
    monkeypatch.setattr(journal_file, "_BUSY_TIMEOUT_S", 0.02)
    studio.clock = studio.kling.clock = HurriedClock()
    studio.restart()
    holder = sqlite3.connect(studio.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    studio.worker.start()
    until(lambda: caplog.text, lambda said: "database is locked" in said)
    assert studio.submission().phase is Phase.INTENDED
    holder.close()
    until(studio.submission, lambda submission: submission.phase is Phase.FETCHED)
    studio.worker.stop()
    assert "Traceback" not in caplog.text
