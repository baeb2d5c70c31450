"""One task of the service: what was ordered, where it stands, how the legacy API describes it (contract 6.1, 6.2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from ..core.pricing import plain
from .clip_maker import ClipSpec

SUBMITTED, PROCESSING, SUCCEED, FAILED = "submitted", "processing", "succeed", "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A create that broke no rule. ``doom`` is the reason for which its task will fail, ``""`` for none.

    ``prompt`` is the active prompt; the storyboard's texts are joined. ``units`` is the charge of success.
    """

    external_task_id: str
    prompt: str
    spec: ClipSpec
    units: Decimal
    doom: str = ""
    has_watermark: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A finished clip and its name for caches. ``duration`` is the service's text, in seconds."""

    path: Path
    etag: str
    modified_s: float
    duration: str


@dataclass(slots=True, kw_only=True)
class Task:
    """A task in the account. Only the account changes it, under its lock. Times are Unix seconds. ``marked`` is the
    copy with the watermark, where one was ordered.
    """

    task_id: str
    video_id: str
    order: Order
    created_s: float
    processing_from_s: float
    ends_from_s: float
    clip: Clip | None = None
    marked: Clip | None = None
    failure: str = ""
    made_s: float = 0.0
    is_ended: bool = False

    def status(self, now: float) -> str:
        """The service's word for where the task stands."""
        if self.is_ended:
            return FAILED if self.failure else SUCCEED
        return SUBMITTED if now < self.processing_from_s else PROCESSING

    def can_end(self, now: float) -> bool:
        """Whether its time is over and there is a clip, or a reason for none."""
        return now >= self.ends_from_s and (self.clip is not None or bool(self.failure))

    def updated_s(self, now: float) -> float:
        """When the status last changed."""
        if self.is_ended:
            return max(self.ends_from_s, self.made_s)
        return self.created_s if now < self.processing_from_s else self.processing_from_s

    @property
    def charge(self) -> Decimal:
        """Units taken for it. A failed task costs nothing."""
        return self.order.units if self.is_ended and not self.failure else Decimal(0)


def created_object(task: Task) -> dict[str, Any]:
    """The task as a create answers it (6.1)."""
    created = milliseconds(task.created_s)
    return {
        "task_id": task.task_id,
        "task_info": _info(task),
        "task_status": SUBMITTED,
        "created_at": created,
        "updated_at": created,
    }


def task_object(task: Task, now: float, link: Callable[[str], str]) -> dict[str, Any]:
    """The task as a query answers it (6.2). ``link`` makes a fresh signed link for a file name."""
    status = task.status(now)
    document = {
        "task_id": task.task_id,
        "task_status": status,
        "task_status_msg": task.failure if status == FAILED else "",
        "task_info": _info(task),
        "task_result": {"videos": [video_object(task, link)]} if status == SUCCEED else {},
        "watermark_info": {"enabled": task.order.has_watermark},
        "created_at": milliseconds(task.created_s),
        "updated_at": milliseconds(task.updated_s(now)),
    }
    if status in (SUCCEED, FAILED):
        document["final_unit_deduction"] = plain(task.charge)
    return document


def _info(task: Task) -> dict[str, str]:
    return {"external_task_id": task.order.external_task_id} if task.order.external_task_id else {}


def video_object(task: Task, link: Callable[[str], str]) -> dict[str, str]:
    """The clip of a task that has ended well, as both generations of the API describe it."""
    video = {"id": task.video_id, "url": link(task.task_id)}
    if task.order.has_watermark:
        video["watermark_url"] = link(f"{task.task_id}-watermark")
    return video | {"duration": task.clip.duration if task.clip else ""}


def milliseconds(seconds: float) -> int:
    """Unix milliseconds, as the service counts."""
    return round(seconds * 1000)


class Words(NamedTuple):
    """How one generation of the API speaks of a task: in the answer to its create, and whenever it is asked about
    (at a time, with a maker of signed links).
    """

    created: Callable[[Task], dict[str, Any]]
    described: Callable[[Task, float, Callable[[str], str]], dict[str, Any]]


LEGACY_WORDS = Words(created_object, task_object)
"""How the legacy API speaks of a task."""
