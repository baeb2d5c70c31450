"""One task of the service as the new API describes it (contract section 13); :mod:`.tasks` has the legacy words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.pricing import plain
from .tasks import FAILED, SUBMITTED, SUCCEED, Task, Words, milliseconds, video_object

SUCCEEDED = "succeeded"


def status_word(task: Task, now: float) -> str:
    """The new API's word for where the task stands."""
    status = task.status(now)
    return SUCCEEDED if status == SUCCEED else status


def task_object(task: Task, now: float, link: Callable[[str], str]) -> dict[str, Any]:
    """The task as a query answers it. ``link`` makes a fresh signed link for a file name."""
    status = status_word(task, now)
    has_clip = status == SUCCEEDED
    return {
        **_head(task, status, task.updated_s(now)),
        "message": task.failure if status == FAILED else "",
        "outputs": [{"type": "video", **video_object(task, link)}] if has_clip else [],
        "billing": [{"charge_type": "unit", "amount": plain(task.charge), "package_type": "video"}] if has_clip else [],
    }


def created_object(task: Task) -> dict[str, Any]:
    """The task as its create answers it."""
    return _head(task, SUBMITTED, task.created_s)


def _head(task: Task, status: str, updated_s: float) -> dict[str, Any]:
    name = task.order.external_task_id
    return {
        "id": task.task_id,
        **({"external_id": name} if name else {}),
        "status": status,
        "message": "",
        "create_time": milliseconds(task.created_s),
        "update_time": milliseconds(updated_s),
    }


NEW_WORDS = Words(created_object, task_object)
"""How the new API speaks of a task."""
