"""The worker with a model of the service, in virtual time: real journal, no threads, no sleeping."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue

from kling_omni_addon.core.errors import (
    CredentialsRefused,
    KlingError,
    NotSent,
    Reaction,
    Refused,
    TaskUnknown,
    Unanswered,
)
from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life.events import Origin, Target
from kling_omni_addon.core.life.lifecycle import Submission
from kling_omni_addon.core.life.spending import Caps
from kling_omni_addon.core.payload import Payload
from kling_omni_addon.core.protocol import REACTIONS, Status, TaskReport
from kling_omni_addon.work.assignment import Assignment
from kling_omni_addon.work.crew import Progress
from kling_omni_addon.work.journal import Journal
from kling_omni_addon.work.lane import ASKING, FETCHING, SENDING
from kling_omni_addon.work.worker import Worker

ORIGIN = Origin(service="https://kling.example", key_fingerprint="f00")


class FakeClock:
    """Time that passes only when somebody waits."""

    def __init__(self) -> None:
        self.time = 1_000_000.0

    def now(self) -> float:
        return self.time

    def wall(self) -> float:
        return self.time

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        self.time += max(timeout_s, 0.001)
        return event.is_set()


class HurriedClock(FakeClock):
    """Time that passes faster than it does, for threads."""

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        event.wait(0.002)
        return super().wait(event, timeout_s)


@dataclass
class FakeClip:
    path: Path
    sha256: str = "c" * 64
    size_bytes: int = 4


def refusal(code: int) -> Refused:
    kind = CredentialsRefused if code < 1005 else Refused
    return kind(f"refused {code}", code=code, http_status=429, reaction=REACTIONS[code])


def unknown() -> TaskUnknown:
    return TaskUnknown("not found", code=1201, http_status=400, reaction=Reaction.CHANGE_REQUEST)


@dataclass
class FakeKling:
    """A small service with a memory. ``trouble`` is what the next calls of a kind run into, one item per call. Those of
    ``nameless`` it was told no id of ours of.
    """

    clock: FakeClock
    makes_s: float = 60.0
    trouble: dict[str, list[KlingError | str]] = field(default_factory=dict)
    tasks: dict[str, float] = field(default_factory=dict)
    creates: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    nameless: set[str] = field(default_factory=set)

    def submit(self, payload: Payload, commit: Callable[[], None]) -> TaskReport:
        fault = self._call("submit")
        if isinstance(fault, NotSent):
            raise fault
        commit()
        if isinstance(fault, KlingError):
            raise fault
        if fault != "swallowed":
            self.creates.append(payload.external_task_id)
            self.tasks[payload.external_task_id] = self.clock.now()
            self.nameless |= set() if payload.has_own_id else {payload.external_task_id}
        if fault:
            raise Unanswered("no answer")
        return self._report(payload.external_task_id)

    def find(self, external_task_id: str) -> TaskReport:
        fault = self._call("find")
        if isinstance(fault, KlingError):
            raise fault
        if external_task_id not in self.tasks or external_task_id in self.nameless:
            raise unknown()
        return self._report(external_task_id)

    def ask(self, task_id: str) -> TaskReport:
        fault = self._call("ask")
        if isinstance(fault, KlingError):
            raise fault
        if fault:
            return TaskReport(task_id=task_id, status=Status(fault), message="risk control")
        return self._report(task_id.removeprefix("task of "))

    def speaking(self, _dialect: str) -> FakeKling:
        return self

    def find_by_either(self, known_as: str) -> TaskReport:
        return self.find(known_as)

    def ask_together(self, _task_ids: Sequence[str]) -> tuple[TaskReport, ...]:
        return self.recent()

    def recent(self) -> tuple[TaskReport, ...]:
        fault = self._call("recent")
        if isinstance(fault, KlingError):
            raise fault
        return tuple(self._report(external_task_id) for external_task_id in self.tasks)

    def list_tasks(self) -> Iterator[TaskReport]:
        fault = self._call("list")
        if isinstance(fault, KlingError):
            raise fault
        yield from map(self._report, self.tasks)

    def fetch(self, report: TaskReport, target: Path, on_bytes: Callable[[int, int | None], None]) -> FakeClip:
        fault = self._call("fetch")
        if isinstance(fault, KlingError):
            raise fault
        on_bytes(4, 4)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(b"clip")
        return FakeClip(target)

    def _report(self, external_task_id: str) -> TaskReport:
        is_done = self.clock.now() >= self.tasks[external_task_id] + self.makes_s
        return TaskReport(
            task_id=f"task of {external_task_id}",
            external_task_id="" if external_task_id in self.nameless else external_task_id,
            created_at=self.tasks[external_task_id],
            status=Status.SUCCEEDED if is_done else Status.PROCESSING,
            link="https://cdn.example/secret-link" if is_done else "",
            charge_units="3",
        )

    def _call(self, kind: str) -> KlingError | str | None:
        self.calls.append(kind)
        waiting = self.trouble.get(kind, [])
        return waiting.pop(0) if waiting else None


class Studio:
    """A journal, a service and a worker whose lanes take turns."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "journal.sqlite3"
        self.clips = folder / "clips"
        self.clock = FakeClock()
        self.kling = FakeKling(self.clock)
        self.journal = Journal(self.path)
        self.messages: SimpleQueue[Progress] = SimpleQueue()
        self.restart()

    def restart(self, owner: str | None = None, concurrency: int | None = None, caps: Caps | None = None) -> None:
        self.worker = Worker(
            open_service=lambda: self.kling,
            open_journal=lambda: Journal(self.path, owner),
            clock=self.clock,
            assignment=Assignment(origin=ORIGIN, clips=self.clips, concurrency=concurrency, caps=caps or Caps()),
            messages=self.messages,
        )
        self.lanes = [self.worker.lane(actions) for actions in (SENDING, ASKING, FETCHING)]

    def intend(self, number: int = 1, origin: Origin = ORIGIN, *, has_own_id: bool = True) -> str:
        own_id = f"kob-{number}"
        payload = Payload(external_task_id=own_id, model="kling-v3-omni", pieces=("{}",), has_own_id=has_own_id)
        target = Target(name="Alley, night/1")
        self.journal.begin(ev.Intended(at=self.clock.now(), payload=payload, origin=origin, target=target))
        return payload.external_task_id

    def run(self, seconds: float) -> None:
        end = self.clock.now() + seconds
        while self.clock.now() < end:
            pause_s = min(lane.run_due() for lane in self.lanes)
            self.clock.time += max(min(pause_s, end - self.clock.now()), 0.001)

    def submission(self, submission_id: str = "kob-1") -> Submission:
        found = self.journal.load(submission_id)
        assert found is not None
        return found

    def kinds(self, submission_id: str = "kob-1") -> list[str]:
        return [type(event).__name__ for event in self.journal.history(submission_id)]
