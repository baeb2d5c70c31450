"""Clips in the making: one thread per task that waits for the clip maker."""

from __future__ import annotations

import hashlib
import os
import shutil
import struct
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from ..durable import patiently
from .clip_maker import ClipMakingFailed, ClipSpec
from .tasks import Clip, Task
from .video_facts import video_facts

_WATERMARKED = ".watermarked.mp4"
_MARK = b"watermark of the rehearsal"


class Maker(Protocol):
    """What makes the clips: :class:`.clip_maker.ClipMaker`, or a stand-in with a ready file."""

    def make(self, spec: ClipSpec) -> Path:
        """The finished MP4. Raises :class:`ClipMakingFailed`."""

    def close(self) -> None:
        """Stop at once what is in the making."""


def start_making(
    maker: Maker, task: Task, made: Callable[[Task, Clip, Clip | None], None], failed: Callable[[Task, str], None]
) -> None:
    """Make the clip of a task in a thread of its own, which then calls exactly one of ``made`` and ``failed``."""

    def make() -> None:
        try:
            path = maker.make(task.order.spec)
            clip = clip_of(path, task.order.spec.duration_s)
            marked = clip_of(_marked(path), task.order.spec.duration_s) if task.order.has_watermark else None
        except (ClipMakingFailed, OSError) as problem:
            failed(task, str(problem))
        else:
            made(task, clip, marked)

    threading.Thread(target=make, name=f"clip {task.task_id}", daemon=True).start()


def _marked(path: Path) -> Path:
    """The copy with the watermark: the same film with a box at its end that says so. No picture is rendered twice."""
    target = path.with_name(f"{path.stem}{_WATERMARKED}")
    handle, part = tempfile.mkstemp(dir=path.parent, suffix=".part")  # clips of one kind are made side by side
    with os.fdopen(handle, "wb") as copy, path.open("rb") as clip:
        shutil.copyfileobj(clip, copy)
        copy.write(struct.pack(">I", 8 + len(_MARK)) + b"free" + _MARK)
    patiently(lambda: Path(part).replace(target))
    return target


def clip_of(path: Path, usual_s: float) -> Clip:
    """A file as it is served; ``usual_s`` seconds long where it does not tell."""
    with path.open("rb") as stream:
        etag = f'"{hashlib.file_digest(stream, "sha256").hexdigest()[:32]}"'
    seconds = video_facts(path).duration_s or usual_s
    return Clip(path=path, etag=etag, modified_s=path.stat().st_mtime, duration=str(int(seconds * 1000) / 1000))
