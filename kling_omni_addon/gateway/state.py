"""How a request of the spool stands, as the gateway writes it for whoever waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Final

from ..core.errors import ArgumentsInvalid

_FORMAT: Final = 1


class Standing(StrEnum):
    """What there is to do for a request."""

    WAITING = "waiting"  # the gateway could not take it yet, and tries again
    UNDER_WAY = "under way"
    NEEDS_A_PERSON = "needs a person"
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"


_FINAL = frozenset({Standing.DONE, Standing.FAILED, Standing.REFUSED})
_OPEN_TO_CHANGE = frozenset({Standing.FAILED, Standing.REFUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How the request ``key`` stands.

    ``wish`` names what is asked for (``core.once.name_of_wish``), ``words`` say the phase for a person. ``exit_code``
    is what a command that waits ends with. ``clip`` and ``marked_clip`` are names of files in the spool's ``clips``.
    The members from ``id`` to ``charge_said`` are those of a submission; all are ``""`` where nothing is known.
    ``problems`` has a line for each rule that is broken.
    """

    key: str
    standing: Standing
    wish: str = ""
    words: str = ""
    exit_code: int = 0
    id: str = ""
    phase: str = ""
    task_id: str = ""
    charge_units: str = ""
    charge_balance: str = ""
    charge_currency: str = ""
    charge_said: str = ""
    problem: str = ""
    remedy: str = ""
    problems: tuple[Mapping[str, str], ...] = ()
    clip: str = ""
    marked_clip: str = ""

    @property
    def is_final(self) -> bool:
        """Whether nothing more comes of the request, unless it is made again."""
        return self.standing in _FINAL

    @property
    def holds_name(self) -> bool:
        """Whether the name belongs to this wish now, so that another one under it is refused."""
        return bool(self.wish) and self.standing not in _OPEN_TO_CHANGE

    def is_of_another(self, wish: str) -> bool:
        """Whether the name belongs to another wish now."""
        return self.holds_name and self.wish != wish

    def as_json(self) -> dict[str, Any]:
        """As it stands in the file."""
        return {"format": _FORMAT, **asdict(self), "standing": self.standing.value, "is_final": self.is_final}


def other_wish(key: str) -> ArgumentsInvalid:
    """What is raised for another wish under a name that is in use."""
    sentence = f'"{key}" already exists with another request. Nothing was sent.'
    return ArgumentsInvalid(sentence, field="once", remedy="Use a new name.")


def state_from(found: Mapping[str, Any]) -> State | None:
    """What a file says; None for what no gateway wrote."""
    texts = {name: found.get(name, "") for name in _TEXTS}
    problems = found.get("problems", [])
    try:
        standing = Standing(found.get("standing", ""))
        exit_code = int(found.get("exit_code", 0))
        told = tuple({str(name): str(text) for name, text in dict(problem).items()} for problem in problems)
    except (ValueError, TypeError):
        return None
    if not all(isinstance(text, str) for text in texts.values()):
        return None
    return State(standing=standing, exit_code=exit_code, problems=told, **texts)


_TEXTS = tuple(field.name for field in fields(State) if field.name not in ("standing", "exit_code", "problems"))
