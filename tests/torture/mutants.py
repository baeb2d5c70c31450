"""Mistakes planted in the product on purpose, to see that a harness of this folder finds them."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from kling_omni_addon.core.life import lifecycle
from kling_omni_addon.core.life.events import Event, Sent
from kling_omni_addon.core.life.lifecycle import Phase, Submission
from kling_omni_addon.remote import clips
from kling_omni_addon.remote.http import StreamedBody
from kling_omni_addon.work.journal import Journal
from kling_omni_addon.work.leases import Lease, Leases
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


MUTANTS: Mapping[str, Callable[[], None]] = {
    "rename before fsync": rename_before_fsync,
    "rename without folder fsync": rename_without_folder_fsync,
    "journal without full sync": journal_without_full_sync,
    "Sent journaled after the last byte": sent_after_the_last_byte,
    "no lease check with two processes": no_lease_check,
    "commit without a look": commit_without_a_look,
    "Range ignored but appended": range_ignored_but_appended,
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
}
"""For each mistake that a kill or a second process shows, a run that shows it. Without the mistake they end well."""

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
