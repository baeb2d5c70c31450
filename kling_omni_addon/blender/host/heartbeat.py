"""A timer of Blender's that visits what needs a look from time to time, on Blender's own thread.

Timers never fire in background mode; scripts there wait on the session themselves (``kling.submit`` with ``wait_s``).
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import bpy

_log = logging.getLogger(__name__)

BUSY_S = 0.25
CALM_S = 1.0
_visit: list[Callable[[], float | None]] = []


def visit_by(visit: Callable[[], float | None]) -> None:
    """Set what is done at each beat; it returns the seconds until the next, or None when nothing lives."""
    _visit[:] = [visit]


def start() -> None:
    """See to it that the timer runs."""
    if not bpy.app.background and not bpy.app.timers.is_registered(beat):
        bpy.app.timers.register(beat, first_interval=BUSY_S, persistent=True)


def stop() -> None:
    """Stop the timer."""
    if bpy.app.timers.is_registered(beat):
        bpy.app.timers.unregister(beat)


def beat() -> float | None:
    """One visit: seconds until the next, or None when nothing lives."""
    try:
        return _visit[0]() if _visit else None
    except Exception:  # noqa: BLE001 - an exception would end the timer, and with it every sign of life of paid work
        _log.exception("the timer's visit failed; the next one comes")
        return CALM_S
