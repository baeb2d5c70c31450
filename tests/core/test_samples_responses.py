"""The published answers, errors, callbacks and vectors of ``tests/samples.json`` read as the file says they do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kling_omni_addon.core.dialects import Dialect, legacy, new
from kling_omni_addon.core.errors import CredentialsRefused, OtherDialect, Reaction, Refused, TaskUnknown, Unanswered
from kling_omni_addon.core.protocol import HttpReply, Status, TaskReport
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
}
CREATED_NEW = {
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
}
CALLED_BACK_NEW = {
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
    new_answers = {*CREATED_NEW, *CALLED_BACK_NEW}
    answers = {*CREATED, *ASKED, *WITHOUT_TASK, EMPTY_LIST, *CALLED_BACK, *REFUSED, *new_answers}
    assert answers | {"v01", "v02"} == {sample for sample in BY_ID if not sample.startswith("q")}


CREATES = [(legacy, *each) for each in CREATED.items()] + [(new, *each) for each in CREATED_NEW.items()]
CALLBACKS = [(legacy, *each) for each in CALLED_BACK.items()] + [(new, *each) for each in CALLED_BACK_NEW.items()]


def other(dialect: Dialect) -> Dialect:
    return new if dialect is legacy else legacy


@pytest.mark.parametrize(("dialect", "sample", "report"), CREATES)
def test_a_create_is_answered_with_a_submitted_task(dialect: Dialect, sample: str, report: TaskReport) -> None:
    assert dialect.read_create(answer(sample), report.external_task_id) == report


@pytest.mark.parametrize(("dialect", "sample", "report"), CREATES)
def test_the_answer_of_the_other_dialect_is_never_guessed_at(dialect: Dialect, sample: str, report: TaskReport) -> None:
    with pytest.raises(OtherDialect, match="but the response is one of"):
        other(dialect).read_create(answer(sample), report.external_task_id)


@pytest.mark.parametrize(("sample", "report"), ASKED.items())
def test_a_query_tells_the_state_of_the_task(sample: str, report: TaskReport) -> None:
    assert legacy.read_task(answer(sample), report.task_id) == report
    with pytest.raises(OtherDialect):
        new.read_task(answer(sample), report.task_id)


@pytest.mark.parametrize(("sample", "report"), ASKED.items())
def test_a_list_holds_the_same_task_objects(sample: str, report: TaskReport) -> None:
    body = BY_ID[sample]["body"]
    page = reply({**body, "data": [body["data"]]})
    assert legacy.read_page(page, "") == ((report,), "2")
    assert legacy.read_together(page) == (report,)
    with pytest.raises(OtherDialect):
        new.read_together(page)


def test_an_empty_list_has_no_tasks_and_ends() -> None:
    assert legacy.read_page(answer(EMPTY_LIST), "7") == ((), "")
    assert new.read_together(answer(EMPTY_LIST)) == ()
    with pytest.raises(TaskUnknown, match='does not know the task "kob-1"'):
        new.read_task(answer(EMPTY_LIST), "kob-1")


@pytest.mark.parametrize("sample", WITHOUT_TASK)
@pytest.mark.parametrize("dialect", [legacy, new])
def test_an_answer_about_something_else_is_no_task(dialect: Dialect, sample: str) -> None:
    with pytest.raises(Unanswered):
        dialect.read_create(answer(sample), "kob-1")


@pytest.mark.parametrize(("dialect", "sample", "report"), CALLBACKS)
def test_a_callback_is_a_bare_task_object(dialect: Dialect, sample: str, report: TaskReport) -> None:
    body = json.dumps(BY_ID[sample]["body"]).encode()
    assert dialect.read_callback(body) == report
    with pytest.raises(OtherDialect):
        other(dialect).read_callback(body)


@pytest.mark.parametrize(("sample", "report"), CALLED_BACK.items())
def test_the_same_object_in_an_envelope_says_the_same(sample: str, report: TaskReport) -> None:
    task = BY_ID[sample]["body"]
    assert legacy.read_task(reply({"code": 0, "data": task}), report.task_id) == report
    assert legacy.read_page(reply({"code": 0, "data": [task]}), "").reports == (report,)


@pytest.mark.parametrize(("sample", "report"), CALLED_BACK_NEW.items())
def test_the_same_object_in_an_envelope_of_the_new_api_says_the_same(sample: str, report: TaskReport) -> None:
    task = BY_ID[sample]["body"]
    assert new.read_task(reply({"code": 0, "data": [task]}), report.task_id) == report
    page = {"code": 0, "data": {"result": [task], "count": 1, "next_cursor": "c2", "has_more": True}}
    assert new.read_page(reply(page), "") == ((report,), "c2")


@pytest.mark.parametrize("after", [{"has_more": True}, {"has_more": True, "next_cursor": "c1"}, {}])
def test_a_list_that_breaks_off_proves_nothing_about_what_is_not_on_it(after: dict[str, Any]) -> None:
    with pytest.raises(Unanswered, match="is incomplete"):
        new.read_page(reply({"code": 0, "data": {"result": [], **after}}), "c1")


def test_the_last_page_says_that_it_is_the_last() -> None:
    page = {"result": [], "has_more": False, "next_cursor": "c2"}
    assert new.read_page(reply({"code": 0, "data": page}), "c1").after == ""


def test_a_bare_task_object_is_no_answer_to_a_create() -> None:
    """A good answer says code 0; nothing less proves that a create was accepted."""
    with pytest.raises(Unanswered):
        new.read_create(reply(BY_ID["n02"]["body"]), "kob-1")


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"task_id": ""}', b"\xff"])
def test_a_callback_that_names_no_task_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unanswered):
        legacy.read_callback(body)
    with pytest.raises(Unanswered):
        new.read_callback(body)


def test_the_new_api_names_our_id_and_a_failure_at_the_top() -> None:
    task = {"id": "1", "external_id": "kob-1", "status": "failed", "message": "Image pixel is invalid", "outputs": []}
    report = TaskReport(task_id="1", external_task_id="kob-1", status=Status.FAILED, message="Image pixel is invalid")
    assert new.read_task(reply({"code": 0, "data": [task]}), "kob-1") == report
    with pytest.raises(Unanswered, match="a different task"):
        new.read_task(reply({"code": 0, "data": [task]}), "kob-2")


@pytest.mark.parametrize(("sample", "expected"), REFUSED.items())
def test_a_refusal_has_its_code_its_reaction_and_the_services_words(
    sample: str, expected: tuple[int, type[Refused], Reaction]
) -> None:
    with pytest.raises(Refused) as caught:
        (legacy.read_task if expected[1] is TaskUnknown else legacy.read_create)(answer(sample), "kob-1")
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
    assert new.read_callback(BY_ID["v02"]["body"].encode()) == report
