"""An operator that waits for a render job of Blender's."""

from __future__ import annotations

from typing import ClassVar, Final

import bpy

from ...core.errors import CaptureFailed
from ..host.reporting import Outcome, reported
from .camera_job import RenderJob

_LOOK_S: Final = 0.1
_STATUS_BAR_PX: Final = 26  # at the lower edge of the window


class WhileRendering:
    """An operator that begins with a render job and goes on when that has ended. Meanwhile only Escape does anything,
    and the cross beside Blender's own progress bar.
    """

    stopped: ClassVar[tuple[str, str]] = "The render was stopped.", "Capture again."
    """What is said after Escape, and the remedy."""

    _timer: bpy.types.Timer
    _is_stopped = False

    @property
    def job_at_hand(self) -> RenderJob:
        """The job that renders now."""
        raise NotImplementedError

    def go_on(self, context: bpy.types.Context) -> Outcome:
        """The job has ended: use what it made, or begin the next. Raises :class:`KlingError`."""
        raise NotImplementedError

    def wait_for_job(self, context: bpy.types.Context) -> Outcome:
        """Look from time to time whether the job has ended, beginning now."""
        self._timer = context.window_manager.event_timer_add(_LOOK_S, window=context.window)
        context.window_manager.modal_handler_add(self)  # type: ignore[arg-type] # mixed into an operator
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> Outcome:
        """Wait for the render, and go on."""
        if event.type != "TIMER":
            # A render may be done before Blender hears of Escape, and the next one knows nothing of it.
            self._is_stopped |= event.type == "ESC"
            is_to_stop = event.type == "ESC" or event.mouse_y < _STATUS_BAR_PX * context.preferences.system.ui_scale
            return {"PASS_THROUGH"} if is_to_stop else {"RUNNING_MODAL"}
        if self.job_at_hand.is_running:
            return {"PASS_THROUGH"}
        outcome = self._go_on(context)
        if outcome != {"RUNNING_MODAL"}:
            context.window_manager.event_timer_remove(self._timer)
        return outcome

    @reported
    def _go_on(self, context: bpy.types.Context) -> Outcome:
        if self._is_stopped:
            self.job_at_hand.drop()
            sentence, remedy = self.stopped
            raise CaptureFailed(sentence, remedy=remedy)
        return self.go_on(context)

    def cancel(self, _context: bpy.types.Context) -> None:
        """Another file is being opened, or Blender ends."""
        self.job_at_hand.drop()
