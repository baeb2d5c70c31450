"""Clips in the making: one thread per task that waits for the clip maker."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from .clip_maker import ClipMakingFailed, ClipSpec
from .tasks import Clip, Task
from .video_facts import video_facts


class Maker(Protocol):
    """What makes the clips: :class:`.clip_maker.ClipMaker`, or a stand-in with a ready file."""

    def make(self, spec: ClipSpec) -> Path:
        """The finished MP4. Raises :class:`ClipMakingFailed`."""

    def close(self) -> None:
        """Stop at once what is in the making."""


def start_making(
    maker: Maker, task: Task, made: Callable[[Task, Clip], None], failed: Callable[[Task, str], None]
) -> None:
    """Make the clip of a task in a thread of its own, which then calls exactly one of ``made`` and ``failed``."""

    def make() -> None:
        try:
            clip = _clip(maker.make(task.order.spec), task.order.spec)
        except (ClipMakingFailed, OSError) as problem:
            failed(task, str(problem))
        else:
            made(task, clip)

    threading.Thread(target=make, name=f"clip {task.task_id}", daemon=True).start()


def _clip(path: Path, spec: ClipSpec) -> Clip:
    with path.open("rb") as stream:
        etag = f'"{hashlib.file_digest(stream, "sha256").hexdigest()[:32]}"'
    seconds = video_facts(path).duration_s or spec.duration_s
    return Clip(path=path, etag=etag, modified_s=path.stat().st_mtime, duration=str(int(seconds * 1000) / 1000))
