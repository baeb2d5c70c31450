"""Injected faults over the new API: each does there what it does over the legacy one (contract 13 and 16.5)."""

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

from kling_omni_addon.rehearsal.answers import HTTP_STATUS
from kling_omni_addon.rehearsal.calls import Kind
from kling_omni_addon.rehearsal.fault_table import FAULTS
from kling_omni_addon.rehearsal.server import RehearsalSettings
from tests.workshop.new_api import V3, NewApi, new_body
from tests.workshop.rehearsal_stand import Stand, refusal

LOST = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)
MINE = {"external_task_id": "mine"}


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with Stand(RehearsalSettings(folder=tmp_path, concurrency=50)) as stand:
        yield stand


@pytest.fixture
def new(stand: Stand) -> NewApi:
    return NewApi(stand)


def _creates(stand: Stand) -> int:
    return int(stand.stats()["creates"])


@pytest.mark.parametrize(
    "fault", [name for name, fault in FAULTS.items() if Kind.CREATE in fault.on and name != "idle-close"]
)
def test_a_fault_of_a_create_does_the_same_over_both_generations(stand: Stand, new: NewApi, fault: str) -> None:
    seen = []
    spelling = {"swallowed": "swallowed=0", "slow-answer": "slow-answer=0:1", "late-commit": "late-commit=1"}
    for create in (stand.create, new.create):
        stand.call("POST", "/rehearsal/reset")
        stand.server.arm(spelling.get(fault, fault))
        try:
            answer = create()
        except LOST:
            said: tuple[Any, ...] = ("lost",)
        else:
            said = (answer.status_code, answer.headers.get("Retry-After"), _code(answer))
        stand.pass_time(2.0)
        (armed,) = stand.server._service.faults.described()["armed"] or [{"struck": 1}]
        seen.append((said, _creates(stand), armed["struck"]))
    assert seen[0] == seen[1]


def _code(answer: requests.Response) -> object:
    try:
        return answer.json()["code"]
    except ValueError:
        return answer.text[:20]


@pytest.mark.parametrize("code", HTTP_STATUS)
def test_a_code_is_answered_to_every_call(stand: Stand, new: NewApi, code: int) -> None:
    task_id = new.created()
    stand.server.arm(f"{code}@any:3")
    for answer in (new.create(), new.ask(f"task_ids={task_id}"), new.search()):
        assert refusal(answer)[:2] == (HTTP_STATUS[code], code)
    assert _creates(stand) == 1


@pytest.mark.parametrize("fault", ["created-but-reset", "created-but-silent", "created-but-cut"])
def test_an_answer_is_lost_after_the_task_was_made(stand: Stand, new: NewApi, fault: str) -> None:
    stand.server.arm(fault)
    with pytest.raises(LOST):
        new.create(options=MINE)
    assert [task["status"] for task in new.tasks("external_task_ids=mine")] == ["submitted"]


def test_half_an_answer_with_an_honest_length_is_no_json(stand: Stand, new: NewApi) -> None:
    stand.server.arm("created-but-half")
    with pytest.raises(json.JSONDecodeError):
        json.loads(new.create().content)
    assert _creates(stand) == 1


def test_a_good_answer_may_lack_its_task(stand: Stand, new: NewApi) -> None:
    stand.server.arm("code-0-without-task")
    document = new.create().json()
    assert (document["code"], document["data"], _creates(stand)) == (0, {}, 1)


def test_a_late_commit_appears_when_its_time_has_come(stand: Stand, new: NewApi) -> None:
    stand.server.arm("late-commit=8")
    with pytest.raises(requests.ConnectionError):
        new.create(options=MINE)
    stand.pass_time(7.9)
    assert new.tasks("external_task_ids=mine") == new.page()["result"] == []
    stand.pass_time(0.1)
    assert len(new.tasks("external_task_ids=mine")) == len(new.page()["result"]) == 1


def test_a_create_delivered_twice_is_answered_by_the_second(stand: Stand, new: NewApi) -> None:
    stand.server.arm("delivered-twice")
    assert refusal(new.create(options=MINE))[2] == "External_task_id mine already exists"
    stand.server.arm("delivered-twice")
    assert new.create().status_code == 200
    assert _creates(stand) == 3


def test_a_lax_service_makes_two_tasks_of_one_id_and_shows_both_the_newest_first(stand: Stand, new: NewApi) -> None:
    stand.server.arm("lax-duplicates")
    made = [new.created(options=MINE) for _ in range(2)]
    assert [task["id"] for task in new.tasks("external_task_ids=mine")] == made[::-1]
    assert stand.task("mine")["task_id"] == made[1]


@pytest.mark.parametrize("model", [V3, "kling-v3-omni"])
def test_a_discontinued_model_is_named_as_the_path_names_it(stand: Stand, new: NewApi, model: str) -> None:
    stand.server.arm("discontinued")
    text = f"The model '{model}' has been discontinued and is no longer available."
    assert refusal(new.create(model=model)) == (400, 1201, text)


def test_a_lagging_query_sees_the_task_later_than_the_list(stand: Stand, new: NewApi) -> None:
    stand.server.arm("lookup-lag=3")
    task_id = new.created(options=MINE)
    assert new.tasks(f"external_task_ids=mine&task_ids={task_id}") == []
    assert new.page()["count"] == 1
    stand.pass_time(3.0)
    assert len(new.tasks("external_task_ids=mine")) == 1


def test_a_lagging_list_holds_the_task_later_than_the_query(stand: Stand, new: NewApi) -> None:
    stand.server.arm("list-lag=3")
    task_id = new.created()
    assert new.page()["result"] == []
    assert new.task(task_id)["status"] == "submitted"
    stand.pass_time(3.0)
    assert new.page()["count"] == 1


SPOILED: list[tuple[str, Callable[[Any], bool]]] = [
    ("unknown-status", lambda task: (task["status"], task["outputs"]) == ("pondering", [])),
    ("status-back", lambda task: (task["status"], task["outputs"]) == ("submitted", [])),
    ("succeeded", lambda task: task["status"] == "succeed"),
    ("no-link", lambda task: (task["status"], task["outputs"]) == ("succeeded", [])),
    ("two-videos", lambda task: len({output["id"] for output in task["outputs"]}) == 2),
    ("somebody-elses", lambda task: (task["id"], task.get("external_id")) == ("700000000000000001", "somebody-elses")),
    ("odd-charge", lambda task: task["billing"][0]["amount"] == "3 units"),
    ("odd-charge=NaN", lambda task: task["billing"][0]["amount"] == "NaN"),
    ("hostile-message", lambda task: len(task["message"]) > 1_000_000 and "\0" in task["message"]),
]


@pytest.mark.parametrize(("fault", "is_spoiled"), SPOILED)
@pytest.mark.parametrize("made_over", ["new", "legacy"])
def test_a_finished_task_is_spoiled_once(
    stand: Stand, new: NewApi, fault: str, is_spoiled: Callable[[Any], bool], made_over: str
) -> None:
    task_id = new.created() if made_over == "new" else stand.created()
    new.ended(task_id)
    known = set(new.task(task_id)) | {"external_id"}
    stand.server.arm(fault)
    spoiled = new.task(task_id)
    assert is_spoiled(spoiled)
    assert set(spoiled) <= known
    assert not is_spoiled(new.task(task_id))


@pytest.mark.parametrize(("fault", "is_spoiled"), SPOILED)
def test_a_finished_task_is_spoiled_on_the_list(
    stand: Stand, new: NewApi, fault: str, is_spoiled: Callable[[Any], bool]
) -> None:
    new.ended(new.created())
    name, _, argument = fault.partition("=")
    stand.server.arm(f"{name}@list" + (f"={argument}" if argument else ""))
    assert is_spoiled(new.page()["result"][0])
    assert not is_spoiled(new.page()["result"][0])


@pytest.mark.parametrize("fault", [fault for fault, _ in SPOILED])
def test_a_fault_of_tasks_waits_for_one(stand: Stand, new: NewApi, fault: str) -> None:
    stand.server.arm(fault)
    assert new.tasks("task_ids=1") == []
    (armed,) = stand.server._service.faults.described()["armed"]
    assert armed["struck"] == 0


def test_one_of_several_tasks_may_have_nothing_to_spoil(stand: Stand, new: NewApi) -> None:
    done, running = new.created(), None
    new.ended(done)
    running = new.created()
    for fault in ("two-videos", "odd-charge"):
        stand.server.arm(fault)
        first, second = new.tasks(f"task_ids={done},{running}")
        assert first != new.task(done)
        assert second == new.task(running)


def test_a_page_of_the_list_changes_under_the_reader(stand: Stand, new: NewApi) -> None:
    first, second, third = (new.created() for _ in range(3))
    stand.server.arm("shuffled-list")
    page = new.page(limit=2)
    assert [task["id"] for task in page["result"]] == ["700000000000000001", second]
    assert set(page["result"][0]) == {*page["result"][1], "external_id"}
    assert (page["count"], page["has_more"]) == (2, True)
    assert [task["id"] for task in new.page(cursor=page["next_cursor"])["result"]] == [first]
    assert new.page()["result"][0]["id"] == third


def test_a_gzip_bomb_is_small_on_the_wire(stand: Stand, new: NewApi) -> None:
    task_id = new.created()
    stand.server.arm("gzip-bomb")
    with stand.get(f"/tasks?task_ids={task_id}", stream=True) as answer:
        packed = answer.raw.read(decode_content=False)
    assert len(packed) < 100_000
    assert len(gzip.decompress(packed)) == 64_000_000


@pytest.mark.parametrize("fault", ["one-byte-pieces", "drips=0.2", "slow-answer=0.1"])
def test_an_answer_that_travels_badly_is_whole(stand: Stand, new: NewApi, fault: str) -> None:
    stand.server.arm(fault)
    assert new.task(new.created())["status"] == "submitted"
    assert new.page()["count"] == 1


def test_an_idle_connection_is_closed_without_a_word(stand: Stand) -> None:
    stand.server.arm("idle-close")
    connection = http.client.HTTPConnection(*stand.address, timeout=20)
    connection.request("POST", "/tasks", "{}", {"Authorization": f"Bearer {stand.settings.api_key}"})
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Connection")) == (200, None)
    answer.read()
    assert connection.sock.recv(1) == b""
    connection.close()


def test_a_skewed_clock_shows_in_the_date_and_refuses_no_plain_key(stand: Stand, new: NewApi) -> None:
    stand.server.arm("clock-skew=7200")
    answer = new.search()
    assert answer.status_code == 200
    assert parsedate_to_datetime(answer.headers["Date"]).timestamp() == stand.clock.now + 7200


def test_a_link_is_refused_once_whoever_gave_it(stand: Stand, new: NewApi) -> None:
    link = new.ended(new.created())["outputs"][0]["url"]
    stand.server.arm("link-403")
    assert [stand.get(link).status_code, stand.get(link).status_code] == [403, 200]


@pytest.mark.parametrize("argument", ["0", "half", "-1"])
def test_a_reset_in_the_body_creates_nothing(stand: Stand, new: NewApi, argument: str) -> None:
    stand.server.arm(f"reset-before={argument}")
    with pytest.raises(requests.ConnectionError):
        new.send(new_body())
    assert stand.stats() | {"creates": 0, "posts": 1} == stand.stats()
