"""Download a clip: the file at ``target`` is whole and checked, or it is not there.

Bytes go to a temporary file beside the target, are counted and checked, then renamed. Links are secrets: no error names
one.
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urljoin, urlsplit

import requests

from ..core.errors import ClipUnusable, LinkExpired
from ..core.media import mp4_fault
from .http import CONNECT_TIMEOUT_S, READ_TIMEOUT_S, NoCredentials

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
SIZE_LIMIT_BYTES = 2 * 1024**3
_READ_BYTES = 256 * 1024
_REDIRECTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A finished, verified file."""

    path: Path
    sha256: str
    size_bytes: int


def download(
    link: str, target: Path, on_bytes: Callable[[int, int | None], None], *, may_be_local: bool, user_agent: str
) -> Clip:
    """Fetch ``link`` into ``target``. ``on_bytes`` hears of bytes so far and the total, if known.

    Raises :class:`LinkExpired` on 403, :class:`ClipUnusable` for everything else that is not a whole MP4; then no file
    appears at ``target`` and none that was there is touched. OSError (a full disk) is let through.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    try:
        with _opened(link, may_be_local, user_agent) as response, part.open("wb") as file:
            digest = _receive(response, file, on_bytes)
            file.flush()
            os.fsync(file.fileno())
        size_bytes = _check(part)
        part.replace(target)
        _fsync_folder(target.parent)
    except requests.RequestException as error:
        raise ClipUnusable(f"The download broke off ({type(error).__name__}).") from None
    finally:
        part.unlink(missing_ok=True)
    return Clip(path=target, sha256=digest, size_bytes=size_bytes)


def _opened(link: str, may_be_local: bool, user_agent: str) -> requests.Response:
    """The final response, after at most three redirects, each checked as the link itself."""
    session = requests.Session()
    session.headers["User-Agent"] = user_agent
    for _ in range(_REDIRECTS + 1):
        _check_address(link, may_be_local)
        response = session.get(
            link,
            auth=NoCredentials(),
            headers={"Accept-Encoding": "identity"},
            timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
            allow_redirects=False,
            stream=True,
        )
        if response.is_redirect:
            link = urljoin(link, response.headers["location"])
            response.close()
            continue
        _check_status(response.status_code)
        return response
    raise ClipUnusable("The clip's link leads from one address to the next without end.")


def _check_status(status: int) -> None:
    if status == 403:
        raise LinkExpired("The link of the clip has expired.")
    if status == 404:
        raise ClipUnusable("The clip is no longer at Kling; it keeps clips for 30 days.")
    if status != 200:
        raise ClipUnusable(f"The clip could not be downloaded (HTTP {status}).")


def _check_address(link: str, may_be_local: bool) -> None:
    """https to public hosts only; http to this machine only for a rehearsal."""
    parts = urlsplit(link)
    host = parts.hostname or ""
    if may_be_local and host in LOOPBACK and parts.scheme in ("http", "https"):
        return
    if parts.scheme != "https" or not host or not _is_public(host):
        raise ClipUnusable("The clip's link leads to an address that is not a public https one; it was not followed.")


def _is_public(host: str) -> bool:
    try:
        found = socket.getaddrinfo(host, None)
    except OSError:
        return True  # behind a proxy names may not resolve here; the connection itself then decides
    return all(ipaddress.ip_address(entry[4][0]).is_global for entry in found)


def _receive(response: requests.Response, file: BinaryIO, on_bytes: Callable[[int, int | None], None]) -> str:
    total = _declared(response)
    digest, received = hashlib.sha256(), 0
    for chunk in _chunks(response):
        digest.update(chunk)
        received += file.write(chunk)
        if received > min(total or SIZE_LIMIT_BYTES, SIZE_LIMIT_BYTES):
            raise ClipUnusable("The clip is larger than said.")
        on_bytes(received, total)
    if total is not None and received != total:
        raise ClipUnusable(f"The download is incomplete: {received} of {total} bytes.")
    return digest.hexdigest()


def _chunks(response: requests.Response) -> Iterator[bytes]:
    yield from response.iter_content(_READ_BYTES)


def _declared(response: requests.Response) -> int | None:
    text = response.headers.get("content-length", "")
    if not (text.isascii() and text.isdigit()):
        return None
    if int(text[:20]) > SIZE_LIMIT_BYTES:
        raise ClipUnusable("The clip is said to be larger than 2 GB; it was not downloaded.")
    return int(text)


def _check(part: Path) -> int:
    size_bytes = part.stat().st_size
    with part.open("rb") as file:
        fault = mp4_fault(file, size_bytes)
    if fault:
        raise ClipUnusable(f"The downloaded file is not a whole MP4: {fault}.")
    return size_bytes


def _fsync_folder(folder: Path) -> None:
    """Make the rename itself last. Windows cannot open folders and does not need it."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
