"""Caps on spending: what counts, and that the commit point keeps them whoever else sends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kling_omni_addon.core.errors import CapReached, Unanswered
from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import Origin, Target
from kling_omni_addon.core.life.lifecycle import Phase, Submission, apply, begin
from kling_omni_addon.core.life.spending import Bill, Caps, check_caps, check_wish, spent_units
from kling_omni_addon.core.payload import Payload
from kling_omni_addon.work.journal import Journal
from tests.workshop.studio import ORIGIN, Studio, refusal

DAY_S = 86_400.0
NOW = 1_790_000_000.0
FILM_A, FILM_B = "/films/a/sh010_v001.blend", "/films/b/sh010_v001.blend"


def one(name: str = "kob-1", units: str = "3", blend: str = FILM_A, at: float = NOW) -> Submission:
    payload = Payload(external_task_id=name, model="m", pieces=("{}",))
    return begin(ev.Intended(at=at, payload=payload, origin=ORIGIN, target=Target(blend=blend), most_units=units))


SENT, LOST = ev.Sent(at=NOW, digest="d"), ev.Unanswered(at=NOW, reason="lost")
PARKED, AGAIN = ev.Parked(at=NOW), ev.SendAgain(at=NOW)
ACCEPTED, DONE = ev.Accepted(at=NOW, task_id="t"), ev.Succeeded(at=NOW, charge_units="2.5")
REFUSED, GIVEN_UP = ev.Failed(at=NOW, reason="policy"), ev.Abandoned(at=NOW, reason="enough")
LATER, HELD = ev.Deferred(at=NOW, reason="1303", retry_after_s=None), ev.Held(at=NOW, reason="1102", exit_code=4)
HISTORIES: list[tuple[list[Any], str]] = [
    ([], "0"),
    ([ev.NotSent(at=NOW, reason="no network")], "0"),
    ([SENT], "3"),
    ([SENT, LOST, PARKED], "3"),
    ([SENT, LATER], "0"),
    ([SENT, HELD], "0"),
    ([SENT, LATER, SENT], "3"),
    ([SENT, LATER, ev.Withdrawn(at=NOW, reason="no", exit_code=5)], "0"),
    ([SENT, REFUSED], "0"),
    ([SENT, ACCEPTED, REFUSED], "0"),
    ([SENT, ACCEPTED], "3"),
    ([SENT, ACCEPTED, DONE], "2.5"),
    ([SENT, ACCEPTED, GIVEN_UP], "3"),
    ([GIVEN_UP], "0"),
    ([SENT, PARKED, AGAIN], "3"),
    ([SENT, PARKED, AGAIN, SENT], "6"),
    ([SENT, PARKED, AGAIN, SENT, LATER], "3"),
    ([SENT, PARKED, AGAIN, SENT, REFUSED], "3"),
    ([SENT, PARKED, AGAIN, SENT, ACCEPTED, DONE], "5.5"),
    ([SENT, PARKED, AGAIN, GIVEN_UP], "3"),
    ([ev.Doubted(at=NOW)], "3"),
    ([ev.Adopted(at=NOW, submission_id="kob-1", task_id="t", origin=ORIGIN)], "3"),
]


@pytest.mark.parametrize(("history", "units"), HISTORIES)
def test_what_may_have_been_made_counts_with_its_price_until_the_charge_is_known(
    history: list[Any], units: str
) -> None:
    submission = one()
    for event in history:
        submission = apply(submission, event)
    assert spent_units(submission) == Decimal(units)


def sent(units: str = "3", blend: str = FILM_A, at: float = NOW) -> Submission:
    return apply(one("kob-0", units, blend, at), ev.Sent(at=at, digest="d"))


def is_within(caps: Caps, *others: Submission, wanted: str = "3") -> bool:
    try:
        check_caps(one(units=wanted), others, caps, NOW)
    except CapReached:
        return False
    return True


@pytest.mark.parametrize(("name", "caps"), [("DAILY", Caps(daily=Decimal(3))), ("PROJECT", Caps(project=Decimal(3)))])
def test_a_cap_that_is_reached_names_itself_what_was_spent_and_what_to_do(name: str, caps: Caps) -> None:
    with pytest.raises(CapReached, match=r"Not sent: .* limit of 3 units .*up to 3 used.*, up to 3 ") as caught:
        check_caps(one(), [sent()], caps, NOW)
    assert caught.value.field == f"KLING_{name}_CAP"


def test_a_cap_is_reached_by_what_would_exceed_it_and_not_by_what_just_fits() -> None:
    assert is_within(Caps(daily=Decimal(6)), sent())
    assert not is_within(Caps(daily=Decimal("5.9")), sent())
    assert not is_within(Caps(daily=Decimal(0)))
    assert is_within(Caps())


def test_a_day_is_the_24_hours_before_and_a_project_never_ends() -> None:
    old = sent(at=NOW - DAY_S - 1)
    assert is_within(Caps(daily=Decimal(3)), old)
    assert not is_within(Caps(daily=Decimal(3)), sent(at=NOW - DAY_S + 1))
    assert not is_within(Caps(project=Decimal(3)), old)
    assert is_within(Caps(project=Decimal(3)), sent(blend=FILM_B))


def test_what_has_no_price_is_not_sent_under_a_cap() -> None:
    assert not is_within(Caps(daily=Decimal(1000)), wanted="")
    assert is_within(Caps(), wanted="")


# --- at the commit point


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    studio = Studio(tmp_path)
    limit(studio, caps=Caps(daily=Decimal(7)))
    yield studio
    for lane in studio.lanes:
        lane.close()
    studio.journal.close()


def limit(studio: Studio, **limits: Any) -> None:
    """The next process, with limits of the user's own."""
    for lane in studio.lanes:
        lane.close()
    studio.restart(**limits)


def want(studio: Studio, number: int, origin: Origin = ORIGIN) -> None:
    studio.clock.time += 1
    wish = one(f"kob-{number}", at=studio.clock.now())
    studio.journal.begin(
        ev.Intended(
            at=wish.created_at, payload=wish.payload, origin=origin, target=wish.target, most_units=wish.most_units
        )
    )


def test_what_would_break_the_cap_waits_for_a_person_with_the_reason_and_is_not_uploaded(studio: Studio) -> None:
    for number in (1, 2, 3):
        want(studio, number)
    studio.run(20)
    assert studio.kling.creates == ["kob-1", "kob-2"]
    assert studio.kling.calls.count("submit") == 2
    held = studio.submission("kob-3")
    assert (held.is_held, held.needs_a_person, held.exit_code) == (True, True, 2)
    assert "the daily limit of 7 units" in held.problem
    studio.clock.time += DAY_S
    studio.run(60)
    assert studio.kling.calls.count("submit") == 2, "not by itself"
    studio.journal.append("kob-3", ev.Released(at=studio.clock.now()))
    studio.run(200)
    assert studio.submission("kob-3").phase is Phase.FETCHED


def test_a_send_that_was_refused_leaves_room_and_one_without_an_answer_does_not(studio: Studio) -> None:
    studio.kling.trouble["submit"] = [refusal(1303), Unanswered("lost")]
    for number in (1, 2, 3):
        want(studio, number)
    studio.run(3600)
    phases = [studio.submission(f"kob-{number}").phase for number in (1, 2, 3)]
    assert phases == [Phase.PARKED, Phase.FETCHED, Phase.INTENDED]
    assert studio.submission("kob-3").is_held


def test_another_key_has_a_cap_of_its_own(studio: Studio) -> None:
    other = replace(ORIGIN, key_fingerprint="another")
    for number in (1, 2, 3):
        want(studio, number, other)
        studio.journal.append(f"kob-{number}", ev.Sent(at=studio.clock.now(), digest="d"))
    want(studio, 4)
    studio.run(20)
    assert studio.kling.creates == ["kob-4"]


def send_elsewhere_during_the_upload(studio: Studio) -> None:
    """Another process sends two while the first send of this one is on its way."""
    submit = studio.kling.submit

    def slow(payload: Payload, commit: Any) -> Any:
        studio.kling.submit = submit  # type: ignore[method-assign]
        other = Journal(studio.path, "elsewhere:1")
        for number in (2, 3):
            want(studio, number)
            lease = other.claim(f"kob-{number}", studio.clock.now())
            other.append(f"kob-{number}", ev.Sent(at=studio.clock.now(), digest="d"), lease)
            other.append(f"kob-{number}", ev.Accepted(at=studio.clock.now(), task_id="t"), lease)
        other.close()
        return submit(payload, commit)

    studio.kling.submit = slow  # type: ignore[method-assign]


def test_no_more_run_at_once_than_allowed_although_another_process_sends_too(studio: Studio) -> None:
    limit(studio, concurrency=2)
    want(studio, 1)
    send_elsewhere_during_the_upload(studio)
    studio.run(1)
    assert (studio.kling.creates, studio.kinds("kob-1")) == ([], ["Intended", "NotSent"])
    for number in (2, 3):
        studio.journal.append(f"kob-{number}", ev.Failed(at=studio.clock.now(), reason="policy"))
    studio.run(120)
    assert studio.submission("kob-1").phase is Phase.FETCHED


def test_what_another_process_sends_during_the_upload_is_seen_at_the_commit_point(studio: Studio) -> None:
    want(studio, 1)
    send_elsewhere_during_the_upload(studio)
    studio.run(1)
    assert studio.kling.creates == []
    assert studio.kinds("kob-1") == ["Intended", "Held"]
    assert "(up to 6 used" in studio.submission("kob-1").problem


def waits(name: str, units: str = "3", *, held: bool = False) -> Submission:
    submission = one(name, units)
    return apply(submission, ev.Held(at=NOW, reason="1102", exit_code=4)) if held else submission


@pytest.mark.parametrize(
    ("known", "wanted", "fits"),
    [
        ((), "9", True),
        ((), "9.1", False),
        ((sent(),), "6", True),
        ((sent(),), "6.1", False),
        ((sent(at=NOW - DAY_S - 1),), "9", True),
        ((sent(), waits("kob-1")), "3", True),
        ((sent(), waits("kob-1")), "3.1", False),
        ((sent(), waits("kob-1", held=True)), "6", True),
        ((), None, False),
    ],
)
def test_a_press_counts_what_was_sent_and_what_will_be_sent_by_itself(
    known: tuple[Submission, ...], wanted: str | None, fits: bool
) -> None:
    def press() -> None:
        units = None if wanted is None else Decimal(wanted)
        check_wish({Bill(project="a", blend=FILM_A): units}, known, Caps(daily=Decimal(9)), NOW)

    if fits:
        press()
    else:
        with pytest.raises(CapReached):
            press()


def test_the_cap_of_a_project_counts_what_waits_for_that_project() -> None:
    known = (waits("kob-1", "5"), sent(blend=FILM_B, units="5"))
    check_wish({Bill(project="a", blend=FILM_A): Decimal(4)}, known, Caps(project=Decimal(9)), NOW)
    with pytest.raises(CapReached):
        check_wish({Bill(project="a", blend=FILM_A): Decimal(5)}, known, Caps(project=Decimal(9)), NOW)


def test_a_batch_of_several_projects_counts_each_against_its_own_and_all_against_the_day() -> None:
    wanted = {Bill(project="Lighthouse"): Decimal(5), Bill(project="storm"): Decimal(8)}
    check_wish(wanted, (), Caps(daily=Decimal(13), project=Decimal(8)), NOW)
    with pytest.raises(CapReached, match="daily limit of 12 units"):
        check_wish(wanted, (), Caps(daily=Decimal(12), project=Decimal(8)), NOW)
    with pytest.raises(CapReached, match="limit of 7 units per project"):
        check_wish(wanted, (), Caps(project=Decimal(7)), NOW)
    spelled_otherwise = wanted | {Bill(project=" LIGHTHOUSE"): Decimal(4)}
    with pytest.raises(CapReached, match="limit of 8 units per project"):
        check_wish(spelled_otherwise, (), Caps(project=Decimal(8)), NOW)
    with pytest.raises(CapReached, match="no list price"):
        check_wish(wanted | {Bill(project="c"): None}, (), Caps(daily=Decimal(99)), NOW)


@pytest.mark.parametrize(
    ("one", "other", "is_together"),
    [
        (Bill(project="Harbor", blend="/a.blend"), Bill(project="harbor ", blend="/b.blend"), True),
        (Bill(project="harbor", blend="/a.blend"), Bill(project="reef", blend="/a.blend"), True),
        (Bill(project="harbor"), Bill(project="reef"), False),
        (Bill(project="harbor"), Bill(), True),
        (Bill(), Bill(), True),
        (Bill(blend="/a.blend"), Bill(blend="/b.blend"), False),
        (Bill(blend="/a.blend"), Bill(), False),
        (Bill(project="a", blend=r"C:\Films\é.blend"), Bill(project="b", blend="c:/films/e\u0301.blend"), True),
        (Bill(project="har\u034fbor\ufe0f"), Bill(project="\u3164harbor"), True),
    ],
)
def test_what_is_counted_together(one: Bill, other: Bill, is_together: bool) -> None:
    assert one.is_with(other) is other.is_with(one) is is_together
