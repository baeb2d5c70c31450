"""What the server says: answers as data, and the table of error codes with their HTTP status (contract, section 7)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

HTTP_STATUS: Mapping[int, int] = {
    1000: 401,
    1001: 401,
    1002: 401,
    1003: 401,
    1004: 401,
    1100: 429,
    1101: 429,
    1102: 429,
    1103: 403,
    1200: 400,
    1201: 400,
    1202: 404,
    1203: 404,
    1300: 400,
    1301: 400,
    1302: 429,
    1303: 429,
    1304: 429,
    5000: 500,
    5001: 503,
    5002: 504,
}
"""The HTTP status that comes with each code."""

TEXTS: Mapping[int, str] = {
    1000: "signature is invalid",
    1001: "Authorization is empty",
    1002: "api key not found",
    1003: "Authorization is not valid yet",
    1004: "Authorization has expired",
    1100: "account exception",
    1101: "account in arrears",
    1102: "Account balance not enough",
    1103: "no permission for this API or model",
    1200: "invalid parameters",
    1201: "illegal key or value",
    1202: "the method is not supported on this path",
    1203: "the resource does not exist",
    1300: "the content violates the platform policy",
    1301: "Failure to pass the risk control system",
    1302: "too many requests",
    1303: "parallel task over resource pack limit",
    1304: "the address is not in the IP whitelist",
    5000: "internal error",
    5001: "the service is under maintenance",
    5002: "internal timeout",
}
"""What the server says with a code where nothing more exact is known: texts seen live where the contract has one, else
ours.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How an answer travels. ``cut_at`` ends it after so many bytes of content, by a close or (``is_reset``) by a TCP
    reset.

    ``is_silent`` sends nothing at all. ``wait_s`` passes before the first byte. ``piece_bytes`` > 0 sends it in pieces
    of that size with ``pause_s`` between them. ``closes`` ends the connection after a whole answer, without having said
    so.
    """

    cut_at: int | None = None
    is_reset: bool = False
    is_silent: bool = False
    wait_s: float = 0.0
    piece_bytes: int = 0
    pause_s: float = 0.0
    closes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSlice:
    """``length`` bytes of a file from ``start``; ``size`` is the whole file's."""

    path: Path
    start: int
    length: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer: ``content``, or bytes of a ``file``. A ``Content-Length`` in ``headers`` wins over the true one.

    An empty ``Content-Length`` leaves that header out.
    """

    status: int = 200
    content: bytes = b""
    file: FileSlice | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    delivery: Delivery = Delivery()

    @property
    def length(self) -> int:
        """Bytes of the content."""
        return self.file.length if self.file else len(self.content)

    def with_headers(self, **headers: str) -> Answer:
        """The same answer with more headers; an underscore in a name stands for a hyphen."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, headers={**self.headers, **named})


class Refusal(Exception):
    """The call is refused with a code of the service. ``text`` is the message; without one, the code's own."""

    def __init__(self, code: int, text: str = "", *, status: int = 0) -> None:
        super().__init__(text or TEXTS[code])
        self.code = code
        self.text = text or TEXTS[code]
        self.status = status or HTTP_STATUS[code]

    @property
    def answer(self) -> Answer:
        """The refusal as the service words it: no ``data``."""
        return json_answer({"code": self.code, "message": self.text, "request_id": str(uuid4())}, status=self.status)


def json_answer(document: Any, *, status: int = 200) -> Answer:
    """An answer with a JSON document, which may hold half a surrogate pair."""
    # Half a surrogate pair has no UTF-8; Python's escape for it is JSON's, too.
    content = json.dumps(document, ensure_ascii=False).encode("utf-8", "backslashreplace")
    return Answer(status=status, content=content, headers={"Content-Type": "application/json; charset=utf-8"})


def success(data: Any = None) -> Answer:
    """A good answer around ``data``; without any, the member is left out (as live for a delete)."""
    document = {"code": 0, "message": "SUCCEED", "request_id": str(uuid4())}
    return json_answer(document if data is None else {**document, "data": data})


def page(status: int, title: str) -> Answer:
    """An answer in HTML, as gateways and captive portals give it."""
    html = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
    return Answer(status=status, content=html.encode(), headers={"Content-Type": "text/html; charset=utf-8"})
