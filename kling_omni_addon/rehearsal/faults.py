"""Injected faults: which are armed, how often they will still strike, and on which calls.

A fault is written ``NAME[@CALL][=ARGUMENT][:COUNT]``: ``1303:50``, ``late-commit=8``, ``5000@query:3``,
``lookup-lag=30``. A call meets at most one ordinary fault at each of three points (before its body is read, before it
is carried out, when its good answer is ready), and every *standing* one: those describe a state of the service, combine
with anything, and stay until they are disarmed unless a count is given. What each fault does is said in
:mod:`.fault_table`.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Literal, TypeAlias

from ..core.errors import ArgumentsInvalid
from ..core.problem import escaped
from .answers import Answer
from .calls import API, Call, Kind

Takes: TypeAlias = Literal["", "seconds", "bytes", "count", "text"]
OnCall: TypeAlias = Callable[[Call, str], Call | Answer]
OnAnswer: TypeAlias = Callable[[Call, Answer, str, Random], Answer]
_SPELLING = re.compile(r"(?P<name>[^@=:]+)(?:@(?P<on>[^=:]+))?(?:=(?P<argument>.*?))?(?::(?P<count>\d+))?", re.DOTALL)
_SHAPES: Mapping[Takes, re.Pattern[str]] = {
    "": re.compile(""),
    "seconds": re.compile(r"-?\d{1,9}(\.\d{1,9})?", re.ASCII),
    "bytes": re.compile(r"half|-?\d{1,9}", re.ASCII),
    "count": re.compile(r"\d{0,12}", re.ASCII),
    "text": re.compile(r"[^\r\n]*"),
}
_GROUPS: Mapping[str, frozenset[Kind]] = {
    "any": API,
    "element": frozenset(kind for kind in API if kind.startswith(("element", "preset"))),
}


def _any_answer(_: Answer) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way to misbehave. Exactly one of ``stops_reading``, ``on_call`` and ``on_answer`` says at which point.

    ``on_call`` answers in the service's place or twists the call; ``on_answer`` spoils a good answer that ``fits``.
    """

    does: str
    on: frozenset[Kind]
    takes: Takes = ""
    argument: str = ""
    is_standing: bool = False
    stops_reading: bool = False
    on_call: OnCall | None = None
    on_answer: OnAnswer | None = None
    fits: Callable[[Answer], bool] = _any_answer


@dataclass(slots=True, kw_only=True)
class Armed:
    """A fault that will strike ``left`` more times (None: until disarmed)."""

    name: str
    fault: Fault
    on: frozenset[Kind]
    argument: str
    left: int | None
    struck: int = 0

    @property
    def description(self) -> dict[str, Any]:
        """The fault as the admin call shows it."""
        on = sorted(self.on)
        return {"name": self.name, "on": on, "argument": self.argument, "left": self.left, "struck": self.struck}


class Faults:
    """The armed faults, in the order of their arming. Safe to call from any thread."""

    def __init__(self, table: Mapping[str, Fault], seed: int) -> None:
        self._table = table
        self._lock = threading.Lock()
        self._armed: list[Armed] = []
        self.random = Random(seed)

    def arm(self, spelling: str) -> None:
        """Arm a fault. A count of 0 disarms it. Raises :class:`ArgumentsInvalid`, naming all faults if this one is
        unknown.
        """
        armed = self._read(spelling)
        with self._lock:
            if armed.left == 0:
                self._armed = [other for other in self._armed if other.name != armed.name]
            else:
                self._armed.append(armed)

    def disarm_all(self) -> None:
        """Forget every armed fault: the service behaves again."""
        with self._lock:
            self._armed.clear()

    def described(self) -> dict[str, Any]:
        """What is armed and what there is to arm."""
        with self._lock:
            known = {name: fault.does for name, fault in self._table.items()}
            return {"armed": [armed.description for armed in self._armed], "known": known}

    def unread(self, kind: Kind) -> str | None:
        """The argument of a fault that strikes before the body of this call is read, if any does."""
        struck = self._struck(kind, lambda fault: fault.stops_reading)
        return next((armed.argument for armed in struck), None)

    def on_call(self, call: Call) -> Call | Answer:
        """The call with its twists, or an answer in place of carrying it out."""
        for armed in self._struck(call.kind, lambda fault: fault.on_call is not None):
            assert armed.fault.on_call is not None
            outcome = armed.fault.on_call(call, armed.argument)
            if isinstance(outcome, Answer):
                return outcome
            call = outcome
        return call

    def on_answer(self, call: Call, answer: Answer) -> Answer:
        """The answer that goes out in place of a good one."""
        spoiled = answer
        for armed in self._struck(call.kind, lambda fault: fault.on_answer is not None and fault.fits(answer)):
            assert armed.fault.on_answer is not None
            spoiled = armed.fault.on_answer(call, spoiled, armed.argument, self.random)
        return spoiled

    def _struck(self, kind: Kind, is_meant: Callable[[Fault], bool]) -> Iterator[Armed]:
        """Those that strike now: all standing ones, then the first other. Counts go down as they do."""
        with self._lock:
            meant = [armed for armed in self._armed if kind in armed.on and is_meant(armed.fault)]
            ordinary = [armed for armed in meant if not armed.fault.is_standing][:1]
            striking = [armed for armed in meant if armed.fault.is_standing] + ordinary
            for armed in striking:
                armed.struck += 1
                armed.left = None if armed.left is None else armed.left - 1
            self._armed = [armed for armed in self._armed if armed.left != 0]
        return iter(striking)

    def _read(self, spelling: str) -> Armed:
        parts = _SPELLING.fullmatch(spelling)
        fault = self._table.get(parts["name"]) if parts else None
        if parts is None or fault is None:
            raise ArgumentsInvalid(
                f'There is no fault "{escaped(spelling)}".',
                field="fault",
                remedy=f"Known faults: {', '.join(self._table)}.",
            )
        argument = fault.argument if parts["argument"] is None else parts["argument"]
        _check_argument(parts["name"], fault, argument)
        default_count = None if fault.is_standing else 1
        return Armed(
            name=parts["name"],
            fault=fault,
            on=_aimed_at(parts["on"], fault),
            argument=argument,
            left=default_count if parts["count"] is None else int(parts["count"]),
        )


def _aimed_at(on: str | None, fault: Fault) -> frozenset[Kind]:
    if on is None:
        return fault.on
    if on in _GROUPS:
        return _GROUPS[on]
    if on in API | {Kind.FILE}:
        return frozenset((Kind(on),))
    known = ", ".join(sorted((*_GROUPS, *API, Kind.FILE)))
    raise ArgumentsInvalid(f'There is no call "{escaped(on)}".', field="fault", remedy=f"Known calls: {known}.")


def _check_argument(name: str, fault: Fault, argument: str) -> None:
    if not _SHAPES[fault.takes].fullmatch(argument):
        sentence = f'The fault "{name}" has no argument, so "{escaped(argument)}" is not possible.'
        if fault.takes:
            sentence = f'The argument of the fault "{name}" is {fault.takes}, not "{escaped(argument)}".'
        raise ArgumentsInvalid(sentence, field="fault")
