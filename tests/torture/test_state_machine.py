"""Harness 5: whatever a user, the service and a kill do, in any order, over the public operations of a Session."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import Phase as HypothesisPhase
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from kling_omni_addon import session as session_module
from kling_omni_addon.core.errors import ArgumentsInvalid, ClipUnusable, LinkExpired, NotSent, Unanswered
from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life import lifecycle
from kling_omni_addon.core.life.events import Event, Target
from kling_omni_addon.core.life.lifecycle import IllegalTransition, Phase, Submission, submission_from
from kling_omni_addon.core.payload import Payload
from kling_omni_addon.core.protocol import TaskReport
from kling_omni_addon.core.request import OmniRequest
from kling_omni_addon.session import Session
from kling_omni_addon.settings import Keys, Settings
from kling_omni_addon.work import journal as journal_module
from kling_omni_addon.work import sending
from kling_omni_addon.work.lane import ASKING, FETCHING, SENDING, Lane
from tests.workshop.studio import FakeClock, FakeKling, refusal, unknown

DAY_S = 86_400.0
_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
SENDS = st.sampled_from(
    ["", "lost", "swallowed", "lost", "swallowed", NotSent("no network"), 1302, 1303, 1102, 1000, 1301, 5000]
)
_TROUBLES: dict[str, tuple[Any, ...]] = {
    "find": (unknown(), Unanswered("proxy"), 5000),
    "ask": (Unanswered("proxy"), unknown(), 1002, "unknown", "failed"),
    "list": (Unanswered("proxy"),),
    "fetch": (ClipUnusable("cut"), LinkExpired("403")),
}
TROUBLES = st.one_of(*(st.tuples(st.just(call), st.sampled_from(ways)) for call, ways in _TROUBLES.items()))
DEATHS = st.sampled_from(["before the commit", "after the commit", "after the create"])


class Killed(BaseException):
    """kill -9, as far as one process can play it: nothing that comes after it is carried out."""


class MortalKling(FakeKling):
    """The model service of the worker's tests; ``death`` is the moment of the next send at which the client dies."""

    death = ""

    def submit(self, payload: Payload, commit: Callable[[], None]) -> TaskReport:
        """Send, and perhaps die of it."""
        death, self.death = self.death, ""
        if death == "before the commit":
            raise Killed

        def and_die() -> None:
            commit()
            if death == "after the commit":
                raise Killed

        report = super().submit(payload, and_die)
        if death:
            raise Killed
        return report


class Life(RuleBasedStateMachine):
    """One journal, one service, one session after the other; time passes only where a rule says so."""

    ids = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp(prefix="kling-state-", dir=_MEMORY))
        self.clock = FakeClock()
        self.kling = MortalKling(self.clock)
        self.processes = 0
        self.wishes: list[str] = []
        self.patches = [
            mock.patch.object(session_module, "KlingService", return_value=self.kling),
            mock.patch.object(journal_module, "this_process", self._process),
        ]
        for patch in self.patches:
            patch.start()
        self._open()

    def _process(self) -> str:
        """A machine that cannot be asked whether the process lives: only time ends its leases."""
        return f"another-machine:{self.processes}"

    def _open(self) -> None:
        self.processes += 1
        keys = Keys(api_key="api-key-kling-canary")
        wanted = Settings(service_url="https://kling.example", keys=keys, home=self.home, clips=self.home / "clips")
        self.session = Session(wanted, self.clock)
        self.lanes: list[Lane] = [self.session._worker.lane(actions) for actions in (SENDING, ASKING, FETCHING)]

    def _drop(self) -> None:
        """Connections are closed, for the journal's file outlives them; leases stay."""
        for lane in self.lanes:
            lane.close()
        self.session._backup.stop()
        self.session._journal.close()

    def _run(self, seconds: float) -> None:
        end = self.clock.now() + seconds
        while self.clock.now() < end:
            try:
                pause_s = min(lane.run_due() for lane in self.lanes)
            except Killed:
                self._drop()
                self._open()
                continue
            self.clock.time += max(min(pause_s, end - self.clock.now()), 0.001)

    @rule(target=ids, goes_to=st.sampled_from(["", "Scene"]), trouble=SENDS)
    def submit(self, goes_to: str, trouble: Any) -> str:
        """Somebody wants a clip, and a send will meet with trouble."""
        request = OmniRequest(prompt="waves", mode="std", aspect_ratio="16:9", duration_s=3)
        submission = self.session.submit(request, Target(scene=goes_to))
        self.wishes.append(submission.id)
        if trouble:
            self._trouble("submit", trouble)
        return submission.id

    @rule(trouble=TROUBLES, times=st.integers(1, 4))
    def misbehave(self, trouble: tuple[str, Any], times: int) -> None:
        """The service will be in trouble with questions and downloads."""
        for _ in range(times):
            self._trouble(*trouble)

    def _trouble(self, call: str, way: Any) -> None:
        self.kling.trouble.setdefault(call, []).append(refusal(way) if isinstance(way, int) else way)

    @rule(seconds=st.sampled_from([0.5, 5.0, 30.0, 100.0, 250.0, 1000.0]), resumes=st.booleans())
    def let_time_pass(self, seconds: float, resumes: bool) -> None:
        """The worker works; the user may say before: go on."""
        if resumes:
            self.session.release()
        self._run(seconds)

    @rule(moment=DEATHS)
    def die_in_the_next_send(self, moment: str) -> None:
        """The next send will be the process's last act."""
        self.kling.death = moment

    @rule()
    def kill(self) -> None:
        """kill -9, and a new process on the same journal, whose leases are still the dead one's."""
        self._drop()
        self._open()

    @rule()
    def close_and_open(self) -> None:
        """A polite end and a new start."""
        for lane in self.lanes:
            lane.close()
        self.session.close()
        self._open()

    @rule(submission_id=ids, act=st.sampled_from(["look_again", "send_again", "abandon"]))
    def decide(self, submission_id: str, act: str) -> None:
        """A decision of the user's, possible now or not."""
        with suppress(ArgumentsInvalid):
            getattr(self.session, act)(submission_id)

    @rule(submission_id=ids)
    def withdraw(self, submission_id: str) -> None:
        """Given up, if it was certainly never sent: then the service has no task for it."""
        if self.session.withdraw(submission_id, "Not wanted any more.", 4):
            assert submission_id not in self.kling.creates

    @rule(submission_id=ids)
    def place(self, submission_id: str) -> None:
        """Put on the timeline, if there is a clip."""
        with suppress(IllegalTransition):
            self.session.placed(submission_id, "Scene", "strip")

    @invariant()
    def nothing_is_paid_twice(self) -> None:
        """Creates and the user's Send Again, counted from both sides."""
        for submission_id in self.wishes:
            again = sum(1 for event in self._history(submission_id) if isinstance(event, ev.SendAgain))
            assert self.kling.creates.count(submission_id) <= 1 + again

    @invariant()
    def everything_has_a_state_and_a_reason(self) -> None:
        """Every wish is in the journal, its row agrees with its events, and what waits or has ended says why."""
        for submission in self._submissions():
            assert submission == submission_from(self._history(submission.id))
            if submission.needs_a_person or submission.phase in (Phase.FAILED, Phase.ABANDONED):
                assert submission.problem

    @invariant()
    def what_was_paid_is_found_or_still_looked_for(self) -> None:
        """A task of ours never ends as "failed" while the service has made it, nor as "never sent"."""
        for submission in self._submissions():
            if submission.phase is Phase.FAILED and submission.id in self.kling.creates:
                assert "risk control" in submission.problem, submission

    def teardown(self) -> None:
        """In the end the service behaves, and everything that was wished for settles; clips are whole."""
        try:
            self._end_well()
        finally:
            self._drop()
            for patch in self.patches:
                patch.stop()
            shutil.rmtree(self.home, ignore_errors=True)

    def _end_well(self) -> None:
        self.kling.trouble.clear()
        self.kling.death = ""
        # A refusal is checked first, for a minute after a dead process's lease has run out, and only then holds what
        # Resume can let go on.
        for seconds in (1000.0, DAY_S / 12):
            self.session.release()
            self._run(seconds)
        for submission in self._submissions():
            assert submission.is_settled, submission
            if submission.phase in (Phase.FETCHED, Phase.PLACED):
                assert Path(submission.clip).read_bytes() == b"clip"
            if submission.phase is Phase.PARKED:
                assert submission.id not in self.kling.tasks
        self.nothing_is_paid_twice()

    def _submissions(self) -> tuple[Submission, ...]:
        self.session.snapshot.refresh()
        found = {s.id: s for s in self.session.snapshot.submissions}
        assert set(found) == set(self.wishes)
        return tuple(found.values())

    def _history(self, submission_id: str) -> tuple[Event, ...]:
        return self.session._journal.history(submission_id)


_QUICK = settings(max_examples=40, stateful_step_count=25)
TestLife = Life.TestCase
TestLife.settings = _QUICK


def test_the_machine_finds_a_planted_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost answer taken for a proof that nothing was sent, and no look before the next send."""
    mistaken = {**lifecycle.TRANSITIONS, ev.Unanswered: {Phase.UNANSWERED: Phase.INTENDED}}
    monkeypatch.setattr(lifecycle, "TRANSITIONS", mistaken)
    monkeypatch.setattr(sending, "_task_there", lambda turn: None)
    generate_only = settings(
        _QUICK, max_examples=300, phases=[HypothesisPhase.generate], database=None, derandomize=True
    )
    with pytest.raises(AssertionError, match=r"assert 2 <= \(1 \+ 0\)"):
        run_state_machine_as_test(Life, settings=generate_only)
