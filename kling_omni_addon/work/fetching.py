"""Fetching: the clip of a finished task, from a fresh link to a verified file on record."""

from __future__ import annotations

from ..core.errors import ClipGone, JournalUnusable, KlingError, LinkExpired
from ..core.life import events as ev
from ..core.life import lifecycle
from ..core.life.events import Event
from ..core.life.lifecycle import IllegalTransition
from ..core.protocol import CLIP_KEPT_S
from .assignment import FetchedClip
from .clip_folder import place_now
from .crew import Progress
from .filing import discard_part, file_name
from .reception import Reception
from .turn import Turn

_EXPIRED = "The clip has expired at the service: Kling keeps clips for 30 days."


def fetch(turn: Turn) -> None:
    """Download the clip, or go on with a download, and put on record what came of it."""
    submission, clips = turn.submission, turn.assignment.clips
    try:
        report = turn.service.ask(submission.task_id)  # a link is never kept, so it is always fresh
        place = place_now(submission, clips)
        clip = turn.service.fetch(report, place.folder / file_name(submission), _reception(turn))
    except JournalUnusable:  # a KlingError, but nothing that the service said
        raise
    except IllegalTransition:  # nobody waits for it any more
        discard_part(submission, clips)
        raise
    except (KlingError, OSError) as error:
        turn.record(_after_failed_fetch(turn, error))
    else:
        _keep(turn, clip, place.note_on(clip.path))


def _reception(turn: Turn) -> Reception:
    def tell(received: int, total: int | None) -> None:
        turn.crew.messages.put(Progress(submission_id=turn.submission.id, received=received, total=total))

    return Reception(turn.submission, turn.append, tell, turn.now)


def _keep(turn: Turn, clip: FetchedClip, note: str) -> None:
    fetched = ev.Fetched(at=turn.now(), path=str(clip.path), sha256=clip.sha256, size_bytes=clip.size_bytes, note=note)
    turn.assignment.with_clip(lifecycle.apply(turn.submission, fetched))
    turn.record(fetched)


def _after_failed_fetch(turn: Turn, error: KlingError | OSError) -> Event:
    """What a download that brought no clip means; mostly that it is tried again."""
    now = turn.now()
    if isinstance(error, LinkExpired):
        return ev.LinkExpired(at=now)
    if _has_expired(turn, error):
        return ev.Failed(at=now, reason=_EXPIRED)
    why = str(error) if isinstance(error, KlingError) else f"The clip cannot be written: {error.strerror or error}."
    return ev.FetchFailed(at=now, reason=why)


def _has_expired(turn: Turn, error: Exception) -> bool:
    """Whether the service's word that a made clip is gone is its rule and no hiccup.

    A clock that was wrong when it was sent makes any task look old, so its word must last for a window of looking.
    That it does not know the task proves nothing, however long it says so: only a person gives such a one up.
    """
    if not isinstance(error, ClipGone):
        return False
    now = turn.now()
    since, times = turn.memory.note_missing(turn.submission.id, now)
    is_old = now - turn.submission.sent_at > CLIP_KEPT_S
    return is_old and times >= lifecycle.LATE_MISSES_WANTED and now - since >= turn.assignment.window_s
