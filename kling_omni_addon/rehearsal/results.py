"""Result files: signed links that expire, and serving by ranges (RFC 9110, sections 13 and 14)."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from email.utils import formatdate, parsedate_to_datetime
from urllib.parse import parse_qs, urlencode, urlsplit

from .answers import Answer, FileSlice
from .tasks import Clip

FILES_PATH = "/files/"
_WATERMARK = "-watermark"
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


class Links:
    """Links below ``base_url`` that hold for ``lifetime_s`` seconds, signed with ``secret``."""

    def __init__(self, secret: bytes, clock: Callable[[], float], lifetime_s: float) -> None:
        self.base_url = ""
        self._secret = secret
        self._clock = clock
        self._lifetime_s = lifetime_s

    def link(self, name: str) -> str:
        """A fresh link to the file of a task; ``name`` is its id, with ``-watermark`` behind it for the marked one."""
        path = f"{FILES_PATH}{name}.mp4"
        expires = str(int(self._clock() + self._lifetime_s))
        query = urlencode({"expires": expires, "sig": self._signature(path, expires)})
        return f"{self.base_url}{path}?{query}"

    def is_honoured(self, path: str, query: str) -> bool:
        """Whether a link was signed here and has not expired."""
        members = parse_qs(query)
        expires, signature = members.get("expires", [""])[0], members.get("sig", [""])[0]
        if not (expires.isascii() and expires.isdigit() and signature.isascii()):
            return False
        return hmac.compare_digest(signature, self._signature(path, expires)) and self._clock() < int(expires)

    def own_task_id(self, url: str) -> str:
        """The task behind a link of this server that is still honoured; ``""`` for any other link."""
        parts = urlsplit(url)
        is_own = bool(self.base_url) and f"{parts.scheme}://{parts.netloc}" == self.base_url
        return task_id_of(parts.path) if is_own and self.is_honoured(parts.path, parts.query) else ""

    def _signature(self, path: str, expires: str) -> str:
        return hmac.new(self._secret, f"{path}?{expires}".encode(), hashlib.sha256).hexdigest()


def task_id_of(path: str) -> str:
    """The task whose file a path names."""
    return path.removeprefix(FILES_PATH).removesuffix(".mp4").removesuffix(_WATERMARK)


def is_marked(path: str) -> bool:
    """Whether a path names the copy with the watermark."""
    return path.removesuffix(".mp4").endswith(_WATERMARK)


def serve(clip: Clip, headers: Mapping[str, str]) -> Answer:
    """The clip or the asked part of it: 200, 206 or 416. ``headers`` are the request's, names in lower case.

    Several ranges at once, or one that makes no sense, get the whole file, as the RFC permits. Raises OSError when the
    file is gone.
    """
    size = clip.path.stat().st_size
    whole = Answer(
        file=FileSlice(path=clip.path, start=0, length=size, size=size),
        headers={
            "Content-Type": "video/mp4",
            "Accept-Ranges": "bytes",
            "ETag": clip.etag,
            "Last-Modified": formatdate(clip.modified_s, usegmt=True),
        },
    )
    asked = _RANGE.fullmatch(headers.get("range", "").strip())
    if asked is None or not _is_sensible(*asked.groups()) or not _is_same(clip, headers.get("if-range", "")):
        return whole
    return _part(whole, size, *_bounds(size, *asked.groups()))


def _is_sensible(first: str, last: str) -> bool:
    return bool(first or last) and not (first and last and int(last) < int(first))


def _part(whole: Answer, size: int, start: int, end: int) -> Answer:
    """The bytes from ``start`` up to and without ``end``."""
    if not 0 <= start < end:
        return Answer(status=416, headers={"Content-Range": f"bytes */{size}", "Content-Type": "text/plain"})
    assert whole.file is not None
    part = FileSlice(path=whole.file.path, start=start, length=end - start, size=size)
    headers = {**whole.headers, "Content-Range": f"bytes {start}-{end - 1}/{size}"}
    return Answer(status=206, file=part, headers=headers)


def _bounds(size: int, first: str, last: str) -> tuple[int, int]:
    if not first:  # "the last N bytes"
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1 if last else size)


def _is_same(clip: Clip, if_range: str) -> bool:
    """Whether the client's copy began from this very file. Weak tags never count (RFC 9110, 13.1.5)."""
    if not if_range or if_range.startswith(('"', "W/")):
        return if_range in ("", clip.etag)
    try:
        return parsedate_to_datetime(if_range).timestamp() == int(clip.modified_s)
    except (TypeError, ValueError):
        return False
