"""Every injected fault does what it says, as often as it was told to, and nothing else (contract 16.5)."""

from __future__ import annotations

import gzip
import http.client
import json
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from kling_omni_addon.core.errors import ArgumentsInvalid
from kling_omni_addon.core.media import mp4_fault
from kling_omni_addon.rehearsal.answers import HTTP_STATUS
from kling_omni_addon.rehearsal.fault_table import FAULTS
from kling_omni_addon.rehearsal.server import RehearsalSettings
from tests.workshop.rehearsal_stand import TASKS, Stand, mp4, refusal, text_body, token, unlogged

CLIP = mp4()
LOST = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with Stand(RehearsalSettings(folder=tmp_path, concurrency=50)) as stand:
        yield stand


def _creates(stand: Stand) -> int:
    return int(stand.stats()["creates"])


@pytest.mark.parametrize("code", HTTP_STATUS)
def test_a_code_is_answered_with_its_status_and_nothing_is_created(stand: Stand, code: int) -> None:
    stand.server.arm(str(code))
    assert refusal(stand.create())[:2] == (HTTP_STATUS[code], code)
    assert _creates(stand) == 0
    assert stand.create().status_code == 200


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_gateway_answers_with_a_page_before_or_after_the_task_was_made(stand: Stand, status: int) -> None:
    for fault, creates in ((str(status), 0), (f"created-but-{status}-page", 1)):
        stand.server.arm(fault)
        answer = stand.create()
        assert (answer.status_code, answer.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
        assert _creates(stand) == creates


@pytest.mark.parametrize("spelling", ["30", "Wed, 21 Oct 2026 07:28:00 GMT", "21600", "soon", "-5", ""])
def test_retry_after_may_be_spelled_in_any_way(stand: Stand, spelling: str) -> None:
    stand.server.arm(f"1302={spelling}")
    assert stand.create().headers.get("Retry-After", "") == spelling


@pytest.mark.parametrize("argument", ["0", "10", "half", "-1"])
def test_a_reset_in_the_body_creates_nothing(stand: Stand, argument: str) -> None:
    stand.server.arm(f"reset-before={argument}")
    with pytest.raises(requests.ConnectionError):
        stand.create()
    assert stand.stats() | {"creates": 0, "posts": 1} == stand.stats()


def test_a_reset_after_the_body_creates_nothing(stand: Stand) -> None:
    stand.server.arm("reset-after-body")
    with pytest.raises(requests.ConnectionError):
        stand.create()
    assert _creates(stand) == 0


@pytest.mark.parametrize("fault", ["created-but-reset", "created-but-silent", "created-but-cut"])
def test_an_answer_is_lost_after_the_task_was_made(stand: Stand, fault: str) -> None:
    stand.server.arm(fault)
    with pytest.raises(LOST):
        stand.create(external_task_id="mine")
    assert stand.stats()["creates_by_external_id"] == {"mine": 1}
    assert stand.task("mine")["task_status"] == "submitted"


def test_a_cut_answer_stops_in_the_middle_of_its_json(stand: Stand) -> None:
    stand.server.arm("created-but-cut")
    connection = http.client.HTTPConnection(*stand.address, timeout=20)
    headers = {"Authorization": f"Bearer {stand.settings.api_key}"}
    connection.request("POST", TASKS, json.dumps(text_body()), headers)
    with pytest.raises(http.client.IncompleteRead) as cut:
        connection.getresponse().read()
    assert cut.value.partial.startswith(b'{"code": 0')
    with pytest.raises(json.JSONDecodeError):
        json.loads(cut.value.partial)
    connection.close()


def test_half_an_answer_with_an_honest_length_is_no_json(stand: Stand) -> None:
    stand.server.arm("created-but-half")
    with pytest.raises(json.JSONDecodeError):
        json.loads(stand.create().content)
    assert _creates(stand) == 1


def test_a_create_is_swallowed(stand: Stand) -> None:
    stand.server.arm("swallowed=60")
    body, headers = text_body(), dict(stand.client.headers)
    with pytest.raises(requests.ReadTimeout):
        requests.post(stand.server.url + TASKS, json=body, headers=headers, timeout=0.3)
    assert stand.stats() | {"creates": 0, "posts": 1} == stand.stats()


@pytest.mark.parametrize(("fault", "expected"), [("created-but-504", (504, 5002)), ("created-but-5000", (500, 5000))])
def test_an_error_is_answered_after_the_task_was_made(stand: Stand, fault: str, expected: tuple[int, int]) -> None:
    stand.server.arm(fault)
    assert refusal(stand.create())[:2] == expected
    assert _creates(stand) == 1


def test_a_spoiled_answer_waits_for_a_create_that_succeeds(stand: Stand) -> None:
    stand.server.arm("created-but-504")
    assert stand.create(mode="standard").status_code == 400
    assert stand.create().status_code == 504


@pytest.mark.parametrize(("fault", "creates"), [("html-200", 0), ("created-but-html", 1)])
def test_a_page_comes_with_200(stand: Stand, fault: str, creates: int) -> None:
    stand.server.arm(fault)
    answer = stand.create()
    assert (answer.status_code, answer.text.startswith("<html>")) == (200, True)
    assert _creates(stand) == creates


def test_a_good_answer_may_lack_its_task(stand: Stand) -> None:
    stand.server.arm("code-0-without-task")
    assert (document := stand.create().json())["code"] == 0
    assert "task_id" not in document["data"]
    assert _creates(stand) == 1


def test_a_late_commit_appears_when_its_time_has_come(stand: Stand) -> None:
    stand.server.arm("late-commit=8")
    with pytest.raises(requests.ConnectionError):
        stand.create(external_task_id="mine")
    stand.pass_time(7.9)
    assert stand.get(f"{TASKS}/mine").status_code == 400
    assert stand.get(TASKS).json()["data"] == []
    stand.pass_time(0.1)
    assert stand.task("mine")["task_status"] == "submitted"
    assert stand.stats()["creates_by_external_id"] == {"mine": 1}


def test_a_late_commit_does_not_overtake_a_resend_with_the_same_id(stand: Stand) -> None:
    stand.server.arm("late-commit=8")
    with pytest.raises(requests.ConnectionError):
        stand.create(external_task_id="mine")
    resent = stand.created(external_task_id="mine")
    stand.pass_time(10.0)
    assert stand.task("mine")["task_id"] == resent
    assert _creates(stand) == 1


def test_a_create_delivered_twice_is_answered_by_the_second(stand: Stand) -> None:
    stand.server.arm("delivered-twice")
    assert refusal(stand.create(external_task_id="mine"))[2] == "External_task_id mine already exists"
    stand.server.arm("delivered-twice")
    assert stand.create().status_code == 200
    assert _creates(stand) == 3


def test_a_lax_service_makes_two_tasks_of_one_id(stand: Stand) -> None:
    stand.server.arm("lax-duplicates")
    assert stand.created(external_task_id="mine") != stand.created(external_task_id="mine")
    assert stand.stats()["creates_by_external_id"] == {"mine": 2}


def test_a_discontinued_model_is_named(stand: Stand) -> None:
    stand.server.arm("discontinued")
    text = "The model 'kling-v3-omni' has been discontinued and is no longer available."
    assert refusal(stand.create()) == (400, 1201, text)


def test_a_lagging_query_sees_the_task_later_than_the_list(stand: Stand) -> None:
    stand.server.arm("lookup-lag=3")
    stand.create(external_task_id="mine")
    assert refusal(stand.get(f"{TASKS}/mine"))[1] == 1201
    assert len(stand.get(TASKS).json()["data"]) == 1
    stand.pass_time(3.0)
    assert stand.task("mine")["task_info"] == {"external_task_id": "mine"}


def test_a_lagging_list_holds_the_task_later_than_the_query(stand: Stand) -> None:
    stand.server.arm("list-lag=3")
    stand.create(external_task_id="mine")
    assert stand.get(TASKS).json()["data"] == []
    assert stand.task("mine")["task_status"] == "submitted"
    stand.pass_time(3.0)
    assert len(stand.get(TASKS).json()["data"]) == 1


@pytest.mark.parametrize(
    ("fault", "is_spoiled"),
    [
        ("unknown-status", lambda task: task["task_status"] == "pondering"),
        ("status-back", lambda task: task["task_status"] == "submitted"),
        ("succeeded", lambda task: task["task_status"] == "succeeded"),
        ("no-link", lambda task: task["task_status"] == "succeed" and not task["task_result"]),
        ("two-videos", lambda task: len(task["task_result"]["videos"]) == 2),
        ("somebody-elses", lambda task: task["task_info"] == {"external_task_id": "somebody-elses"}),
        ("odd-charge", lambda task: task["final_unit_deduction"] == "3 units"),
        ("odd-charge=NaN", lambda task: task["final_unit_deduction"] == "NaN"),
        ("hostile-message", lambda task: len(task["task_status_msg"]) > 1_000_000 and "\0" in task["task_status_msg"]),
    ],
)
def test_a_query_about_a_finished_task_is_spoiled_once(
    stand: Stand, fault: str, is_spoiled: Callable[[Any], bool]
) -> None:
    task_id = stand.created()
    stand.ended(task_id)
    stand.server.arm(fault)
    assert is_spoiled(stand.task(task_id))
    assert not is_spoiled(stand.task(task_id))


def test_a_fault_of_finished_tasks_waits_for_one(stand: Stand) -> None:
    task_id = stand.created()
    stand.server.arm("no-link")
    assert stand.task(task_id)["task_status"] == "submitted"
    assert stand.ended(task_id)["task_result"] == {}
    assert stand.task(task_id)["task_result"]["videos"]


def test_an_odd_charge_is_said_of_ended_tasks_only_and_also_on_the_list(stand: Stand) -> None:
    ended = stand.created()
    stand.ended(ended)
    running = stand.created()
    stand.server.arm("odd-charge=-5")
    assert "final_unit_deduction" not in stand.task(running)
    said = {task["task_id"]: task.get("final_unit_deduction") for task in stand.get(TASKS).json()["data"]}
    assert said == {ended: "-5", running: None}
    assert float(stand.task(ended)["final_unit_deduction"]) > 0


def test_a_page_of_the_list_changes_under_the_reader(stand: Stand) -> None:
    first, second = stand.created(), stand.created()
    stand.server.arm("shuffled-list")
    seen = [task["task_id"] for task in stand.get(TASKS).json()["data"]]
    assert seen[1:] == [first]
    assert seen[0] not in (first, second)


def test_a_gzip_bomb_is_small_on_the_wire(stand: Stand) -> None:
    task_id = stand.created()
    stand.server.arm("gzip-bomb")
    with stand.get(f"{TASKS}/{task_id}", stream=True) as answer:
        packed = answer.raw.read(decode_content=False)
    assert len(packed) < 100_000
    assert len(gzip.decompress(packed)) == 64_000_000


@pytest.mark.parametrize(("fault", "status"), [("link-403", 403), ("file-404", 404)])
def test_a_link_is_refused_once(stand: Stand, fault: str, status: int) -> None:
    link = stand.clip_link()
    stand.server.arm(fault)
    assert [stand.get(link).status_code, stand.get(link).status_code] == [status, 200]


def test_a_link_leads_elsewhere(stand: Stand) -> None:
    link = stand.clip_link()
    stand.server.arm("redirect=http://169.254.169.254/secret")
    answer = stand.get(link)
    assert (answer.status_code, answer.headers["Location"]) == (307, "http://169.254.169.254/secret")


def test_a_changed_tag_stays_changed(stand: Stand) -> None:
    link = stand.clip_link()
    first = stand.get(link).headers["ETag"]
    stand.server.arm("etag-changed")
    answers = [stand.get(link, headers={"Range": "bytes=9-", "If-Range": first}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert len({first, *(answer.headers["ETag"] for answer in answers)}) == 2


def _broken_download(stand: Stand, link: str) -> bytes:
    """What arrives of a download before it breaks, to the byte."""
    connection = http.client.HTTPConnection(*stand.address, timeout=20)
    connection.request("GET", link)
    answer = connection.getresponse()
    arrived = bytearray()
    try:
        while piece := answer.read1(65_536):
            arrived += piece
    except ConnectionResetError:
        pass
    finally:
        connection.close()
    assert len(arrived) < int(answer.headers["Content-Length"])
    return bytes(arrived)


def test_downloads_are_cut_at_random_bytes_that_the_seed_repeats(tmp_path: Path) -> None:
    lengths = []
    for run in ("one", "two"):
        stand = Stand(RehearsalSettings(folder=tmp_path / run, seed=7, faults=("download-cut:3",)))
        with stand:
            link = stand.clip_link()
            pieces = [_broken_download(stand, link) for _ in range(3)]
            assert stand.get(link).content == CLIP
        assert all(CLIP.startswith(piece) for piece in pieces)
        lengths.append([len(piece) for piece in pieces])
    assert lengths[0] == lengths[1]
    assert len(set(lengths[0])) == 3


@pytest.mark.parametrize(("fault", "count"), [("download-cut=1000", 1000), ("body-short", len(CLIP) - 1000)])
def test_a_download_ends_too_early(stand: Stand, fault: str, count: int) -> None:
    link = stand.clip_link()
    stand.server.arm(fault)
    assert _broken_download(stand, link) == CLIP[:count]


def test_a_download_is_reset(stand: Stand) -> None:
    link = stand.clip_link()
    stand.server.arm("download-reset")
    assert CLIP.startswith(_broken_download(stand, link))


def test_faults_of_ranges_wait_for_a_range(stand: Stand) -> None:
    link = stand.clip_link()
    part = {"Range": "bytes=100-199"}
    stand.server.arm("range-ignored")
    assert stand.get(link).status_code == 200
    ignored = stand.get(link, headers=part)
    assert (ignored.status_code, ignored.content, "Content-Range" in ignored.headers) == (200, CLIP, False)
    stand.server.arm("wrong-content-range")
    wrong = stand.get(link, headers=part)
    assert (wrong.status_code, wrong.content) == (206, CLIP[100:200])
    assert wrong.headers["Content-Range"] == f"bytes 99-198/{len(CLIP)}"
    stand.server.arm("range-416")
    assert stand.get(link, headers=part).status_code == 416
    assert stand.get(link, headers=part).status_code == 206


def test_more_comes_than_was_announced(stand: Stand) -> None:
    link = stand.clip_link()
    stand.server.arm("body-long")
    answer = stand.get(link)
    assert int(answer.headers["Content-Length"]) == len(answer.content) == len(CLIP) - 1000


def test_no_length_is_announced(stand: Stand) -> None:
    link = stand.clip_link()
    stand.server.arm("no-length")
    answer = stand.get(link)
    assert "Content-Length" not in answer.headers
    assert answer.content == CLIP


def test_10_gb_are_announced(stand: Stand) -> None:
    link = stand.clip_link()
    stand.server.arm("huge-length")
    answer = stand.get(link, stream=True)
    assert answer.headers["Content-Length"] == str(10 * 1024**3)
    answer.close()


def test_a_clip_lacks_its_end_and_does_not_say_so(stand: Stand, tmp_path: Path) -> None:
    link = stand.clip_link()
    stand.server.arm("clip-cut")
    content = stand.get(link).content
    (tmp_path / "cut.mp4").write_bytes(content)
    with (tmp_path / "cut.mp4").open("rb") as stream:
        assert mp4_fault(stream, len(content)) == "the end of the file is missing"


@pytest.mark.parametrize(
    ("fault", "start"), [("html-instead-of-clip", b"<html>"), ("zip-instead-of-clip", b"PK\3\4"), ("zero-bytes", b"")]
)
def test_something_else_comes_in_place_of_the_clip(stand: Stand, fault: str, start: bytes) -> None:
    link = stand.clip_link()
    stand.server.arm(fault)
    answer = stand.get(link)
    assert answer.status_code == 200
    assert answer.content[:6].startswith(start)
    assert len(answer.content) < 5000


def test_a_slow_answer_outlasts_an_impatient_client(stand: Stand) -> None:
    stand.server.arm("slow-answer=60")
    with pytest.raises(requests.ReadTimeout):
        requests.get(stand.server.url + TASKS, headers=dict(stand.client.headers), timeout=0.3)


def test_an_answer_in_pieces_of_one_byte_is_whole(stand: Stand) -> None:
    stand.server.arm("one-byte-pieces")
    assert stand.task(stand.created())["task_status"] == "submitted"


def test_a_trickling_download_outlasts_an_impatient_client(stand: Stand) -> None:
    link = stand.clip_link()
    stand.server.arm("trickle=60")
    with unlogged(), pytest.raises(requests.ConnectionError):
        requests.get(link, timeout=0.3)


@pytest.mark.parametrize("call", ["query", "file"])
def test_what_drips_is_whole_at_last(stand: Stand, call: str) -> None:
    link = stand.clip_link()
    task_id = stand.get(TASKS).json()["data"][0]["task_id"]
    whole = {"query": len(stand.get(f"{TASKS}/{task_id}").content), "file": len(CLIP)}[call]
    stand.server.arm(f"drips@{call}=0.2:1")
    asked = stand.get(link if call == "file" else f"{TASKS}/{task_id}", stream=True)
    pieces = list(asked.iter_content(chunk_size=None))
    assert sum(map(len, pieces)) == whole


def test_drops_outlast_an_impatient_client(stand: Stand) -> None:
    link = stand.clip_link()
    stand.server.arm("drips=600")
    with unlogged(), pytest.raises(requests.ConnectionError):
        requests.get(link, timeout=0.3)


def test_an_idle_connection_is_closed_without_a_word(stand: Stand) -> None:
    stand.server.arm("idle-close")
    connection = http.client.HTTPConnection(*stand.address, timeout=20)
    connection.request("GET", TASKS, headers={"Authorization": f"Bearer {stand.settings.api_key}"})
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Connection")) == (200, None)
    answer.read()
    assert connection.sock.recv(1) == b""
    connection.close()


@pytest.mark.parametrize(("skew_s", "code"), [(-3600, 1003), (7200, 1004)])
def test_a_skewed_clock_refuses_tokens_and_its_date_says_why(stand: Stand, skew_s: int, code: int) -> None:
    stand.server.arm(f"clock-skew={skew_s}")
    now = stand.clock.now
    answer = stand.get(TASKS, headers={"Authorization": f"Bearer {token(stand.settings, now)}"})
    assert refusal(answer)[:2] == (401, code)
    servers_now = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    assert servers_now == now + skew_s
    signed_again = f"Bearer {token(stand.settings, servers_now)}"
    assert stand.get(TASKS, headers={"Authorization": signed_again}).status_code == 200


def test_a_count_says_how_often(stand: Stand) -> None:
    stand.server.arm("1303:3")
    assert [stand.create().status_code for _ in range(5)] == [429, 429, 429, 200, 200]


def test_one_ordinary_fault_strikes_at_a_time_in_the_order_of_arming(stand: Stand) -> None:
    for fault in ("1303", "5000", "created-but-504"):
        stand.server.arm(fault)
    assert [stand.create().status_code for _ in range(4)] == [429, 500, 504, 200]


def test_a_fault_can_be_aimed_at_other_calls(stand: Stand) -> None:
    task_id = stand.created()
    stand.server.arm("5000@query:2")
    assert stand.create().status_code == 200
    assert [stand.get(f"{TASKS}/{task_id}").status_code for _ in range(3)] == [500, 500, 200]
    stand.server.arm("html-200@any")
    assert stand.get("/account/costs").text.startswith("<html>")


def test_a_standing_fault_stays_until_it_is_disarmed(stand: Stand) -> None:
    stand.server.arm("lookup-lag=100")
    task_id = stand.created()
    assert {stand.get(f"{TASKS}/{task_id}").status_code for _ in range(5)} == {400}
    stand.server.arm("lookup-lag:0")
    assert stand.task(task_id)["task_id"] == task_id


def test_faults_are_armed_and_seen_over_http(stand: Stand) -> None:
    armed = stand.call("POST", "/rehearsal/faults", json={"name": "late-commit", "argument": 3, "count": 2}).json()
    assert armed["armed"] == [{"name": "late-commit", "on": ["create"], "argument": "3", "left": 2, "struck": 0}]
    with pytest.raises(requests.ConnectionError):
        stand.create()
    shown = stand.get("/rehearsal/faults", headers={"Authorization": None}).json()
    assert (shown["armed"][0]["left"], shown["armed"][0]["struck"]) == (1, 1)
    assert set(shown["known"]) == set(FAULTS)


def test_a_reset_restores_the_faults_of_the_start(tmp_path: Path) -> None:
    with Stand(RehearsalSettings(folder=tmp_path, faults=("1303",))) as stand:
        stand.server.arm("5000")
        assert stand.create().status_code == 429
        stand.call("POST", "/rehearsal/reset")
        assert [stand.create().status_code, stand.create().status_code] == [429, 200]


@pytest.mark.parametrize(
    "spelling", ["nonsense", "", "=3", "late-commit=soon", "zero-bytes=3", "5000@moon", "reset-before=x"]
)
def test_a_fault_that_makes_no_sense_is_refused_with_what_is_known(stand: Stand, spelling: str, tmp_path: Path) -> None:
    with pytest.raises(ArgumentsInvalid):
        stand.server.arm(spelling)
    assert refusal(stand.call("POST", "/rehearsal/faults", json={"name": spelling}))[:2] == (400, 1200)
    with pytest.raises(ArgumentsInvalid):
        Stand(RehearsalSettings(folder=tmp_path, faults=(spelling,)))


def test_an_unknown_fault_lists_the_known_ones(stand: Stand) -> None:
    with pytest.raises(ArgumentsInvalid, match="created-but-reset"):
        stand.server.arm("nonsense")
