"""One history: a few submissions, one or two processes that die and come back, a user, and a service in a bad mood.

Everything is drawn from the seed, time is virtual, and there are no threads: lanes take turns, and while one of them is
inside a call the others, the second process and the user may run within it, which is every interleaving that matters.
"""

from __future__ import annotations

import logging
import math
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, partial
from heapq import heappop, heappush, heapreplace
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from random import Random
from typing import Any, TypeAlias, cast

from kling_omni_addon.core import protocol
from kling_omni_addon.core.capability import DIALECTS, LEGACY, NEW
from kling_omni_addon.core.errors import ClipGone, ClipUnusable, JournalUnusable, LinkExpired
from kling_omni_addon.core.life import events as ev
from kling_omni_addon.core.life import lifecycle
from kling_omni_addon.core.life.events import Event, Origin, Target
from kling_omni_addon.core.life.lifecycle import Action, IllegalTransition, Phase, Submission
from kling_omni_addon.core.payload import Payload
from kling_omni_addon.core.protocol import TaskReport
from kling_omni_addon.remote import service as service_module
from kling_omni_addon.remote.clips import Clip, Reception
from kling_omni_addon.remote.service import KlingService
from kling_omni_addon.remote.token import ApiKey
from kling_omni_addon.work.assignment import Assignment
from kling_omni_addon.work.crew import Progress
from kling_omni_addon.work.journal import AlreadyThere, Journal
from kling_omni_addon.work.lane import ASKING, FETCHING, IDLE_S, SENDING, Lane
from kling_omni_addon.work.leases import Lease
from kling_omni_addon.work.picture_store import PictureStore
from kling_omni_addon.work.worker import Worker

from .kling import CLIP_LIFE_S, LINK_LIFE_S, Kling, Wire
from .troubles import Troubles
from .twin import Disk, JournalTwin
from .words import NEW_CREATE_PATH, OTHER

WINDOW_S = lifecycle.LOOK_WINDOW_S
ORIGIN = Origin(service="https://kling.example", key_fingerprint="f00")
STUMBLE_S = 30.0
START = 1_700_000_000.0
MOST_CALLS = 3000
LONGEST_S = 3 * 86_400.0
MIXED = "mixed"
SPOKEN = (*DIALECTS, MIXED)
"""The dialects that a history can be played in. ``legacy``: as it was before there were two, to the last draw."""
MOVES = (
    *("legacy alone", "new alone", "both", "the preference changes", "lives of both", "tasks of both alive"),
    *("the new one asked where the legacy one is preferred", "the legacy one asked where the new one is preferred"),
)
"""What a history can make of the two dialects (coverage)."""
_BOTH = 0.3
_ELSE = 0.25
_DEPTH = 2
_AGAIN_S = 60.0
_SCENES = ("", "", "Scene")
_BLENDS = ("", "/a.blend")
_LARGE = "x" * 300_000
_KEY = ApiKey(key="simulated")
_PICTURES = PictureStore(Path("/nonexistent"))
_SHA256 = "c" * 64
_CLIPS = Path(tempfile.gettempdir())  # a folder that takes files: nothing is kept in it


Planned: TypeAlias = tuple[float, int, int, Callable[[], None], bool]
"""When, how many were planned already, the running number of the plan, what to do, and whether it is an errand: an act
that is of no use while nobody is there, and is tried again every minute.
"""


class Died(BaseException):
    """The process is gone: nothing of it runs any more, not even its handlers."""


class Violation(BaseException):
    """A promise was broken; nothing of the product may catch it and go on."""


@contextmanager
def wired() -> Iterator[None]:
    """The product with the model's wire in place of sockets, short list pages and no log; where a lane would step over
    a mistake of our own and go on, the mistake is a finding.
    """
    http, size, stumble = service_module.Http, protocol.PAGE_SIZE, Lane._stumble
    Lane._stumble = _raised  # type: ignore[method-assign,assignment]
    service_module.Http, protocol.PAGE_SIZE = cast(Any, Wire), 3
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        service_module.Http, protocol.PAGE_SIZE = http, size
        Lane._stumble = stumble  # type: ignore[method-assign]
        logging.disable(logging.NOTSET)


def _raised(_lane: Lane, _submission: Submission, _lease: Lease, _action: Action, error: Exception) -> None:
    raise error


class ModelledService(KlingService):
    """The real service over the model's wire; only the download is modelled here."""

    def __init__(self, process: Process) -> None:
        super().__init__(
            base_url=ORIGIN.service,
            credentials=_KEY,
            pictures=_PICTURES,
            now=process.now,
            user_agent="simulation",
            dialect=process.dialect,
        )
        self._process = process
        cast(Wire, self._http).join(process.story.kling, process)

    def speaking(self, dialect: str) -> KlingService:
        """As ever; it is counted where it is not the one that the user prefers."""
        if dialect != self._process.dialect:
            self._process.story.moves[
                f"the {dialect} one asked where the {self._process.dialect} one is preferred"
            ] += 1
        return super().speaking(dialect)

    def fetch(self, report: TaskReport, target: Path, reception: Reception) -> Clip:
        """A download of ten bytes that may be refused, break, start over or fill the disk."""
        self._process.step("before download")
        if not (reception.named and self._process.story.chance.random() < 0.5):  # it may have its name already
            self._check_link(report)
            self._receive(reception)
            reception.naming(str(target), _SHA256)
        self._process.step("after download")
        return Clip(path=target, sha256=_SHA256, size_bytes=10)

    def _check_link(self, report: TaskReport) -> None:
        story = self._process.story
        if not report.link:
            raise ClipUnusable("no link")
        asked_at, made_at = (float(part) for part in report.link.rsplit("/", 2)[1:])
        if story.kling.now > made_at + CLIP_LIFE_S:
            raise ClipGone("404")
        if story.troubles.strike("slow call"):
            self._process.spend(50.0)
        is_old = story.kling.now > asked_at + LINK_LIFE_S
        if is_old or story.troubles.strike("link expired"):
            raise LinkExpired("403")

    def _receive(self, reception: Reception) -> None:
        story = self._process.story
        kept = reception.received if reception.etag and not story.troubles.strike("download starts over") else 0
        if not kept:
            reception.began('"e"', 10)
        if story.troubles.strike("download broken"):
            raise ClipUnusable("cut")
        reception.kept(max(kept, 5))
        if story.troubles.strike("download broken"):
            raise ClipUnusable("cut")
        if story.troubles.strike("disk full in the download"):
            raise OSError(28, "No space left on device")
        if story.troubles.strike("folder gone"):
            raise story.chance.choice((FileNotFoundError, NotADirectoryError, PermissionError))(2, "gone")
        reception(10, 10)


@dataclass(eq=False)
class Seat:
    """A lane and when it looks again."""

    lane: Lane
    actions: frozenset[Action]
    process: Process
    wake_at: float
    is_busy: bool = False
    began_seq: int = 0


class Process:
    """One life of one process: from its start to its death, with a wall clock of its own.

    It is the worker's clock, the journal's watch and the wire's caller.
    """

    def __init__(self, story: Story, owner: str, dialect: str) -> None:
        self.story = story
        self.owner = owner
        self.origin = story.origin
        self.dialect = dialect
        self.is_alive = True
        self.frozen = 0
        self.skew_s = self.slept_s = 0.0
        chance = story.chance
        if story.troubles.strike("wall clock off"):
            self.skew_s = chance.choice((-3600.0, 3600.0, -90_000.0, 90_000.0, -START + 5.0))
        self.fuse = chance.randint(1, chance.choice((12, 60))) if story.troubles.strike("crash") else 0
        self.in_hand: set[str] = set()
        self.worker = worker = Worker(
            open_service=lambda: ModelledService(self),
            open_journal=lambda: cast(Journal, story.open_journal(self)),
            clock=self,
            assignment=Assignment(origin=story.origin, clips=_CLIPS, dialect=self.dialect),
            messages=SimpleQueue[Progress](),
        )
        lanes = (SENDING, SENDING, ASKING, FETCHING)[chance.randint(0, 1) :]
        self.seats = [Seat(worker.lane(actions), actions, self, story.kling.now) for actions in lanes]
        self.journal = story.open_journal(self)
        over = f" over the {self.dialect} API" if story.is_of_both else ""
        story.tell(f"{owner} starts{over}" + (f", its clock off by {self.skew_s:g} s" if self.skew_s else ""))

    # the clock

    def now(self) -> float:
        return self.story.kling.now + self.skew_s - self.slept_s

    def wall(self) -> float:
        return self.story.kling.now + self.skew_s

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        raise AssertionError("lanes do not wait")

    # the caller

    def step(self, where: str) -> None:
        """A moment at which the process may die."""
        if self.is_alive and self.fuse and not self.story.troubles.is_over:
            self.fuse -= 1
            if not self.fuse:
                self.story.steps[where] += 1
                self.die(where)
        if not self.is_alive:
            raise Died

    def die(self, where: str) -> None:
        self.is_alive = False
        self.story.tell(f"{self.owner} dies: {where}")
        self.story.after_death(self)

    def spend(self, seconds: float) -> None:
        """Time passes inside a call; the other lanes go on."""
        self.story.pass_time(seconds)
        self.step("while waiting")

    def freeze(self, seconds: float) -> None:
        """Time passes, and nothing of this process runs."""
        self.story.tell(f"{self.owner} is frozen for {seconds:g} s")
        self.frozen += 1
        self.story.pass_time(seconds)
        self.frozen -= 1
        self.step("while frozen")

    def suspend(self, seconds: float) -> None:
        """The machine sleeps; where its steady clock stops meanwhile, the process is behind from then on."""
        self.freeze(seconds)
        if self.story.chance.random() < 0.5:
            self.slept_s += seconds

    def body_begins(self, external_id: str) -> None:
        self.story.judge.body_begins(self, external_id)

    def last_byte_leaves(self, external_id: str, path: str, body: bytes) -> None:
        self.story.judge.last_byte_leaves(self, external_id, path, body)

    def refused_by_account(self, external_id: str) -> None:
        self.story.judge.refused_by_account(self, external_id)

    # the journal's watch

    def before_append(self, submission_id: str, event: Event) -> None:
        self.step(f"before {type(event).__name__}")
        if self.story.troubles.strike("journal refuses"):
            self.story.judge.not_recorded()
            raise JournalUnusable("the disk is full")

    def after_append(self, submission_id: str, before: Submission | None, event: Event) -> None:
        self.story.recorded(self, submission_id, before, event)
        if self.story.troubles.strike("journal refuses but has it"):
            raise JournalUnusable("input/output error")
        self.step(f"after {type(event).__name__}")

    def claimed(self, submission: Submission) -> None:
        self.story.judge.claimed(self, submission)

    def fenced(self) -> None:
        self.story.judge.not_recorded()


@dataclass(eq=False)
class Story:
    """One history from its seed.

    ``dialect`` is one of :data:`SPOKEN`. In a mixed one a chance of its own, ``tongue``, says which API the user
    prefers, whether that changes on the way, and what goes wrong that only two dialects can do. So a seed is much the
    same story in each of them, and in ``legacy`` the one that it always was.
    """

    seed: int
    dialect: str = MIXED
    is_told: bool = False
    lines: list[str] = field(default_factory=list)
    steps: Counter[str] = field(default_factory=Counter)
    acts: Counter[str] = field(default_factory=Counter)
    transitions: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Event, phase, and the dialect of the submission."""
    moves: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        from .judge import Judge

        self.chance = Random(self.seed)
        self.tongue = Random(f"the dialect of {self.seed}")
        is_mixed = self.dialect == MIXED
        self.preferred = self.tongue.choice(DIALECTS) if is_mixed else self.dialect
        self.is_of_both = self.tongue.random() < _BOTH and is_mixed
        self.tidying = Random(f"the files of {self.seed}")  # of its own, too: what else happens stays the same
        self.troubles = Troubles(self.chance, None if self.dialect == LEGACY else self.tongue)
        self.kling = Kling(self.chance, self.troubles, START, self.tongue)
        self.spoken = "both" if self.is_of_both else f"{self.preferred} alone"
        self.moves[self.spoken] += 1
        if self.spoken != "legacy alone":
            self.kling.strangers = self.tongue.choice((0, 0, 3, 8))
        self.disk = Disk()
        self.origin = ORIGIN
        self.judge = Judge(self)
        self.processes: list[Process] = []
        self.planned: list[Planned] = []
        self._numbers = count()
        self.running: list[Seat] = []
        self._depth = 0
        self._dead: set[str] = set()
        self._lives = 0

    # telling

    def tell(self, line: str) -> None:
        if self.is_told:
            self.lines.append(f"{self.kling.now - START:9.2f} {'  ' * self._depth}{line}")

    def recorded(self, process: Process, submission_id: str, before: Submission | None, event: Event) -> None:
        """An event is on disk: everybody looks at the journal."""
        if before is not None:
            self.transitions[type(event).__name__, before.phase, before.payload.dialect] += 1
        elif self.is_of_both:
            alive = {s.payload.dialect for s in self.submissions() if not s.is_over}
            self.moves["tasks of both alive"] += len(alive) > 1
        if self.is_told:
            self.tell(f"{process.owner}: {submission_id} {event}")
        wanted = self._lanes_wanted(self.disk.records[submission_id].submission.phase)
        for other in self.processes:
            at = self.kling.now + (0.0 if other is process else 1.0)
            for seat in other.seats:
                if seat.actions in wanted and seat.wake_at > at:
                    seat.wake_at = at
        self.judge.recorded(process, submission_id, before, event)

    def _lanes_wanted(self, phase: Phase) -> list[frozenset[Action]]:
        """Which lanes may have something to do now; to wake the others would only cost time."""
        wanted = [SENDING] if any(s.phase is Phase.INTENDED for s in self.submissions()) else []
        if phase in (Phase.UNANSWERED, Phase.ACCEPTED):
            wanted.append(ASKING)
        elif phase is Phase.READY:
            wanted.append(FETCHING)
        return wanted

    # the plot

    def play(self) -> None:
        """The whole history. Raises :class:`Violation`."""
        over = "" if self.dialect == LEGACY else f"; {self.spoken}"
        self.tell(f"seed {self.seed}: {self.troubles}; {'lax' if self.kling.is_lax else 'refuses duplicates'}{over}")
        chance = self.chance
        self.start_process("here:1")
        if self.troubles.strike("second process"):
            self.plan(chance.uniform(0.0, 300.0), lambda: self.start_process("elsewhere:1"))
        for number in range(1, chance.choice((1, 1, 1, 2, 2, 3, 5)) + 1):
            self.plan(chance.choice((0.0, 0.0, 1.0, 30.0)), partial(self.intend, number), is_errand=True)
        storm_s = chance.choice((30.0, 120.0, 400.0, 900.0))
        for _ in range(chance.randint(0, 4)):
            self.plan(chance.uniform(0.0, storm_s), self.user_acts)
        for _ in range(self.tidying.choice((0, 0, 1, 2))):
            self.plan(self.tidying.uniform(0.0, 2 * storm_s), self.lose_a_clip)
        if self.troubles.strike("clean end"):
            self.plan(chance.uniform(0.0, storm_s), self.end_cleanly)
        if self.is_of_both:
            for _ in range(self.tongue.randint(1, 2)):
                self.plan(self.tongue.uniform(0.0, storm_s), self.change_preference)
        self.run(self.kling.now + storm_s)
        self._settle()

    def _settle(self) -> None:
        """The trouble is over: what remains is driven to its end."""
        self.troubles.is_over = True
        self.tell("the trouble is over")
        self.run(self.kling.now + 40 * 86_400.0, until=lambda: not self.planned)
        if not any(p.is_alive for p in self.processes):
            self.start_process("here:last")
        if self.chance.random() < 0.7:
            self.for_each(Phase.INTENDED, lambda s: ev.Released(at=0.0) if s.is_held else None)
        self.for_each(Phase.INTENDED, lambda s: ev.Released(at=0.0) if self._waits_for_another_key(s) else None)
        self._until_settled()
        for phase in (Phase.INTENDED, Phase.READY):
            self.for_each(phase, lambda s: ev.Released(at=0.0) if s.is_set_aside else None)
        self._until_settled()
        last = max((task.made_at for task in self.kling.tasks), default=0.0)
        self.run(max(self.kling.now, last))
        made = {task.external_id for task in self.kling.tasks}
        self.judge.before_looking_again()
        self.for_each(Phase.PARKED, lambda s: ev.LookAgain(at=0.0) if s.id in made else None)
        if any(s.sends and s.phase is Phase.INTENDED and s.id in made for s in self.submissions()):
            # Held before its next send: what became of the one before is looked for once the user says Resume.
            self.for_each(Phase.INTENDED, lambda s: ev.Released(at=0.0) if s.is_held else None)
        self._until_settled()
        self.for_each(Phase.FETCHED, lambda s: ev.Placed(at=0.0, scene="Scene", strip="s") if s.target.scene else None)
        self.for_each(Phase.PLACED, lambda s: ev.Placed(at=0.0, scene="Scene", strip="s2"))
        self.judge.verdict()

    def _waits_for_another_key(self, submission: Submission) -> bool:
        has_key = any(process.origin == submission.origin for process in self._able())
        return submission.may_take_any_key and not submission.is_held and not has_key

    def _until_settled(self) -> None:
        for process in self._able():  # what Resume does for what was sent with other keys
            process.worker.ask_again_for_other_keys()
        self.run(self.kling.now + LONGEST_S, until=self.is_settled)
        if not self.is_settled():
            stuck = [(s.id, s.phase.value, s.problem) for s in self.submissions() if not s.is_settled]
            raise Violation(f"never settled: {stuck}")

    def is_settled(self) -> bool:
        going_on = [s for s in self.submissions() if not s.is_settled and not self._is_out_of_reach(s)]
        if not going_on:
            return True
        is_held = any(s.is_held and not s.is_over for s in self.submissions())
        return is_held and all(s.phase is Phase.INTENDED for s in going_on)

    def _is_out_of_reach(self, submission: Submission) -> bool:
        """Whether it was sent with a key that nobody has any more, and the account knows nothing of it."""
        has_key = any(process.origin == submission.origin for process in self._able())
        return not has_key and all(task.external_id != submission.id for task in self.kling.tasks)

    def submissions(self) -> list[Submission]:
        return [record.submission for record in self.disk.records.values()]

    # time

    def plan(self, delay_s: float, act: Callable[[], None], *, is_errand: bool = False) -> None:
        planned = (self.kling.now + delay_s, len(self.planned), next(self._numbers), act, is_errand)
        heappush(self.planned, planned)

    def pass_time(self, seconds: float) -> None:
        """Time passes inside a call of one lane."""
        end = self.kling.now + seconds
        if self._depth < _DEPTH:
            self.run(end)
        self.kling.now = max(self.kling.now, end)

    def run(self, end: float, until: Callable[[], bool] | None = None) -> None:
        """Let everybody do what is due until ``end``."""
        self._depth += 1
        kling, planned = self.kling, self.planned
        while until is None or not until():
            seat = self._next_seat()
            if seat is None and not self._able():
                self._run_errands_in_vain(end)
            acts_at = planned[0][0] if planned else math.inf
            at = min(seat.wake_at, acts_at) if seat else acts_at
            if at > end:
                kling.now = max(kling.now, end)
                break
            kling.now = max(kling.now, at)
            if acts_at <= at:
                heappop(planned)[3]()
            elif seat is not None:
                self._let_run(seat)
        self._depth -= 1

    def _next_seat(self) -> Seat | None:
        """The free seat that looks first; the first of several."""
        first: Seat | None = None
        for process in self.processes:
            if process.is_alive and not process.frozen:
                for seat in process.seats:
                    if not seat.is_busy and (first is None or seat.wake_at < first.wake_at):
                        first = seat
        return first

    def _run_errands_in_vain(self, end: float) -> None:
        """What :meth:`run` would do while nobody is there, only faster: a month has 44,640 minutes."""
        now, planned, ahead = self.kling.now, self.planned, len(self.planned) - 1
        while planned and planned[0][4] and planned[0][0] <= end:
            at, _, _, act, _ = planned[0]
            now = max(now, at)
            _pass_over_errand(self.chance)
            heapreplace(planned, (now + _AGAIN_S, ahead, next(self._numbers), act, True))
        self.kling.now = now

    def _let_run(self, seat: Seat) -> None:
        if self.kling.calls > MOST_CALLS:
            raise Violation(f"hammering: more than {MOST_CALLS} calls")
        seat.is_busy, seat.began_seq = True, self.disk.last_seq
        self.running.append(seat)
        seat.wake_at = math.inf
        pause_s, began_at = STUMBLE_S, self.kling.now
        try:
            pause_s = seat.lane.run_due()
        except Died:
            if seat.process.is_alive:
                raise
            return
        except JournalUnusable:
            pass  # the worker's outermost line logs it and goes on after a pause
        finally:
            seat.is_busy = False
            self.running.pop()
        self._plan_next_look(seat, pause_s, began_at)

    def _plan_next_look(self, seat: Seat, pause_s: float, began_at: float) -> None:
        longest_s = 20.0 if len(self.processes) > 1 else 3600.0  # leases want renewing
        self._spun = self._spun + 1 if pause_s <= 0 and self.disk.last_seq == self._seq else 0
        self._seq = self.disk.last_seq
        if self._spun > 300:
            raise Violation("a lane spins without doing anything")
        if pause_s <= 0 and self.kling.now > began_at:
            for other in seat.process.seats:  # what it had in hand may be free now
                other.wake_at = min(other.wake_at, self.kling.now + IDLE_S)
        if pause_s > 0:
            pause_s = max(0.001, pause_s)  # a wait too short for the clock's digits would never be over
        seat.wake_at = min(seat.wake_at, self.kling.now + min(pause_s, longest_s))

    _spun = 0
    _seq = 0

    # processes

    def open_journal(self, process: Process) -> JournalTwin:
        return JournalTwin(self.disk, process.owner, self._dead.__contains__, process)

    def start_process(self, owner: str, dialect: str = "") -> None:
        self._dead.discard(owner)
        if self.processes or self._lives:
            self._replace_key()
        if self.is_of_both and not dialect:  # two machines, and two lives, may have two preferences
            dialect = self.tongue.choice(DIALECTS)
        self.processes.append(Process(self, owner, dialect or self.preferred))
        self.moves["lives of both"] += len({process.dialect for process in self.processes}) > 1

    def change_preference(self) -> None:
        """The user chooses the other API: whatever is not in the middle of something ends and comes back with it."""
        free = [p for p in self.processes if not p.frozen and not any(seat.is_busy for seat in p.seats)]
        for process in free:
            self.moves["the preference changes"] += 1
            process.journal.give_up()
            process.is_alive = False
            self.processes.remove(process)
            self._dead.add(process.owner)
            self._lives += 1
            machine = process.owner.partition(":")[0]
            self.start_process(f"{machine}:{self._lives + 1}", OTHER[process.dialect])

    def _replace_key(self) -> None:
        """Whoever starts from now on has another key of the same account."""
        if self.troubles.strike("key replaced"):
            self.origin = replace(ORIGIN, key_fingerprint=f"f{self._lives + 1}")
            self.tell(f"the key is replaced: {self.origin.key_fingerprint}")

    def after_death(self, process: Process) -> None:
        """It comes back some time later, under a new name or, seldom, under its old one."""
        self.processes.remove(process)
        if not self.troubles.strike("death not seen"):
            self._dead.add(process.owner)
        self._lives += 1
        machine = process.owner.partition(":")[0]
        is_same = self.troubles.strike("owner's name used again")
        owner = process.owner if is_same else f"{machine}:{self._lives + 1}"
        delay_s = self.chance.choice((0.0, 3.0, 50.0, 200.0, 3600.0))
        if self.troubles.strike("away for a month"):
            delay_s = 31 * 86_400.0
        self.plan(delay_s, lambda: self.start_process(owner))

    def end_cleanly(self) -> None:
        """The user closes the program, unless it is in the middle of something."""
        for process in list(self.processes):
            if not any(seat.is_busy for seat in process.seats):
                process.journal.give_up()
                process.die("clean end")
                return

    # the user

    def intend(self, number: int) -> None:
        is_large, scene, blend = _drawn_errand(self.chance)
        target = Target(blend=blend, scene=scene, name="shot")
        self.as_user(
            lambda process: process.journal.begin(
                ev.Intended(
                    at=process.now(),
                    payload=payload_of(number, self._dialect_at(process), is_large=is_large),
                    origin=process.origin,
                    target=target,
                )
            ),
            otherwise=lambda: self.plan(_AGAIN_S, partial(self.intend, number), is_errand=True),
        )

    def _dialect_at(self, process: Process) -> str:
        """That of its preferences, or another that was given with the one request (``--dialect``)."""
        return OTHER[process.dialect] if self.is_of_both and self.tongue.random() < _ELSE else process.dialect

    def user_acts(self) -> None:
        found = self.submissions()
        if not found:
            return
        submission = self.chance.choice(found)
        act = self.chance.choice(
            (_look_again, _look_again, _send_again, _abandon, _withdraw, _release, _release, _redirect)
        )
        self.as_user(partial(self._tell, submission.id, act(submission)))

    def lose_a_clip(self) -> None:
        """The file of a clip, on a timeline or not, is deleted, and somebody wants it again."""
        found = [s for s in self.submissions() if s.clip or (s.phase is Phase.FAILED and s.was_made)]
        if not found:
            return
        lost = self.tidying.choice(found)
        if lost.clip and lost.target.scene and self.tidying.random() < 0.5:
            self.as_user(partial(self._tell, lost.id, ev.Placed(at=0.0, scene="Scene", strip="s")))
        self.as_user(partial(self._tell, lost.id, ev.Vanished(at=0.0)))

    def _tell(self, submission_id: str, event: Event, process: Process) -> None:
        if isinstance(event, ev.Released):
            self._take_over(submission_id, process)
        process.journal.append(submission_id, replace(event, at=process.now()))
        self.acts[type(event).__name__] += 1

    def _take_over(self, submission_id: str, process: Process) -> None:
        """What Resume does first with a submission of another key (``Session.release``)."""
        submission = self.disk.records[submission_id].submission
        if submission.origin != process.origin and submission.may_take_any_key:
            process.journal.append(submission_id, ev.Rebound(at=process.now(), origin=process.origin))

    def for_each(self, phase: Phase, event_for: Callable[[Submission], Event | None]) -> None:
        """A quiet act of the user for every submission in a phase."""
        for submission in self.submissions():
            event = event_for(submission) if submission.phase is phase else None
            if event is not None:
                self.as_user(partial(self._tell, submission.id, event))

    def as_user(self, act: Callable[[Process], object], otherwise: Callable[[], None] = lambda: None) -> None:
        """Something that a person does at one of the living processes."""
        able = self._able()
        if not able:
            otherwise()
            return
        try:
            act(self.chance.choice(able))
        except (IllegalTransition, AlreadyThere, Died):
            pass
        except JournalUnusable:
            otherwise()

    def _able(self) -> list[Process]:
        return [p for p in self.processes if p.is_alive and not p.frozen]


def _drawn_errand(chance: Random) -> tuple[bool, str, str]:
    """Whether the body is large, the scene, and the .blend."""
    choice = chance.choice
    return chance.random() < 0.03, choice(_SCENES), choice(_BLENDS)


def _pass_over_errand(chance: Random) -> None:
    """The draws of :func:`_drawn_errand` without their meaning, so that a seed tells the same story either way."""
    chance.random()
    for choices in (len(_SCENES), len(_BLENDS)):
        while chance.getrandbits(2) >= choices:  # as Random.choice does for two or three
            pass


@cache
def payload_of(number: int, dialect: str, *, is_large: bool) -> Payload:
    """The bytes of a submission; large ones are announced by a cheap question first."""
    prompt = _LARGE if is_large else f"shot {number}"
    if dialect == NEW:
        contents = f'"contents":[{{"type":"prompt","text":"{prompt}"}}]'
        pieces = (f'{{{contents},"options":{{"external_task_id":"kob-{number}"}}}}',)
        return Payload(
            external_task_id=f"kob-{number}",
            model="kling-v3-omni",
            pieces=pieces,
            dialect=NEW,
            path=NEW_CREATE_PATH,
        )
    pieces = (f'{{"prompt":"{prompt}","external_task_id":"kob-{number}"}}',)
    return Payload(external_task_id=f"kob-{number}", model="kling-v3-omni", pieces=pieces)


def _look_again(_: Submission) -> Event:
    return ev.LookAgain(at=0.0)


def _send_again(_: Submission) -> Event:
    return ev.SendAgain(at=0.0)


def _abandon(_: Submission) -> Event:
    return ev.Abandoned(at=0.0, reason="Stopped waiting.")


def _withdraw(_: Submission) -> Event:
    return ev.Withdrawn(at=0.0, reason="Not wanted any more.", exit_code=5)


def _release(_: Submission) -> Event:
    return ev.Released(at=0.0)


def _redirect(_: Submission) -> Event:
    return ev.Redirected(at=0.0, folder=str(_CLIPS))
