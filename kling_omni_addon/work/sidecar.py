"""A small JSON file beside every clip that says where the clip comes from: ``alley_2026-11-22_a1b2c3d4.json`` beside
``alley_2026-11-22_a1b2c3d4.mp4``. It goes where the clip goes, so that a clip is known on another machine, too.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from ..core.life.lifecycle import Submission
from ..core.provenance import provenance_of
from ..core.takes import Take
from ..durable import write_whole

_log = logging.getLogger(__name__)

_LARGEST: Final = 1_000_000  # bytes; ours have a few thousand, and a folder may hold anybody's JSON
_REMEMBERED: Final = 4096


def sidecar_of(clip: Path) -> Path:
    """Where the file beside a clip is."""
    return clip.with_suffix(".json")


def keep_sidecar(submission: Submission) -> None:
    """Write the file beside the submission's clip, whole or not at all.

    A clip is worth more than what is said of it: trouble is logged, and nothing is raised. Whoever places the clip
    writes what is missing (:func:`keep_missing`).
    """
    target = sidecar_of(Path(submission.clip))
    try:
        _write(target, provenance_of(submission))
    except OSError as error:
        _log.warning("%s: what the clip comes from could not be written to %s: %s", submission.id, target, error)


def keep_missing(submission: Submission) -> None:
    """Write the file beside the clip if there is none: an earlier version, or a full disk, left the clip alone."""
    clip = Path(submission.clip)
    if submission.clip and clip.exists() and not sidecar_of(clip).exists():
        keep_sidecar(submission)


def _write(target: Path, provenance: Mapping[str, Any]) -> None:
    text = json.dumps(provenance, ensure_ascii=False, indent=1) + "\n"
    write_whole(target, text.encode("utf-8", "backslashreplace"))  # half a character pair as JSON would escape it


def take_of(clip: Path) -> Take | None:
    """The clip with what the file beside it says; None without such a file, or with one that is not ours."""
    try:
        status = sidecar_of(clip).stat()
    except OSError:
        return None
    provenance = _read(sidecar_of(clip), status.st_mtime_ns, status.st_size)
    return None if provenance is None else Take(clip=str(clip), provenance=provenance)


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
