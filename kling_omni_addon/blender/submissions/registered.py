"""What Blender is given of this room, and what this room hears."""

from __future__ import annotations

from ..connection import opening
from ..host import heartbeat
from . import actions, acts, clip_operators, operators, overlay, row_text, rows, status_bar, strip_operators, visit

CLASSES = (*rows.CLASSES, *operators.CLASSES, *clip_operators.CLASSES, *actions.CLASSES, *strip_operators.CLASSES)


def register() -> None:
    """Follow the session: in the list, in the status bar, on the stand-ins."""
    rows.register()
    status_bar.register()
    overlay.show()
    heartbeat.visit_by(visit.visit)
    opening.changed.connect(rows.show)
    opening.closed.connect(row_text.forget)
    opening.closed.connect(status_bar.forget)
    opening.closed.connect(acts.last_press.forget)


def unregister() -> None:
    """And no more."""
    opening.closed.disconnect(acts.last_press.forget)
    opening.closed.disconnect(status_bar.forget)
    opening.closed.disconnect(row_text.forget)
    opening.changed.disconnect(rows.show)
    overlay.hide()
    status_bar.unregister()
    rows.unregister()
