"""A small JSON file beside every clip that says where the clip comes from: ``alley_2026-11-22_a1b2c3d4.json`` beside
``alley_2026-11-22_a1b2c3d4.mp4``. It goes where the clip goes, so that a clip is known on another machine, too.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from ..core.life.lifecycle import Submission
from ..core.provenance import provenance_of
from ..core.takes import Take
from ..digest import has_digest
from ..durable import write_new, write_whole

_log = logging.getLogger(__name__)

_LARGEST: Final = 1_000_000  # bytes; ours have a few thousand, and a folder may hold anybody's JSON
_REMEMBERED: Final = 4096


def sidecar_of(clip: Path) -> Path:
    """Where the file beside a clip is."""
    return clip.with_suffix(".json")


def keep_sidecar(submission: Submission) -> None:
    """Write the file beside the submission's clip, whole or not at all, and never over one that is not its own.

    A clip is worth more than what is said of it: trouble is logged, and nothing is raised. Whoever places the clip
    writes what is missing (:func:`keep_missing`).
    """
    target = sidecar_of(Path(submission.clip))
    try:
        _write(target, provenance_of(submission))
    except OSError as error:  # a file of somebody else's is one, too
        _log.warning("%s: what the clip comes from could not be written to %s: %s", submission.id, target, error)


def keep_missing(submission: Submission) -> None:
    """Write the file beside the clip if there is none: an earlier version, or a full disk, left the clip alone. A file
    that is not the clip any more gets none.
    """
    clip = Path(submission.clip)
    is_alone = bool(submission.clip) and clip.is_file() and not sidecar_of(clip).exists()
    if is_alone and has_digest(clip, submission.clip_sha256):
        keep_sidecar(submission)


def discard_sidecar(submission: Submission) -> None:
    """Remove the file beside a clip that is gone, where it is the clip's own: it keeps the name from everything else.

    Nothing depends on it, so a file that cannot be removed stays.
    """
    if not submission.clip:
        return
    target = sidecar_of(Path(submission.clip))
    if _is_of(target, provenance_of(submission)):
        with suppress(OSError):
            target.unlink()


def _write(target: Path, provenance: Mapping[str, Any]) -> None:
    text = json.dumps(provenance, ensure_ascii=False, indent=1) + "\n"
    write = write_whole if _is_of(target, provenance) else write_new
    write(target, text.encode("utf-8", "backslashreplace"))  # half a character pair as JSON would escape it


def _is_of(target: Path, provenance: Mapping[str, Any]) -> bool:
    """Whether the file that lies there was written for the same task; ids that people choose may be there twice."""
    try:
        status = target.stat()
    except OSError:
        return False
    found = _read(target, status.st_mtime_ns, status.st_size)
    return found is not None and all(found.get(name) == provenance[name] for name in ("submission", "task"))


def take_of(clip: Path) -> Take | None:
    """The clip with what the file beside it says; None without such a file, or with one that is not ours."""
    try:
        status = sidecar_of(clip).stat()
    except OSError:
        return None
    provenance = _read(sidecar_of(clip), status.st_mtime_ns, status.st_size)
    return None if provenance is None else Take(clip=str(clip), provenance=provenance)


def provenance_in(path: Path) -> Mapping[str, Any] | None:
    """What such a file says; None for a file that is none. Raises OSError for one that is not there."""
    status = path.stat()
    return _read(path, status.st_mtime_ns, status.st_size)


def takes_in(folder: Path) -> Iterator[Take]:
    """Every clip of a folder that is there and has a file beside it."""
    try:
        clips = sorted(folder.glob("*.mp4"))
    except OSError:
        return
    for clip in clips:
        take = take_of(clip)
        if take is not None:
            yield take


@lru_cache(maxsize=_REMEMBERED)
def _read(path: Path, _changed_ns: int, size: int) -> Mapping[str, Any] | None:
    """What is in the file, remembered for as long as it is not changed."""
    if size > _LARGEST:
        return None
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    is_ours = isinstance(found, dict) and isinstance(found.get("format"), int) and bool(found.get("submission"))
    return found if is_ours else None
