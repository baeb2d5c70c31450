"""What the panel says in words: what Generate will do, how a submission is doing, how much is left."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from ...core.life.phase import Phase
from ...core.life.queueing import Queue
from ...core.life.spending import charged_sentence, charged_words
from ...core.pricing import plain
from ...core.usual import usually
from ..connection import snapshots
from . import placing, whereabouts
from .whereabouts import Shown

if TYPE_CHECKING:
    from ...core.account import Pack
    from ...core.life.lifecycle import Submission

_MINUTE_S: Final = 60.0
_HOUR_S: Final = 3600.0
_HALF_DAY_S: Final = 12 * _HOUR_S

STATES: Mapping[Phase, str] = {
    Phase.INTENDED: "Queued",
    Phase.UNANSWERED: "Checking",
    Phase.PARKED: "No Response",
    Phase.ACCEPTED: "Generating",
    Phase.READY: "Downloading",
    Phase.FETCHED: "Clip Ready",
    Phase.PLACED: "In Sequencer",
    Phase.FAILED: "Failed",
    Phase.ABANDONED: "Stopped",
}


_SHOWN: Mapping[Shown, str] = {
    Shown.CLIP: "In Sequencer",
    Shown.OTHER_TAKE: "Shows Another Take",
    Shown.OTHER_FILE: "In Another File",
    Shown.STAND_IN: "Clip Ready",
    Shown.NOTHING: "Clip Ready",
}


def state_of(submission: Submission) -> str:
    """How a submission stands, in two or three words: for a placed one, as the open file's timelines show it now."""
    if submission.is_stopped:
        return "On Hold"
    if submission.phase is Phase.PLACED:
        return _SHOWN[whereabouts.shown_of(submission)]
    return STATES[submission.phase]


def clock_of(submission: Submission) -> str:
    """For the list: how long a live one has been going, else the time of day when it was begun."""
    if submission.is_settled:
        return time.strftime("%H:%M", time.localtime(submission.created_at))
    return elapsed(time.time() - submission.created_at)


def age_of(at: float, now: float) -> str:
    """How long ago that was, in a word or two: "2 min", "3 h", "yesterday", a date. Unix seconds."""
    seconds = max(0.0, now - at)
    if seconds < _HOUR_S:
        return f"{int(seconds // 60)} min" if seconds >= _MINUTE_S else "just now"
    day, today = _day_of(at), _day_of(now)
    if seconds < _HALF_DAY_S or day == today:
        return f"{int(seconds // _HOUR_S)} h"
    return "yesterday" if day == today - timedelta(days=1) else day.isoformat()


def _day_of(at: float) -> date:
    return datetime.fromtimestamp(at, UTC).astimezone().date()


def elapsed(seconds: float) -> str:
    """Minutes and seconds: 1:42, or 1:02:03."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    return f"{minutes}:{rest:02}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def silent(since: float) -> str:
    """That nobody answers, since when (Unix seconds), short enough for a row of the list."""
    return f"No response since {time.strftime('%H:%M', time.localtime(since))}"


def transfer_of(submission: Submission) -> str:
    """Which way the bytes go that are on their way."""
    return "Downloading" if submission.phase is Phase.READY else "Uploading"


def account_of(submission: Submission, usual_s: Sequence[float]) -> str:
    """A submission in plain words."""
    from ...core.protocol import CLIP_KEPT_S

    if snapshots.elsewhere(submission):
        return snapshots.elsewhere(submission)
    waits = _waits_because(submission)
    if waits or submission.problem:
        return waits or submission.problem
    if snapshots.silence(submission):
        return snapshots.silence(submission)
    if submission.phase is Phase.ACCEPTED and time.time() - submission.accepted_at > CLIP_KEPT_S:
        return "Sent more than 30 days ago; Kling deletes clips after 30 days. Press Stop Waiting to close this job."
    if submission.phase is Phase.ACCEPTED:
        usual = f" {usually(usual_s)}." if usual_s else ""
        maker = "The rehearsal" if snapshots.is_rehearsed(submission) else "Kling"
        return f"{maker} has been generating for {clock_of(submission)}.{usual}"
    cost = _cost(submission)
    told = {
        Phase.INTENDED: "Queued. Sent as soon as Kling accepts another job.",
        Phase.UNANSWERED: "Sent, but Kling did not respond. Checking whether the job exists.",
        Phase.READY: "Kling has finished the clip. Downloading.",
        Phase.FETCHED: placing.waits_because(submission) or "Downloaded. Adding the clip to the Sequencer.",
        Phase.PLACED: _where(submission),
    }
    note = f" {submission.note}" if submission.note else ""
    return told.get(submission.phase, STATES[submission.phase] + ".") + cost + note


@dataclass(slots=True, kw_only=True)
class _Waits:
    """What was said last of the queue, which is long to look through: drawing asks many times a second."""

    submission: Submission | None = None
    among: tuple[Submission, ...] = ()
    second: int = 0
    text: str = ""


_waits = _Waits()


def _waits_because(submission: Submission) -> str:
    """Why it waits its turn, as a sentence, looked at once a second while nothing changes."""
    among, now = snapshots.submissions(), time.time()
    is_same = _waits.submission is submission and _waits.among is among and _waits.second == int(now)
    if not is_same:
        _waits.submission, _waits.among, _waits.second = submission, among, int(now)
        _waits.text = Queue(among, now).waits_because(submission)
    return _waits.text


def _cost(submission: Submission) -> str:
    """What Kling charged, or says that it did; a rehearsal charges nothing."""
    charged = charged_words(submission)
    if charged and snapshots.is_rehearsed(submission):
        return f" Rehearsal is free; Kling would charge {charged}."
    return f" {charged_sentence(submission)}".rstrip()


def _where(submission: Submission) -> str:
    length, strip = placing.length_of(submission), submission.strip
    as_placed = f'In the Sequencer as "{strip}": {length}.' if length else f'In the Sequencer as "{strip}".'
    return whereabouts.sentence_of(submission) or as_placed


def balance(packs: Sequence[Pack]) -> str:
    """What is left on the account."""
    open_packs = [pack.remaining for pack in packs if pack.status == "online"]
    known = [units for units in open_packs if units is not None]
    left = f"{plain(sum(known, Decimal(0)))} units"
    return left if len(known) == len(open_packs) else f"{left}, and resource packs with an unreadable number of units,"
