"""What all calls and replies of the service have in common, without any network; ``core.dialects`` has the rest.

:class:`HttpCall` and :class:`HttpReply` are plain data; ``remote.http`` carries the one and brings the other. No other
module looks at a status code, and every decision about an error rests on :data:`REACTIONS` (contract, sections 4, 6 and
7).
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from .errors import CredentialsRefused, Reaction, Refused, TaskUnknown, Unanswered
from .pieces import Piece, length_of

CLIP_KEPT_S = 30 * 86_400.0
"""How long Kling keeps a clip (contract, section 6.4)."""
MOST_PAGES, MOST_ON_PAGE = 1000, 500
"""Pages of the list of tasks, and tasks on a page, at most (contract 6.3)."""
USUAL_ON_PAGE = 30
"""Tasks on a page that is asked for without a number (contract 6.3)."""
PAGE_SIZE = 100
"""Tasks asked for per list page: enough for many at once, small enough to parse without a stutter
(docs/architecture.md, "Threads").
"""


def size_for(tasks: int) -> int:
    """Tasks to ask for on a list page that is to hold ``tasks`` of ours: others of the account stand between them."""
    return min(MOST_ON_PAGE, max(USUAL_ON_PAGE, 2 * tasks))


REACTIONS: Mapping[int, Reaction] = {
    1000: Reaction.FIX_KEYS,
    1001: Reaction.FIX_KEYS,
    1002: Reaction.FIX_KEYS,
    1003: Reaction.SIGN_AGAIN,
    1004: Reaction.SIGN_AGAIN,
    1100: Reaction.RECHARGE,
    1101: Reaction.RECHARGE,
    1102: Reaction.RECHARGE,
    1103: Reaction.STOP,
    1200: Reaction.CHANGE_REQUEST,
    1201: Reaction.CHANGE_REQUEST,
    1202: Reaction.STOP,
    1203: Reaction.CHANGE_REQUEST,
    1300: Reaction.CHANGE_REQUEST,
    1301: Reaction.CHANGE_REQUEST,
    1302: Reaction.WAIT,
    1303: Reaction.WAIT,
    1304: Reaction.RECHARGE,  # an account setting, like 1100: everything of this key pauses
    5000: Reaction.RETRY,
    5001: Reaction.RETRY,
    5002: Reaction.RETRY,
}
"""What to do about each code of the contract's section 7. An unknown code of an HTTP 5xx or 429 is RETRY, any other
STOP.
"""

_REMEDIES = {
    Reaction.FIX_KEYS: "Check the key. Kling and Kling China use different keys.",
    Reaction.SIGN_AGAIN: "Correct the clock of this computer.",
    Reaction.RECHARGE: "Check the account at Kling, then press Resume.",
    Reaction.CHANGE_REQUEST: "Change the request and submit it again.",
}
_MESSAGE_LENGTH = 500
_SOUNDS_KNOWN = ("already exist", "duplicat")
_NO_SUCH_TASK = (1201, 1203)
_ID_LENGTH = 200
NO_SUCH_TASK_REMEDY = "Check the ID, and that the key belongs to the account of the task."


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpCall:
    """One call: ``path`` with its query below the service's address, and a body in pieces (text, pictures to
    encode, or clips to ask the link of).
    """

    method: str
    path: str
    pieces: tuple[Piece, ...] = ()

    @property
    def content_length(self) -> int:
        """Bytes of the body."""
        return length_of(self.pieces)


LEND_PATH = "/rehearsal/videos"
"""Where a rehearsal server takes videos, which Kling itself does not."""


def read_lent(reply: HttpReply) -> str:
    """The link that a rehearsal gave a video. Raises :class:`Refused` and :class:`Unanswered`."""
    link = read_data(reply, dict).get("link")
    if not isinstance(link, str):
        raise Unanswered("The rehearsal server returned no link for the video.")
    return link


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpReply:
    """One reply, read whole. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Status(StrEnum):
    """A task's state in the service's eyes."""

    SUBMITTED = "submitted"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskReport:
    """What the service said about one task. ``link``, and ``marked_link`` of the copy with the watermark, are secrets:
    they are never logged or written to disk.

    ``charge_units``, ``charge_balance``, ``charge_currency`` and ``charge_said`` are those of :class:`.amounts.Charge`.
    ``created_at`` and ``updated_at`` are Unix seconds, 0 where it did not say.
    """

    task_id: str
    external_task_id: str = ""
    status: Status = Status.UNKNOWN
    message: str = ""
    link: str = field(default="", repr=False)
    marked_link: str = field(default="", repr=False)
    duration_s: float | None = None
    charge_units: str = ""
    charge_balance: str = ""
    charge_currency: str = ""
    charge_said: str = ""
    created_at: float = 0.0
    updated_at: float = 0.0

    @property
    def clip_host(self) -> str:
        """Which computer has the clip, ``""`` without one: all of the link that is no secret. The path alone may be
        enough to fetch it.
        """
        return _host(self.link)


def read_data(reply: HttpReply, kind: type[Any], *, is_question: bool = False) -> Any:
    """The ``data`` member of a good answer, of the given type; everything else becomes the right exception.

    Where one task was asked for by its id (``is_question``), the codes for an illegal or unknown value say that there
    is no such task, whatever words stand beside them.
    """
    document = document_of(reply)
    code = document.get("code")
    if not isinstance(code, int) or isinstance(code, bool):
        raise Unanswered(f"The response (HTTP {reply.status}) does not look like one from Kling.")
    if code != 0:
        raise _refusal(code, reply, cleaned(document.get("message")), is_question)
    if reply.status >= 400:
        raise Unanswered(f"The response contradicts itself: HTTP {reply.status} with code 0.")
    data = document.get("data")
    if not isinstance(data, kind):
        raise Unanswered("The response contains no data.")
    return data


def document_of(reply: HttpReply) -> dict[str, Any]:
    """The JSON object of a reply. Raises :class:`Unanswered`."""
    try:
        document = json.loads(reply.body)
    except (ValueError, RecursionError):
        document = None
    if isinstance(document, dict):
        return document
    if reply.headers.get("content-type", "").startswith("text/html"):
        raise Unanswered(
            f"A web page responded instead of Kling (HTTP {reply.status}).",
            field="service",
            remedy="Check the address of the service, the proxy, or the log-in page of this network.",
        )
    raise Unanswered(f"The response (HTTP {reply.status}) is not JSON.")


def _refusal(code: int, reply: HttpReply, message: str, is_question: bool) -> Refused:
    reaction = reaction_to(code, reply.status, message)
    kind = Refused
    if 1000 <= code <= 1004:
        kind = CredentialsRefused
    elif is_question and code in _NO_SUCH_TASK:
        kind = TaskUnknown
    return kind(
        f"Kling refused the request: {message or 'no reason given'} (code {code}).",
        code=code,
        http_status=reply.status,
        reaction=reaction,
        retry_after_s=retry_after_s(reply.headers),
        field="key" if kind is CredentialsRefused else "",
        remedy=NO_SUCH_TASK_REMEDY if kind is TaskUnknown else _REMEDIES.get(reaction, ""),
    )


def reaction_to(code: int, http_status: int, message: str) -> Reaction:
    """The row of :data:`REACTIONS`, save for a refusal that sounds as if our id existed already (contract, section 7).

    The words make the task looked for longer; no refusal is believed for its words.
    """
    if code == 1201 and any(word in message.lower() for word in _SOUNDS_KNOWN):
        return Reaction.LOOK_UP
    passing = http_status >= 500 or http_status == 429
    return REACTIONS.get(code, Reaction.RETRY if passing else Reaction.STOP)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds asked for by ``Retry-After``, whether given as seconds or as a date beside ``Date``; None for anything
    else.
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        later = parsedate_to_datetime(text) - parsedate_to_datetime(headers.get("date", ""))
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return max(0.0, later.total_seconds())


def server_time(headers: Mapping[str, str]) -> float | None:
    """What the service's clock says, in Unix seconds, by its ``Date`` header; None without one."""
    try:
        return parsedate_to_datetime(headers.get("date", "")).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def _host(link: str) -> str:
    try:
        return cleaned(urlsplit(link).hostname)
    except ValueError:
        return ""


def id_of(value: Any) -> str:
    """The id of something at the service, ``""`` for what cannot be asked for: an id is short, printable and whole."""
    text = text_of(value)
    return text if len(text) <= _ID_LENGTH and text.isprintable() else ""


def can_be_asked_for(text: str) -> bool:
    """Whether a text is an id to ask for: dots alone would be another path, and nothing at all the list of tasks."""
    return bool(id_of(text)) and text not in (".", "..")


def text_of(value: Any) -> str:
    """An id or word of the service. Ids are strings, and integers are kept whole (pitfall 17); all else is nothing."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def cleaned(value: Any) -> str:
    """A text from outside, fit to be shown: one line, no control or direction marks, no lone surrogates, at most 500
    characters.
    """
    text = value[: 4 * _MESSAGE_LENGTH] if isinstance(value, str) else ""
    shown = "".join(" " if unicodedata.category(mark) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else mark for mark in text)
    return " ".join(shown.split())[:_MESSAGE_LENGTH]
