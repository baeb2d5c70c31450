"""The Omni-Video service: what the worker needs (submit, find, ask, list, fetch), elements and the account."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

from ..core import account as core_account
from ..core import elements as core_elements
from ..core import protocol
from ..core.account import Pack
from ..core.capability import LEGACY
from ..core.dialects import Dialect, Page, spoken
from ..core.elements import ElementDraft, ElementTask, LibraryElement
from ..core.errors import (
    ClipGone,
    CredentialsUnfit,
    NotSent,
    OtherDialect,
    Reaction,
    Refused,
    TaskUnknown,
    Unanswered,
)
from ..core.media import ClipRef, PictureRef
from ..core.payload import Payload
from ..core.protocol import HttpCall, HttpReply, TaskReport
from . import clips
from .clips import Clip, Reception, Trust
from .http import Http, StreamedBody
from .token import Credentials, KeyPair, bearer

_T = TypeVar("_T")
_PROBE_ID = "kling-omni-credential-check"
_CLOCK_SLACK_S = 2.0
_PROBE_FROM_BYTES = 256 * 1024
_SCAN_PAGES = 20
_YEAR_S = 365 * 86_400.0
_CHUNK_BYTES = 1 << 18


class Pictures(Protocol):
    """Where the bytes of a payload's pictures come from."""

    def encoded(self, picture: PictureRef) -> Iterator[bytes]:
        """The picture as Base64, chunk by chunk. Raises :class:`KlingError` before the last chunk where it is not what
        was judged.
        """


class KlingService:
    """The service at one address with one key, in one dialect, for one thread: it holds a connection.

    Where the dialect takes no such key, every question and every send raises :class:`CredentialsUnfit`: nothing goes
    out. The element library and the account have paths of their own, and one dialect.
    """

    def __init__(
        self,
        *,
        base_url: str,
        credentials: Credentials,
        pictures: Pictures,
        now: Callable[[], float],
        user_agent: str,
        dialect: str = LEGACY,
        trusts_resolver: bool = False,
        tell_sent: Callable[[str, int, int], None] = lambda own_id, sent, total: None,
    ) -> None:
        """``tell_sent`` hears, from the thread that sends, how many bytes of a create have gone out of how many, by the
        submission's id; and 0 at its end, good or bad. ``trusts_resolver``: a clip may come from a local network.
        """
        self._tell_sent = tell_sent
        self._base_url = base_url.rstrip("/")
        self._credentials = credentials
        self._spoken = dialect
        self._pictures = pictures
        self._now = now
        self._user_agent = user_agent
        self._skew_s = 0.0
        self._server_ahead_s = 0.0
        self._trust = Trust(service_host=urlsplit(self._base_url).hostname or "", in_resolver=trusts_resolver)
        self._http = Http(self._base_url, user_agent)

    def speaking(self, dialect: str) -> KlingService:
        """The same service over the same connection in another dialect."""
        if dialect == self._spoken:
            return self
        other = copy.copy(self)
        other._spoken = dialect
        return other

    @property
    def _dialect(self) -> Dialect:
        """Raises :class:`CredentialsUnfit`."""
        dialect = spoken(self._spoken)
        name = dialect.LABEL[0].upper() + dialect.LABEL[1:]
        if isinstance(self._credentials, KeyPair) and not dialect.TAKES_KEY_PAIRS:
            raise CredentialsUnfit(
                f"{name} accepts an API key, but no access key with a secret key. Nothing was sent.",
                field="KLING_API_KEY",
                remedy="Create an API key in Kling's console and enter it, or select the legacy API for new shots.",
            )
        return dialect

    def require_fit_key(self) -> None:
        """Raise :class:`CredentialsUnfit` where the dialect takes no key of this kind."""
        _ = self._dialect

    def check_credentials(self) -> None:
        """Ask for a task that cannot exist: free, and a good key is answered "not found" (contract 3.3).

        Raises :class:`CredentialsRefused`, :class:`NotSent` or :class:`Unanswered`.
        """
        try:
            self.find(_PROBE_ID)
        except TaskUnknown:
            return

    def submit(self, payload: Payload, commit: Callable[[], None]) -> TaskReport:
        """Create a task. ``commit`` is called once, when all but the last byte of the body has been handed to the
        network.

        Raises :class:`NotSent` (proof: the last byte never left), :class:`Refused` (the service's own word) or
        :class:`Unanswered` (anything else after the commit point), and whatever ``commit`` raises, in which case
        nothing was sent.
        """
        if payload.content_length > _PROBE_FROM_BYTES:
            self.check_credentials()  # a wrong key costs one small GET, not the upload
        dialect = self._dialect
        call = self._with_links(HttpCall(method="POST", path=payload.path, pieces=payload.pieces))
        reply, is_committed = self._post(payload.external_task_id, call, commit)
        try:
            return dialect.read_create(reply, payload.external_task_id)
        except Refused as refusal:
            if refusal.reaction is Reaction.SIGN_AGAIN:
                self._follow_server_clock()  # for the next try, which the worker decides on
            raise
        except Unanswered as error:
            if not is_committed:  # the service broke off mid-upload with an answer of no meaning
                raise NotSent("The service ended the connection before the request was complete.") from None
            if isinstance(error, OtherDialect):
                raise self._of_address(error) from None
            raise

    def _with_links(self, call: HttpCall) -> HttpCall:
        """The call with a fresh link in the place of each clip. Raises :class:`ClipGone` where the account has none,
        and :class:`NotSent`: nothing has gone out yet.
        """
        pieces = (self._link_of(piece) if isinstance(piece, ClipRef) else piece for piece in call.pieces)
        return replace(call, pieces=tuple(pieces))

    def _link_of(self, clip: ClipRef) -> str:
        """As it stands between quotes in JSON. It is free to ask for."""
        try:
            link = self.find_by_either(clip.known_as).link
        except TaskUnknown:
            link = ""
        except Unanswered as error:
            raise NotSent(error.sentence, field=error.field, remedy=error.remedy) from None
        if not link:
            raise ClipGone(
                "Kling no longer has the clip that this shot uses as its video. Nothing was sent.", field="video_of"
            )
        return json.dumps(link)[1:-1]

    def _post(self, own_id: str, call: HttpCall, commit: Callable[[], None]) -> tuple[HttpReply, bool]:
        chunks = self._told(self._bytes(call), own_id, call.content_length)
        body = StreamedBody(chunks, call.content_length, commit)
        try:
            return self._send(call, body), body.is_committed
        finally:
            self._tell_sent(own_id, 0, call.content_length)

    def _told(self, chunks: Iterator[bytes], own_id: str, length: int) -> Iterator[bytes]:
        sent = 0
        for chunk in chunks:
            yield chunk
            sent += len(chunk)
            self._tell_sent(own_id, sent, length)

    def _bytes(self, call: HttpCall) -> Iterator[bytes]:
        for piece in call.pieces:
            if isinstance(piece, str):
                yield piece.encode()
            elif isinstance(piece, PictureRef):
                yield from self._pictures.encoded(piece)

    def find(self, external_task_id: str) -> TaskReport:
        """The task with our id. Raises :class:`TaskUnknown`, other :class:`Refused`, :class:`NotSent` or
        :class:`Unanswered`.
        """
        dialect = self._dialect
        return self._read(
            dialect.build_find(external_task_id), lambda reply: dialect.read_task(reply, external_task_id)
        )

    def find_by_either(self, known_as: str) -> TaskReport:
        """The task with this id, ours or the service's. Raises like :meth:`find`."""
        try:
            return self.find(known_as)
        except TaskUnknown:
            if self._dialect.build_ask(known_as) == self._dialect.build_find(known_as):
                raise
        return self.ask(known_as)

    def ask(self, task_id: str) -> TaskReport:
        """The task with the service's id. Raises like :meth:`find`."""
        dialect = self._dialect
        return self._read(dialect.build_ask(task_id), lambda reply: dialect.read_task(reply, task_id))

    def ask_together(self, task_ids: Sequence[str]) -> tuple[TaskReport, ...]:
        """What the service says of many tasks in few calls; some may be missing, and others among them. Raises like
        :meth:`find`.
        """
        dialect = self._dialect
        call = dialect.build_together(task_ids)
        if call is not None:
            return self._read(call, dialect.read_together)
        found: list[TaskReport] = []
        missing = set(task_ids)
        for page in self._pages(protocol.size_for(len(task_ids))):
            found.extend(page)
            before, missing = len(missing), missing - {report.task_id for report in page}
            if len(missing) in (0, before):  # what is left is too old, or not on the list yet
                break
        return tuple(found)

    def recent(self) -> tuple[TaskReport, ...]:
        """The newest tasks of the account, one short page. Raises like :meth:`find`."""
        return next(self._pages(protocol.USUAL_ON_PAGE), ())

    def page(self, number: int, size: int = protocol.USUAL_ON_PAGE) -> tuple[TaskReport, ...]:
        """One page of the account's list, counted from 1 to :data:`protocol.MOST_PAGES`, of at most
        :data:`protocol.MOST_ON_PAGE` tasks; an entry that cannot be read is passed over. A page that is reached by a
        cursor takes as many calls as its number. Raises like :meth:`find`.
        """
        dialect = self._dialect
        cursor = dialect.cursor_of(number)
        if cursor is not None:
            return self._read_page(dialect, cursor, size).reports
        return next(islice(self._pages(size), number - 1, None), ())

    def list_tasks(self) -> Iterator[TaskReport]:
        """Every task on the account's list, page by page as it is read. Raises like :meth:`find`."""
        for reports in self._pages(protocol.PAGE_SIZE):
            yield from reports

    def _pages(self, size: int) -> Iterator[tuple[TaskReport, ...]]:
        dialect, cursor = self._dialect, ""
        for _ in range(protocol.MOST_PAGES):
            page = self._read_page(dialect, cursor, size)
            yield page.reports
            cursor = page.after
            if not cursor:
                return

    def _read_page(self, dialect: Dialect, cursor: str, size: int) -> Page:
        return self._read(dialect.build_page(cursor, size), lambda reply: dialect.read_page(reply, cursor))

    def fetch(self, report: TaskReport, target: Path, reception: Reception) -> Clip:
        """Download a finished task's clip to ``target``, from where an earlier try ended: whole and checked, or not at
        all (see ``remote.clips``).
        """
        is_local = urlsplit(self._base_url).hostname in clips.LOOPBACK
        agent = self._user_agent
        return clips.download(
            report.link, target, reception, may_be_local=is_local, user_agent=agent, trust=self._trust
        )

    def elements(self, *, presets: bool) -> tuple[LibraryElement, ...]:
        """The account's own elements, or the presets. Raises like :meth:`find`."""
        found: list[LibraryElement] = []
        for page in range(1, _SCAN_PAGES + 1):
            call = core_elements.build_element_list(page, presets=presets)
            elements, has_more = self._read(call, core_elements.read_element_list)
            found.extend(elements)
            if not has_more:
                break
        return tuple(found)

    def create_element(self, draft: ElementDraft) -> ElementTask:
        """Begin an element; free, so it needs no journal. Raises like :meth:`submit`, and :class:`ArgumentsInvalid`."""
        return self._answered(core_elements.build_element_create(draft), core_elements.read_element_task)

    def element_task(self, task_id: str) -> ElementTask:
        """How far an element is. Raises like :meth:`find`."""
        return self._read(core_elements.build_element_query(task_id), core_elements.read_element_task)

    def delete_element(self, element_id: int) -> None:
        """Delete an own element. Raises like :meth:`submit`."""
        self._answered(core_elements.build_element_delete(element_id), core_elements.read_deleted)

    def account(self) -> tuple[Pack, ...]:
        """The packs of the last year; also a free test of the key. Raises like :meth:`find`."""
        now = self._now()
        return self._read(core_account.build_account(now - _YEAR_S, now), core_account.read_account)

    def lend(self, video: Path) -> str:
        """Have a rehearsal serve a video; its link. Only a rehearsal server has this call. Raises :class:`Refused`,
        :class:`NotSent`, :class:`Unanswered` and ``OSError``.
        """
        with video.open("rb") as stream:
            chunks = iter(lambda: stream.read(_CHUNK_BYTES), b"")
            body = StreamedBody(chunks, video.stat().st_size, commit=lambda: None)
            return protocol.read_lent(self._send(HttpCall(method="POST", path=protocol.LEND_PATH), body))

    def _answered(self, call: HttpCall, read: Callable[[HttpReply], _T]) -> _T:
        """What one call that costs nothing is answered: it has no commit point."""
        body = StreamedBody(self._bytes(call), call.content_length, commit=lambda: None) if call.pieces else None
        try:
            return read(self._send(call, body))
        except OtherDialect as error:
            raise self._of_address(error) from None

    def _read(self, call: HttpCall, read: Callable[[HttpReply], _T]) -> _T:
        """Ask a free question and read its reply; once more with a token of the service's own time when the clocks
        disagree.
        """
        try:
            return self._answered(call, read)
        except Refused as refusal:
            if refusal.reaction is not Reaction.SIGN_AGAIN or not self._follow_server_clock():
                raise
        return self._answered(call, read)

    def _of_address(self, error: OtherDialect) -> OtherDialect:
        """An answer in other words says which address gave it."""
        remedy = "Select the other API in the preferences (KLING_DIALECT), or check the address of the service."
        return OtherDialect(f"{self._base_url}: {error.sentence}", field="service", remedy=remedy)

    def _send(self, call: HttpCall, body: StreamedBody | None = None) -> HttpReply:
        """One call with a fresh token. Notes how far the service's clock is ahead of ours."""
        token = bearer(self._credentials, self._now() + self._skew_s)
        reply = self._http.send(call, token, body)
        server_now = protocol.server_time(reply.headers)
        if server_now is not None:
            self._server_ahead_s = server_now - self._now()
        return reply

    def _follow_server_clock(self) -> bool:
        """Sign by the service's clock from now on (codes 1003, 1004); False when that changes nothing."""
        is_news = abs(self._server_ahead_s - self._skew_s) > _CLOCK_SLACK_S
        self._skew_s = self._server_ahead_s
        return is_news
