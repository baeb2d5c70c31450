"""Sums of what submissions cost: exact, complete, and in step with what the limits count."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.books import By, Costs, CostSum, books_of, sum_of
from kling_omni_addon.core.life.events import Asker, Event, Origin, Target
from kling_omni_addon.core.life.lifecycle import Submission, submission_from
from kling_omni_addon.core.life.spending import spent_units
from kling_omni_addon.core.payload import Payload

DAY_S = 86_400.0
SENT, LOST, PARKED = ev.Sent(at=1.0, digest="d"), ev.Unanswered(at=1.0, reason="lost"), ev.Parked(at=1.0)
AGAIN, ACCEPTED = ev.SendAgain(at=1.0), ev.Accepted(at=1.0, task_id="t")
FAILED, GIVEN_UP = ev.Failed(at=1.0, reason="policy"), ev.Abandoned(at=1.0, reason="enough")
TWICE = (SENT, LOST, PARKED, AGAIN, SENT, ACCEPTED)


def made(units: str = "", **more: Any) -> Event:
    return ev.Succeeded(at=1.0, charge_units=units, **more)


def asked(*history: Event, price: str = "3", at: float = 1.0, **more: Any) -> Submission:
    name = more.pop("name", "alley")
    payload = Payload(external_task_id="kob-1", model=more.pop("model", "kling-v3-omni"), pieces=("{}",))
    target = Target(name=name, blend=more.pop("blend", ""))
    origin = Origin(service="s", key_fingerprint="k")
    opening = ev.Intended(at=at, payload=payload, origin=origin, target=target, most_units=price, **more)
    moved = [ev.Sent(at=at, digest=e.digest) if isinstance(e, ev.Sent) else e for e in history]
    return submission_from([opening, *moved])


def day_of(at: float) -> str:
    return f"day {int(at // DAY_S):05d}"


def books(by: By, *submissions: Submission, since: float = 0.0) -> Costs:
    return books_of(submissions, by, day_of, since)


ROWS: Sequence[tuple[tuple[Event, ...], str, CostSum]] = [
    ((), "3", CostSum()),
    ((ev.NotSent(at=1.0, reason="no network"),), "3", CostSum()),
    ((SENT, ACCEPTED, FAILED), "3", CostSum()),
    ((SENT, ev.Held(at=1.0, reason="1102", exit_code=4)), "3", CostSum()),
    ((SENT,), "3", CostSum(jobs=1, tasks=1, estimate_units=Decimal(3))),
    ((SENT,), "", CostSum(jobs=1, tasks=1, unpriced_tasks=1)),
    ((SENT, ACCEPTED, GIVEN_UP), "3", CostSum(jobs=1, tasks=1, estimate_units=Decimal(3))),
    ((SENT, ACCEPTED, made("2.7")), "3", CostSum(jobs=1, clips=1, tasks=1, charged_units=Decimal("2.7"))),
    ((SENT, ACCEPTED, made("2.7"), FAILED), "3", CostSum(jobs=1, clips=1, tasks=1, charged_units=Decimal("2.7"))),
    ((SENT, ACCEPTED, made("0")), "3", CostSum(jobs=1, clips=1, tasks=1)),
    ((SENT, ACCEPTED, made()), "3", CostSum(jobs=1, clips=1, tasks=1, estimate_units=Decimal(3))),
    (
        (*TWICE, made("2.7")),
        "3",
        CostSum(jobs=1, clips=1, tasks=2, charged_units=Decimal("2.7"), estimate_units=Decimal(3)),
    ),
    (
        (SENT, ACCEPTED, made("1", charge_said='"1" and something')),
        "3",
        CostSum(jobs=1, clips=1, tasks=1, charged_units=Decimal(1), estimate_units=Decimal(2)),
    ),
    (
        (SENT, ACCEPTED, made(charge_balance="0.42", charge_currency="USD")),
        "3",
        CostSum(jobs=1, clips=1, tasks=1, charged_balance={"USD": Decimal("0.42")}),
    ),
]


@pytest.mark.parametrize(("history", "price", "cost"), ROWS)
def test_a_job_costs_what_was_charged_and_is_estimated_where_nobody_knows(
    history: tuple[Event, ...], price: str, cost: CostSum
) -> None:
    assert sum_of(asked(*history, price=price)) == cost


@pytest.mark.parametrize(("history", "price", "cost"), ROWS)
def test_units_come_to_what_the_limits_count(history: tuple[Event, ...], price: str, cost: CostSum) -> None:
    if not cost.charged_balance:  # limits count units, so they count the price of what was paid in money
        assert cost.charged_units + cost.estimate_units == spent_units(asked(*history, price=price))


def test_tenths_add_up_exactly_and_money_stays_apart_from_units_and_from_other_money() -> None:
    paid = [asked(SENT, ACCEPTED, made("0.1")) for _ in range(1000)]
    for amount, currency in (("0.1", "USD"), ("0.2", "USD"), ("7", "CNY"), ("1", "")):
        paid.append(asked(SENT, ACCEPTED, made(charge_balance=amount, charge_currency=currency)))
    total = books(By.MODEL, *paid).total
    assert total.charged_units == Decimal(100)
    assert total.charged_balance == {"USD": Decimal("0.3"), "CNY": Decimal(7), "": Decimal(1)}
    assert (total.jobs, total.clips) == (1004, 1004)


def test_each_is_added_up_under_what_it_was_asked_for() -> None:
    anna, ben = Asker(user="anna", project="Night Watch"), Asker(user="ben", project="NIGHT  WATCH")
    three = (
        asked(SENT, at=DAY_S, asker=anna, once="sh010_v001", model="kling-o1"),
        asked(SENT, at=DAY_S + 1, asker=ben, once="sh010_v001.take2"),
        asked(SENT, at=3 * DAY_S, blend="/films/harbor/sh020_v003.blend"),
    )

    def told(by: By) -> dict[str, int]:
        return {each.what: each.jobs for each in books(by, *three).sums}

    assert told(By.DAY) == {"day 00001": 2, "day 00003": 1}
    assert told(By.PROJECT) == {"Night Watch": 2, "harbor": 1}
    assert told(By.SHOT) == {"alley": 1, "sh010_v001": 2}
    assert told(By.USER) == {"anna": 1, "ben": 1, "": 1}
    assert list(told(By.USER))[-1] == "", "what nobody knows comes last"
    assert told(By.MODEL) == {"kling-o1": 1, "kling-v3-omni": 2}


def test_only_what_was_sent_since_then_is_added_up() -> None:
    old = asked(SENT, at=DAY_S - 1)
    late = asked(ev.Sent(at=DAY_S, digest="d"), at=DAY_S)
    assert books(By.DAY, old, late, since=DAY_S).total.jobs == 1


AMOUNTS = st.decimals(min_value=0, max_value=9999, places=3).map(str)
PASTS = st.one_of(
    st.just((SENT,)),
    st.just((SENT, LOST, PARKED)),
    st.just((SENT, ACCEPTED, FAILED)),
    st.just((SENT, ACCEPTED, GIVEN_UP)),
    AMOUNTS.map(lambda units: (SENT, ACCEPTED, made(units))),
    AMOUNTS.map(lambda units: (*TWICE, made(units))),
)


@given(
    st.lists(st.tuples(PASTS, AMOUNTS, st.sampled_from(["a", "A", "b", ""]), st.floats(1.0, 9 * DAY_S))),
    st.sampled_from(list(By)),
)
def test_however_it_is_added_up_it_comes_to_the_same_total(
    drawn: list[tuple[tuple[Event, ...], str, str, float]], by: By
) -> None:
    many = [asked(*past, price=price, at=at, asker=Asker(user=who, project=who)) for past, price, who, at in drawn]
    found = books(by, *many)
    assert found.total.charged_units + found.total.estimate_units == sum(map(spent_units, many))
    assert sum(each.charged_units for each in found.sums) == found.total.charged_units
    assert sum(each.estimate_units for each in found.sums) == found.total.estimate_units
    assert (
        sum(each.jobs for each in found.sums)
        == found.total.jobs
        == sum(spent_units(s) > 0 or s.tasks > 0 for s in many)
    )
