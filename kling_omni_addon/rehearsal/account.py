"""The account: its tasks, slots, units and ids, behind one lock.

Nothing here runs by itself: whatever time has brought about (a late create, a task's end, its charge) is settled at the
start of every question, from the clock that was handed in. So the same questions at the same times get the same
answers.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice
from typing import Any, TypeAlias

from ..core.pricing import plain
from .answers import Refusal
from .settings import RehearsalSettings
from .tasks import Clip, Order, Task, Words

Clock: TypeAlias = Callable[[], float]
"""Unix seconds."""
Wanted: TypeAlias = Callable[[Task, float], bool]
"""Whether a task is asked for, as it stands at a time."""


def _any_task(task: Task, now: float) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Late:
    """A create that the service has received and not yet carried out."""

    due_s: float
    order: Order
    is_lax: bool


class Account:
    """All tasks of one account. Every method is safe to call from any thread.

    ``start`` is told of each new task that needs a clip, and must come back with :meth:`made` or :meth:`failed`.
    ``link`` makes a signed link for a file name.
    """

    def __init__(
        self, settings: RehearsalSettings, clock: Clock, start: Callable[[Task], None], link: Callable[[str], str]
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._start = start
        self._link = link
        self._lock = threading.RLock()
        self._last_id = 0
        self.reset()

    def reset(self) -> None:
        """Forget everything but the ids that were given out."""
        with self._lock:
            self._tasks: dict[str, Task] = {}
            self._named: dict[str, list[Task]] = {}
            self._running: dict[str, Task] = {}
            self._late: list[_Late] = []
            self._units = self._settings.units
            self._charged = Decimal(0)

    def create(self, order: Order, words: Words, *, is_lax: bool = False) -> dict[str, Any]:
        """Make a task, or refuse: id used before (R73), trouble with units (R84) or slots (R83). Returns the answer's
        ``data``.
        """
        with self._lock:
            self._settle()
            return words.created(self._commit(order, self._clock(), is_lax=is_lax))

    def create_later(self, order: Order, delay_s: float, *, is_lax: bool = False) -> None:
        """Make the task only after ``delay_s`` seconds; a refusal that is due then stays unheard."""
        with self._lock:
            self._late.append(_Late(due_s=self._clock() + delay_s, order=order, is_lax=is_lax))

    def used_ids(self) -> frozenset[str]:
        """The external ids of all accepted creates."""
        with self._lock:
            self._settle()
            return frozenset(self._named)

    def described(
        self, words: Words, *, ids: Iterable[str], names: Iterable[str], lag_s: float = 0.0
    ) -> list[dict[str, Any]]:
        """The tasks with these task ids, then those with these external ids, of one id the newest first; each once.

        Tasks younger than ``lag_s`` are not seen.
        """
        with self._lock:
            now = self._settle()
            found = {task_id: self._tasks[task_id] for task_id in ids if task_id in self._tasks}
            for name in names:
                found |= {task.task_id: task for task in reversed(self._named.get(name, ()))}
            return [words.described(task, now, self._link) for task in found.values() if task.created_s <= now - lag_s]

    def listed(
        self,
        words: Words,
        *,
        count: int,
        skipped: int = 0,
        before: str = "",
        is_wanted: Wanted = _any_task,
        lag_s: float = 0.0,
    ) -> list[dict[str, Any]]:
        """So many tasks, newest first: those made before the one with the id ``before``, if there is one, but for the
        ``skipped`` newest of them.
        """
        with self._lock:
            now = self._settle()
            seen = (
                task
                for task in reversed(self._tasks.values())
                if task.created_s <= now - lag_s and (not before or task.task_id < before) and is_wanted(task, now)
            )
            return [words.described(task, now, self._link) for task in islice(seen, skipped, skipped + count)]

    def clip(self, task_id: str, *, is_marked: bool = False) -> Clip | None:
        """The clip of a task that has ended well, or the copy with the watermark, where one was ordered."""
        with self._lock:
            self._settle()
            task = self._tasks.get(task_id)
            if task is None or not task.is_ended:
                return None
            return task.marked if is_marked else task.clip

    def renew_etag(self, task_id: str) -> None:
        """Give a finished clip another tag for good, as if the file had been written anew."""
        with self._lock:
            task = self._tasks.get(task_id)
            if task and task.clip:
                task.clip = replace(task.clip, etag=f'"{self.new_id()}"')

    def made(self, task: Task, clip: Clip, marked: Clip | None) -> None:
        """A task's clip is rendered, and its copy with the watermark: from now on it may be reported as succeeded."""
        with self._lock:
            task.clip, task.marked, task.made_s = clip, marked, self._clock()

    def failed(self, task: Task, reason: str) -> None:
        """A task's clip could not be rendered: from now on it may be reported as failed."""
        with self._lock:
            task.failure, task.made_s = reason, self._clock()

    def remaining(self) -> Decimal:
        """Units left; never below 0."""
        with self._lock:
            self._settle()
            return self._units

    def figures(self) -> dict[str, Any]:
        """What was created and charged, for tests."""
        with self._lock:
            now = self._settle()
            orders = [task.order for task in self._tasks.values()]
            return {
                "creates": len(orders),
                "creates_by_external_id": _counted(
                    order.external_task_id for order in orders if order.external_task_id
                ),
                "creates_by_prompt": _counted(order.prompt for order in orders),
                "tasks_by_status": _counted(task.status(now) for task in self._tasks.values()),
                "charges_units": plain(self._charged),
                "units_left": plain(self._units),
            }

    def new_id(self) -> str:
        """An id of 18 digits that was never given out before: time in 10 nanoseconds, which is above 2^53."""
        with self._lock:
            self._last_id = max(self._last_id + 1, int(self._clock() * 1000) * 100_000)
            return f"{self._last_id:018d}"

    def _commit(self, order: Order, now: float, *, is_lax: bool) -> Task:
        self._refuse(order, is_lax=is_lax)
        processing_from_s = now + self._settings.submitted_s
        task = Task(
            task_id=self.new_id(),
            video_id=self.new_id(),
            order=order,
            created_s=now,
            processing_from_s=processing_from_s,
            ends_from_s=processing_from_s + self._settings.processing_s,
            failure=order.doom,
        )
        self._tasks[task.task_id] = self._running[task.task_id] = task
        if order.external_task_id:
            self._named.setdefault(order.external_task_id, []).append(task)
        if not order.doom:
            self._start(task)
        return task

    def _refuse(self, order: Order, *, is_lax: bool) -> None:
        name = order.external_task_id
        if name in self._named and not is_lax:
            raise Refusal(1201, f"External_task_id {name} already exists")
        if self._units <= 0:
            raise Refusal(1102)
        if len(self._running) >= self._settings.concurrency:
            raise Refusal(1303)

    def _settle(self) -> float:
        """Let everything happen that time has brought about; the time it is now."""
        now = self._clock()
        due = [late for late in self._late if late.due_s <= now]
        self._late = [late for late in self._late if late.due_s > now]
        self._end_running(now)
        for late in due:
            self._commit_unheard(late)
        return now

    def _end_running(self, now: float) -> None:
        for task in [task for task in self._running.values() if task.can_end(now)]:
            task.is_ended = True
            del self._running[task.task_id]
            self._charged += task.charge
            self._units = max(Decimal(0), self._units - task.charge)

    def _commit_unheard(self, late: _Late) -> None:
        try:
            self._commit(late.order, late.due_s, is_lax=late.is_lax)
        except Refusal:
            return  # nobody waits for this answer any more


def _counted(values: Iterable[str]) -> dict[str, int]:
    return dict(Counter(values))
