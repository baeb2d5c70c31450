"""What an answer says about the bytes it brings: of which file, which part, how many (RFC 9110, sections 8 and 14)."""

from __future__ import annotations

import re

import requests

from ..core.errors import ClipGone, ClipUnusable, LinkExpired

_STRONG_ETAG = re.compile(r'"[\x21\x23-\x7e]{1,200}"')
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})", re.ASCII)
_NUMBER = re.compile(r"\d{1,18}", re.ASCII)


def check_answer(response: requests.Response) -> None:
    """Raise what the status says: :class:`LinkExpired`, :class:`ClipGone`, or :class:`ClipUnusable`, also for a packed
    body. Passes 200, 206 and 416.
    """
    status = response.status_code
    if status == 403:
        raise LinkExpired("The link of the clip has expired.")
    if status in (404, 410):
        raise ClipGone("Kling has no file at the clip's link.")
    if status not in (200, 206, 416):
        raise ClipUnusable(f"The clip could not be downloaded (HTTP {status}).")
    if response.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise ClipUnusable("The server sent a compressed file. The download was stopped.")


def etag_of(response: requests.Response) -> str:
    """The name of the content, ``""`` without a strong one: a weak one does not promise the same bytes."""
    text = response.headers.get("etag", "").strip()
    return text if _STRONG_ETAG.fullmatch(text) else ""


def span_of(response: requests.Response) -> tuple[int, int] | None:
    """Start and total of a 206 that brings all the rest of the file; None for any other part or contradiction."""
    found = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", "").strip())
    if response.status_code != 206 or found is None:
        return None
    start, last, total = map(int, found.groups())
    is_the_rest = start <= last == total - 1 and _length(response) in (None, total - start)
    return (start, total) if is_the_rest else None


def total_of(response: requests.Response) -> int | None:
    """Bytes of the whole file, None while unknown."""
    span = span_of(response)
    return span[1] if span else _length(response)


def _length(response: requests.Response) -> int | None:
    text = response.headers.get("content-length", "").strip()
    return int(text) if _NUMBER.fullmatch(text) else None
