"""What is done at each beat of the timer: hear answers, place clips that arrived, have what changed drawn again."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Final

import bpy

from ...core.errors import KlingError
from ..connection import online, opening, preparing, questions, snapshots
from ..host.editors import redraw_preferences, redraw_strips, redraw_tab
from ..host.heartbeat import BUSY_S, CALM_S, start
from ..host.isolating import on_its_own
from ..shot import judging, kept_ahead, prompt
from ..timeline import stand_in
from . import moved_project, overlay, placing, status_bar

_STRIP_EDITORS: Final = ("SEQUENCER_OT_", "TRANSFORM_OT_")


_shown = {"second": 0}


def follow_stand_ins() -> None:
    """A file was opened that waits for clips: see to it that they come. Without a key, or offline, the panel tells."""
    if bpy.app.background or online.offline_reason() or not stand_in.waiting_lately():
        return
    with suppress(KlingError):
        opening.session()
        snapshots.know(stand_in.waiting_lately())
        start()


def visit() -> float | None:
    """One visit: seconds until the next, or None when nothing lives. A step that fails keeps no other from its turn."""
    on_its_own(opening.follow_online_access)
    if on_its_own(questions.hear):  # also without a session: what is read on this computer is answered, too
        _draw_panels_again()
    if opening.is_paused():
        on_its_own(_tell_status)
        return BUSY_S if questions.is_asking() else CALM_S
    if on_its_own(judging.judge_edited):
        redraw_tab()
    on_its_own(kept_ahead.go_on)
    if opening.running() is None:
        return _without_session()
    news = [on_its_own(step) for step in (snapshots.refresh, _is_second_over)]
    if any(news):
        _draw_again()
    moved_project.follow_project()
    if not _is_blender_busy():
        on_its_own(placing.place_arrived, is_patient=True)
    on_its_own(_tell_status)
    is_asked = questions.is_asking() or kept_ahead.is_under_way()
    if is_asked or any(not s.is_over for s in snapshots.submissions()):
        return BUSY_S
    return CALM_S if prompt.has_texts() or status_bar.is_telling() else None


def _draw_again() -> None:
    _draw_panels_again()
    if on_its_own(overlay.has_news):
        redraw_strips()


def _draw_panels_again() -> None:
    redraw_tab()
    redraw_preferences()


def _without_session() -> float | None:
    """When to come again: what needs no session may still be asked."""
    if preparing.is_under_way() and not _is_blender_busy():
        on_its_own(preparing.go_on)
    if questions.is_asking() or preparing.is_under_way() or kept_ahead.is_under_way():
        return BUSY_S
    return CALM_S if prompt.has_texts() else None


def _tell_status() -> None:
    if status_bar.follow(snapshots.submissions(), snapshots.needs()):
        status_bar.redraw()


def _is_second_over() -> bool:
    """Whether the seconds that the panel counts up have moved on since the last time."""
    now = int(time.monotonic())
    is_over, _shown["second"] = now != _shown["second"], now
    return is_over and any(not s.is_settled for s in snapshots.submissions())


def _is_blender_busy() -> bool:
    """Whether a render runs, or an operator that has strips in its hand (fault 80).

    Other modal operators do not count: some add-ons keep one running all day.
    """
    running = [operator for window in bpy.context.window_manager.windows for operator in window.modal_operators]
    has_strips_in_hand = any(operator.bl_idname.startswith(_STRIP_EDITORS) for operator in running)
    return has_strips_in_hand or bpy.app.is_job_running("RENDER")
