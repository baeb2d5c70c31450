"""How far a submission is: by bytes while something is transferred, by the learned usual time while it is generated."""

from __future__ import annotations

import time
from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING, Final, NamedTuple

from ...core.life.phase import Phase
from ...core.usual import usually
from ..connection import snapshots
from . import words

if TYPE_CHECKING:
    from ...core.life.lifecycle import Submission

_MOST: Final = 0.97  # that a clip is made is said by its service, and by no clock
_KB: Final = 1e3
_MB: Final = 1e6
_WHOLE_MB: Final = 10 * _MB  # from here on a decimal says nothing


class Progress(NamedTuple):
    """``share`` fills a bar from 0 to 1, None where nothing is known that could; ``text`` is short enough for a row,
    and ``hint`` says more, as a tooltip does; both may be ``""``.
    """

    share: float | None
    text: str
    hint: str = ""


def progress_of(submission: Submission) -> Progress:
    """How far it is, as of the last refresh. Generating has no per cent: Kling tells none, so its text is the clock."""
    silent_since = snapshots.silent_since(submission)
    if silent_since:
        return Progress(share=None, text=words.silent(silent_since), hint=snapshots.silence(submission))
    done, total = snapshots.moved(submission)
    if total:
        return Progress(share=done / total, text=transferred(done, total), hint=words.transfer_of(submission))
    clock = words.clock_of(submission)
    if submission.phase is not Phase.ACCEPTED:
        return Progress(share=None, text=clock)
    usual_s = snapshots.usual_s(submission)
    return Progress(share=_share_of_time(submission, usual_s), text=clock, hint=usually(usual_s))


def _share_of_time(submission: Submission, usual_s: Sequence[float]) -> float | None:
    if not usual_s:
        return None
    elapsed_s = max(0.0, time.time() - submission.accepted_at)
    return min(_MOST, elapsed_s / max(1.0, median(usual_s)))


def transferred(done: int, total: int) -> str:
    """Bytes so far and in all: ``12 of 40 MB``."""
    if total < _MB:
        return f"{done / _KB:.0f} of {total / _KB:.0f} KB"
    digits = 0 if total >= _WHOLE_MB else 1
    return f"{done / _MB:.{digits}f} of {total / _MB:.{digits}f} MB"
