"""A clip that is here is copied to another folder: whole or not at all, over nothing that lies there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from itertools import count, takewhile
from pathlib import Path

from ..core.errors import ClipUnusable
from ..core.life.lifecycle import Submission
from ..digest import has_digest
from ..durable import fsync, part_of, put_where_free, write_new
from .clip_folder import require_folder
from .filing import mark_of
from .sidecar import sidecar_of


def copy_clip(submission: Submission, folder: Path) -> Path:
    """Copy a submission's clip, and what is said of it beside it, into a folder; the copy, also one that is there.

    Raises :class:`ArgumentsInvalid` for a folder that takes no files, :class:`ClipUnusable` where the clip is gone or
    another file by now, and ``OSError``.
    """
    require_folder(folder)
    clip = Path(submission.clip)
    if not has_digest(clip, submission.clip_sha256):
        sentence = f'The clip "{clip}" was deleted or replaced.'
        raise ClipUnusable(
            sentence, field="id", remedy="Restore the file, or move it away and download the clip again."
        )
    for target in _names(folder, clip):
        if has_digest(target, submission.clip_sha256):
            return target
        if not os.path.lexists(target):  # a link that leads nowhere has the name, too
            _copy(clip, target, mark_of(submission))
            with suppress(OSError):  # somebody's notes of that name stay
                write_new(sidecar_of(target), sidecar_of(clip).read_bytes())
            return target
    raise AssertionError("there is always another name")


def copied_before(submission: Submission, folder: Path) -> Path | None:
    """The copy that :func:`copy_clip` made in a folder, where the clip itself is gone; None for none."""
    if not submission.clip:
        return None
    there = takewhile(os.path.lexists, _names(folder, Path(submission.clip)))
    return next((copy for copy in there if has_digest(copy, submission.clip_sha256)), None)


def _names(folder: Path, clip: Path) -> Iterator[Path]:
    yield folder / clip.name
    yield from (folder / f"{clip.stem}-{number}{clip.suffix}" for number in count(2))


def _copy(clip: Path, target: Path, mark: str) -> None:
    part = part_of(target, mark)
    try:
        part.unlink(missing_ok=True)
        with clip.open("rb") as source, part.open("xb") as file:  # never through a link that stands there
            shutil.copyfileobj(source, file)
            file.flush()
            fsync(file.fileno())
        put_where_free(part, target)
    finally:
        part.unlink(missing_ok=True)
