"""Mistakes planted in the product on purpose, to see that a harness of this folder finds them."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from kling_omni_addon.core.dialects import facts
from kling_omni_addon.core.errors import KlingError
from kling_omni_addon.core.life import lifecycle
from kling_omni_addon.core.life.events import Denied, Event, Sent, believed
from kling_omni_addon.core.life.lifecycle import Phase, Submission
from kling_omni_addon.remote import clips
from kling_omni_addon.remote.http import StreamedBody
from kling_omni_addon.work import fetching, sending
from kling_omni_addon.work.journal import Journal
from kling_omni_addon.work.leases import Lease, Leases
from kling_omni_addon.work.turn import Turn
from tests.torture.stories import Death, Life, Story, Wish


def rename_before_fsync() -> None:
    """A clip gets its name before its bytes are safe (and they never are)."""
    fsync = os.fsync

    def lazy(handle: int) -> None:
        path = Path(f"/proc/self/fd/{handle}").readlink()
        if path.is_dir() or path.parent.name != "clips":
            fsync(handle)

    os.fsync = lazy  # type: ignore[assignment]


def rename_without_folder_fsync() -> None:
    """A clip's name is never made safe."""
    fsync = os.fsync

    def lazy(handle: int) -> None:
        if not Path(f"/proc/self/fd/{handle}").readlink().is_dir():
            fsync(handle)

    os.fsync = lazy  # type: ignore[assignment]


def journal_without_full_sync() -> None:
    """``synchronous=NORMAL``, the usual advice for WAL: fast, and a commit is not safe when it returns."""
    connect = sqlite3.connect

    class Hasty(sqlite3.Connection):
        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            return super().execute(sql.replace("synchronous=FULL", "synchronous=NORMAL"), *parameters)

    sqlite3.connect = lambda *a, **k: connect(*a, **(k | {"factory": Hasty}))


def sent_after_the_last_byte() -> None:
    """The commit point comes when the whole body is out."""
    parts = StreamedBody.__iter__

    def late(self: StreamedBody) -> Iterator[bytes]:
        commit, self._commit = self._commit, lambda: None
        yield from parts(self)
        commit()

    StreamedBody.__iter__ = late  # type: ignore[method-assign]


def no_lease_check() -> None:
    """Whoever asks may work on a submission, and nobody looks at the commit."""
    claim = Journal.claim

    def generous(self: Journal, submission_id: str, now: float) -> Lease | None:
        return claim(self, submission_id, now) or Lease(submission_id=submission_id, owner=self.owner, epoch=0)

    Journal.claim = generous  # type: ignore[method-assign]
    Leases.holds = lambda self, lease: True  # type: ignore[method-assign]


def commit_without_a_look() -> None:
    """No lease check, and the commit point trusts what the process believed before the upload."""
    no_lease_check()
    apply = lifecycle.apply

    def trusting(submission: Submission, event: Event) -> Submission:
        if isinstance(event, Sent) and submission.phase in (Phase.UNANSWERED, Phase.ACCEPTED, Phase.READY):
            return submission
        return apply(submission, event)

    lifecycle.apply = trusting


def range_ignored_but_appended() -> None:
    """An answer with the whole file is taken for the part that was asked for: the size is right, the content not."""
    start_of, chunks_of = clips._Getting._start, clips._chunks
    trusting = threading.local()

    def start(self: Any, response: Any, kept: int) -> int | None:
        is_whole = bool(kept) and response.status_code == 200
        trusting.left = (self.reception.total_bytes or 0) - kept if is_whole else None
        return kept if is_whole else start_of(self, response, kept)

    def chunks(response: Any) -> Iterator[bytes]:
        left = trusting.left
        for chunk in chunks_of(response):
            wanted = chunk if left is None else chunk[:left]
            left = None if left is None else left - len(wanted)
            if wanted:
                yield wanted

    clips._Getting._start = start  # type: ignore[method-assign]
    clips._chunks = chunks


def refusal_believed_at_once() -> None:
    """A refusal after the last byte counts, although it may be the answer to a second delivery."""
    after = sending._after_failed_send

    def believing(turn: Turn, error: KlingError, is_committed: bool) -> Event:
        event = after(turn, error, is_committed)
        return believed(event, event.at) if isinstance(event, Denied) else event

    sending._after_failed_send = believing


def unreadable_charge_is_zero() -> None:
    """What cannot be read of a charge is taken for nothing."""
    read = facts.charge_of

    def lenient(value: Any) -> Decimal:
        return read(value) or Decimal(0)

    facts.charge_of = lenient


def elsewhere_without_a_word() -> None:
    """A clip whose folder is away goes to the home's clips, and nobody is told."""
    place = fetching.place_now
    fetching.place_now = lambda submission, clips: replace(place(submission, clips), note="")


MUTANTS: Mapping[str, Callable[[], None]] = {
    "rename before fsync": rename_before_fsync,
    "rename without folder fsync": rename_without_folder_fsync,
    "journal without full sync": journal_without_full_sync,
    "Sent journaled after the last byte": sent_after_the_last_byte,
    "no lease check with two processes": no_lease_check,
    "commit without a look": commit_without_a_look,
    "Range ignored but appended": range_ignored_but_appended,
    "a refusal believed at once": refusal_believed_at_once,
    "an unreadable charge is zero": unreadable_charge_is_zero,
    "elsewhere without a word": elsewhere_without_a_word,
}

_TWO_AT_ONCE = Story(
    seed=0,
    lives=(
        Life(
            wishes=tuple(
                Wish(id=f"kob-0-{number}", is_doomed=False, has_picture=True, goes_to="") for number in range(8)
            ),
            faults=("slow-answer@create=0.2:20",),
            deaths=(Death(), Death()),
        ),
    ),
    is_lax=True,
    act="leave",
)
_ONE_WISH = (Wish(id="kob-0-0", is_doomed=False, has_picture=False, goes_to=""),)

STORIES: Mapping[str, Story] = {
    "Sent journaled after the last byte": Story(
        seed=0,
        lives=(Life(wishes=_ONE_WISH, faults=(), deaths=(Death(point="after last byte"),)),),
        is_lax=True,
        act="leave",
    ),
    "no lease check with two processes": _TWO_AT_ONCE,
    "commit without a look": _TWO_AT_ONCE,
    "Range ignored but appended": Story(
        seed=0,
        lives=(
            Life(
                wishes=_ONE_WISH,
                faults=("download-cut=400000", "range-ignored"),
                deaths=(Death(),),
            ),
        ),
        is_lax=True,
        act="leave",
    ),
    "a refusal believed at once": Story(
        seed=0,
        lives=(Life(wishes=_ONE_WISH, faults=("created-but-refused=1301",), deaths=(Death(),)),),
        is_lax=True,
        act="leave",
    ),
    "an unreadable charge is zero": Story(
        seed=0,
        lives=(Life(wishes=_ONE_WISH, faults=("odd-charge=NaN:20",), deaths=(Death(),)),),
        is_lax=True,
        act="leave",
    ),
    "elsewhere without a word": Story(
        seed=0,
        lives=(
            Life(
                wishes=(replace(_ONE_WISH[0], is_for_share=True),),
                faults=(),
                deaths=(Death(point="after commit Accepted"),),
            ),
            Life(wishes=(), faults=(), deaths=(Death(),), share=((0.0, "gone"),)),
        ),
        is_lax=True,
        act="leave",
    ),
}
"""For each mistake that a kill, a second process or a troubled service shows, a run that shows it. Without the mistake
they end well.
"""

OTHER_STORIES: Mapping[str, Story] = {
    "a hundred submissions": Story(
        seed=0,
        lives=tuple(
            Life(
                wishes=tuple(
                    Wish(id=f"kob-0-{life}-{number}", is_doomed=False, has_picture=False, goes_to="")
                    for number in range(20)
                ),
                faults=(),
                deaths=(Death(after_s=0.4 + 0.13 * life), Death(after_s=0.7 + 0.17 * life)),
            )
            for life in range(5)
        ),
        is_lax=True,
        act="send_again",  # a kill between Sent and the last byte leaves one parked that was never sent
    ),
    "one of two is frozen": replace(
        _TWO_AT_ONCE,
        lives=(replace(_TWO_AT_ONCE.lives[0], deaths=(Death(frozen_s=3.0), Death())),),
    ),
}
"""Runs that an issue asks for by name: two processes on one journal, with random kills; and one of them frozen for
longer than a lease, so that the other takes over and the first wakes to find itself fenced.
"""
