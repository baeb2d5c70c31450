"""One bad thing stops no other: a step that fails is told in the log, and what comes after it goes on.

For what happens by itself (the timer, drawing, handlers), where an exception would reach nobody and would keep the rest
from its turn. What a person or a script asked for raises.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

_log = logging.getLogger(__name__)
_Asked = ParamSpec("_Asked")
_Answer = TypeVar("_Answer")
_MOST_TOLD: Final = 100

_told: set[str] = set()  # a timer and drawing come back many times a second: each trouble is told once


def on_its_own(step: Callable[_Asked, _Answer], *told: _Asked.args, **named: _Asked.kwargs) -> _Answer | None:
    """What the step gives; None where it failed, which is told in the log with its traceback, once for each trouble."""
    try:
        return step(*told, **named)
    except Exception as error:  # noqa: BLE001 - whatever it is, the others have their turn
        tell_once(error, getattr(step, "__qualname__", repr(step)))
        return None


def tell_once(error: Exception, what: str) -> None:
    """Tell the log of a trouble with its traceback, unless that was told already."""
    trouble = f"{what}: {type(error).__name__}: {error}"
    if trouble in _told:
        return
    if len(_told) >= _MOST_TOLD:
        _told.clear()
    _told.add(trouble)
    _log.error("%s failed; the rest goes on", what, exc_info=error)
