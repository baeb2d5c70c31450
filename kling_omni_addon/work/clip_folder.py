"""Which folder a clip can go to: tried before anything is sent, and again before it is fetched.

A paid clip never waits for one folder alone. Where the one that was wanted takes no files, it goes to the home's clips,
and says so.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import ArgumentsInvalid, ClipUnusable
from ..core.life.lifecycle import Submission
from ..durable import make_folder

PATIENCE = 3
"""So many failed tries does a clip wait for its own folder: a share may only be slow to come back."""
_LONGEST_NAME = 100
"""Characters of a clip's name on its way, without the ``.part``: a shot, a date, a tag, a number, a mark."""
_LONGEST_PATH = 259 if os.name == "nt" else 4096
"""Characters of a whole path: Windows ends there, and says no more than that there is no such folder."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_ANOTHER = "Choose another folder for the clip."


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a clip goes now, and where it was ``wanted``; ``note`` is a sentence where these differ."""

    folder: Path
    wanted: Path
    note: str = ""

    def note_on(self, clip: Path) -> str:
        """What is to be said of where a clip is: it may have its name from an earlier try, which had another place."""
        if clip.parent == self.wanted:
            return ""
        if clip.parent == self.folder:
            return self.note
        return f'The clip is in "{clip.parent}" from an earlier download, and not in "{self.wanted}".'


def require_folder(folder: Path) -> None:
    """Make a folder, and write into it, before a clip is sent for or promised to it.

    Raises :class:`ArgumentsInvalid` for one that takes no files.
    """
    try:
        if not folder.is_absolute():
            raise OSError(errno.ENOENT, "The path is not absolute")
        make_folder(folder)
        _write_into(folder)
    except (OSError, ValueError) as error:
        sentence = f'Clips cannot be saved in "{folder}": {_reason(error)}. Nothing was sent.'
        raise ArgumentsInvalid(sentence, field="folder", remedy=_ANOTHER) from error


def place_now(submission: Submission, clips: Path) -> Place:
    """The folder of the submission's target, or, after some patience, ``clips``.

    The target's folder is made anew where its .blend still is. Else only its last part is: with the folder above it
    gone, it was moved, or its share is away, and what would be made is another place. Raises :class:`ClipUnusable`.
    """
    wanted = wanted_folder(submission, clips)
    trouble = _trouble_with(wanted, makes_parents=wanted == clips or _is_there(submission.target.blend))
    if not trouble:
        return Place(folder=wanted, wanted=wanted)
    sentence = f'Clips cannot be saved in "{wanted}": {trouble}.'
    is_last = wanted == clips or bool(_trouble_with(clips, makes_parents=True))
    if is_last or submission.failures < PATIENCE:
        raise ClipUnusable(sentence, field="folder", remedy=_ANOTHER)
    return Place(folder=clips, wanted=wanted, note=_elsewhere(sentence, clips))


def wanted_folder(submission: Submission, clips: Path) -> Path:
    """The folder that the clip was meant for, whatever is there now."""
    return Path(submission.target.folder) if submission.target.folder else clips


def note_on(clip: Path, submission: Submission, clips: Path) -> str:
    """What is to be said of where a clip is that is here already, whether another place would take it now or none."""
    try:
        return place_now(submission, clips).note_on(clip)
    except ClipUnusable as error:
        return "" if clip.parent == wanted_folder(submission, clips) else _elsewhere(error.sentence, clip.parent)


def _elsewhere(sentence: str, folder: Path) -> str:
    return f'{sentence} The clip is in "{folder}" instead.'


def _is_there(blend: str) -> bool:
    try:
        return Path(blend).is_absolute() and Path(blend).is_file()
    except OSError:
        return False


def _trouble_with(folder: Path, *, makes_parents: bool) -> str:
    """Why a folder takes no files, as half a sentence; ``""`` where it does. A full disk is no reason: it is another
    sentence, and other folders do not help.
    """
    try:
        if makes_parents:
            make_folder(folder)
        elif not folder.is_dir():
            folder.mkdir()
        _write_into(folder)
    except (OSError, ValueError) as error:
        is_full = isinstance(error, OSError) and error.errno in _FULL
        return "" if is_full else _reason(error)
    return ""


def _write_into(folder: Path) -> None:
    """Make a file with as long a name as a clip may have on its way, and remove it. Raises OSError."""
    trial = folder / f"{f'.kling-{os.getpid()}-{os.urandom(4).hex()}-'.ljust(_LONGEST_NAME, '_')}.part"
    if len(str(trial)) > _LONGEST_PATH:
        raise OSError(errno.ENAMETOOLONG, f"The paths of clips would be longer than {_LONGEST_PATH} characters")
    try:
        trial.open("xb").close()
    finally:
        with suppress(OSError):
            trial.unlink()


def _reason(error: OSError | ValueError) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)
