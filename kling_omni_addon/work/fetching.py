"""Fetching: the clip of a finished task, from a fresh link to a verified file on record; and, once that is there, the
copy with the watermark, which may fail without harm to it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ..core.errors import (
    ClipGone,
    ClipUnusable,
    JournalUnusable,
    KlingError,
    LinkExpired,
    TaskUnknown,
)
from ..core.life import events as ev
from ..core.life import lifecycle
from ..core.life.events import Event
from ..core.life.lifecycle import Action, IllegalTransition, Submission
from ..core.protocol import CLIP_KEPT_S
from ..digest import has_digest
from ..durable import part_of
from .assignment import FetchedClip
from .clip_folder import note_on, place_now
from .crew import Progress
from .filing import discard_part, file_name, mark_of, marked_name
from .reception import MarkedReception, Reception
from .turn import Turn

_DAY_S = 86_400.0
_EXPIRED = "The clip has expired: Kling deletes clips after 30 days."


def fetch(turn: Turn) -> None:
    """Download the clip, or go on with a download, and put on record what came of it. One that was here before, and is
    back where it was, is taken from there: Kling may have deleted its own.
    """
    submission, clips = turn.submission, turn.assignment.clips
    back = _back_in_place(submission)
    if back is not None:
        _keep(turn, back, note_on(back.path, submission, clips))
        return
    try:
        # A link is on no disk: it was named a moment ago, or it is asked for.
        named = turn.memory.take_answer(submission.id, submission.task_id, turn.now())
        report = named or turn.service.ask(submission.task_id)
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


@dataclass(frozen=True, slots=True)
class _Back:
    """A clip that is on this machine already."""

    path: Path
    sha256: str
    size_bytes: int


def _back_in_place(submission: Submission) -> _Back | None:
    if not submission.named:
        return None
    named = Path(submission.named)
    try:
        is_on_its_way = part_of(named, mark_of(submission)).exists()
        if is_on_its_way or named.is_symlink() or not has_digest(named, submission.named_sha256):
            return None
        return _Back(named, submission.named_sha256, named.stat().st_size)
    except OSError:  # a share that is away
        return None


def _reception(turn: Turn) -> Reception:
    def tell(received: int, total: int | None) -> None:
        turn.crew.messages.put(Progress(submission_id=turn.submission.id, received=received, total=total))

    return Reception(turn.submission, turn.append, tell, turn.now)


def _keep(turn: Turn, clip: FetchedClip, note: str) -> None:
    fetched = ev.Fetched(at=turn.now(), path=str(clip.path), sha256=clip.sha256, size_bytes=clip.size_bytes, note=note)
    turn.assignment.with_clip(lifecycle.apply(turn.submission, fetched))
    turn.record(fetched)


def fetch_marked(turn: Turn) -> None:
    """Download the copy with the watermark, beside the clip that is there, and put on record what came of it."""
    submission = turn.submission
    if turn.lease.was_dropped:  # counted, so that one which ends every process does not do so for ever
        turn.record(ev.MarkedFailed(at=turn.now(), reason="The program quit during the download."))
        return
    target = Path(submission.clip).with_name(marked_name(Path(submission.clip)))
    try:
        copy = _marked_copy(turn, target)
    except JournalUnusable:
        raise
    except IllegalTransition:  # nobody waits for it any more
        with suppress(OSError):
            part_of(target, mark_of(submission)).unlink()
        raise
    except (KlingError, OSError) as error:
        _after_failed_marked(turn, error)
    else:
        marked = ev.MarkedFetched(at=turn.now(), path=str(copy.path), sha256=copy.sha256)
        turn.assignment.with_clip(lifecycle.apply(submission, marked))
        turn.record(marked)


def _marked_copy(turn: Turn, target: Path) -> FetchedClip:
    report = turn.service.ask(turn.submission.task_id)
    if not report.marked_link:
        raise ClipUnusable("Kling did not send a link to the copy.")
    if not target.parent.is_dir():  # it was moved, or its share is away: what would be made is another place
        raise ClipUnusable(f'The folder "{target.parent}" no longer exists.')
    reception = MarkedReception(turn.submission, turn.append, turn.now)
    return turn.service.fetch(replace(report, link=report.marked_link), target, reception)


def _after_failed_marked(turn: Turn, error: KlingError | OSError) -> None:
    """What is no word about the copy (no answer, a refused key) is no try, for as long as Kling can have it."""
    is_kept = turn.now() - turn.submission.accepted_at <= CLIP_KEPT_S
    if is_kept and isinstance(error, KlingError) and not isinstance(error, ClipUnusable | TaskUnknown):
        turn.put_off(Action.FETCH_MARKED, error)
    else:
        turn.record(ev.MarkedFailed(at=turn.now(), reason=_why(error), is_last=not is_kept))


def _after_failed_fetch(turn: Turn, error: KlingError | OSError) -> Event:
    """What a download that brought no clip means; mostly that it is tried again."""
    now = turn.now()
    if isinstance(error, LinkExpired):
        return ev.LinkExpired(at=now)
    if _has_expired(turn, error):
        return ev.Failed(at=now, reason=_EXPIRED)
    return ev.FetchFailed(at=now, reason=_why(error), is_local=_is_local(error))


def _is_local(error: KlingError | OSError) -> bool:
    """Whether it is a folder or a disk that does not take the clip."""
    return not isinstance(error, KlingError) or error.field == "folder"


def _why(error: KlingError | OSError) -> str:
    return str(error) if isinstance(error, KlingError) else f"The clip cannot be saved: {error.strerror or error}."


def _has_expired(turn: Turn, error: Exception) -> bool:
    """Whether the service's word that a made clip is gone is its rule and no hiccup.

    A clock that was wrong when it was sent makes any task look old, so its word must last for a window of looking.
    That it does not know the task proves nothing, however long it says so: only a person gives such a one up.
    """
    if not isinstance(error, ClipGone):
        return False
    now = turn.now()
    since, times = turn.memory.note_missing(turn.submission.id, now)
    age_s = now - turn.submission.sent_at
    # Sent in the future: one of the two clocks is wrong, and nothing but its word for a whole day is left to go by.
    patience_s = turn.assignment.window_s if age_s > CLIP_KEPT_S else _DAY_S
    is_old = age_s > CLIP_KEPT_S or age_s < -_DAY_S
    return is_old and times >= lifecycle.LATE_MISSES_WANTED and now - since >= patience_s
