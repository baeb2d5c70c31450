"""What a person is shown of the journal and of transfers, gathered on the main thread."""

from __future__ import annotations

from collections.abc import Iterable
from queue import Empty, SimpleQueue

from ..core.life.lifecycle import Phase, Submission
from .crew import Progress
from .journal import Journal
from .recovery import SHOWN


class Snapshot:
    """Every submission as of the last :meth:`refresh`; drawing code reads it and never waits for a disk.

    Of the submissions that are over only the newest are here, and those that somebody wanted to :meth:`know`. That is a
    limit of what is shown: whoever has to know all of them reads the journal (``Session.read``). ``notice`` is a
    sentence about the journal itself, or ``""``.
    """

    def __init__(self, journal: Journal, messages: SimpleQueue[Progress], notice: str = "") -> None:
        self._journal = journal
        self.notice = notice
        self._messages = messages
        self._seen_seq = -1
        self.submissions: tuple[Submission, ...] = ()
        self.progress: dict[str, Progress] = {}
        self._known: dict[str, Submission] = {}

    def refresh(self) -> bool:
        """Take it anew; whether anything changed, in this process or another."""
        is_news = self._drain()
        last = self._journal.last_seq()
        if last != self._seen_seq:
            self._seen_seq = last
            self.submissions = self._journal.recent(SHOWN)
            older = self._journal.some(self._known.keys() - {s.id for s in self.submissions})
            self._known = {s.id: s for s in (*older, *self.submissions)}
            is_news = True
        return is_news

    def find(self, submission_id: str) -> Submission | None:
        """The submission with this id as of the last refresh."""
        return self._known.get(submission_id)

    @property
    def at_hand(self) -> tuple[Submission, ...]:
        """What is shown, and what is known besides."""
        return tuple(self._known.values())

    def moved(self, found: Submission) -> tuple[int, int]:
        """Bytes of its upload or download under way, and in all; zeros without one, or while its size is unknown."""
        progress = self.progress.get(found.id)
        phases = (Phase.INTENDED, Phase.UNANSWERED) if progress and progress.is_upload else (Phase.READY,)
        if progress is None or found.phase not in phases or not progress.received or not progress.total:
            return 0, 0
        return progress.received, progress.total

    def know(self, ids: Iterable[str]) -> bool:
        """Have these at hand, too, however old they are; whether any was not. Reads the disk: never while drawing."""
        unknown = set(ids) - self._known.keys()
        found = self._journal.some(unknown) if unknown else ()
        self._known |= {s.id: s for s in found}
        return bool(found)

    def _drain(self) -> bool:
        is_news = False
        while True:
            try:
                message = self._messages.get_nowait()
            except Empty:
                return is_news
            self.progress[message.submission_id] = message
            is_news = True
