"""What a worker is told once, before it starts, and what it wants of a service."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ..core.capability import LEGACY
from ..core.life import lifecycle
from ..core.life.events import Origin
from ..core.life.lifecycle import Submission
from ..core.life.spending import Caps
from ..core.payload import Payload
from ..core.protocol import TaskReport
from .reception import MarkedReception, Reception


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Whose submissions the worker carries, where clips go, how long it looks for lost answers, what is done with a
    clip that is there, before it is on record as fetched (it must not raise), and how many tasks may run at once at
    most (``concurrency``; None leaves it to what the service takes). Nothing is sent that might break one of ``caps``.
    ``dialect`` is the one that the account is asked in. ``uploads`` and ``downloads`` are the lanes that it gets for
    each.
    """

    origin: Origin
    clips: Path
    with_clip: Callable[[Submission], None] = lambda _submission: None
    window_s: float = lifecycle.LOOK_WINDOW_S
    concurrency: int | None = None
    caps: Caps = field(default_factory=Caps)
    dialect: str = LEGACY
    uploads: int = 2
    downloads: int = 2


class FetchedClip(Protocol):
    """What a service gives back for a fetched clip."""

    @property
    def path(self) -> Path: ...
    @property
    def sha256(self) -> str: ...
    @property
    def size_bytes(self) -> int: ...


class Service(Protocol):
    """What a lane wants of the service; ``remote.service.KlingService`` keeps the promises in words."""

    def speaking(self, dialect: str) -> Service: ...
    def require_fit_key(self) -> None: ...
    def submit(self, payload: Payload, commit: Callable[[], None]) -> TaskReport: ...
    def find(self, external_task_id: str) -> TaskReport: ...
    def ask(self, task_id: str) -> TaskReport: ...
    def find_by_either(self, known_as: str) -> TaskReport: ...
    def ask_together(self, task_ids: Sequence[str]) -> tuple[TaskReport, ...]: ...
    def recent(self) -> tuple[TaskReport, ...]: ...
    def list_tasks(self) -> Iterable[TaskReport]: ...
    def fetch(self, report: TaskReport, target: Path, reception: Reception | MarkedReception) -> FetchedClip: ...
