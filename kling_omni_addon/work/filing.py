"""What a clip's file is called and where it lies. Nothing from outside becomes part of a path unchanged, and no name
proves whose a file is: see ``remote.clips``.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from ..core.life.lifecycle import Submission
from ..durable import part_of

_NAME_LENGTH = 40
_TAG_LENGTH = 8
_MARK_LENGTH = 16
_OUR_OWN = re.compile(r"kob-[0-9a-f]{32}")


def file_name(submission: Submission) -> str:
    """What a submission's clip is called, as long as nothing else has that name."""
    return clip_name(submission.target.name, submission.id, submission.created_at)


def marked_name(clip: Path) -> str:
    """What the copy with the watermark is called, beside the clip: ``NAME.watermarked.mp4``. No take, for what lies
    beside it as ``NAME.watermarked.json`` is nothing of ours.
    """
    return f"{clip.stem}.watermarked{clip.suffix}"


def mark_of(submission: Submission) -> str:
    """What tells a submission's partial file from those of others that want the same name: of this machine or not, of
    this journal or not.
    """
    identity = (submission.origin.service, submission.id, repr(submission.created_at))
    return hashlib.sha256("\n".join(identity).encode()).hexdigest()[:_MARK_LENGTH]


def discard_part(submission: Submission, clips: Path) -> None:
    """Remove what a download that nobody wants any more left: in the folder of its target, and in ``clips``, where
    downloads go that cannot go there.

    Nothing depends on it, so a file that cannot be removed stays.
    """
    wanted = (Path(submission.target.folder),) if submission.target.folder else ()
    for folder in (*wanted, clips):
        with suppress(OSError):
            part_of(folder / file_name(submission), mark_of(submission)).unlink()


def clip_name(shot: str, submission_id: str, created_at: float) -> str:
    """``<shot>_<date>_<tag>.mp4``: says shot and date, and two takes of a shot hardly ever share it.

    ``created_at`` is Unix seconds; the date is UTC.
    """
    day = datetime.fromtimestamp(created_at, UTC).strftime("%Y-%m-%d")
    return f"{_plain(shot) or 'clip'}_{day}_{_tag(submission_id)}.mp4"


def _tag(submission_id: str) -> str:
    """The id where it is short and plain, the end of one of ours, which is random; else a digest, for ids that people
    choose differ where they like.
    """
    if len(submission_id) <= _TAG_LENGTH and _plain(submission_id) == submission_id != "":
        return submission_id
    if _OUR_OWN.fullmatch(submission_id):
        return submission_id[-_TAG_LENGTH:]
    return hashlib.sha256(submission_id.encode("utf-8", "backslashreplace")).hexdigest()[:_TAG_LENGTH]


def _plain(text: str) -> str:
    """ASCII letters, digits and single hyphens only, so it is legal on every system, reserved names included (fault
    55).
    """
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9]+", "-", ascii_text).strip("-")[:_NAME_LENGTH].rstrip("-")
