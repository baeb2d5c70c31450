"""The folders: the home with the journal, where clips go, and the spool."""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ..core.errors import JournalUnusable
from ..gateway.spool import Spool
from ..gateway.watch import status_of
from ..settings import named_home
from ..usual_home import goes_with_blender
from ..work.disk_trouble import JournalCorrupt
from ..work.journal_look import JournalSeen, look_at
from .finding import MACHINE, Finding, fault, fault_of, ok, warning
from .patient import Patient

_MB: Final = 1_000_000
_FULL_BYTES: Final = 200 * _MB
_TIGHT_BYTES: Final = 5_000 * _MB
"""A clip has 5 to 100 MB, and a batch a hundred clips."""
_WATCHED_S: Final = 3.0
_MOUNTS: Final = Path("/proc/mounts")
_SHARED: Final = ("nfs", "cifs", "smb", "ceph", "glusterfs", "lustre", "beegfs", "afs", "9p", "fuse.sshfs")
"""Network drives, by the first letters of what Linux calls their type."""
_FREE: Final = "Free some space on the disk, or use another folder."
_OPEN_TO_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def look_at_home(patient: Patient) -> Iterator[Finding]:
    """The home, and who may read it."""
    home = patient.home
    where = f'"{home}" ({_named_by(patient)})'
    there = _nearest(home)
    if home.exists() and not home.is_dir():
        yield fault("home", MACHINE, f"{where} is no folder.", "Set KLING_HOME to a folder.")
    elif not os.access(there, os.W_OK | os.X_OK):
        yield fault("home", MACHINE, f"{where} cannot be written.", "Make the folder writable, or set KLING_HOME.")
    elif there != home:
        yield ok("home", f"{where} is not there yet. The first job makes it.")
    elif not named_home(patient.environment, patient.preferred) and goes_with_blender():
        remedy = (
            "Close every Blender, rename any other folder kling-omni in your profile folder, and start Blender again: "
            "it moves the folder there."
        )
        yield warning("home", f"{where} is deleted when Blender is uninstalled.", remedy)
    elif kind := network_drive(home, _MOUNTS.read_text(errors="replace") if _MOUNTS.exists() else ""):
        remedy = (
            "Set KLING_HOME to a folder on a local disk. The job history is SQLite, which network drives do not keep."
        )
        yield warning("home", f"{where} is on a network drive ({kind}).", remedy)
    else:
        yield _of_owner(home, where)


def _named_by(patient: Patient) -> str:
    if patient.environment.get("KLING_HOME"):
        return "KLING_HOME"
    return "Data Folder in the preferences" if named_home({}, patient.preferred) else "the user data folder"


def network_drive(folder: Path, mounts: str) -> str:
    """The type of the network drive that a folder is on, by Linux's list of what is mounted where; ``""`` for none."""
    found = [(_unescaped(place), kind) for _, place, kind, *_ in (line.split() for line in mounts.splitlines())]
    above = [(len(place), kind) for place, kind in found if folder.absolute().is_relative_to(place)]
    kind = max(above, default=(0, ""))[1]
    return kind if kind.startswith(_SHARED) else ""


def _unescaped(place: str) -> str:
    """A path as the list has it: a space is its number in octal."""
    return re.sub(r"\\([0-7]{3})", lambda number: chr(int(number[1], 8)), place)


def _of_owner(home: Path, where: str) -> Finding:
    if os.name == "nt":  # no bits to look at: a user's own folders are for that user
        return ok("home", f"{where} can be written.")
    status = home.stat()
    if status.st_uid != os.geteuid():
        remedy = "Run as its owner, or set KLING_HOME to a folder of your own."
        return warning("home", f"{where} belongs to another user.", remedy)
    if status.st_mode & _OPEN_TO_OTHERS:
        says = f"{where} is open to other users: mode {stat.S_IMODE(status.st_mode):04o}."
        return warning("home", says, f'Close it: chmod 700 "{home}"')
    return ok("home", f"{where} is for its owner only, and can be written.")


def look_at_disk(patient: Patient) -> Iterator[Finding]:
    """The space for the journal."""
    yield _of_space("disk", patient.home)


def look_at_clips(patient: Patient) -> Iterator[Finding]:
    """The space for clips."""
    yield _of_space("clips", patient.clips or patient.home / "clips")


def _of_space(check: str, folder: Path) -> Finding:
    free = shutil.disk_usage(_nearest(folder)).free
    says = f'{free // _MB:,} MB are free for "{folder}".'
    if free < _FULL_BYTES:
        return fault(check, MACHINE, says, _FREE)
    return warning(check, says, _FREE) if free < _TIGHT_BYTES else ok(check, says)


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next((each for each in (folder, *folder.parents) if each.exists()), folder)


def look_at_journal(patient: Patient) -> Iterator[Finding]:
    """Whether the journal is sound, and what is in it."""
    path = patient.home / "journal.sqlite3"
    if not path.exists():
        yield ok("journal", "There is none yet.")
        return
    try:
        seen = look_at(path)
    except JournalCorrupt as error:
        yield fault("journal", MACHINE, error.sentence, f"Copy the folder first. {error.remedy}")
    except JournalUnusable as error:
        yield fault_of("journal", error)
    else:
        yield _of_jobs(seen)


def _of_jobs(seen: JournalSeen) -> Finding:
    counted = ", ".join(f"{count} {phase}" for phase, count in seen.phases.items())
    says = f"It is sound. Jobs: {counted or 'none'}."
    if seen.waiting_for_person is None and seen.phases:
        return ok("journal", f"{says} An earlier version wrote it. The next command brings it up to date.")
    if seen.waiting_for_person:
        remedy = "See which, and why: kling status, kling resume"
        return warning("journal", f"{says} Waiting for a person: {seen.waiting_for_person}.", remedy)
    return ok("journal", f"{says} None waits for a person.")


def look_at_spool(patient: Patient) -> Iterator[Finding]:
    """Who serves the spool, where one is named."""
    if patient.spool is None:
        return
    if not patient.spool.is_dir():
        what = "is no folder" if patient.spool.exists() else "is not there"
        yield fault(
            "spool", MACHINE, f'"{patient.spool}" {what}.', "Name the folder of the spool, and check the share."
        )
        return
    status = status_of(Spool(patient.spool), watched_s=_WATCHED_S)
    requests, waiting = int(status["requests"]), status.get("needs_a_person") or 0
    says = f"Requests in the spool: {requests}. Waiting for a person: {waiting}."
    start = f'Start one: kling gateway --spool "{patient.spool}"'
    if not status["is_served"]:
        yield warning("spool", f"No gateway serves it. {says}", start)
    elif waiting:
        yield warning("spool", f"{_who(status)} {says}", "Look at the gateway: its states say why.")
    else:
        yield ok("spool", f"{_who(status)} {says}")


def _who(status: dict[str, object]) -> str:
    return f"Served by process {status.get('pid')} on {status.get('host')}."
