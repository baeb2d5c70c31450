"""A service and its journals in memory, as strict as the real ones where the gateway has to be careful.

Kling makes one task for an id, whoever sends it. Where it takes no ids, each journal that takes a request has a task
made. Whatever happens on disk is the real spool's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from kling_omni_addon.core.capability import profile
from kling_omni_addon.core.errors import RequestInvalid
from kling_omni_addon.core.life.lifecycle import Phase
from kling_omni_addon.core.once import name_of_wish
from kling_omni_addon.core.request import OmniRequest
from kling_omni_addon.gateway.client import submit_request
from kling_omni_addon.gateway.desk import Read
from kling_omni_addon.gateway.spool import Asked, Spool, slot_of
from kling_omni_addon.gateway.state import Standing, State
from kling_omni_addon.request_file import read_body
from kling_omni_addon.work.picture_store import PictureJudge

WAVES = OmniRequest(prompt="waves", aspect_ratio="16:9")
LATE = profile("late")


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Service:
    """What was made, for which name; and how many more steps the process lives, None for ever."""

    made: Counter[str] = field(default_factory=Counter)
    journals: set[tuple[str, str]] = field(default_factory=set)
    left: int | None = None

    def step(self) -> None:
        """One step of the process, its last one perhaps."""
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise Killed


@dataclass
class Ledger:
    """The desk of a gateway with one journal. A name that begins with ``nameless`` is told to no service."""

    service: Service
    journal: str = "one"

    def read(self, asked: Asked) -> Read:
        read = read_body(asked.body, None, PictureJudge(), LATE)
        if read.unsendable:
            raise RequestInvalid(read.unsendable)
        return Read(asked=asked, file=read, wish=name_of_wish(read.request))

    def needs_claim(self, read: Read) -> bool:
        return read.asked.key.startswith("nameless")

    def take(self, read: Read) -> Any:
        self.service.step()
        key, known = read.asked.key, (self.journal, read.asked.key)
        if known not in self.service.journals:
            self.service.journals.add(known)
            self.service.made[key] += 1 if self.needs_claim(read) or not self.service.made[key] else 0
        self.service.step()
        return SimpleNamespace(id=key)

    def states(self, wishes: Mapping[str, tuple[str, str]]) -> Mapping[str, tuple[Any, State]]:
        done = SimpleNamespace(phase=Phase.FETCHED, is_sent_again=False)
        return {
            own_id: (SimpleNamespace(id=own_id, **vars(done)), State(key=key, wish=wish, standing=Standing.DONE))
            for own_id, (key, wish) in wishes.items()
        }

    def go_on(self, submission: Any) -> None:
        raise AssertionError("nothing is parked here")

    def hand_over(self, submission: Any, folder: Path) -> tuple[str, str]:
        self.service.step()
        clip = folder / f"{slot_of(submission.id)}.mp4"
        clip.write_bytes(b"the clip")
        self.service.step()
        return clip.name, ""


@dataclass(frozen=True)
class MortalSpool(Spool):
    """A spool whose process may be killed before and after each of its moves."""

    service: Service = field(default_factory=Service)

    def _moved(self, move: Callable[..., Any], *what: Any) -> Any:
        self.service.step()
        moved = move(*what)
        self.service.step()
        return moved

    def put(self, slot: str, chunks: Iterable[bytes]) -> None:
        self._moved(Spool(self.folder).put, slot, chunks)

    def remove(self, slot: str) -> None:
        self._moved(Spool(self.folder).remove, slot)

    def set_aside(self, slot: str) -> None:
        self._moved(Spool(self.folder).set_aside, slot)

    def write_state(self, slot: str, state: State) -> None:
        self._moved(Spool(self.folder).write_state, slot, state)

    def claim(self, slot: str, journal: str) -> bool:
        return bool(self._moved(Spool(self.folder).claim, slot, journal))


def put(spool: Spool, key: str, prompt: str = "waves") -> None:
    """A worker asks."""
    submit_request(spool, OmniRequest(prompt=prompt, aspect_ratio="16:9"), LATE, key=key)
