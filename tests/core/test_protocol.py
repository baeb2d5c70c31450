"""Replies as recorded bytes in, values or the right exception out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_omni_addon.core.dialects.legacy import build_find, build_page, read_create, read_page, read_task
from kling_omni_addon.core.errors import CredentialsRefused, KlingError, Reaction, Refused, TaskUnknown, Unanswered
from kling_omni_addon.core.protocol import (
    HttpReply,
    Status,
    TaskReport,
    cleaned,
    reaction_to,
    retry_after_s,
)

JSON = {"content-type": "application/json"}


def reply(body: Any, status: int = 200, headers: dict[str, str] = JSON) -> HttpReply:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpReply(status=status, headers=headers, body=data)


def task(**fields: Any) -> dict[str, Any]:
    return {"code": 0, "message": "SUCCEED", "data": {"task_id": "866889456698785798", "task_info": {}, **fields}}


CREATED = task(task_status="submitted", task_info={"external_task_id": "kob-1"})


def test_a_create_is_answered_with_a_task() -> None:
    assert read_create(reply(CREATED), "kob-1") == TaskReport(
        task_id="866889456698785798", external_task_id="kob-1", status=Status.SUBMITTED
    )


@pytest.mark.parametrize(
    ("status", "body", "reaction"),
    [
        (401, {"code": 1000, "message": "signature is invalid"}, Reaction.FIX_KEYS),
        (401, {"code": 1002, "message": "api key not found"}, Reaction.FIX_KEYS),
        (401, {"code": 1003, "message": "token not valid yet"}, Reaction.SIGN_AGAIN),
        (429, {"code": 1100, "message": "account exception"}, Reaction.RECHARGE),
        (429, {"code": 1102, "message": "Account balance not enough"}, Reaction.RECHARGE),
        (403, {"code": 1103, "message": "no permission"}, Reaction.STOP),
        (400, {"code": 1201, "message": "prompt cannot be empty"}, Reaction.CHANGE_REQUEST),
        (400, {"code": 1201, "message": "External_task_id kob-1 already exists"}, Reaction.LOOK_UP),
        (400, {"code": 1301, "message": "content"}, Reaction.CHANGE_REQUEST),
        (429, {"code": 1302, "message": "too many requests"}, Reaction.WAIT),
        (429, {"code": 1303, "message": "parallel task over resource pack limit"}, Reaction.WAIT),
        (429, {"code": 1304, "message": "ip"}, Reaction.RECHARGE),
        (500, {"code": 5000, "message": "internal"}, Reaction.RETRY),
        (504, {"code": 5002, "message": "timeout"}, Reaction.RETRY),
        (200, {"code": 1102, "message": "Account balance not enough"}, Reaction.RECHARGE),
        (418, {"code": 4711, "message": "?"}, Reaction.STOP),
        (503, {"code": 4711, "message": "?"}, Reaction.RETRY),
    ],
)
def test_every_code_has_one_reaction(status: int, body: dict[str, Any], reaction: Reaction) -> None:
    with pytest.raises(Refused) as caught:
        read_create(reply(body, status), "kob-1")
    assert caught.value.reaction is reaction
    assert isinstance(caught.value, CredentialsRefused) == (body["code"] < 1005)


@pytest.mark.parametrize(
    "answer",
    [
        reply(b"<html>log in</html>", headers={"content-type": "text/html; charset=utf-8"}),
        reply(b"", 502),
        reply(b'{"code":0,"data":{"task_id":"1'),
        reply(b"[" * 100_000),
        reply({"code": 0}),
        reply({"code": 0, "data": {}}),
        reply({"code": 0, "data": []}),
        reply({"code": "0", "data": {"task_id": "1"}}),
        reply({"code": True, "message": "x"}),
        reply({"message": "no Route matched"}, 404),
        reply(task(task_info={"external_task_id": "somebody-else"})),
        reply(CREATED, 503),
    ],
)
def test_an_answer_that_cannot_be_trusted_leaves_a_create_unanswered(answer: HttpReply) -> None:
    with pytest.raises(Unanswered):
        read_create(answer, "kob-1")


@given(st.binary(max_size=200), st.integers(100, 599))
def test_no_bytes_break_the_reader(body: bytes, status: int) -> None:
    with pytest.raises(KlingError):
        read_create(reply(body, status), "kob-1")


def test_a_task_that_succeeded_gives_its_link_length_and_charge_and_hides_the_link() -> None:
    done = task(
        task_status="succeed",
        task_result={"videos": [{"id": "1", "url": "https://cdn.example/secret", "duration": "5.041"}]},
        final_unit_deduction="3",
    )
    report = read_task(reply(done), "866889456698785798")
    assert (report.status, report.link, report.duration_s, report.charge_units) == (
        Status.SUCCEEDED,
        "https://cdn.example/secret",
        5.041,
        "3",
    )
    assert "secret" not in repr(report)


def test_a_task_that_failed_arrives_as_a_success_with_its_reason() -> None:
    failed = task(task_status="failed", task_status_msg="Image pixel is invalid", task_result={})
    report = read_task(reply(failed), "866889456698785798")
    assert (report.status, report.message) == (Status.FAILED, "Image pixel is invalid")


@pytest.mark.parametrize(
    ("word", "status"),
    [("succeeded", Status.SUCCEEDED), ("canceled", Status.UNKNOWN), (None, Status.UNKNOWN), (7, Status.UNKNOWN)],
)
def test_a_state_is_read_in_either_spelling_and_a_strange_one_is_unknown(word: Any, status: Status) -> None:
    assert read_task(reply(task(task_status=word)), "866889456698785798").status is status


def test_not_found_is_told_from_other_refusals_by_its_text() -> None:
    with pytest.raises(TaskUnknown):
        read_task(reply({"code": 1201, "message": "Task not found by id/external id: kob-1"}, 400), "kob-1")


def test_somebody_elses_task_is_no_answer() -> None:
    with pytest.raises(Unanswered):
        read_task(reply(task(task_info={"external_task_id": "kob-2"})), "kob-1")


def test_an_integer_id_beyond_floats_is_kept_whole() -> None:
    body = b'{"code":0,"data":{"task_id":866889456698785799,"task_status":"submitted"}}'
    assert read_create(reply(body), "kob-1").task_id == "866889456698785799"


def test_a_list_page_passes_over_what_it_cannot_read() -> None:
    page = {"code": 0, "data": [{"task_id": "1", "task_status": "submitted"}, None, {"task_status": "x"}, 3]}
    assert [report.task_id for report in read_page(reply(page), "").reports] == ["1"]


def test_ids_are_quoted_into_the_path() -> None:
    assert build_find("a/b?c d").path == "/v1/videos/omni-video/a%2Fb%3Fc%20d"
    assert build_page("2", 100).path == "/v1/videos/omni-video?pageNum=2&pageSize=100"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "17"}, 17.0),
        ({"retry-after": "Sun, 22 Nov 2026 10:00:30 GMT", "date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 30.0),
        ({"retry-after": "Sun, 22 Nov 2026 09:00:00 GMT", "date": "Sun, 22 Nov 2026 10:00:00 GMT"}, 0.0),
        ({"retry-after": "Sun, 22 Nov 2026 10:00:30 GMT"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "٣"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers) == seconds


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x00b\nc", "a b c"),
        ("pay \u202egnihton", "pay gnihton"),
        ("x" * 1_000_000, "x" * 500),
        ("\ud800lone", "lone"),
        (None, ""),
        (["x"], ""),
    ],
)
def test_texts_from_outside_are_cleaned_before_they_are_shown(text: Any, shown: str) -> None:
    assert cleaned(text) == shown


@pytest.mark.parametrize("code", range(5003, 5010))
def test_an_unlisted_code_of_a_server_error_is_tried_again(code: int) -> None:
    assert reaction_to(code, 500, "") is Reaction.RETRY
