"""Which gateway serves a spool, and when another one takes over.

Each term of office is a folder with the next number, and only one can make it. Who is in office writes a heartbeat into
that folder. The clocks of two machines are never compared: a gateway that stands by takes over when the heartbeat has
not changed for some time of its own clock. One that was stopped for long finds a higher number, and stands by.
"""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from ..core.errors import ArgumentsInvalid, KlingError
from .spool import Spool, read_object, write

PATIENCE_S: Final = 60.0
WATCHED_S: Final = 10.0
"""How long a heartbeat is waited for where somebody only looks."""
_BEAT_S: Final = 1.0
_KEPT: Final = 2
_MOST_DIGITS: Final = 12


class Superseded(KlingError):
    """Another gateway took over."""


class Watch:
    """One gateway's part in it. ``now`` is a clock of this machine that only goes forward."""

    def __init__(self, spool: Spool, patience_s: float = PATIENCE_S, now: Callable[[], float] = time.monotonic) -> None:
        self._spool = spool
        self._patience_s = patience_s
        self._now = now
        self._term = 0
        self._beats, self._beaten_at = 0, 0.0
        self._seen: tuple[int, Mapping[str, Any] | None] = (0, None)
        self._seen_at = 0.0

    def takes_office(self) -> bool:
        """Whether this gateway serves from now on; to be asked again until it does."""
        term = newest_term(self._spool)
        beat = heartbeat(self._spool, term)
        if term == 0 or (beat or {}).get("has_ended") is True:
            return self._begin(term + 1)
        if (term, beat) != self._seen:
            self._seen, self._seen_at = (term, beat), self._now()
        return self._now() - self._seen_at >= self._patience_s and self._begin(term + 1)

    def _begin(self, term: int) -> bool:
        try:
            _folder(self._spool, term).mkdir()
        except FileExistsError:
            return False
        self._term = term
        for old in _terms(self._spool):
            if old <= term - _KEPT:
                shutil.rmtree(_folder(self._spool, old), ignore_errors=True)
        return True

    def beat(self, told: Mapping[str, Any]) -> None:
        """Say that this gateway is at work, and what ``told`` says of it. Raises :class:`Superseded`."""
        self._require_office()
        if self._beats and self._now() - self._beaten_at < _BEAT_S:
            return
        self._beats, self._beaten_at = self._beats + 1, self._now()
        self._write(told)

    def end(self) -> None:
        """Leave, so that the next one need not wait."""
        if newest_term(self._spool) == self._term:
            self._write({"has_ended": True})

    def _require_office(self) -> None:
        if newest_term(self._spool) != self._term:
            raise Superseded("Another gateway took over this spool.", field="spool")

    def _write(self, told: Mapping[str, Any]) -> None:
        who = {"host": socket.gethostname(), "pid": os.getpid(), "term": self._term, "beat": self._beats}
        write(_folder(self._spool, self._term) / "heartbeat.json", {**told, **who})


def newest_term(spool: Spool) -> int:
    """The number of the term that runs, or ran last; 0 where no gateway ever served."""
    return max(_terms(spool), default=0)


def heartbeat(spool: Spool, term: int) -> Mapping[str, Any] | None:
    """What the gateway of a term said last; None where it said nothing."""
    return read_object(_folder(spool, term) / "heartbeat.json")


def _terms(spool: Spool) -> list[int]:
    names = (path.name for path in spool.room("owners").iterdir())
    return [int(name) for name in names if name.isascii() and name.isdigit() and len(name) <= _MOST_DIGITS]


def _folder(spool: Spool, term: int) -> Path:
    return spool.room("owners") / f"{term:06}"


def status_of(
    spool: Spool, watched_s: float = WATCHED_S, pause: Callable[[float], None] = time.sleep
) -> dict[str, Any]:
    """What the gateway says of itself, and whether its heart beats while it is watched, at most so many seconds.

    Raises :class:`ArgumentsInvalid` for what is no spool.
    """
    spool.require()
    try:
        term = newest_term(spool)
        before, waiting = heartbeat(spool, term) or {}, len(spool.waiting())
        until = time.monotonic() + watched_s
        beats = False
        while not beats and before.get("has_ended") is not True and time.monotonic() < until:
            pause(0.25)
            beats = (heartbeat(spool, newest_term(spool)) or {}) != before
    except OSError as error:
        raise ArgumentsInvalid(f"The spool cannot be read: {error.strerror or error}.", field="spool") from error
    return {"is_served": beats, "requests": waiting, **before}
