"""Uploaded videos that are taken away again, by a command of the artist's own: once, when no submission needs the link
any more. What goes wrong about it is a note, and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ...core.errors import ArgumentsInvalid, KlingError
from ...core.footage import command_words
from ..host.signals import Signal
from . import preferences, snapshots
from .uploads import uploading

if TYPE_CHECKING:
    from ...core.life.lifecycle import Submission
    from ...work.errand import Errand
    from ...work.uploads import Upload

begun: Signal[[Upload]] = Signal()
"""The file behind a link is being deleted, so the link leads nowhere."""

_records: list[Mapping[Path, Upload]] = []  # as they were read last
_under_way: list[Errand[str]] = []
_troubles: list[str] = []


def remember(upload: Upload) -> None:
    """A file got its link: it is to be deleted one day, where a command for that is set."""
    from ...work.uploads import Uploads

    if preferences.service().is_rehearsal or not uploading().delete_command:
        return
    try:
        Uploads(preferences.home()).add(upload)
    except OSError as error:
        _troubles.append(f"The uploaded video will not be deleted: {error.strerror or error}.")
    _records.clear()


def delete_unneeded() -> None:
    """Delete each uploaded video whose clips have arrived or failed."""
    for record, upload in _remembered().items():
        users = [each for each in snapshots.submissions() if uses(each, upload.link)]
        if users and not any(map(needs_link, users)):
            _delete(record, upload)


def let_go(link: str) -> None:
    """The artist discards an uploaded video: delete it, now or as soon as no submission needs its link."""
    is_needed = any(needs_link(each) for each in snapshots.submissions() if uses(each, link))
    for record, upload in _remembered().items():
        if upload.link == link and not is_needed:
            _delete(record, upload)


def uses(submission: Submission, link: str) -> bool:
    """Whether a link is part of what is sent."""
    written = json.dumps(link)
    return any(isinstance(piece, str) and written in piece for piece in submission.payload.pieces)


def needs_link(submission: Submission) -> bool:
    """Whether Kling may still have to fetch the video: until the clip is here, or the submission over."""
    return not (submission.is_over or submission.clip)


def trouble() -> str:
    """What went wrong about the last deletions, as a sentence; ``""`` for nothing. For drawing code."""
    for errand in [each for each in _under_way if each.is_done]:
        _under_way.remove(errand)
        try:
            _ = errand.answer
        except KlingError as error:
            _troubles.append(f"An uploaded video was not deleted. {error}")
    return _troubles[-1] if _troubles else ""


def forget() -> None:
    """The session is over: notes and records are those of another one."""
    _records.clear()
    _troubles.clear()


def _remembered() -> Mapping[Path, Upload]:
    from ...work.uploads import Uploads

    if not _records:
        _records.append(Uploads(preferences.home()).all())
    return _records[0]


def _delete(record: Path, upload: Upload) -> None:
    """Run the command, once whatever comes of it, also where several Blenders share a home."""
    from ...work.errand import Errand
    from ...work.upload_command import UploadCommand  # subprocess
    from ...work.uploads import Uploads

    _records.clear()
    template = uploading().delete_command
    if not template or not Uploads.take(record):
        return
    begun.send(upload)
    try:
        command = UploadCommand(command_words(template, file=upload.file, link=upload.link))
    except ArgumentsInvalid as error:
        _troubles.append(f"An uploaded video was not deleted. {error}")
        return
    _under_way.append(Errand(command.run))
