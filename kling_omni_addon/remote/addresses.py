"""Open the link of a clip: https to public hosts only, and http to this machine only for a rehearsal.

That a name leads to a public address says nothing about the connection made after it was looked up (DNS rebinding). So
the address that a socket is really connected to is checked, before a byte goes out. Where a proxy is configured for the
link, the proxy is that address, and it is the user's own choice. Links are secrets: no error and no log names one.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from urllib.parse import urljoin, urlsplit

import requests
import urllib3.exceptions
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from ..core.errors import ClipUnusable
from .deadlines import HEAD, HeadOfAnswer, TimedAdapter
from .http import CONNECT_TIMEOUT_S, READ_TIMEOUT_S, LoneSession, NoCredentials

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_REDIRECTS = 3
_REFUSED = "The clip's link leads to an address that is not a public https one; it was not followed."


@contextmanager
def opened(
    link: str, headers: Mapping[str, str], *, may_be_local: bool, user_agent: str
) -> Iterator[requests.Response]:
    """The answer to a GET, after at most three redirects that are checked like the link itself; its body is not read.

    Raises :class:`ClipUnusable` for an address that is not allowed, and when no answer comes.
    """
    with LoneSession() as session:
        session.headers.update({"User-Agent": user_agent, "Accept-Encoding": "identity", **headers})
        session.mount("https://", TimedAdapter({"https": _PublicPool}, HEAD))
        session.mount("http://", TimedAdapter({"http": _LocalPool}, HEAD))
        with _answer(session, link, may_be_local) as response:
            yield response


def _answer(session: requests.Session, link: str, may_be_local: bool) -> requests.Response:
    for _ in range(_REDIRECTS + 1):
        _check_link(link, may_be_local)
        response = _get(session, link)
        if not response.is_redirect:
            return response
        link = _joined(link, response.headers["location"])
        response.close()
    raise ClipUnusable("The clip's link leads from one address to the next without end.")


def _get(session: requests.Session, link: str) -> requests.Response:
    is_opening = _is_opening.set(True)
    try:
        timeout = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S)
        return session.get(link, auth=NoCredentials(), timeout=timeout, allow_redirects=False, stream=True)
    except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
        # urllib3 lets some of its own through: a host with a part of over 63 characters is a LocationParseError.
        raise ClipUnusable(f"The clip's address gives no answer ({type(error).__name__}).") from None
    finally:
        _is_opening.reset(is_opening)


def _joined(link: str, location: str) -> str:
    try:
        return urljoin(link, location)
    except ValueError:
        raise ClipUnusable(_REFUSED) from None


def _check_link(link: str, may_be_local: bool) -> None:
    """What can be told before connecting: the scheme, a host given as a number, and where its name leads now."""
    try:
        parts = urlsplit(link)
        host = parts.hostname or ""
    except ValueError:
        raise ClipUnusable(_REFUSED) from None
    if may_be_local and host in LOOPBACK and parts.scheme == "http":
        return
    if parts.scheme != "https" or not host or not all(map(is_public, _addresses(host))):
        raise ClipUnusable(_REFUSED)


def _addresses(host: str) -> list[str]:
    """Where a name leads. Nowhere is no fault: behind a proxy names may not resolve here."""
    try:
        return [str(entry[4][0]) for entry in socket.getaddrinfo(host, None)]
    except (OSError, UnicodeError):
        return []


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet: not this machine's, the local network's or a link's."""
    ip = _ip(address)
    return ip.is_global and not ip.is_multicast


def _is_loopback(address: str) -> bool:
    return _ip(address).is_loopback


def _ip(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    ip = ipaddress.ip_address(address)
    return getattr(ip, "ipv4_mapped", None) or ip


def _checked(connection: socket.socket, is_allowed: Callable[[str], bool]) -> socket.socket:
    """The socket, if what it is connected to is allowed."""
    if not is_allowed(connection.getpeername()[0]):
        connection.close()
        raise ClipUnusable(_REFUSED)
    return connection


class _PublicConnection(HTTPSConnection):
    response_class = HeadOfAnswer

    def _new_conn(self) -> socket.socket:
        return _checked(super()._new_conn(), is_public)


class _LocalConnection(HTTPConnection):
    response_class = HeadOfAnswer

    def _new_conn(self) -> socket.socket:
        return _checked(super()._new_conn(), _is_loopback)


# Direct connections only: those to a proxy are of the pools of ``deadlines``.
class _PublicPool(HTTPSConnectionPool):
    ConnectionCls = _PublicConnection


class _LocalPool(HTTPConnectionPool):
    ConnectionCls = _LocalConnection


_is_opening: ContextVar[bool] = ContextVar("is_opening", default=False)


class _NoLinks(logging.Filter):
    """urllib3 writes the address of every call to its log (at level DEBUG); not those of clips."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not _is_opening.get()


logging.getLogger("urllib3.connectionpool").addFilter(_NoLinks())
