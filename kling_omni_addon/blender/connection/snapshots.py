"""What is known of submissions, as of the last refresh: panels read it here and never wait for a disk."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ...core.errors import ArgumentsInvalid
from ...core.problem import escaped
from . import opening

if TYPE_CHECKING:
    from ...core.life.lifecycle import Submission
    from ...core.life.needs import Need


def refresh() -> bool:
    """Bring the snapshots up to date; whether anything changed."""
    session = opening.running()
    if session is None or not session.snapshot.refresh():
        return False
    opening.changed.send()
    return True


def submissions() -> tuple[Submission, ...]:
    """Every submission that is not over, and the newest of the others, as of the last refresh, oldest first: what is
    shown. :func:`read_submissions` knows all.
    """
    session = opening.running()
    return session.snapshot.submissions if session is not None else ()


def submission(submission_id: str) -> Submission | None:
    """The submission with this id as of the last refresh, for drawing code: None also for one that is over for long,
    unless somebody wanted to :func:`know` it.
    """
    session = opening.running()
    return session.snapshot.find(submission_id) if session is not None else None


def at_hand() -> tuple[Submission, ...]:
    """What is shown, and those besides that somebody wanted to :func:`know`."""
    session = opening.running()
    return session.snapshot.at_hand if session is not None else ()


def know(ids: Iterable[str]) -> None:
    """Have these submissions at hand for drawing code, however old they are. Reads the disk."""
    session = opening.running()
    if session is not None and session.snapshot.know(ids):
        opening.changed.send()


def read_submission(submission_id: str) -> Submission | None:
    """The submission with this id as it stands now, however old it is; None while no session is open."""
    session = opening.running()
    return session.read(submission_id) if session is not None else None


def read_takes(shot: str) -> tuple[Submission, ...]:
    """Every submission of a shot as it stands now, however old it is; none while no session is open."""
    session = opening.running()
    return session.takes_of(shot) if session is not None else ()


def read_submissions() -> tuple[Submission, ...]:
    """Every submission of the journal, oldest first, as it stands now. Opens the session, which goes on with those that
    are unfinished, unless Blender is set to stay offline.
    """
    session = opening.session()
    refresh()
    return session.read_all()


def require_submission(submission_id: str) -> Submission:
    """One submission as it stands now. Raises :class:`ArgumentsInvalid` for an unknown id."""
    found = opening.session().read(submission_id)
    refresh()
    if found is None:
        raise ArgumentsInvalid(f'There is no job "{escaped(submission_id)}".', field="submission_id")
    return found


def elsewhere(found: Submission) -> str:
    """Why nothing happens to a submission here, as a sentence, where another service or key has it; else ``""``."""
    session = opening.running()
    return session.elsewhere(found) if session is not None else ""


def silence(found: Submission) -> str:
    """That the service does not answer about a submission, since when and why, as a sentence; else ``""``."""
    session = opening.running()
    return session.silence(found) if session is not None else ""


def silent_since(found: Submission) -> float:
    """Since when (Unix seconds) the service does not answer about a submission; 0 while it does."""
    session = opening.running()
    return session.silent_since(found) if session is not None else 0.0


def needs() -> tuple[Need, ...]:
    """What waits for a person."""
    session = opening.running()
    return session.needs() if session is not None else ()


def is_rehearsed(found: Submission) -> bool:
    """Whether a rehearsal makes it, or made it, so that it costs nothing."""
    from ...session import is_rehearsed  # sqlite, requests

    return is_rehearsed(found)


def usual_s(found: Submission) -> tuple[float, ...]:
    """How long the last tasks of its kind took, in seconds."""
    session = opening.running()
    return session.usual_s(found) if session is not None else ()


def notice() -> str:
    """A sentence about the record of submissions itself, or ``""``."""
    session = opening.running()
    return session.snapshot.notice if session is not None else ""


def moved(found: Submission) -> tuple[int, int]:
    """Bytes of the upload or download under way, and in all; zeros without one, or while its size is unknown."""
    session = opening.running()
    return session.snapshot.moved(found) if session is not None else (0, 0)
