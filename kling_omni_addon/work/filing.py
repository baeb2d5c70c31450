"""What a clip's file is called. Nothing from outside becomes part of a path unchanged."""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from ..core.life.lifecycle import Submission
from ..durable import part_of

_NAME_LENGTH = 40


def clip_path(submission: Submission, clips: Path) -> Path:
    """Where a submission's clip goes: into the folder of its target, or else into ``clips``."""
    folder = Path(submission.target.folder) if submission.target.folder else clips
    return folder / clip_name(submission.target.name, submission.id, submission.created_at)


def discard_part(submission: Submission, clips: Path) -> None:
    """Remove what a download that nobody wants any more left beside the clip's place.

    Nothing depends on it, so a file that cannot be removed stays.
    """
    with suppress(OSError):
        part_of(clip_path(submission, clips)).unlink()


def clip_name(shot: str, submission_id: str, created_at: float) -> str:
    """``<shot>_<date>_<end of the id>.mp4``: says shot and date, and two takes of a shot never share it.

    ``created_at`` is Unix seconds; the date is UTC.
    """
    day = datetime.fromtimestamp(created_at, UTC).strftime("%Y-%m-%d")
    return f"{_plain(shot) or 'clip'}_{day}_{_plain(submission_id)[-8:]}.mp4"


def _plain(text: str) -> str:
    """ASCII letters, digits and single hyphens only, so it is legal on every system, reserved names included (fault
    55).
    """
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9]+", "-", ascii_text).strip("-")[:_NAME_LENGTH].rstrip("-")
