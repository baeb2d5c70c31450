"""How far the jobs are that a command waits for, for the line on a terminal: what is known, and no per cent of anything
else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from ..core.life.lifecycle import Phase, Submission
from ..core.problem import escaped
from ..core.usual import usually
from .output import Progress

if TYPE_CHECKING:
    from ..session import Session

_MOST_OF_NAME: Final = 32
_DONE: Final = "done"
_DOING: Final[Mapping[Phase, str]] = {
    Phase.INTENDED: "queued",
    Phase.UNANSWERED: "checking",
    Phase.PARKED: "no response",
    Phase.ACCEPTED: "generating",
    Phase.READY: "downloading",
    Phase.FAILED: "failed",
    Phase.ABANDONED: "stopped",
}


def show_progress(progress: Progress, session: Session, submissions: Iterable[Submission]) -> None:
    """Say how far these are."""
    found = tuple(submissions)
    moved = [session.snapshot.moved(submission) for submission in found]
    text = _of_one(session, found[0]) if len(found) == 1 else _of_many(found)
    progress.show(text, sum(done for done, _ in moved), sum(total for _, total in moved))


def _of_one(session: Session, submission: Submission) -> str:
    name = escaped(submission.target.name or submission.id)
    shown = name if len(name) <= _MOST_OF_NAME else f"{name[: _MOST_OF_NAME - 3]}..."
    usual = usually(session.usual_s(submission)) if submission.phase is Phase.ACCEPTED else ""
    return f"{shown}: {_doing(submission)}{f' ({usual[:1].lower()}{usual[1:]})' if usual else ''}"


def _of_many(submissions: tuple[Submission, ...]) -> str:
    counted = Counter(map(_doing, submissions))
    others = ", ".join(f"{counted[doing]} {doing}" for doing in _DOING.values() if counted[doing])
    return f"{counted[_DONE]} of {len(submissions)} clips done{f', {others}' if others else ''}"


def show_count(progress: Progress, still_open: int, total: int) -> None:
    """Say of how many clips nothing more is to come."""
    clips = "1 clip" if total == 1 else f"{total} clips"
    progress.show(f"{total - still_open} of {clips} done")


def _doing(submission: Submission) -> str:
    return _DOING.get(submission.phase, _DONE)
