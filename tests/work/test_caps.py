"""What counts against a cap, from the journal to the commit point; and that these rows find planted mistakes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life import lifecycle, queueing, spending
from kling_omni_addon.core.life.events import Event, Origin, Target
from kling_omni_addon.core.life.lifecycle import Phase, Submission
from kling_omni_addon.core.life.spending import Bill, Caps
from kling_omni_addon.core.payload import Payload
from kling_omni_addon.work import sending
from kling_omni_addon.work.journal import Journal
from kling_omni_addon.work.turn import Turn
from tests.workshop.studio import ORIGIN, Studio

HOUR_S = 3600.0
PRICE = "3"
FILM_A, FILM_B = "/films/a/sh010_v001.blend", "/films/b/sh010_v001.blend"
DAILY, PROJECT = Caps(daily=Decimal(4)), Caps(project=Decimal(4))  # one clip of 3, and not another
OTHER_KEY, OTHER_SERVICE = replace(ORIGIN, key_fingerprint="another"), replace(ORIGIN, service="https://b.example")
BODY = Payload(external_task_id="", model="m", pieces=("{}",)).digest


def sent(at: float) -> Event:
    return ev.Sent(at=at, digest=BODY)


def lost(at: float) -> Event:
    return ev.Unanswered(at=at, reason="lost")


def parked(at: float) -> Event:
    return ev.Parked(at=at)


def again(at: float) -> Event:
    return ev.SendAgain(at=at)


def accepted(at: float) -> Event:
    return ev.Accepted(at=at, task_id="t")


def made(charge: str) -> Callable[[float], Event]:
    return lambda at: ev.Succeeded(at=at, charge_units=charge)


def link_expired(at: float) -> Event:
    return ev.LinkExpired(at=at)


def fetched(at: float) -> Event:
    return ev.Fetched(at=at, path="c.mp4", sha256="0", size_bytes=1)


def placed(at: float) -> Event:
    return ev.Placed(at=at, scene="Scene", strip="s")


def failed(at: float) -> Event:
    return ev.Failed(at=at, reason="no")


def failed_for(charge: str) -> Callable[[float], Event]:
    return lambda at: ev.Failed(at=at, reason="no", charge_units=charge)


def given_up(at: float) -> Event:
    return ev.Abandoned(at=at, reason="enough")


def withdrawn(at: float) -> Event:
    return ev.Withdrawn(at=at, reason="no", exit_code=5)


def deferred(at: float) -> Event:
    return ev.Deferred(at=at, reason="1303", retry_after_s=None)


def doubted(at: float) -> Event:
    return ev.Doubted(at=at)


Step = Callable[[float], Event]
TWICE: tuple[Step, ...] = (sent, lost, parked, again, sent, accepted)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One other submission with its past, and whether the next clip may be sent beside it."""

    past: tuple[Step, ...] = ()
    own_past: tuple[Step, ...] = ()
    caps: Caps = DAILY
    is_sent: bool = False
    price: str = PRICE
    wanted: str = PRICE
    wished_h: float = -1.0  # hours before now
    sent_h: float = -0.5
    blend: str = FILM_A
    own_blend: str = FILM_A
    project: str = ""  # as an older version wrote it
    own_project: str = ""
    origin: Origin = field(default=ORIGIN)
    others: int = 1
    concurrency: int | None = None


ROWS: Mapping[str, Row] = {
    "sent": Row(past=(sent,)),
    "lost": Row(past=(sent, lost)),
    "parked": Row(past=(sent, lost, parked)),
    "sent again is to come": Row(past=(sent, lost, parked, again, given_up)),
    "accepted": Row(past=(sent, accepted)),
    "made, charge unknown": Row(past=(sent, accepted, made(""))),
    "made, charge no number": Row(past=(sent, accepted, made("3 units"))),
    "made for less": Row(past=(sent, accepted, made("1")), is_sent=True),
    "link expired": Row(past=(sent, accepted, made("3"), link_expired)),
    "fetched": Row(past=(sent, accepted, made("3"), fetched)),
    "fetched, charge unknown": Row(past=(sent, accepted, made(""), fetched)),
    "fetched for less": Row(past=(sent, accepted, made("1"), fetched), is_sent=True),
    "placed": Row(past=(sent, accepted, made("3"), fetched, placed)),
    "placed, charge unknown": Row(past=(sent, accepted, made(""), fetched, placed)),
    "clip expired": Row(past=(sent, accepted, made("3"), failed)),
    "clip expired, charge unknown": Row(past=(sent, accepted, made(""), failed)),
    "clip expired after its link": Row(past=(sent, accepted, made(""), link_expired, failed)),
    "clip expired for less": Row(past=(sent, accepted, made("1"), failed), is_sent=True),
    "failed at the service": Row(past=(sent, accepted, failed), is_sent=True),
    "failed, and charged all the same": Row(past=(sent, accepted, failed_for("3"))),
    "failed, and charged less": Row(past=(sent, accepted, failed_for("1")), is_sent=True),
    "failed, charge no number": Row(past=(sent, accepted, failed_for("3 units"))),
    "failed, charged nothing": Row(past=(sent, accepted, failed_for("0")), is_sent=True),
    "refused": Row(past=(sent, failed), is_sent=True),
    "given up while it is made": Row(past=(sent, accepted, given_up)),
    "given up when lost": Row(past=(sent, lost, given_up)),
    "given up when made": Row(past=(sent, accepted, made(""), given_up)),
    "given up when fetched": Row(past=(sent, accepted, made("3"), fetched, given_up)),
    "proved unsent": Row(past=(sent, deferred, withdrawn), is_sent=True),
    "never sent": Row(past=(withdrawn,), is_sent=True),
    "doubted": Row(past=(doubted,)),
    "sent twice": Row(past=(*TWICE, made("1"), fetched), caps=Caps(daily=Decimal("6.5"))),
    "sent twice, both charged the least": Row(
        past=(*TWICE, made("1"), fetched), caps=Caps(daily=Decimal(7)), is_sent=True
    ),
    "sent itself": Row(own_past=(sent, lost, parked, again)),
    "just fits": Row(past=(sent,), caps=Caps(daily=Decimal(6)), is_sent=True),
    "fits no more": Row(past=(sent,), caps=Caps(daily=Decimal("5.9"))),
    "several": Row(past=(sent, accepted, made("3"), fetched), others=3, caps=Caps(daily=Decimal("11.9"))),
    "no unit at all": Row(caps=Caps(daily=Decimal(0)), others=0),
    "no price": Row(caps=Caps(daily=Decimal(1000)), wanted="", others=0),
    "no cap": Row(past=(sent,), caps=Caps(), wanted="", is_sent=True),
    "sent yesterday": Row(past=(sent,), wished_h=-26, sent_h=-25, is_sent=True),
    "sent today": Row(past=(sent,), wished_h=-24, sent_h=-23),
    "wished long ago, sent today": Row(past=(sent, accepted), wished_h=-300, sent_h=-1),
    "project, long ago": Row(past=(sent, accepted, made("3"), fetched), caps=PROJECT, wished_h=-900, sent_h=-900),
    "project, charge unknown": Row(past=(sent, accepted, made(""), failed), caps=PROJECT, wished_h=-900, sent_h=-900),
    "another project": Row(past=(sent,), caps=PROJECT, own_blend=FILM_B, is_sent=True),
    "another project, but today": Row(past=(sent,), own_blend=FILM_B),
    "the next version of the file": Row(past=(sent,), caps=PROJECT, own_blend="/films/a/sh010_v002.blend"),
    "the next version of the folder": Row(
        past=(sent,), caps=PROJECT, blend="/films/sh010_v001/a.blend", own_blend="/films/sh010_V02/a.blend"
    ),
    "one project, two files": Row(past=(sent,), caps=PROJECT, own_blend=FILM_B, project="Night", own_project="Night"),
    "one project, spelled otherwise": Row(
        past=(sent,), caps=PROJECT, own_blend=FILM_B, project="Night  Watch", own_project="ＮＩＧＨＴ watch"
    ),
    "two projects, one file": Row(past=(sent,), caps=PROJECT, project="Night", own_project="Day"),
    "two projects, no file": Row(
        past=(sent,), caps=PROJECT, blend="", own_blend="", project="Night", own_project="Day", is_sent=True
    ),
    "an older one of no file": Row(past=(sent,), caps=PROJECT, blend="", own_blend="", own_project="Day"),
    "an older one of no file, beside a file": Row(
        past=(sent,), caps=PROJECT, blend="", own_project="Day", is_sent=True
    ),
    "an older one of the folder": Row(past=(sent,), caps=PROJECT, own_blend="", own_project="A"),
    "an older one of another folder": Row(past=(sent,), caps=PROJECT, own_blend="", own_project="Day", is_sent=True),
    "no project": Row(past=(sent,), caps=PROJECT, blend="", own_blend=""),
    "day but not project": Row(past=(sent,), caps=Caps(daily=Decimal(4), project=Decimal(100))),
    "project but not day": Row(past=(sent,), caps=Caps(daily=Decimal(100), project=Decimal(4))),
    "another key": Row(past=(sent,), origin=OTHER_KEY, is_sent=True),
    "the key at another address": Row(past=(sent,), origin=OTHER_SERVICE),
    "as many as run at once": Row(past=(sent, accepted), others=2, caps=Caps(), concurrency=2),
    "as many are lost": Row(past=(sent, lost), others=2, caps=Caps(), concurrency=2),
    "fewer run at once": Row(past=(sent, accepted), caps=Caps(), concurrency=2, is_sent=True),
    "as many at another address": Row(
        past=(sent, accepted), others=2, caps=Caps(), concurrency=2, origin=OTHER_SERVICE, is_sent=True
    ),
    "as many of another key": Row(
        past=(sent, accepted), others=2, caps=Caps(), concurrency=2, origin=OTHER_KEY, is_sent=True
    ),
}


def wish(
    studio: Studio, name: str, at: float, blend: str, units: str, origin: Origin = ORIGIN, *, project: str = ""
) -> None:
    payload = Payload(external_task_id=name, model="m", pieces=("{}",))
    target, asker = Target(blend=blend, scene="Scene"), ev.Asker(project=project)
    studio.journal.begin(
        ev.Intended(at=at, payload=payload, origin=origin, target=target, most_units=units, asker=asker)
    )


def holds(row: Row, folder: Path) -> bool:
    """Whether the next clip is sent where it may be, and only there."""
    studio = Studio(folder)
    for lane in studio.lanes:
        lane.close()
    studio.clock.time = now = 1_790_000_000.0
    # What another process did: this one only sends, so that nothing of it goes on.
    for number in range(row.others if row.past else 0):
        at = now + row.wished_h * HOUR_S
        wish(studio, f"kob-{number}", at, row.blend, row.price, row.origin, project=row.project)
        for step in row.past:
            studio.journal.append(f"kob-{number}", step(now + row.sent_h * HOUR_S))
    wish(studio, "wanted", now, row.own_blend, row.wanted, project=row.own_project)
    for step in row.own_past:
        studio.journal.append("wanted", step(now))
    studio.restart(caps=row.caps, concurrency=row.concurrency)
    studio.lanes[0].run_due()
    is_sent = "wanted" in studio.kling.creates
    for lane in studio.lanes:
        lane.close()
    studio.journal.close()
    return is_sent is row.is_sent


@pytest.mark.parametrize("name", ROWS)
def test_what_may_have_been_spent_counts_at_the_commit_point(name: str, tmp_path: Path) -> None:
    assert holds(ROWS[name], tmp_path)


# --- planted mistakes


def counts_only(is_counted: Callable[[Submission], bool]) -> Callable[[pytest.MonkeyPatch], None]:
    """A mutant for which some submissions do not count."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        real = spending.check_caps

        def check(submission: Submission, sent_ones: Iterable[Submission], caps: Caps, now: float) -> None:
            real(submission, [s for s in sent_ones if is_counted(s)], caps, now)

        patch.setattr(spending, "check_caps", check)

    return plant


def counts_as(change: Callable[[Submission], Decimal]) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setattr(spending, "spent_units", change)


def task_less_in(*phases: Phase) -> Callable[[pytest.MonkeyPatch], None]:
    def less(submission: Submission) -> int:
        return max(0, submission.tasks - (submission.phase in (Phase.UNANSWERED, Phase.ACCEPTED, *phases)))

    return lambda patch: patch.setattr(lifecycle, "_one_task_less", less)


def seen_by(change: Callable[[Journal, float], Iterable[Submission]]) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setattr(Journal, "sent_since", change)


def since(change: Callable[[float], float]) -> Callable[[pytest.MonkeyPatch], None]:
    real = Journal.sent_since
    return seen_by(lambda self, at: real(self, change(at)))


def without_events(kind: str) -> Callable[[pytest.MonkeyPatch], None]:
    real = Journal.sent_since

    def some(self: Journal, at: float) -> list[Submission]:
        return [s for s in real(self, at) if kind not in {type(e).__name__ for e in self.history(s.id)}]

    return seen_by(some)


def told(**changes: Any) -> Callable[[pytest.MonkeyPatch], None]:
    """A mutant whose cap check sees its submission changed."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        real = spending.check_caps
        patch.setattr(
            spending, "check_caps", lambda s, others, caps, now: real(replace(s, **changes), others, caps, now)
        )

    return plant


def capped(change: Callable[[Caps], Caps]) -> Callable[[pytest.MonkeyPatch], None]:
    def plant(patch: pytest.MonkeyPatch) -> None:
        real = spending.check_caps
        patch.setattr(spending, "check_caps", lambda s, others, caps, now: real(s, others, change(caps), now))

    return plant


def bills(is_with: Callable[[Bill, Bill], bool]) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setattr(Bill, "is_with", is_with)


def running(counted: Callable[[Submission, float], bool]) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setattr(queueing, "is_running", counted)


def any_origin(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Origin, "__eq__", lambda self, other: True)


def any_fingerprint(patch: pytest.MonkeyPatch) -> None:
    real = Journal.sent_since
    seen_by(lambda self, at: [replace(s, origin=ORIGIN) for s in real(self, at)])(patch)


def an_address_for_each_purse(patch: pytest.MonkeyPatch) -> None:
    real = Journal.sent_since
    seen_by(lambda self, at: [s for s in real(self, at) if s.origin == ORIGIN])(patch)


def any_service(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Origin, "__eq__", lambda self, other: self.key_fingerprint == other.key_fingerprint)


def endless_day(patch: pytest.MonkeyPatch) -> None:
    since(lambda at: -math.inf)(patch)
    capped(lambda caps: Caps(project=caps.daily))(patch)


def no_limits(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sending, "_check_limits", lambda turn: None)


def one_too_many(patch: pytest.MonkeyPatch) -> None:
    real = sending._running
    patch.setattr(sending, "_running", lambda turn: real(turn) - 1)


def unpriced_is_free(patch: pytest.MonkeyPatch) -> None:
    told_free = told(most_units="0")
    told_free(patch)


def price_of(submission: Submission) -> Decimal:
    return Decimal(submission.most_units or 0)


def charge_of(submission: Submission) -> Decimal:
    return Decimal(submission.charge_units or 0)


real_spent = spending.spent_units
MUTANTS: Mapping[str, tuple[Callable[[pytest.MonkeyPatch], None], str]] = {
    "fetched ones do not count": (counts_only(lambda s: s.phase is not Phase.FETCHED), "fetched"),
    "placed ones do not count": (counts_only(lambda s: s.phase is not Phase.PLACED), "placed"),
    "failed ones do not count": (counts_only(lambda s: s.phase is not Phase.FAILED), "clip expired"),
    "given-up ones do not count": (counts_only(lambda s: s.phase is not Phase.ABANDONED), "given up while it is made"),
    "lost ones do not count": (counts_only(lambda s: s.phase is not Phase.UNANSWERED), "lost"),
    "parked ones do not count": (counts_only(lambda s: s.phase is not Phase.PARKED), "parked"),
    "running ones do not count": (counts_only(lambda s: s.phase is not Phase.ACCEPTED), "accepted"),
    "downloading ones do not count": (counts_only(lambda s: s.phase is not Phase.READY), "made, charge unknown"),
    "only live ones count": (seen_by(lambda self, at: self.live()), "placed"),
    "over ones do not count": (counts_only(lambda s: not s.is_over), "given up when lost"),
    "only what has a charge counts": (counts_only(lambda s: bool(s.charge_units)), "sent"),
    "what it sent itself does not count": (counts_only(lambda s: s.id != "wanted"), "sent itself"),
    "an expired clip of unknown charge does not count": (task_less_in(Phase.READY), "clip expired, charge unknown"),
    "a made clip that fails later does not count": (task_less_in(), "clip expired after its link"),
    "a given-up one frees its task": (
        counts_as(lambda s: real_spent(s) * (s.exit_code != 4)),
        "given up while it is made",
    ),
    "an unknown charge is nothing": (
        counts_as(lambda s: charge_of(s) if s.clip else real_spent(s)),
        "fetched, charge unknown",
    ),
    "a charge pays for both tasks": (
        counts_as(lambda s: charge_of(s) if s.charge_units else price_of(s) * s.tasks),
        "sent twice",
    ),
    "a task counts once however often it was sent": (
        counts_as(lambda s: min(real_spent(s), price_of(s))),
        "sent twice",
    ),
    "the price counts though the charge is known": (counts_as(lambda s: price_of(s) * s.tasks), "fetched for less"),
    "refused ones count": (counts_as(lambda s: price_of(s) * s.sends), "refused"),
    "a failed one counts": (
        counts_as(lambda s: price_of(s) * bool(s.task_id) or real_spent(s)),
        "failed at the service",
    ),
    "wishes count from their making": (
        counts_only(lambda s: s.created_at > 1_790_000_000.0 - spending.DAY_S),
        "wished long ago, sent today",
    ),
    "a day has 12 hours": (lambda patch: patch.setattr(spending, "DAY_S", 12 * HOUR_S), "sent today"),
    "a day has 26 hours": (lambda patch: patch.setattr(spending, "DAY_S", 26 * HOUR_S), "sent yesterday"),
    "a day never ends": (endless_day, "sent yesterday"),
    "a project ends with the day": (since(lambda at: max(at, 1_790_000_000.0 - spending.DAY_S)), "project, long ago"),
    "a project is only what runs": (counts_only(lambda s: s.phase is not Phase.FAILED), "project, charge unknown"),
    "the cap of a project is that of all": (capped(lambda caps: Caps(daily=caps.project)), "another project"),
    "files without a name share no project": (told(target=Target(blend=FILM_B)), "no project"),
    "a version is a project": (
        lambda patch: patch.setattr(spending, "project_of_blend", str),
        "the next version of the file",
    ),
    "a project is spelled in one way": (
        lambda patch: patch.setattr(spending, "same_for", str),
        "one project, spelled otherwise",
    ),
    "another name frees a file": (bills(lambda one, other: one.project == other.project), "two projects, one file"),
    "a project is one file": (bills(lambda one, other: one.blend == other.blend), "one project, two files"),
    "all that is of no file is one project": (
        bills(lambda one, other: one.blend == other.blend),
        "two projects, no file",
    ),
    "older ones of no file count nowhere": (
        bills(lambda one, other: one.project == other.project),
        "an older one of no file",
    ),
    "older ones have no folder": (
        lambda patch: patch.setattr(spending, "project_of_blend", lambda blend: ""),
        "an older one of the folder",
    ),
    "the daily cap yields to the project's": (capped(lambda caps: Caps(project=caps.project)), "day but not project"),
    "the project's cap yields to the daily": (capped(lambda caps: Caps(daily=caps.daily)), "project but not day"),
    "a cap is passed by a little": (
        capped(lambda caps: Caps(daily=(caps.daily or 0) + Decimal("0.1"))),
        "fits no more",
    ),
    "a cap is not reached": (capped(lambda caps: Caps(daily=(caps.daily or 0) - Decimal("0.1"))), "just fits"),
    "only the newest counts": (seen_by(lambda self, at: self.all()[:1]), "several"),
    "a cap of 0 is none": (lambda patch: patch.setattr(Caps, "__bool__", lambda c: bool(c.daily)), "no unit at all"),
    "what has no price is free": (unpriced_is_free, "no price"),
    "doubted ones do not count": (without_events("Doubted"), "doubted"),
    "every key counts": (any_fingerprint, "another key"),
    "every address has a purse of its own": (an_address_for_each_purse, "the key at another address"),
    "every service runs at once": (any_service, "as many at another address"),
    "limits are not looked at": (no_limits, "sent"),
    "lost ones do not run": (running(lambda s, now: s.phase is Phase.ACCEPTED), "as many are lost"),
    "nothing runs": (running(lambda s, now: False), "as many as run at once"),
    "everything runs": (running(lambda s, now: True), "fewer run at once"),
    "other keys run at once, too": (any_origin, "as many of another key"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mistake_in_the_counting_is_found(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant, row = MUTANTS[name]
    with monkeypatch.context() as patch:
        plant(patch)
        assert not holds(ROWS[row], tmp_path), f"{name} escapes"


def blind_commit(patch: pytest.MonkeyPatch) -> None:
    """The commit point trusts what was seen before the upload."""
    real = Turn.append
    patch.setattr(Turn, "append", lambda self, event, check=None: real(self, event))


@pytest.mark.parametrize("limits", [{"caps": DAILY}, {"caps": PROJECT}, {"concurrency": 1}])
@pytest.mark.parametrize("plant", [blind_commit, one_too_many, no_limits])
def test_limits_are_looked_at_again_at_the_commit_point(
    limits: dict[str, Any],
    plant: Callable[[pytest.MonkeyPatch], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another process sends while this one uploads: without the look within the transaction both would go out."""
    assert is_stopped_at_the_commit_point(tmp_path / "real", **limits)
    plant(monkeypatch)
    is_of_caps = plant is one_too_many and "caps" in limits  # which it does not touch
    assert is_stopped_at_the_commit_point(tmp_path / "mutant", **limits) is is_of_caps


def is_stopped_at_the_commit_point(folder: Path, **limits: Any) -> bool:
    folder.mkdir()
    studio = Studio(folder)
    for lane in studio.lanes:
        lane.close()
    studio.restart(**limits)
    wish(studio, "wanted", studio.clock.now(), "", PRICE)
    submit = studio.kling.submit

    def slow(payload: Payload, commit: Callable[[], None]) -> Any:
        wish(studio, "kob-0", studio.clock.now(), "", PRICE)
        studio.journal.append("kob-0", sent(studio.clock.now()))
        return submit(payload, commit)

    studio.kling.submit = slow  # type: ignore[method-assign]
    studio.lanes[0].run_due()
    for lane in studio.lanes:
        lane.close()
    studio.journal.close()
    return studio.kling.creates == []
