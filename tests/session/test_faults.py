"""The numbered faults of the send and of the service: real sockets, real journal, one virtual clock for both sides.

Numbers are those of the list of faults in ``docs/reliability.md``. In every case: at most one task per submission,
nothing lost, an end with a reason.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from kling_omni_addon.core.capability import DIALECTS
from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.lifecycle import IllegalTransition, Phase
from kling_omni_addon.rehearsal.settings import RehearsalSettings
from kling_omni_addon.remote import http
from kling_omni_addon.remote.service import KlingService
from kling_omni_addon.remote.token import ApiKey, KeyPair
from kling_omni_addon.work.picture_store import PictureStore
from tests.workshop.rehearsal_stand import Stand, png
from tests.workshop.sending_road import KEY, Road, assert_paid_once


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with Stand(RehearsalSettings(folder=tmp_path / "server", submitted_s=2, processing_s=20)) as stand:
        yield stand


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def road(stand: Stand, tmp_path: Path, dialect: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Road]:
    monkeypatch.setattr(http, "READ_TIMEOUT_S", 0.7)
    road = Road(stand, tmp_path / "home", ApiKey(key=KEY), dialect=dialect)
    yield road
    for lane in road.lanes:
        lane.close()


PROVED = {
    "4 reset after 0 bytes": "reset-before=0",
    "4 reset after 1 byte": "reset-before=1",
    "4 reset after half": "reset-before=half",
    "19 too many at once": "1303",
    "20 too many requests": "1302",
}


@pytest.mark.parametrize("fault", PROVED.values(), ids=PROVED.keys())
def test_a_proof_of_not_created_leads_to_a_second_send(road: Road, tmp_path: Path, fault: str) -> None:
    """The body is larger than what the sockets hold: a reset of a small one comes after its last byte has left."""
    picture = tmp_path / "first.png"
    picture.write_bytes(png(640, 360, size=8_000_000))
    road.stand.server.arm(fault)
    road.intend(picture=picture)
    assert_paid_once(road)
    assert road.posts() == 2


COMMITTED = {
    "6 read time-out, the service had committed": "created-but-silent",
    "5 reset after the last byte": "created-but-reset",
    "9 answer cut in the middle": "created-but-cut",
    "9 answer of a wrong length": "created-but-half",
    "10 a web page instead of the answer": "created-but-html",
    "10 code 0 without a task": "code-0-without-task",
    "8 commit 60 s after our error": "late-commit=60",
    "8 commit 120 s after our error": "late-commit=120",
    "13 answer in one-byte pieces": "one-byte-pieces@create",
    "16 500 after the commit": "created-but-5000",
    "18 504 after the commit": "created-but-504",
}


@pytest.mark.parametrize("fault", COMMITTED.values(), ids=COMMITTED.keys())
def test_a_lost_answer_is_looked_up_and_not_sent_again(road: Road, fault: str) -> None:
    road.stand.server.arm(fault)
    road.intend()
    assert_paid_once(road)
    assert road.posts() == 1


VANISHED = {
    "7 read time-out, the service never saw it": "swallowed=60",
    "5 reset after the last byte": "reset-after-body",
    "10 captive portal": "html-200@create",
    "16 500 before the commit": "5000@create",
    "17 502 before the commit": "502@create",
    "17 503 before the commit": "5001@create",
    "18 504 before the commit": "5002@create",
    "8 commit after the window": "late-commit=1000",
}


@pytest.mark.parametrize("fault", VANISHED.values(), ids=VANISHED.keys())
def test_a_request_that_left_no_trace_is_parked_and_the_user_decides(road: Road, fault: str) -> None:
    road.stand.server.arm(fault)
    road.intend()
    road.run(170)
    assert road.one().phase is Phase.UNANSWERED
    road.run(600)
    assert road.one().phase is Phase.PARKED
    assert road.one().problem
    assert (road.posts(), road.creates()) == (1, 0)
    choice = ev.LookAgain(at=road.clock.now()) if "late" in fault else ev.SendAgain(at=road.clock.now())
    road.clock.hand.now += 1000
    road.journal.append("kob-1", choice)
    assert_paid_once(road)


def test_fault_8_a_task_that_was_made_late_is_found_past_one_of_the_same_id_that_failed(road: Road) -> None:
    """The service lets ids repeat, the user said Send Again, the second task fails, and the first is there at last."""
    road.stand.server.arm("lax-duplicates")
    road.stand.server.arm("late-commit=1000")
    road.intend()
    road.run(600)
    assert road.one().phase is Phase.PARKED
    road.stand.clips.failure = "not this one"
    road.journal.append("kob-1", ev.SendAgain(at=road.clock.now()))
    road.run(60, until=Phase.UNANSWERED)
    road.run(60, until=Phase.ACCEPTED)
    road.run(100, until=Phase.UNANSWERED)
    assert "sent twice" in road.one().problem
    road.stand.clips.failure = ""
    road.run(3600, until=Phase.PARKED)
    road.journal.append("kob-1", ev.LookAgain(at=road.clock.now()))
    road.run(3600, until=Phase.FETCHED)
    assert (road.one().phase, road.creates()) == (Phase.FETCHED, 2)
    assert road.one().task_id not in road.one().ended_tasks
    assert float(road.stand.stats()["charges_units"]) == float(road.one().charge_units)


def test_fault_14_a_proxy_that_delivers_twice_makes_one_task(road: Road) -> None:
    road.stand.server.arm("delivered-twice")
    road.intend()
    assert_paid_once(road)


@pytest.mark.parametrize(
    "second",
    [
        "1201 External_task_id kob-1 already exists",
        "1201 External_task_id kob-1 already exists.",
        "1201 Duplicate external_task_id",
        "1201 Bad value",
        *("1001", "1002", "1100", "1101", "1102", "1103", "1200", "1203", "1300", "1301", "1302", "1303", "1304"),
    ],
)
def test_11_3_whatever_a_second_delivery_is_answered_with_the_task_of_the_first_is_found(
    road: Road, second: str
) -> None:
    road.stand.server.arm(f"created-but-refused={second}")
    road.intend()
    assert_paid_once(road)


@pytest.mark.parametrize("code", [1102, 1201, 1301])
def test_11_3_a_refusal_is_believed_only_after_look_ups_that_may_lag(road: Road, code: int) -> None:
    road.stand.server.arm("lookup-lag=30")
    road.stand.server.arm(f"created-but-refused={code}")
    road.intend()
    assert_paid_once(road)
    assert "Missed" in road.kinds()


def test_11_3_a_refusal_that_is_true_is_believed_within_minutes_and_can_be_looked_for_again(road: Road) -> None:
    road.stand.server.arm("1301@create")
    road.intend()
    road.run(30)
    assert (road.one().phase, "Checking whether Kling" in road.one().problem) == (Phase.UNANSWERED, True)
    road.run(120)
    assert (road.one().phase, road.posts()) == (Phase.FAILED, 1)
    assert "Checking whether Kling" not in road.one().problem
    road.stand.created(external_task_id="kob-1")  # the service was slower than anybody would think
    road.journal.append("kob-1", ev.LookAgain(at=road.clock.now()))
    road.run(3600, until=Phase.FETCHED)
    assert (road.one().phase, road.creates(), road.kinds().count("Sent")) == (Phase.FETCHED, 1, 1)


def test_11_3_while_a_refusal_for_the_accounts_sake_is_checked_no_other_send_goes_out(road: Road) -> None:
    road.stand.server.arm("1102@create:9")
    road.intend(1)
    road.intend(2)
    road.run(50)
    assert (road.posts(), road.one("kob-2").phase) == (1, Phase.INTENDED)


def test_11_2_an_id_that_somebody_chose_and_another_task_has_is_never_sent_under(road: Road) -> None:
    road.stand.created(external_task_id="ep1_shot0010")
    road.intend_as("ep1_shot0010")
    road.run(600)
    refused = road.one("ep1_shot0010")
    assert (refused.phase, refused.exit_code, refused.id_is_taken) == (Phase.FAILED, 2, True)
    assert "adopt ep1_shot0010" in refused.problem
    assert road.posts() == 1  # the stranger's own
    with pytest.raises(IllegalTransition):
        road.journal.append("ep1_shot0010", ev.LookAgain(at=road.clock.now()))


def test_11_2_an_id_that_somebody_chose_is_ours_after_our_own_commit_point(road: Road) -> None:
    road.stand.server.arm("created-but-silent")
    road.intend_as("ep1_shot0010")
    road.run(3600)
    assert (road.one("ep1_shot0010").phase, road.creates("ep1_shot0010")) == (Phase.FETCHED, 1)


def test_fault_19_fifty_refusals_for_want_of_a_slot_keep_the_order(stand: Stand, tmp_path: Path) -> None:
    road = Road(stand, tmp_path / "home", ApiKey(key=KEY), window_s=1.0)
    stand.server.arm("1303:50")
    for number in (1, 2, 3):
        road.clock.hand.now += 0.01
        road.intend(number)
    road.run(7200)
    created = road.stand.stats()["creates_by_external_id"]
    assert list(created) == ["kob-1", "kob-2", "kob-3"]
    assert set(created.values()) == {1}
    assert {road.one(name).phase for name in created} == {Phase.FETCHED}


@pytest.mark.parametrize("asked", ["90", "garbage", "-5", "21600"])
def test_fault_20_retry_after_is_heeded_within_reason(road: Road, asked: str) -> None:
    road.stand.server.arm(f"1302={asked}")
    road.intend()
    road.run(80)  # the refusal was checked for a minute
    assert road.posts() == (1 if asked in ("90", "21600") else 2)
    road.run(3600)
    assert_paid_once(road)


@pytest.mark.parametrize("code", [1100, 1101, 1102, 1304])
def test_fault_21_account_troubles_cost_one_post_and_pause_the_queue(road: Road, code: int) -> None:
    road.stand.server.arm(f"{code}@create")
    road.intend(1)
    road.intend(2)
    road.run(3600)
    assert road.posts() == 1
    assert road.one().is_held
    assert str(code) in road.one().problem
    road.journal.append("kob-1", ev.Released(at=road.clock.now()))
    road.run(3600)
    assert (road.creates("kob-1"), road.creates("kob-2")) == (1, 1)


@pytest.mark.parametrize("off_s", [-7200.0, -30.0, 30.0, 7200.0, 86_400.0])
def test_fault_22_a_clock_that_is_off_is_followed_by_the_date_header(
    stand: Stand, tmp_path: Path, off_s: float
) -> None:
    pair = KeyPair(access_key=stand.settings.access_key, secret_key=stand.settings.secret_key)
    road = Road(stand, tmp_path / "home", pair)
    road.clock.off_s = off_s
    road.intend()
    assert_paid_once(road)


def test_fault_23_a_wrong_key_costs_one_post_and_holds_everything(stand: Stand, tmp_path: Path) -> None:
    road = Road(stand, tmp_path / "home", ApiKey(key="api-key-kling-wrong"))
    road.intend(1)
    road.intend(2)
    road.run(3600)
    assert road.posts() == 1
    assert (road.one().is_held, road.one().exit_code) == (True, 3)


def test_fault_24_already_exists_is_looked_up(road: Road) -> None:
    road.intend()
    road.stand.created(external_task_id="kob-1")
    assert_paid_once(road)


def test_fault_25_a_lax_service_is_never_sent_a_duplicate(road: Road) -> None:
    road.stand.server.arm("lax-duplicates")
    road.stand.server.arm("created-but-silent")
    road.intend()
    assert_paid_once(road)


@pytest.mark.parametrize("words", ["rehearse-refuse", "rehearse-fail"])
def test_fault_26_what_moderation_refuses_has_failed_with_its_text_and_is_not_sent_again(
    road: Road, words: str
) -> None:
    road.intend(prompt=f"a fox {words}")
    road.run(3600)
    assert road.one().phase is Phase.FAILED
    assert ("1301" in road.one().problem) or ("risk control" in road.one().problem)
    assert road.posts() == 1
    assert float(road.stand.stats()["charges_units"]) == 0


def test_fault_27_look_ups_that_lag_lose_nothing(road: Road) -> None:
    road.stand.server.arm("lookup-lag=30")
    road.stand.server.arm("created-but-silent")
    road.intend()
    assert_paid_once(road)
    assert "Missed" in road.kinds()


def test_fault_28_somebody_elses_task_is_refused_on_its_id(road: Road) -> None:
    road.stand.server.arm("created-but-silent")
    road.stand.server.arm("somebody-elses@query:3")
    road.intend()
    assert_paid_once(road)
    assert road.one().task_id == road.stand.task("kob-1")["task_id"]


@pytest.mark.parametrize("fault", ["status-back:3", "unknown-status:3", "succeeded:50", "two-videos", "no-link:2"])
def test_faults_29_and_32_strange_reports_keep_the_polling_going(road: Road, fault: str) -> None:
    road.stand.server.arm(fault)
    road.intend()
    assert_paid_once(road)


@pytest.mark.parametrize("fault", ["shuffled-list:50", "list-lag=40", "5000@list:5"])
def test_fault_30_lists_that_change_or_fail_lose_nothing(road: Road, fault: str) -> None:
    road.stand.server.arm(fault)
    for number in (1, 2, 3, 4):
        road.intend(number)
    road.run(3600)
    assert {road.one(f"kob-{number}").phase for number in (1, 2, 3, 4)} == {Phase.FETCHED}


def test_fault_31_a_task_of_a_day_is_waited_for(stand: Stand, tmp_path: Path) -> None:
    slow = RehearsalSettings(folder=tmp_path / "slow", submitted_s=2, processing_s=86_400)
    with Stand(slow) as patient:
        road = Road(patient, tmp_path / "home", ApiKey(key=KEY))
        road.intend()
        road.run(86_000)
        assert road.one().phase is Phase.ACCEPTED
        assert_paid_once(road)


def test_fault_33_a_hostile_message_is_shown_cleaned_and_short(road: Road) -> None:
    road.stand.server.arm("hostile-message")
    road.intend()
    road.run(600)
    assert len(road.one().problem) < 700
    assert not any(ord(mark) < 32 or 0xD800 <= ord(mark) < 0xE000 for mark in road.one().problem)
    everything = b"".join(path.read_bytes() for path in road.home.glob("journal*"))
    assert len(everything) < 2_000_000


def test_fault_15_a_kept_connection_that_the_service_closes_costs_no_second_post(road: Road) -> None:
    road.stand.server.arm("idle-close")
    for number in (1, 2, 3):
        road.intend(number)
    road.run(600)
    assert road.posts() == 3
    assert [road.creates(f"kob-{number}") for number in (1, 2, 3)] == [1, 1, 1]


def test_faults_1_and_2_no_name_and_no_connection_are_tried_again_until_they_work(road: Road) -> None:
    url = road.stand.server.url
    road.lanes[0]._service = KlingService(  # the first tries go nowhere
        base_url="https://kling.invalid",
        credentials=ApiKey(key=KEY),
        pictures=PictureStore(road.home / "pictures"),
        now=road.clock.now,
        user_agent="test",
    )
    road.intend()
    road.run(10)
    assert (road.one().phase, road.one().sends) == (Phase.INTENDED, 0)
    assert "cannot be reached" in road.one().problem
    assert url not in road.one().problem
    road.lanes[0]._service = road.service()
    assert_paid_once(road)


def test_fault_3_a_certificate_that_is_not_trusted_is_never_accepted(road: Road, tmp_path: Path) -> None:
    """The rehearsal server speaks plain HTTP: to a TLS client it is a server whose certificate fails."""
    road.lanes[0]._service = KlingService(
        base_url=road.stand.server.url.replace("http:", "https:"),
        credentials=ApiKey(key=KEY),
        pictures=PictureStore(tmp_path / "pictures"),
        now=road.clock.now,
        user_agent="test",
    )
    road.intend()
    road.run(30)
    assert (road.one().phase, road.one().sends) == (Phase.INTENDED, 0)
    assert road.creates() == 0


@pytest.mark.parametrize("step_s", [-86_400.0, -3600.0, 3600.0, 86_400.0])
def test_faults_67_to_69_a_clock_that_jumps_between_two_runs_loses_nothing(road: Road, step_s: float) -> None:
    road.stand.server.arm("created-but-silent")
    road.intend()
    road.run(5)
    road.clock.off_s += step_s
    for lane in road.lanes:
        lane.close()
    road.start()
    assert_paid_once(road)


def test_fault_11_an_uplink_that_stalls_is_given_up_before_the_commit_point(
    road: Road, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A peer that reads nothing: the sockets fill up, and the send ends by its time-out, not in ten minutes."""
    monkeypatch.setattr(http, "CONNECT_TIMEOUT_S", 0.5)
    picture = tmp_path / "first.png"
    picture.write_bytes(png(640, 360, size=9_000_000))
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        stalled = road.service()
        stalled._http = http.Http(f"http://127.0.0.1:{deaf.getsockname()[1]}", "test")
        monkeypatch.setattr(stalled, "check_credentials", lambda: None)
        road.lanes[0]._service = stalled
        road.intend(picture=picture)
        road.run(0.5)
    assert (road.one().phase, road.one().sends) == (Phase.INTENDED, 0)
    road.lanes[0]._service = road.service()
    assert_paid_once(road)


def test_fault_63_no_memory_while_encoding_sends_nothing_and_is_tried_again(
    road: Road, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(_picture: object) -> Iterator[bytes]:
        yield b"iVBO"
        raise MemoryError

    picture = tmp_path / "first.png"
    picture.write_bytes(png(640, 360))
    road.intend(picture=picture)
    with monkeypatch.context() as patched:
        patched.setattr(road.pictures, "encoded", no_memory)
        road.lanes[0].run_due()
    assert road.kinds() == ["Intended", "NotSent"]
    assert "an error in the extension" in road.one().problem
    assert (road.one().phase, road.one().sends, road.creates()) == (Phase.INTENDED, 0, 0)
    assert_paid_once(road)
