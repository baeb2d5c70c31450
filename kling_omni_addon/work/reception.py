"""A download on record: where it stands, and every step of it in the journal before it counts."""

from __future__ import annotations

from collections.abc import Callable

from ..core.life import events as ev
from ..core.life.events import Event
from ..core.life.lifecycle import Submission
from .filing import mark_of


class MarkedReception:
    """The same for the copy with the watermark. Only its name is put on record: a download of it that broke starts
    over, and nobody watches it.
    """

    etag = ""
    total_bytes = None
    received = 0

    def __init__(self, submission: Submission, record: Callable[[Event], object], now: Callable[[], float]) -> None:
        self.mark = mark_of(submission)
        self.named = submission.marked_named
        self.named_sha256 = submission.marked_named_sha256
        self._record = record
        self._now = now

    def __call__(self, received: int, total: int | None) -> None:
        """Nobody watches."""

    def began(self, etag: str, total_bytes: int | None) -> None:
        """It always does from the start."""

    def kept(self, offset: int) -> None:
        """Nothing is built on it."""

    def naming(self, path: str, sha256: str) -> None:
        """The whole copy is about to get this name."""
        self._record(ev.Named(at=self._now(), path=path, sha256=sha256))


class Reception:
    """What a service is handed to fetch a clip with: ``remote.clips.Reception`` has the promises in words.

    ``record`` writes an event under the lease and raises when that is lost, which ends the download; ``tell`` hears of
    bytes so far and in all, if known.
    """

    def __init__(
        self,
        submission: Submission,
        record: Callable[[Event], object],
        tell: Callable[[int, int | None], None],
        now: Callable[[], float],
    ) -> None:
        self.etag = submission.etag
        self.total_bytes = submission.total_bytes
        self.received = submission.received
        self.mark = mark_of(submission)
        self.named = submission.named
        self.named_sha256 = submission.named_sha256
        self._record = record
        self._tell = tell
        self._now = now

    def __call__(self, received: int, total: int | None) -> None:
        self._tell(received, total)

    def began(self, etag: str, total_bytes: int | None) -> None:
        """The download begins or starts over: what was kept before counts no more."""
        self._record(ev.Receiving(at=self._now(), etag=etag, total_bytes=total_bytes))

    def kept(self, offset: int) -> None:
        """So many bytes are on disk, synced."""
        self._record(ev.Received(at=self._now(), offset=offset))

    def naming(self, path: str, sha256: str) -> None:
        """The whole clip is about to get this name."""
        self._record(ev.Named(at=self._now(), path=path, sha256=sha256))
