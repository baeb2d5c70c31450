"""The published answers, errors, callbacks and vectors of ``tests/samples.json`` read as the file says they do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kling_omni_addon.core.errors import CredentialsRefused, Reaction, Refused, TaskUnknown, Unanswered
from kling_omni_addon.core.protocol import (
    HttpReply,
    Status,
    TaskReport,
    read_callback,
    read_create,
    read_list,
    read_task,
)
from kling_omni_addon.remote.token import KeyPair, bearer
from tests.workshop.samples import BY_ID

CREATED = {
    "r01": TaskReport(
        task_id="866889456698785798",
        external_task_id="text_probe_1",
        status=Status.SUBMITTED,
        created_at=1774711071.284,
        updated_at=1774711071.284,
    ),
    "r02": TaskReport(
        task_id="867283741759111202", status=Status.SUBMITTED, created_at=1774805076.247, updated_at=1774805076.247
    ),
    "r03": TaskReport(
        task_id="822953089408827433", status=Status.SUBMITTED, created_at=1764235825.029, updated_at=1764235825.029
    ),
    "n01": TaskReport(
        task_id="933557073781063683", status=Status.SUBMITTED, created_at=1790605869.865, updated_at=1790605869.865
    ),
}
DONE = TaskReport(
    task_id="822953089408827433",
    status=Status.SUCCEEDED,
    link=BY_ID["r05"]["body"]["data"]["task_result"]["videos"][0]["url"],
    duration_s=5.1,
    created_at=1764235825.029,
    updated_at=1764236054.436,
)
ASKED = {
    "r04": TaskReport(
        task_id="822953089408827433", status=Status.PROCESSING, created_at=1764235825.029, updated_at=1764235830.0
    ),
    "r05": DONE,
    "r06": TaskReport(
        task_id="833446756000000000",
        status=Status.FAILED,
        message="Image pixel is invalid",
        created_at=1766737710.125,
        updated_at=1766737711.775,
    ),
    "r07": TaskReport(
        task_id="878106484537192522", status=Status.PROCESSING, created_at=1777385419.126, updated_at=1777385430.317
    ),
}
WITHOUT_TASK = ("r09", "r10", "r11")  # an element that was deleted, and the account
EMPTY_LIST = "r08"
CALLED_BACK = {
    "c01": TaskReport(
        task_id="822953089408827433",
        status=Status.SUCCEEDED,
        link="https://v15-kling-fdl.klingai.com/elided.mp4",
        duration_s=5.1,
        created_at=1764235825.029,
        updated_at=1764236054.436,
    ),
    "n02": TaskReport(
        task_id="933557962801545273",
        status=Status.SUCCEEDED,
        link="https://v15-kling-fdl.klingai.com/elided.mp4",
        duration_s=5.041,
        charge_units="3",
    ),
}
REFUSED = {
    "e01": (1001, CredentialsRefused, Reaction.FIX_KEYS),
    "e02": (1002, CredentialsRefused, Reaction.FIX_KEYS),
    "e03": (1002, CredentialsRefused, Reaction.FIX_KEYS),
    "e04": (1002, CredentialsRefused, Reaction.FIX_KEYS),
    "e05": (1201, TaskUnknown, Reaction.CHANGE_REQUEST),
    "e06": (1201, Refused, Reaction.CHANGE_REQUEST),
    "e07": (1201, Refused, Reaction.LOOK_UP),
    "e08": (1102, Refused, Reaction.RECHARGE),
    "e09": (1303, Refused, Reaction.WAIT),
    "e10": (1201, Refused, Reaction.CHANGE_REQUEST),
    "e11": (1201, Refused, Reaction.CHANGE_REQUEST),
}


def reply(body: Any, http: int = 200) -> HttpReply:
    return HttpReply(status=http, headers={"content-type": "application/json"}, body=json.dumps(body).encode())


def answer(sample: str) -> HttpReply:
    return reply(BY_ID[sample]["body"], BY_ID[sample]["http"])


def test_no_sample_is_left_out() -> None:
    answers = {*CREATED, *ASKED, *WITHOUT_TASK, EMPTY_LIST, *CALLED_BACK, *REFUSED}
    assert answers | {"v01", "v02"} == {sample for sample in BY_ID if not sample.startswith("q")}


@pytest.mark.parametrize(("sample", "report"), CREATED.items())
def test_a_create_is_answered_with_a_submitted_task(sample: str, report: TaskReport) -> None:
    assert read_create(answer(sample), report.external_task_id) == report


@pytest.mark.parametrize(("sample", "report"), ASKED.items())
def test_a_query_tells_the_state_of_the_task(sample: str, report: TaskReport) -> None:
    assert read_task(answer(sample), report.task_id) == report


@pytest.mark.parametrize(("sample", "report"), ASKED.items())
def test_a_list_holds_the_same_task_objects(sample: str, report: TaskReport) -> None:
    body = BY_ID[sample]["body"]
    assert read_list(reply({**body, "data": [body["data"]]})) == (report,)


def test_an_empty_list_has_no_tasks() -> None:
    assert read_list(answer(EMPTY_LIST)) == ()


@pytest.mark.parametrize("sample", WITHOUT_TASK)
def test_an_answer_about_something_else_is_no_task(sample: str) -> None:
    with pytest.raises(Unanswered):
        read_create(answer(sample), "kob-1")


@pytest.mark.parametrize(("sample", "report"), CALLED_BACK.items())
def test_a_callback_is_a_bare_task_object_of_either_family(sample: str, report: TaskReport) -> None:
    assert read_callback(json.dumps(BY_ID[sample]["body"]).encode()) == report


@pytest.mark.parametrize(("sample", "report"), CALLED_BACK.items())
def test_the_same_object_in_an_envelope_says_the_same(sample: str, report: TaskReport) -> None:
    task = BY_ID[sample]["body"]
    assert read_task(reply({"code": 0, "data": task}), report.task_id) == report
    assert read_list(reply({"code": 0, "data": [task]})) == (report,)


def test_a_bare_task_object_is_no_answer_to_a_create() -> None:
    """A good answer says code 0; nothing less proves that a create was accepted."""
    with pytest.raises(Unanswered):
        read_create(reply(BY_ID["n02"]["body"]), "kob-1")


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"task_id": ""}', b"\xff"])
def test_a_callback_that_names_no_task_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unanswered):
        read_callback(body)


def test_money_among_the_charges_of_the_new_api_is_not_taken_for_units() -> None:
    charges = [{"charge_type": "balance", "amount": "0.42"}, {"charge_type": "unit", "amount": "3"}]
    task = BY_ID["n02"]["body"]
    assert read_callback(json.dumps({**task, "billing": charges}).encode()).charge_units == "3"
    assert read_callback(json.dumps({**task, "billing": charges[:1]}).encode()).charge_units == ""


def test_the_new_api_names_our_id_and_a_failure_at_the_top() -> None:
    task = {"id": "1", "external_id": "kob-1", "status": "failed", "message": "Image pixel is invalid", "outputs": []}
    report = TaskReport(task_id="1", external_task_id="kob-1", status=Status.FAILED, message="Image pixel is invalid")
    assert read_task(reply({"code": 0, "data": task}), "kob-1") == report


@pytest.mark.parametrize(("sample", "expected"), REFUSED.items())
def test_a_refusal_has_its_code_its_reaction_and_the_services_words(
    sample: str, expected: tuple[int, type[Refused], Reaction]
) -> None:
    with pytest.raises(Refused) as caught:
        (read_task if expected[1] is TaskUnknown else read_create)(answer(sample), "kob-1")
    refusal = caught.value
    assert (refusal.code, type(refusal), refusal.reaction) == expected
    assert refusal.http_status == BY_ID[sample]["http"]
    assert BY_ID[sample]["body"]["message"] in refusal.sentence


# PyJWT warns of the vector's short secret.
@pytest.mark.filterwarnings("ignore:The HMAC key is")
def test_a_token_is_signed_as_in_the_vector() -> None:
    vector = BY_ID["v01"]
    pair = KeyPair(access_key=vector["access_key"], secret_key=vector["secret_key"])
    assert bearer(pair, now=vector["now"]) == vector["token"]


def test_the_signed_callback_of_the_vector_is_read() -> None:
    # Nothing of ours receives callbacks, so its signature has nobody to check it.
    report = TaskReport(
        task_id="1234567890", status=Status.SUCCEEDED, created_at=1781080778.802, updated_at=1781080794.151
    )
    assert read_callback(BY_ID["v02"]["body"].encode()) == report
