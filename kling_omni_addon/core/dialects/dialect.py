"""What every dialect can do. The modules ``legacy`` and ``new`` are dialects; nothing else reads a field of a task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from ..capability import Profile
from ..pieces import Body
from ..protocol import HttpCall, HttpReply, TaskReport


class Page(NamedTuple):
    """Tasks of the account, and the cursor of the page after them, ``""`` at the end of the list."""

    reports: tuple[TaskReport, ...]
    after: str


class Dialect(Protocol):
    """One generation of the API. Cursors are texts that only the dialect understands, ``""`` for the newest page.

    Whatever reads a reply raises :class:`Refused` for the service's own word, :class:`OtherDialect` for an answer in
    the words of another generation, and :class:`Unanswered` for what proves nothing.
    """

    @property
    def LABEL(self) -> str: ...  # noqa: N802 - a constant of the module
    @property
    def TAKES_KEY_PAIRS(self) -> bool: ...  # noqa: N802

    def written(self, body: Body, limits: Profile) -> tuple[str, Body]:
        """Where a faultless create body goes, and the body in this dialect's words."""
        ...

    def build_find(self, external_task_id: str) -> HttpCall:
        """Ask for a task by our own id."""
        ...

    def build_ask(self, task_id: str) -> HttpCall:
        """Ask for a task by the service's id."""
        ...

    def build_together(self, task_ids: Sequence[str]) -> HttpCall | None:
        """Ask for some tasks by the service's ids in one call, whose answer may leave some out; ``None`` where they are
        too many for one.
        """
        ...

    def build_page(self, cursor: str, size: int) -> HttpCall:
        """Ask for the page of the account's tasks at a cursor, of at most :data:`.protocol.MOST_ON_PAGE` tasks."""
        ...

    def cursor_of(self, number: int) -> str | None:
        """The cursor of a page by its number from 1; ``None`` where only the page before it tells."""
        ...

    def read_create(self, reply: HttpReply, external_task_id: str) -> TaskReport:
        """The task that a create made."""
        ...

    def read_task(self, reply: HttpReply, wanted: str) -> TaskReport:
        """The state of the task that was asked for by ``wanted``, either id. Raises :class:`TaskUnknown`, too; a
        stranger's task is no answer.
        """
        ...

    def read_together(self, reply: HttpReply) -> tuple[TaskReport, ...]:
        """The answer to :meth:`build_together`; entries that cannot be read are passed over."""
        ...

    def read_page(self, reply: HttpReply, cursor: str) -> Page:
        """The page at ``cursor``; entries that cannot be read are passed over, for missing never means failed."""
        ...

    def read_callback(self, body: bytes) -> TaskReport:
        """The task of a callback: a task object without an envelope (contract, section 11)."""
        ...
