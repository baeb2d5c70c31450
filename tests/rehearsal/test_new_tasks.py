"""Tasks as the new API tells of them, those of the legacy one among them, and the other way round (contract 13)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests

from kling_omni_addon.core.dialects import new as codec
from kling_omni_addon.core.errors import TaskUnknown
from kling_omni_addon.core.protocol import HttpReply, Status
from kling_omni_addon.rehearsal.server import RehearsalSettings
from tests.workshop.new_api import NewApi, prompt
from tests.workshop.rehearsal_stand import TASKS, Stand, refusal, text_body, until


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with Stand(RehearsalSettings(folder=tmp_path, concurrency=1000)) as stand:
        yield stand


@pytest.fixture
def new(stand: Stand) -> NewApi:
    return NewApi(stand)


def _ids(tasks: list[dict[str, Any]]) -> list[str]:
    return [task["id"] for task in tasks]


def test_a_create_answers_in_the_new_words(new: NewApi) -> None:
    document = new.create(options={"external_task_id": "mine"}).json()
    data = document["data"]
    assert (document["code"], document["message"]) == (0, "SUCCEED")
    assert document["request_id"]
    assert data == {
        "id": data["id"],
        "external_id": "mine",
        "status": "submitted",
        "message": "",
        "create_time": 1_790_000_000_000,
        "update_time": 1_790_000_000_000,
    }
    assert "external_id" not in new.create().json()["data"]


def test_a_task_is_submitted_then_processing_then_succeeds(stand: Stand, new: NewApi) -> None:
    task_id = new.created()
    running = {"status": "submitted", "message": "", "outputs": [], "billing": []}
    assert new.task(task_id) | running == new.task(task_id)
    stand.pass_time(1.0)
    assert new.task(task_id) | running | {"status": "processing"} == new.task(task_id)
    task = new.ended(task_id)
    (output,) = task["outputs"]
    assert task | {"status": "succeeded", "message": ""} == task
    assert output == {"type": "video", "id": output["id"], "url": output["url"], "duration": "5.0"}
    assert task["billing"] == [{"charge_type": "unit", "amount": "3", "package_type": "video"}]
    assert task["update_time"] >= task["create_time"] + 5000
    assert stand.get(output["url"]).content == stand.clips.clip.read_bytes()


def test_a_clip_with_a_watermark_comes_beside_the_clean_one(stand: Stand, new: NewApi) -> None:
    task = new.ended(new.created(options={"watermark_info": {"enabled": True}}))
    clip, copy = (stand.get(task["outputs"][0][name]) for name in ("url", "watermark_url"))
    assert (clip.status_code, copy.status_code) == (200, 200)
    assert clip.content != copy.content


def test_a_task_is_seen_from_both_sides(stand: Stand, new: NewApi) -> None:
    old_id = stand.created(external_task_id="old")
    new_id = new.created(options={"external_task_id": "new", "watermark_info": {"enabled": True}})
    stand.ended(new_id)
    legacy, modern = stand.task("new"), new.task(new_id)
    assert (legacy["task_id"], legacy["task_info"]) == (modern["id"], {"external_task_id": modern["external_id"]})
    assert (legacy["task_status"], modern["status"]) == ("succeed", "succeeded")
    video, output = legacy["task_result"]["videos"][0], modern["outputs"][0]
    assert {"type": "video", **video} == output
    assert legacy["final_unit_deduction"] == modern["billing"][0]["amount"]
    assert (legacy["created_at"], legacy["updated_at"]) == (modern["create_time"], modern["update_time"])
    assert legacy["watermark_info"] == {"enabled": True}
    (found,) = new.tasks("external_task_ids=old")
    assert (found["id"], found["external_id"]) == (old_id, "old")
    assert [task["task_id"] for task in stand.get(TASKS).json()["data"]] == [new_id, old_id]
    assert _ids(new.page()["result"]) == [new_id, old_id]


def test_the_client_reads_every_answer(stand: Stand, new: NewApi) -> None:
    def reply(answer: requests.Response) -> HttpReply:
        return HttpReply(status=answer.status_code, headers={}, body=answer.content)

    made = codec.read_create(reply(new.create(options={"external_task_id": "mine"})), "mine")
    assert (made.status, made.external_task_id, made.created_at) == (Status.SUBMITTED, "mine", stand.clock.now)
    new.ended(made.task_id)
    report = codec.read_task(reply(new.ask("external_task_ids=mine")), "mine")
    assert (report.task_id, report.status) == (made.task_id, Status.SUCCEEDED)
    assert (report.charge_units, report.duration_s) == ("3", 5.0)
    assert stand.get(report.link).status_code == 200
    new.created()
    first = codec.read_page(reply(new.search(cursor="", limit=1)), "")
    second = codec.read_page(reply(new.search(cursor=first.after, limit=1)), first.after)
    assert ([task.task_id for task in second.reports], second.after) == ([made.task_id], "")
    with pytest.raises(TaskUnknown):
        codec.read_task(reply(new.ask("external_task_ids=nobodys")), "nobodys")


def test_the_failure_of_a_task_is_told_on_both_sides(stand: Stand, new: NewApi) -> None:
    task_id = new.created(prompt("rehearse-fail"))
    reason = "Failure to pass the risk control system"
    assert stand.ended(task_id)["task_status_msg"] == reason
    task = new.task(task_id)
    assert task | {"status": "failed", "message": reason, "outputs": [], "billing": []} == task


def test_both_sides_have_one_account(tmp_path: Path) -> None:
    with Stand(RehearsalSettings(folder=tmp_path, concurrency=2, units=Decimal(6))) as stand:
        new = NewApi(stand)
        mine = {"external_task_id": "mine"}
        old_id, new_id = stand.created(**mine), new.created()
        assert refusal(new.create())[:2] == (429, 1303)
        assert refusal(stand.create())[:2] == (429, 1303)
        assert refusal(new.create(options=mine)) == (400, 1201, "External_task_id mine already exists")
        new.ended(old_id)
        new.ended(new_id)
        assert stand.stats() | {"charges_units": "6", "units_left": "0", "creates": 2, "posts": 5} == stand.stats()
        assert refusal(new.create())[:2] == (429, 1102)


def test_an_id_of_one_sort_is_none_of_the_other(new: NewApi) -> None:
    task_id = new.created(options={"external_task_id": "mine"})
    assert new.tasks("task_ids=mine") == new.tasks(f"external_task_ids={task_id}") == []
    assert _ids(new.tasks(f"task_ids={task_id}&external_task_ids=mine")) == [task_id]


def test_unknown_ids_are_missing_from_the_answer(new: NewApi) -> None:
    first, second = new.created(), new.created(options={"external_task_id": "mine / à moi"})
    assert new.tasks("task_ids=1,2&external_task_ids=3") == []
    query = f"task_ids={first},nobodys&external_task_ids=nobodys,mine%20%2F%20%C3%A0%20moi"
    assert _ids(new.tasks(query)) == [first, second]


def test_up_to_20_ids_are_asked_for_at_once(new: NewApi) -> None:
    made = [new.created(options={"external_task_id": f"mine-{number}"}) for number in range(20)]
    assert _ids(new.tasks(f"task_ids={','.join(made)}")) == made
    mixed = f"task_ids={','.join(made[:10])}&external_task_ids={','.join(f'mine-{n}' for n in range(10, 20))}"
    assert _ids(new.tasks(mixed)) == made
    answer = new.ask(f"{mixed},mine-0")
    assert refusal(answer) == (400, 1201, "task_ids and external_task_ids support at most 20 ids together")


@pytest.mark.parametrize("query", ["", "task_ids=", "task_ids=,&external_task_ids=", "ids=1"])
def test_a_query_for_nothing_is_refused(new: NewApi, query: str) -> None:
    assert refusal(new.ask(query)) == (400, 1201, "task_ids or external_task_ids cannot be empty")


def test_the_list_is_paged_newest_first(new: NewApi) -> None:
    made = [new.created() for _ in range(5)][::-1]
    first = new.page(limit=2)
    second = new.page(limit=2, cursor=first["next_cursor"])
    third = new.page(limit=2, cursor=second["next_cursor"])
    pages = (first, second, third)
    assert [_ids(page["result"]) for page in pages] == [made[:2], made[2:4], made[4:]]
    assert [page["count"] for page in pages] == [2, 2, 1]
    assert [(page["has_more"], bool(page["next_cursor"])) for page in pages] == [(True,) * 2] * 2 + [(False,) * 2]
    assert _ids(new.page()["result"]) == _ids(new.page(cursor=None, limit=None)["result"]) == made
    assert new.page(limit=5)["has_more"] is False


def test_a_list_that_grows_between_pages_neither_skips_nor_repeats(stand: Stand, new: NewApi) -> None:
    made = [new.created() for _ in range(9)][::-1]
    seen: list[str] = []
    page = new.page(limit=2)
    while True:
        seen += _ids(page["result"])
        if not page["has_more"]:
            break
        new.created()
        stand.created()
        page = new.page(limit=2, cursor=page["next_cursor"])
    assert seen == made
    assert new.page()["count"] == 17


def test_a_list_that_grows_from_another_thread_is_read_whole(stand: Stand, new: NewApi) -> None:
    made = [new.created() for _ in range(12)][::-1]
    is_over = threading.Event()

    def grow() -> None:
        headers = {"Authorization": f"Bearer {stand.settings.api_key}"}
        while not is_over.is_set():
            requests.post(stand.server.url + TASKS, json=text_body(), headers=headers, timeout=20)

    thread = threading.Thread(target=grow)
    thread.start()
    try:
        until(lambda: new.page(limit=1)["result"][0]["id"], lambda newest: newest != made[0])
        seen: list[str] = []
        page = new.page(limit=3)
        while page["has_more"]:
            seen += _ids(page["result"])
            page = new.page(limit=3, cursor=page["next_cursor"])
        seen += _ids(page["result"])
    finally:
        is_over.set()
        thread.join()
    assert seen == sorted(set(seen), reverse=True)
    assert seen[-12:] == made


def test_an_empty_list_is_a_page_of_nothing(new: NewApi) -> None:
    assert new.page() == {"result": [], "count": 0, "next_cursor": "", "has_more": False}


@pytest.mark.parametrize("cursor", ["2", "nonsense", "-", "0-0", "é", "1" * 40])
def test_a_cursor_that_was_made_up_is_refused(new: NewApi, cursor: str) -> None:
    assert refusal(new.search(cursor=cursor)) == (400, 1201, f"cursor value '{cursor}' is invalid")


def test_a_cursor_is_for_the_server_that_gave_it_and_whole(new: NewApi) -> None:
    [new.created() for _ in range(2)]
    cursor = new.page(limit=1)["next_cursor"]
    assert new.page(cursor=cursor)["count"] == 1
    for spoiled in (cursor[:-1], f"{cursor}0", f"0{cursor}", cursor.upper()):
        assert refusal(new.search(cursor=spoiled))[:2] == (400, 1201)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"limit": 0}, "limit value '0' is invalid"),
        ({"limit": 501}, "limit value '501' is invalid"),
        ({"limit": "5"}, "limit value type is invalid, expected integer"),
        ({"cursor": 5}, "cursor value type is invalid, expected string"),
        ({"start_time": 5}, "start_time value type is invalid, expected string"),
        ({"end_time": "soon"}, "end_time value 'soon' is invalid"),
        ({"filters": {}}, "filters value type is invalid, expected array"),
        ({"filters": [5]}, "filters[0] value type is invalid, expected object"),
        ({"filters": [{"values": ["failed"]}]}, "filters[0].key value '' is invalid"),
        ({"filters": [{"key": "model", "values": ["a"]}]}, "filters[0].key value 'model' is invalid"),
        ({"filters": [{"key": "status"}]}, "filters[0].values cannot be empty"),
        (
            {"filters": [{"key": "status", "values": [1]}]},
            "filters[0].values[0] value type is invalid, expected string",
        ),
    ],
)
def test_a_page_that_cannot_be_is_refused(new: NewApi, body: dict[str, Any], text: str) -> None:
    assert refusal(new.search(**body)) == (400, 1201, text)


def test_the_list_is_narrowed_by_time_and_by_status(stand: Stand, new: NewApi) -> None:
    good, bad = new.created(), new.created(prompt("rehearse-fail"))
    new.ended(good)
    late = new.created()
    made_ms = new.task(late)["create_time"]

    def found(**body: Any) -> list[str]:
        return _ids(new.page(**body)["result"])

    assert found(start_time=str(made_ms)) == [late]
    assert found(end_time=str(made_ms - 1)) == [bad, good]
    assert found(start_time=str(made_ms + 1)) == []
    assert found(filters=[{"key": "status", "values": ["succeeded"]}]) == [good]
    assert found(filters=[{"key": "status", "values": ["failed", "submitted"]}]) == [late, bad]
    assert found(filters=[{"key": "status", "values": ["succeed"]}]) == []
    assert found(filters=[{"key": "product_type", "values": ["video"]}]) == [late, bad, good]
    page = new.page(limit=1, filters=[{"key": "status", "values": ["failed", "submitted"]}])
    rest = new.page(cursor=page["next_cursor"], filters=[{"key": "status", "values": ["failed", "submitted"]}])
    assert (_ids(page["result"]), _ids(rest["result"]), rest["has_more"]) == ([late], [bad], False)


def test_calls_are_counted_whichever_way_they_come(stand: Stand, new: NewApi) -> None:
    task_id = new.created()
    new.task(task_id)
    stand.task(task_id)
    new.page()
    assert stand.stats() | {"creates": 1, "posts": 1, "queries": 2, "lists": 1} == stand.stats()
