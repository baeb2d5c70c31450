"""The service's HTTP dialect without any network: calls are built here, replies are read here.

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
from urllib.parse import quote, urlsplit

from .amounts import Charge, amount_of, charge_of, seconds_of
from .errors import CredentialsRefused, Reaction, Refused, TaskUnknown, Unanswered
from .payload import Payload, Piece, length_of

TASKS_PATH = "/v1/videos/omni-video"
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
    Reaction.FIX_KEYS: "Check the key and that it belongs to this service; keys of Kling and Kling China differ.",
    Reaction.SIGN_AGAIN: "Set this computer's clock right.",
    Reaction.RECHARGE: "Look at the account at Kling, then resume.",
    Reaction.CHANGE_REQUEST: "Change the request and submit it again.",
}
_MESSAGE_LENGTH = 500
_SOUNDS_KNOWN = ("already exist", "duplicat")
_NO_SUCH_TASK = (1201, 1203)
_ID_LENGTH = 200
_SAID_LENGTH = 40
_CURRENCY_LENGTH = 8
_LONGEST_CLIP_S = 86_400.0
_LAST_MS = 253_402_300_800_000.0
"""The end of the year 9999, as far as dates go."""
_NO_SUCH_TASK_REMEDY = "Check the id, and that the key belongs to the account that made the task."


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


_STATUSES = {status.value: status for status in Status} | {"succeed": Status.SUCCEEDED}

_NAMES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "task_id": (("task_id",), ("id",)),
    "external_task_id": (("task_info", "external_task_id"), ("external_id",)),
    "status": (("task_status",), ("status",)),
    "message": (("task_status_msg",), ("message",)),
    "videos": (("task_result", "videos"), ("outputs",)),
    "units": (("final_unit_deduction",), ("billing",)),
    "balance": (("final_balance_deduction", "quota"), ("final_balance_deduction",)),
    "currency": (("final_balance_deduction", "currency"),),
    "created": (("created_at",), ("create_time",)),
    "updated": (("updated_at",), ("update_time",)),
}
"""Where a task object says each fact: in the legacy family, then in the NEW one (contract 6.2 and section 13)."""


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


def build_create(payload: Payload) -> HttpCall:
    """Create a task with these bytes: the one call that costs money."""
    return HttpCall(method="POST", path=TASKS_PATH, pieces=payload.pieces)


def build_query(task_or_external_id: str) -> HttpCall:
    """Ask for one task by either id (contract 6.2)."""
    return HttpCall(method="GET", path=f"{TASKS_PATH}/{quote(task_or_external_id, safe='')}")


def build_list(page: int, size: int = PAGE_SIZE) -> HttpCall:
    """Ask for one page of the account's tasks, counted from 1 to :data:`MOST_PAGES`, of at most :data:`MOST_ON_PAGE`
    (contract 6.3).
    """
    return HttpCall(method="GET", path=f"{TASKS_PATH}?pageNum={page}&pageSize={size}")


def read_create(reply: HttpReply, external_task_id: str) -> TaskReport:
    """The task that a create made. Raises :class:`Refused` or :class:`Unanswered`; the latter proves nothing either
    way.
    """
    report = _report(read_data(reply, dict))
    if report.external_task_id not in ("", external_task_id):
        raise Unanswered("Kling answered about another task than the one that was sent.")
    return report


def read_task(reply: HttpReply, wanted: str) -> TaskReport:
    """The state of the task that was asked for by ``wanted``, its id or external id. A stranger's task is no answer."""
    report = _report(read_data(reply, dict, is_question=True))
    if wanted not in (report.task_id, report.external_task_id):
        raise Unanswered("Kling answered about another task than the one that was asked for.")
    return report


def read_list(reply: HttpReply) -> tuple[TaskReport, ...]:
    """One page of tasks; entries that cannot be read are passed over, for missing never means failed."""
    entries = read_data(reply, list)
    return tuple(_report(entry) for entry in entries if isinstance(entry, dict) and id_of(_fact(entry, "task_id")))


def read_callback(body: bytes) -> TaskReport:
    """The task of a callback: a task object without an envelope (contract, section 11). Raises :class:`Unanswered`."""
    return _report(_document(HttpReply(status=200, headers={}, body=body)))


def read_data(reply: HttpReply, kind: type[Any], *, is_question: bool = False) -> Any:
    """The ``data`` member of a good answer, of the given type; everything else becomes the right exception.

    Where one task was asked for by its id (``is_question``), the codes for an illegal or unknown value say that there
    is no such task, whatever words stand beside them.
    """
    document = _document(reply)
    code = document.get("code")
    if not isinstance(code, int) or isinstance(code, bool):
        raise Unanswered(f"The answer (HTTP {reply.status}) does not look like Kling's.")
    if code != 0:
        raise _refusal(code, reply, cleaned(document.get("message")), is_question)
    if reply.status >= 400:
        raise Unanswered(f"The answer contradicts itself: HTTP {reply.status} with code 0.")
    data = document.get("data")
    if not isinstance(data, kind):
        raise Unanswered("The answer lacks its data.")
    return data


def _document(reply: HttpReply) -> dict[str, Any]:
    try:
        document = json.loads(reply.body)
    except (ValueError, RecursionError):
        document = None
    if isinstance(document, dict):
        return document
    if reply.headers.get("content-type", "").startswith("text/html"):
        raise Unanswered(
            f"A web page answered instead of Kling (HTTP {reply.status}).",
            field="service",
            remedy="Check the service's address, a proxy, or the log-in page of this network.",
        )
    raise Unanswered(f"The answer (HTTP {reply.status}) is not JSON.")


def _refusal(code: int, reply: HttpReply, message: str, is_question: bool) -> Refused:
    reaction = reaction_to(code, reply.status, message)
    kind = Refused
    if 1000 <= code <= 1004:
        kind = CredentialsRefused
    elif is_question and code in _NO_SUCH_TASK:
        kind = TaskUnknown
    return kind(
        f"Kling refused: {message or 'no reason given'} (code {code}).",
        code=code,
        http_status=reply.status,
        reaction=reaction,
        retry_after_s=retry_after_s(reply.headers),
        field="key" if kind is CredentialsRefused else "",
        remedy=_NO_SUCH_TASK_REMEDY if kind is TaskUnknown else _REMEDIES.get(reaction, ""),
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


def _report(data: Mapping[str, Any]) -> TaskReport:
    task_id = id_of(_fact(data, "task_id"))
    if not task_id:
        raise Unanswered("The answer names no task.")
    link, marked_link, duration_s = _video(_fact(data, "videos"))
    charge = _charge(_fact(data, "units"), _fact(data, "balance"), _fact(data, "currency"))
    return TaskReport(
        task_id=task_id,
        external_task_id=_text(_fact(data, "external_task_id")),
        status=_STATUSES.get(_text(_fact(data, "status")), Status.UNKNOWN),
        message=cleaned(_fact(data, "message")),
        link=link,
        marked_link=marked_link,
        duration_s=duration_s,
        charge_units=charge.units,
        charge_balance=charge.balance,
        charge_currency=charge.currency,
        charge_said=charge.said,
        created_at=_moment(_fact(data, "created")),
        updated_at=_moment(_fact(data, "updated")),
    )


def _moment(milliseconds: Any) -> float:
    """Unix seconds; 0 for what is no time."""
    return (seconds_of(milliseconds, _LAST_MS) or 0.0) / 1000


def _host(link: str) -> str:
    try:
        return cleaned(urlsplit(link).hostname)
    except ValueError:
        return ""


def _fact(data: Mapping[str, Any], fact: str) -> Any:
    """What a task object says under the first name of :data:`_NAMES` that it uses; None where it says nothing."""
    for path in _NAMES[fact]:
        value: Any = data
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        if value is not None:
            return value
    return None


def _video(videos: Any) -> tuple[str, str, float | None]:
    """Link, link of the marked copy, and length of the first video that has a link."""
    for video in videos if isinstance(videos, list) else ():
        if isinstance(video, dict) and video.get("type", "video") == "video" and _text(video.get("url")):
            links = _text(video["url"]), _text(video.get("watermark_url"))
            return *links, seconds_of(video.get("duration"), _LONGEST_CLIP_S)
    return "", "", None


def _charge(units: Any, balance: Any, currency: Any) -> Charge:
    """What a task cost.

    NEW lists its charges; money among them is not units, and units "0" beside it are no charge (contract 6.2). Neither
    family documents a currency: it is told where it stands beside the money.
    """
    quota = balance if not isinstance(balance, dict) else None  # a deduction that names no quota
    counted, money = ([units], [(quota, currency)]) if not isinstance(units, list) else _listed(units)
    counted = [each for each in counted if each is not None]
    money = [each for each in money if each[0] is not None]
    known = charge_of(counted[0]) if len(counted) == 1 else None  # never more than one was seen
    is_readable = known is not None or not counted
    if is_readable and all(amount_of(each) == 0 for each, _ in money):
        return Charge(units="" if known is None else f"{known:f}")
    said = [f"{_shown(each)} units" for each in counted] + [f"{_shown(each)} of the balance" for each, _ in money]
    paid, word = _paid(money) if is_readable else ("", "")
    return Charge(units=f"{known:f}" if known else "", balance=paid, currency=word, said=", ".join(said[:2]))


def _paid(money: list[tuple[Any, Any]]) -> tuple[str, str]:
    """What was taken of the balance, and its currency; of several sums none is told, for none was ever seen."""
    amount = amount_of(money[0][0]) if len(money) == 1 else None
    word = cleaned(money[0][1]) if amount else ""
    return (f"{amount:f}" if amount else ""), (word if len(word) <= _CURRENCY_LENGTH else "")


def _listed(charges: list[Any]) -> tuple[list[Any], list[tuple[Any, Any]]]:
    """Of the charges of NEW those in units, and all others with their currency."""
    units, others = list[Any](), list[tuple[Any, Any]]()
    for charge in charges:
        members = charge if isinstance(charge, dict) else {}
        amount = members.get("amount", charge)
        if members.get("charge_type") == "unit":
            units.append(amount)
        else:
            others.append((amount, members.get("currency")))
    return units, others


def _shown(value: Any) -> str:
    """What the service wrote for an amount, quoted, short enough for a sentence."""
    text = cleaned(value if isinstance(value, str) else json.dumps(value)[:_SAID_LENGTH])
    return f'"{text[:_SAID_LENGTH]}"'


def id_of(value: Any) -> str:
    """The id of something at the service, ``""`` for what cannot be asked for: an id is short, printable and whole."""
    text = _text(value)
    return text if len(text) <= _ID_LENGTH and text.isprintable() else ""


def can_be_asked_for(text: str) -> bool:
    """Whether a text is an id to ask for: dots alone would be another path, and nothing at all the list of tasks."""
    return bool(id_of(text)) and text not in (".", "..")


def _text(value: Any) -> str:
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
