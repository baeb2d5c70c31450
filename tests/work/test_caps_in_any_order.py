"""Limits in any order of wishes, deaths, failures and charges: what the service took never exceeds them.

The service keeps books of its own, which know nothing of the journal: what it charged for each task, of which project,
and when it was made. A real journal, and one or two processes that take turns and die.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kling_omni_addon.core.errors import NotSent
from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life import spending
from kling_omni_addon.core.life.events import Asker, Target
from kling_omni_addon.core.life.lifecycle import IllegalTransition, Phase
from kling_omni_addon.core.life.spending import Caps
from kling_omni_addon.core.payload import Payload
from kling_omni_addon.core.protocol import Status, TaskReport
from kling_omni_addon.work.lane import ASKING, FETCHING, SENDING, Lane
from tests.workshop.studio import ORIGIN, FakeKling, Studio, refusal

DAY_S, HOUR_S = 86_400.0, 3600.0
CAPS = Caps(daily=Decimal(10), project=Decimal(7))
FILM_A, FILM_A2, FILM_B = "/films/a/sh010_v001.blend", "/films/a/sh010_v002.blend", "/films/b_v3/sh010.blend"
PROJECTS = {
    ("Night", ""): "night",
    (" NIGHT", FILM_B): "night",
    ("", FILM_A): "a",
    ("", FILM_A2): "a",
    ("A", ""): "a",
    ("", FILM_B): "b",
    ("", ""): "",
}
"""Who asks, as name and .blend, and whose money it is."""
_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None


class Killed(BaseException):
    """kill -9, as far as one process can play it."""


@dataclass
class Wanted:
    """What somebody asked for, and what the service will make of it."""

    project: str
    price: Decimal
    outcome: str

    @property
    def charge(self) -> Decimal:
        """What the service takes, whether it says so or not."""
        shares = {"failed": Decimal(0), "cheaper": Decimal("0.5")}
        return self.price * shares.get(self.outcome, Decimal(1))


@dataclass
class Bookkeeper(FakeKling):
    """The service, which also takes an id twice. ``books`` has every task that it was paid for: whose, and when."""

    wanted: dict[str, Wanted] = field(default_factory=dict)
    books: list[tuple[str, float, Decimal]] = field(default_factory=list)
    death: str = ""
    during: Callable[[], None] | None = None

    def submit(self, payload: Payload, commit: Callable[[], None]) -> TaskReport:
        """Send, and perhaps die of it, or have another process send meanwhile."""
        death, self.death = self.death, ""
        during, self.during = self.during, None
        if during is not None:
            during()
        if death == "before the commit":
            raise Killed

        def and_die() -> None:
            commit()
            if death == "after the commit":
                raise Killed

        before = len(self.creates)
        try:
            report = super().submit(payload, and_die)
        finally:
            for own_id in self.creates[before:]:
                wanted = self.wanted[own_id]
                self.books.append((wanted.project, self.clock.now(), wanted.charge))
        if death:
            raise Killed
        return report

    def _report(self, external_task_id: str) -> TaskReport:
        report, wanted = super()._report(external_task_id), self.wanted[external_task_id]
        if report.status is not Status.SUCCEEDED:
            return report
        if wanted.outcome == "failed":
            return TaskReport(task_id=report.task_id, external_task_id=external_task_id, status=Status.FAILED)
        charge = "" if wanted.outcome == "unsaid" else str(wanted.charge)
        return TaskReport(
            task_id=report.task_id,
            external_task_id=external_task_id,
            created_at=report.created_at,
            status=Status.SUCCEEDED,
            link=report.link,
            charge_units=charge,
        )


class Company(Studio):
    """One journal and two processes of it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.kling: Bookkeeper = Bookkeeper(self.clock)
        self.others: list[Lane] = []
        self.begin_anew()

    def begin_anew(self) -> None:
        """The processes after those that died or ended."""
        self.close()
        self.restart(caps=CAPS, owner="elsewhere:1")
        self.others = [self.worker.lane(actions) for actions in (SENDING, ASKING, FETCHING)]
        for lane in self.lanes:
            lane.close()
        self.restart(caps=CAPS)

    def close(self) -> None:
        for lane in (*self.lanes, *self.others):
            lane.close()

    def ask(self, whose: tuple[str, str], price: str, outcome: str) -> None:
        own_id = f"kob-{len(self.kling.wanted)}"
        self.kling.wanted[own_id] = Wanted(PROJECTS[whose], Decimal(price), outcome)
        payload = Payload(external_task_id=own_id, model="m", pieces=("{}",))
        target, asker, now = Target(blend=whose[1]), Asker(project=whose[0].strip()), self.clock.now()
        self.journal.begin(
            ev.Intended(at=now, payload=payload, origin=ORIGIN, target=target, most_units=price, asker=asker)
        )

    def live(self, seconds: float) -> None:
        try:
            self.run(seconds)
        except Killed:
            self.begin_anew()

    def send_elsewhere_meanwhile(self) -> None:
        """The other process sends while this one uploads."""

        def send() -> None:
            for lane in self.others:
                lane.run_due()

        self.kling.during = send

    def meet(self, what: int | str) -> None:
        """The next send runs into that."""
        fault = refusal(what) if isinstance(what, int) else what or NotSent("no network")
        self.kling.trouble.setdefault("submit", []).append(fault)

    def die(self, moment: str) -> None:
        """This process dies of its next send."""
        self.kling.death = moment

    def send_again(self) -> None:
        """Somebody takes the risk for all that got no answer."""
        self._tell(Phase.PARKED, lambda at: ev.SendAgain(at=at))

    def resume(self) -> None:
        """Somebody goes on with all that is held."""
        self._tell(Phase.INTENDED, lambda at: ev.Released(at=at))

    def give_up(self) -> None:
        """Somebody stops waiting for an answer."""
        self._tell(Phase.UNANSWERED, lambda at: ev.Abandoned(at=at, reason="enough"))

    def sleep(self) -> None:
        """Nobody is there for more than half a day."""
        self.clock.time += 13 * HOUR_S

    def _tell(self, phase: Phase, event: Callable[[float], ev.Event]) -> None:
        for submission in self.journal.live():
            if submission.phase is phase:
                with suppress(IllegalTransition):
                    self.journal.append(submission.id, event(self.clock.now()))


Move = tuple[Any, ...]
MOVES: st.SearchStrategy[Move] = st.one_of(
    st.tuples(
        st.just("ask"),
        st.sampled_from(sorted(PROJECTS)),
        st.sampled_from(["1.8", "3", "4.5"]),
        st.sampled_from(["made", "made", "cheaper", "unsaid", "failed"]),
    ),
    st.tuples(st.just("live"), st.sampled_from([1.0, 70.0, 400.0])),
    st.tuples(st.just("meet"), st.sampled_from(["lost", "swallowed", 1302, 1303, 1301, 5000, ""])),
    st.tuples(st.just("die"), st.sampled_from(["before the commit", "after the commit", "after the create"])),
    st.sampled_from(["send_elsewhere_meanwhile", "send_again", "resume", "give_up", "sleep", "begin_anew"]).map(
        lambda name: (name,)
    ),
)


def play(company: Company, moves: Sequence[Move]) -> None:
    for name, *values in moves:
        getattr(company, name)(*values)
    for _ in range(3):  # whatever waits gets another chance to exceed something
        company.resume()
        company.live(300.0)


def excess(books: Sequence[tuple[str, float, Decimal]]) -> list[str]:
    """Whatever came to more than it may."""
    of_project = {
        project: sum((charge for whose, _, charge in books if whose == project), Decimal(0))
        for project in {project for project, _, _ in books}
    }
    of_day = {
        at: sum((charge for _, other, charge in books if at - DAY_S < other <= at), Decimal(0)) for _, at, _ in books
    }
    assert CAPS.project is not None
    assert CAPS.daily is not None
    return [
        *(f"project {name}: {spent}" for name, spent in of_project.items() if spent > CAPS.project),
        *(f"day before {at}: {spent}" for at, spent in of_day.items() if spent > CAPS.daily),
    ]


def exceeded_by(moves: Sequence[Move]) -> list[str]:
    with tempfile.TemporaryDirectory(dir=_MEMORY) as folder:
        company = Company(Path(folder))
        try:
            play(company, moves)
        finally:
            company.close()
            company.journal.close()
        return excess(company.kling.books)


@settings(max_examples=40)
@given(st.lists(MOVES, min_size=4, max_size=25))
def test_what_was_charged_never_exceeds_a_limit(moves: list[Move]) -> None:
    assert exceeded_by(moves) == []


MANY = [("ask", ("Night", ""), "3", "made")] * 4
LOST_AND_SENT_AGAIN = [
    *[("ask", ("Night", ""), "3", "made"), ("meet", "lost"), ("live", 70.0)],
    *[("ask", (" NIGHT", FILM_B), "3", "unsaid"), ("live", 400.0)] * 3,
]
DYING = [("ask", ("", FILM_A), "3", "made"), ("die", "after the create"), ("live", 400.0)] * 4
VERSIONS = [("ask", ("", FILM_A), "3", "made"), ("ask", ("", FILM_A2), "3", "made"), ("ask", ("A", ""), "3", "made")]


def unlimited(*_: object) -> None:
    """Nothing is too much."""


def by_file(one: spending.Bill, other: spending.Bill) -> bool:
    return one.blend == other.blend


def by_spelling(one: spending.Bill, other: spending.Bill) -> bool:
    return one == other


@pytest.mark.parametrize(
    ("moves", "where", "name", "mistake"),
    [
        (MANY, spending, "check_caps", unlimited),
        (VERSIONS, spending.Bill, "is_with", by_file),
        (LOST_AND_SENT_AGAIN, spending.Bill, "is_with", by_spelling),
        (DYING, spending, "spent_units", lambda s: Decimal(s.charge_units or 0)),
    ],
    ids=["no limits", "a project is a file", "a project is a spelling", "only what is said is spent"],
)
def test_a_mistake_would_exceed_one(
    moves: list[Move], where: Any, name: str, mistake: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert exceeded_by(moves) == []
    monkeypatch.setattr(where, name, mistake)
    assert exceeded_by(moves) != []
