"""Blender's side of the worker: a timer that looks at the board, places clips and redraws.

Timers never fire in background mode; scripts there wait on the session themselves (``operators.KLING_OT_submit`` with
``wait_s``).
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress

import bpy

from ..core.errors import KlingError
from . import clip_links, element_library, live, placing, prompt_text, stand_in, status_bar
from .areas import redraw

_log = logging.getLogger(__name__)

_BUSY_S = 0.25
_CALM_S = 1.0
_STRIP_EDITORS = ("SEQUENCER_OT_", "TRANSFORM_OT_")
_OUR_AREAS = ("VIEW_3D", "SEQUENCE_EDITOR", "PREFERENCES", "TEXT_EDITOR")
_shown = {"second": 0}


def start() -> None:
    """See to it that the pump runs."""
    if not bpy.app.background and not bpy.app.timers.is_registered(pump):
        bpy.app.timers.register(pump, first_interval=_BUSY_S, persistent=True)


def stop() -> None:
    """Stop the pump."""
    if bpy.app.timers.is_registered(pump):
        bpy.app.timers.unregister(pump)


def follow_stand_ins() -> None:
    """A file was opened that waits for clips: see to it that they come. Without a key, or offline, the panel tells."""
    if bpy.app.background or live.offline_reason() or not stand_in.waiting_lately():
        return
    with suppress(KlingError):
        live.session()
        start()


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
        _tell_status()
        return _CALM_S
    if prompt_text.judge_edited():
        redraw(_OUR_AREAS)
    if not live.is_open():
        return _CALM_S if prompt_text.has_texts() else None
    is_news = live.hear_account() | clip_links.hear() | element_library.hear()
    if live.refresh() or is_news or _is_second_over():
        redraw(_OUR_AREAS)
    if not _is_blender_busy():
        placing.place_arrived()
    _tell_status()
    is_asking = live.account().errand is not None or clip_links.is_asking() or element_library.is_asking()
    if is_asking or any(not s.is_over for s in live.submissions()):
        return _BUSY_S
    return _CALM_S if prompt_text.has_texts() or status_bar.is_telling() else None


def _tell_status() -> None:
    if status_bar.follow(live.submissions()):
        status_bar.redraw()


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
