"""One reader for amounts: what is finite, not negative and plausible; everything else is unknown, never zero."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_omni_addon.core.account import read_account
from kling_omni_addon.core.amounts import (
    MOST_CHARGE,
    MOST_UNITS,
    amount_of,
    charge_of,
    charge_words,
    is_free,
    seconds_of,
    total_of,
)
from kling_omni_addon.core.dialects import new
from kling_omni_addon.core.dialects.legacy import read_create, read_page, read_task
from kling_omni_addon.core.elements import read_element_list, read_element_task
from kling_omni_addon.core.errors import KlingError
from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import Origin, Target
from kling_omni_addon.core.life.lifecycle import Submission, submission_from
from kling_omni_addon.core.life.spending import charged_sentence, spent_units
from kling_omni_addon.core.payload import Payload
from kling_omni_addon.core.protocol import (
    HttpReply,
    TaskReport,
    retry_after_s,
    server_time,
)

NO_AMOUNTS: list[Any] = [
    "3 units",
    "NaN",
    "nan",
    "Infinity",
    "-Infinity",
    "3,5",
    "-5",
    "-0",
    "+3",
    "1e3",
    "1_0",
    "٣",
    "½",
    "0x10",
    "",
    " ",
    "9" * 400,
    10**400,
    -(10**400),
    float("nan"),
    float("inf"),
    -0.5,
    True,
    None,
    [],
    {},
    ["3"],
]


@pytest.mark.parametrize("value", NO_AMOUNTS)
def test_what_is_no_amount_is_unknown_and_not_zero(value: Any) -> None:
    assert amount_of(value) is None
    assert charge_of(value) is None


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        ("3", "3"),
        (" 1.8 ", "1.8"),
        (3, "3"),
        (1.8, "1.8"),
        (118.0, "118"),
        ("0", "0"),
        (0, "0"),
        ("12.345678901", "12.345678901"),
    ],
)
def test_an_amount_is_text_or_a_number(value: Any, amount: str) -> None:
    assert amount_of(value) == Decimal(amount)


def test_an_amount_is_plausible() -> None:
    assert amount_of(str(MOST_UNITS)) == MOST_UNITS
    assert amount_of(str(MOST_UNITS + 1)) is None
    assert charge_of(str(MOST_CHARGE)) == MOST_CHARGE
    assert charge_of(str(MOST_CHARGE + 1)) is None


@pytest.mark.parametrize("value", ["9" * 400, 10**400, float("nan"), "soon", -1, 0, True, None, [], "86400", 1e300])
def test_a_length_that_is_none_is_unknown(value: Any) -> None:
    assert seconds_of(value, 86_400) is None
    assert seconds_of("5.041", 86_400) == 5.041


def reply(data: Any) -> HttpReply:
    return HttpReply(status=200, headers={}, body=json.dumps({"code": 0, "data": data}).encode())


def task(**members: Any) -> dict[str, Any]:
    video = {"url": "https://cdn.example/1", "duration": "3"}
    return {"task_id": "1", "task_status": "succeed", "task_result": {"videos": [video]}, **members}


def report_of(**members: Any) -> TaskReport:
    return read_task(reply(task(**members)), "1")


def billed(*charges: Any) -> TaskReport:
    """What the new API says that it took."""
    return new.read_task(reply([{"id": "1", "status": "succeeded", "billing": list(charges)}]), "1")


def balance(quota: Any) -> dict[str, Any]:
    return {"final_balance_deduction": {"quota": quota, "list_price": "0.42"}}


@pytest.mark.parametrize("said", [value for value in NO_AMOUNTS if value is not None] + ["10001", 10_001])
def test_a_charge_that_cannot_be_read_is_unknown_and_is_told_as_it_was_said(said: Any) -> None:
    report = report_of(final_unit_deduction=said)
    assert (report.charge_units, bool(report.charge_said)) == ("", True)
    assert len(report.charge_said) < 60


@pytest.mark.parametrize("quota", ["0.42", 0.42, "NaN", "-1", "some"])
def test_units_0_beside_a_balance_that_paid_are_no_charge(quota: Any) -> None:
    report = report_of(final_unit_deduction="0", **balance(quota))
    assert report.charge_units == ""
    assert report.charge_said.startswith('"0" units, "')
    assert report.charge_said.endswith('" of the balance')


@pytest.mark.parametrize("quota", ["0", "0.00", 0, None])
def test_units_beside_a_balance_that_did_not_pay_are_the_charge(quota: Any) -> None:
    report = report_of(final_unit_deduction="3", **balance(quota))
    assert (report.charge_units, report.charge_said) == ("3", "")
    assert report_of(final_unit_deduction="3", final_balance_deduction={}).charge_said == ""


def test_charges_of_the_new_dialect_are_read_by_the_same_reader() -> None:
    units, money = {"charge_type": "unit", "amount": "3"}, {"charge_type": "balance", "amount": "0.42"}
    assert billed(units).charge_units == "3"
    assert (billed(units, money).charge_units, billed(money).charge_units) == ("3", "")
    assert '"0.42" of the balance' in billed(units, money).charge_said
    assert billed(units, units).charge_units == ""
    assert billed(units, "?").charge_said
    assert (billed().charge_units, billed().charge_said) == ("", "")
    paid = billed({"charge_type": "cash", "cash_type": "balance", "amount": "7", "currency": "CNY"})
    assert (paid.charge_units, paid.charge_balance, paid.charge_currency) == ("", "7", "CNY")
    assert billed({"amount": "7"}, {"amount": "8"}).charge_balance == ""


PAID: dict[str, tuple[dict[str, Any], tuple[str, str, str]]] = {
    "units": ({"final_unit_deduction": "3"}, ("3", "", "")),
    "balance": ({"final_unit_deduction": "0", **balance("0.42")}, ("", "0.42", "")),
    "both": ({"final_unit_deduction": "1.8", **balance(0.25)}, ("1.8", "0.25", "")),
    "balance alone": (balance("0.42"), ("", "0.42", "")),
    "bare": ({"final_balance_deduction": "0.42"}, ("", "0.42", "")),
    "currency": ({"final_balance_deduction": {"quota": "0.42", "currency": "USD"}}, ("", "0.42", "USD")),
    "no currency of a zero": ({"final_balance_deduction": {"quota": "0", "currency": "USD"}}, ("", "", "")),
    "unreadable units": ({"final_unit_deduction": "?", **balance("0.42")}, ("", "", "")),
    "unreadable balance": ({"final_unit_deduction": "3", **balance("0,42")}, ("3", "", "")),
}


@pytest.mark.parametrize(("said", "read"), PAID.values(), ids=PAID)
def test_a_charge_is_read_whole_or_told_as_it_was_said(said: dict[str, Any], read: tuple[str, str, str]) -> None:
    report = report_of(**said)
    assert (report.charge_units, report.charge_balance, report.charge_currency) == read
    is_certain = said in ({"final_unit_deduction": "3"}, {"final_balance_deduction": {"quota": "0", "currency": "USD"}})
    assert bool(report.charge_said) is not is_certain


@pytest.mark.parametrize("word", ["US\u202eD", "a word too long", 5, True, None, [], {}, "\ud800"])
def test_a_currency_is_a_short_word(word: Any) -> None:
    report = report_of(final_balance_deduction={"quota": "0.42", "currency": word})
    assert report.charge_currency in ("", "US D")
    assert report.charge_balance == "0.42"


@pytest.mark.parametrize(
    ("units", "paid", "currency", "told"),
    [
        ("", "", "", ""),
        ("3", "", "", "3 units"),
        ("", "0.42", "", "0.42 of the balance"),
        ("3", "0.42", "USD", "3 units and 0.42 USD of the balance"),
    ],
)
def test_a_charge_is_told_as_units_and_money(units: str, paid: str, currency: str, told: str) -> None:
    assert charge_words(units, paid, currency) == told
    submission = sent(ev.Succeeded(at=1.0, charge_units=units, charge_balance=paid, charge_currency=currency))
    counted = " Limits count the list price, 3 units." if paid else ""
    assert charged_sentence(submission) == (f"Kling charged {told}.{counted}" if told else "")


def test_what_the_balance_paid_counts_with_the_price() -> None:
    report = report_of(final_unit_deduction="0", **balance("0.42"))
    units, said = report.charge_units, report.charge_said
    paid = ev.Succeeded(at=1.0, charge_units=units, charge_said=said, charge_balance=report.charge_balance)
    assert spent_units(sent(paid)) == Decimal(3)
    assert sent(paid).charge_balance == "0.42"


def test_an_event_of_an_earlier_version_has_no_balance_and_one_of_a_later_version_opens() -> None:
    earlier = ev.event_from("Succeeded", {"at": 1.0, "charge_units": "3"})
    assert earlier == ev.Succeeded(at=1.0, charge_units="3")
    assert (sent(earlier).charge_units, sent(earlier).charge_balance) == ("3", "")
    later = ev.event_from("Succeeded", {"at": 1.0, "charge_units": "3", "charge_balance": "x", "charge_points": 1})
    assert (sent(later).charge_units, sent(later).charge_balance) == ("3", "")


def sent(*after: Any, most: str = "3") -> Submission:
    origin, payload = Origin(service="s", key_fingerprint="k"), Payload(external_task_id="kob-1", model="m", pieces=())
    opening = ev.Intended(at=1.0, payload=payload, origin=origin, target=Target(), most_units=most)
    return submission_from([opening, ev.Sent(at=1.0, digest="d"), ev.Accepted(at=1.0, task_id="t"), *after])


@pytest.mark.parametrize("written", ["3 units", "NaN", "3,5", "-5", "Infinity", "9" * 20, "0x"])
def test_a_journal_that_holds_such_a_charge_counts_the_price(written: str) -> None:
    """Earlier versions wrote down whatever the service said, at most 20 characters of it."""
    submission = sent(ev.Succeeded(at=1.0, charge_units=written))
    assert spent_units(submission) == Decimal(3)
    assert (submission.charge_units, submission.charge_said) == ("", f'"{written}" units')


@pytest.mark.parametrize(
    ("units", "said", "counted"), [("", "?", "3"), ("0", "?", "3"), ("5", "?", "5"), ("2", "", "2"), ("0", "", "0")]
)
def test_a_charge_that_is_not_the_whole_counts_as_the_price_at_least(units: str, said: str, counted: str) -> None:
    assert spent_units(sent(ev.Succeeded(at=1.0, charge_units=units, charge_said=said))) == Decimal(counted)


def test_a_price_that_cannot_be_read_is_none() -> None:
    assert spent_units(sent(most="NaN")) == 0
    assert spent_units(sent(ev.Succeeded(at=1.0, charge_units="2"), most="-5")) == Decimal(2)


@pytest.mark.parametrize("value", NO_AMOUNTS)
def test_a_pack_whose_numbers_cannot_be_read_is_shown_as_unknown(value: Any) -> None:
    info = {"resource_pack_name": "p", "remaining_quantity": value, "total_quantity": value, "invalid_time": value}
    (pack,) = read_account(reply({"resource_pack_subscribe_infos": [info]}))
    assert (pack.remaining, pack.total, pack.ends_at) == (None, None, 0.0)


@pytest.mark.parametrize("infos", [None, 5, "packs", {}, [None, 3]])
def test_packs_that_are_no_list_are_none(infos: Any) -> None:
    assert read_account(reply({"resource_pack_subscribe_infos": infos})) == ()


HOSTILE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(10**400), 1e308, float("nan"), float("inf"), "\ud800", "9" * 5000, "NaN"])
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
NAMES = (
    "task_status",
    "task_status_msg",
    "task_info",
    "task_result",
    "final_unit_deduction",
    "final_balance_deduction",
    "created_at",
)
NEW_NAMES = ("status", "message", "external_id", "outputs", "billing", "create_time", "update_time")


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, HOSTILE)), HOSTILE)
def test_no_values_break_the_reader_of_a_page_and_the_others_on_it_are_read(members: Any, task_id: Any) -> None:
    page = reply([{**task(), **members, "task_id": "1"}, {**members, "task_id": task_id}, task() | {"task_id": "2"}])
    assert {"1", "2"} <= {report.task_id for report in read_page(page, "").reports}


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(NEW_NAMES, HOSTILE)), HOSTILE)
def test_no_values_break_a_page_of_the_new_dialect(members: Any, task_id: Any) -> None:
    good = {"status": "processing"}
    tasks = [{**good, **members, "id": "1"}, {**members, "id": task_id}, {**good, "id": "2"}]
    page = new.read_page(reply({"result": tasks, "has_more": False}), "")
    assert {"1", "2"} <= {report.task_id for report in page.reports}


@given(HOSTILE)
def test_no_values_break_the_other_readers(value: Any) -> None:
    video = {"url": "https://cdn.example/1", "duration": value}
    read_task(reply(task(task_result={"videos": [video]})), "1")
    entry = {"element_id": value, "element_name": value, "status": value}
    for read in (read_element_list, read_account, read_element_task):
        for data in (value, [value], {"task_result": {"elements": [entry]}, "task_id": value}):
            try:
                read(reply(data))
            except KlingError:
                continue
    read_element_list(reply([{"task_result": {"elements": [entry]}}]))


@pytest.mark.parametrize("task_id", ["\ud800", "a\nb", "x" * 201, 10**400, 1.5, True, "\u202e1"])
def test_an_id_that_could_not_be_asked_for_is_none(task_id: Any) -> None:
    with pytest.raises(KlingError, match="contains no task ID"):
        read_create(reply(task() | {"task_id": task_id}), "kob-1")


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_header_breaks_the_reader(later: str, earlier: str) -> None:
    retry_after_s({"retry-after": later, "date": earlier})
    server_time({"date": later})


def test_a_date_with_an_offset_beyond_all_time_is_none() -> None:
    date = "Sun, 22 Nov 2026 10:00:00 +99999999999999999999"
    assert retry_after_s({"retry-after": date, "date": "Sun, 22 Nov 2026 10:00:00 GMT"}) is None
    assert server_time({"date": date}) is None


@pytest.mark.parametrize(
    ("units", "balance", "said", "is_none"),
    [
        ("", "", "", True),
        ("0", "", "", True),
        ("0.0", "", "", True),
        ("1.8", "", "", False),
        ("3 units", "", "", False),
        ("", "0.42", "", False),
        ("0", "0.42", "", False),
        ("", "", '"three" units', False),
    ],
)
def test_only_what_is_certainly_no_charge_is_free(units: str, balance: str, said: str, is_none: bool) -> None:
    assert is_free(units, balance, said) is is_none


def test_a_sum_with_an_unknown_amount_is_unknown() -> None:
    assert total_of(()) == 0
    assert total_of((Decimal(1), Decimal("0.8"))) == Decimal("1.8")
    assert total_of((Decimal(1), None)) is None
