"""Clips of a project that was moved: they go to where its .blend is now, as soon as that is open."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import bpy

from ...core.errors import KlingError
from ..connection import opening, snapshots
from ..connection.preferences import clip_folder
from ..host.identity import is_this_file
from ..shot.reading import media_folder
from ..timeline import stand_in

if TYPE_CHECKING:
    from ...core.life.lifecycle import Submission

_log = logging.getLogger(__name__)

_looked_at: set[tuple[str, str]] = set()  # submission and path of the open file, for a share that is away is slow


def follow_project() -> None:
    """Send the clips that the open file waits for to its own folder, where the one that they were meant for is gone.

    A file that was only saved under another name leaves them where they are: that folder is still there.
    """
    folder = media_folder("clips")
    if folder is None or clip_folder():
        return
    for submission in snapshots.submissions():
        if _is_waited_for(submission, folder):
            _send_to(submission, folder)


def _is_waited_for(submission: Submission, folder: Path) -> bool:
    wanted, key = submission.target.folder, (submission.id, bpy.data.filepath)
    if submission.clip or submission.is_over or wanted in ("", str(folder)) or key in _looked_at:
        return False
    _looked_at.add(key)
    is_here = is_this_file(submission.target.blend) or submission.id in stand_in.waiting_lately()
    return is_here and not Path(wanted).exists() and not Path(submission.target.blend).exists()


def _send_to(submission: Submission, folder: Path) -> None:
    try:
        opening.session().send_clip_to(submission.id, folder)
    except KlingError as error:  # the clip goes to the home's folder then
        _log.warning("%s: %s", submission.id, error)
