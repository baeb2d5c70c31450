"""The numbered faults of the send and of the service: real sockets, real journal, one virtual clock for both sides.

Numbers are those of the list of faults in ``docs/reliability.md``. In every case: at most one task per submission,
nothing lost, an end with a reason.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest

from kling_omni_addon.core.capability import profile
from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import Origin, Target
from kling_omni_addon.core.life.lifecycle import Phase, Submission
from kling_omni_addon.core.payload import build_payload, draft_body
from kling_omni_addon.core.request import OmniRequest, Picture, Role
from kling_omni_addon.rehearsal.settings import RehearsalSettings
from kling_omni_addon.remote import http
from kling_omni_addon.remote.service import KlingService
from kling_omni_addon.remote.token import ApiKey, Credentials, KeyPair
from kling_omni_addon.work.assignment import Assignment
from kling_omni_addon.work.journal import Journal
from kling_omni_addon.work.lane import ASKING, FETCHING, SENDING
from kling_omni_addon.work.picture_store import PictureStore
from kling_omni_addon.work.worker import Worker
from tests.remote.rehearsal_stand import HandClock, Stand, png

KEY = "api-key-kling-rehearsal"
ORIGIN = Origin(service="rehearsal", key_fingerprint="f")


class SharedClock:
    """The server's hand-turned clock, as the worker's."""

    def __init__(self, hand: HandClock) -> None:
        self.hand = hand
        self.off_s = 0.0

    def now(self) -> float:
        return self.hand.now + self.off_s

    def wall(self) -> float:
        return self.now()

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        self.hand.now += timeout_s
        return event.is_set()


class Road:
    """One client on one server: lanes take turns, time passes when all of them rest."""

    def __init__(self, stand: Stand, home: Path, credentials: Credentials) -> None:
        self.stand, self.home, self.credentials = stand, home, credentials
        self.clock = SharedClock(stand.clock)
        self.pictures = PictureStore(home / "pictures")
        self.journal = Journal(home / "journal.sqlite3")
        self.start()

    def start(self) -> None:
        worker = Worker(
            open_service=self.service,
            open_journal=lambda: Journal(self.home / "journal.sqlite3"),
            clock=self.clock,
            assignment=Assignment(origin=ORIGIN, clips=self.home / "clips"),
            messages=SimpleQueue(),
        )
        self.lanes = [worker.lane(actions) for actions in (SENDING, ASKING, FETCHING)]

    def service(self) -> KlingService:
        return KlingService(
            base_url=self.stand.server.url,
            credentials=self.credentials,
            pictures=self.pictures,
            now=self.clock.now,
            user_agent="test",
        )

    def intend(self, number: int = 1, prompt: str = "a fox", picture: Path | None = None) -> str:
        kept = {str(picture): self.pictures.keep_file(picture, "picture")} if picture else {}
        first = tuple(Picture(source=source, role=Role.FIRST) for source in kept)
        request = OmniRequest(prompt=prompt, pictures=first, mode="std", aspect_ratio="16:9", duration_s=3)
        body = draft_body(request, kept, external_task_id=f"kob-{number}")
        intended = ev.Intended(
            at=self.clock.now(), payload=build_payload(body, profile()), origin=ORIGIN, target=Target()
        )
        return self.journal.begin(intended).id

    def run(self, seconds: float, *, until: Phase | None = None) -> None:
        end = self.clock.now() + seconds
        while self.clock.now() < end and (until is None or self.one().phase is not until):
            pause_s = min(lane.run_due() for lane in self.lanes)
            self.clock.hand.now += max(min(pause_s, end - self.clock.now()), 0.001)
            if pause_s > 0:
                time.sleep(0.002)  # the server's own threads live in real time

    def one(self, submission_id: str = "kob-1") -> Submission:
        found = self.journal.load(submission_id)
        assert found is not None
        return found

    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.journal.history("kob-1")]

    def creates(self, submission_id: str = "kob-1") -> int:
        return int(self.stand.stats()["creates_by_external_id"].get(submission_id, 0))

    def posts(self) -> int:
        return int(self.stand.stats()["posts"])


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with Stand(RehearsalSettings(folder=tmp_path / "server", submitted_s=2, processing_s=20)) as stand:
        yield stand


@pytest.fixture
def road(stand: Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Road]:
    monkeypatch.setattr(http, "READ_TIMEOUT_S", 0.7)
    road = Road(stand, tmp_path / "home", ApiKey(key=KEY))
    yield road
    for lane in road.lanes:
        lane.close()


def assert_paid_once(road: Road) -> None:
    road.run(3600, until=Phase.FETCHED)
    assert road.one().phase is Phase.FETCHED, road.one().problem
    assert road.creates() == 1
    stats = road.stand.stats()
    assert float(stats["charges_units"]) == float(road.one().charge_units)


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


def test_fault_19_fifty_refusals_for_want_of_a_slot_keep_the_order(road: Road) -> None:
    road.stand.server.arm("1303:50")
    for number in (1, 2, 3):
        road.clock.hand.now += 0.01
        road.intend(number)
    road.run(7200)
    created = road.stand.stats()["creates_by_external_id"]
    assert list(created) == ["kob-1", "kob-2", "kob-3"]
    assert set(created.values()) == {1}
    assert {road.one(name).phase for name in created} == {Phase.FETCHED}


@pytest.mark.parametrize("asked", ["30", "garbage", "-5", "21600"])
def test_fault_20_retry_after_is_heeded_within_reason(road: Road, asked: str) -> None:
    road.stand.server.arm(f"1302={asked}")
    road.intend()
    road.run(20)
    assert road.posts() == (1 if asked in ("30", "21600") else 2)
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
    assert "a mistake of this extension" in road.one().problem
    assert (road.one().phase, road.one().sends, road.creates()) == (Phase.INTENDED, 0, 0)
    assert_paid_once(road)
