"""Blender's side of the worker: a timer that looks at the board, places clips and redraws.

Timers never fire in background mode; scripts there wait on the session themselves (``operators.KLING_OT_submit`` with
``wait_s``).
"""

from __future__ import annotations

import logging
import time

import bpy

from . import live, placing

_log = logging.getLogger(__name__)

_BUSY_S = 0.25
_CALM_S = 1.0
_STRIP_EDITORS = ("SEQUENCER_OT_", "TRANSFORM_OT_")
_OUR_AREAS = ("VIEW_3D", "SEQUENCE_EDITOR", "PREFERENCES")
_shown = {"second": 0}


def start() -> None:
    """See to it that the pump runs."""
    if not bpy.app.background and not bpy.app.timers.is_registered(pump):
        bpy.app.timers.register(pump, first_interval=_BUSY_S, persistent=True)


def stop() -> None:
    """Stop the pump."""
    if bpy.app.timers.is_registered(pump):
        bpy.app.timers.unregister(pump)


def pump() -> float | None:
    """One visit: seconds until the next, or None when nothing lives."""
    try:
        return _visit()
    except Exception:  # noqa: BLE001 - an exception would end the timer, and with it every sign of life of paid work
        _log.exception("the pump stumbled and goes on")
        return _CALM_S


def _visit() -> float | None:
    live.follow_online_access()
    if live.is_paused():
        return _CALM_S
    if not live.is_open():
        return None
    is_news = live.hear_account()
    if live.refresh() or is_news or _is_second_over():
        _redraw()
    if not _is_blender_busy():
        placing.place_arrived()
    is_asking = live.account().errand is not None
    return _BUSY_S if is_asking or any(not s.is_over for s in live.submissions()) else None


def _is_second_over() -> bool:
    """Whether the seconds that the panel counts up have moved on since the last time."""
    now = int(time.monotonic())
    is_over, _shown["second"] = now != _shown["second"], now
    return is_over and any(not s.is_settled for s in live.submissions())


def _is_blender_busy() -> bool:
    """Whether a render runs, or an operator that has strips in its hand (fault 80).

    Other modal operators do not count: some add-ons keep one running all day.
    """
    running = [operator for window in bpy.context.window_manager.windows for operator in window.modal_operators]
    has_strips_in_hand = any(operator.bl_idname.startswith(_STRIP_EDITORS) for operator in running)
    return has_strips_in_hand or bpy.app.is_job_running("RENDER")


def _redraw() -> None:
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type in _OUR_AREAS:
                area.tag_redraw()
