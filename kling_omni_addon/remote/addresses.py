"""Open the link of a clip: https with a certificate that is verified, and http to this machine only for a rehearsal.

That a name leads to a public address says nothing about the connection made after it was looked up (DNS rebinding). So
the address that a socket is really connected to is checked, before a byte goes out. This machine, link-local networks
and where clouds tell secrets are never allowed. A local network is, where the resolver's answer proves nothing
(:class:`Trust`): resolvers of tunnels make addresses up. Where a proxy is configured for the link, names are its
business, and it is the user's own choice. Links are secrets: no error and no log names one.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import requests
from requests.utils import select_proxy
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from ..core.errors import ClipUnusable
from .deadlines import HEAD, HeadOfAnswer, TimedAdapter
from .http import CONNECT_TIMEOUT_S, LOOPBACK, READ_TIMEOUT_S, LoneSession, NoCredentials, sentence_of
from .local_faults import ANY_FAILURE, local_fault
from .networks import addresses_of, ip_of, is_public, kind_of

__all__ = ["LOOPBACK", "Trust", "is_public", "opened"]

_REDIRECTS = 3
_REFUSED = "The clip was not downloaded: its link does not lead to a public https address."
_LOCAL = (
    "The clip was not downloaded: its link leads to an address of a local network. A VPN may cause this. "
    "The clip is finished and stays at Kling."
)
_LOCAL_REMEDY = "If you trust the network, set KLING_LOCAL_CLIPS=1 in the environment, then press Resume."


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """When an address of a local network is no reason to refuse: always (``in_resolver``), or where the name of the
    service itself (``service_host``), which the clip was paid at, leads to the same kind of network.
    """

    service_host: str = ""
    in_resolver: bool = False

    def allows(self, address: str) -> bool:
        """Whether a clip may come from an IP address to which a name led."""
        if is_public(address):
            return True
        kind = kind_of(address)
        return bool(kind) and (self.in_resolver or kind in map(kind_of, addresses_of(self.service_host)))


NO_TRUST = Trust()


@contextmanager
def opened(
    link: str, headers: Mapping[str, str], *, may_be_local: bool, user_agent: str, trust: Trust = NO_TRUST
) -> Iterator[requests.Response]:
    """The answer to a GET, after at most three redirects that are checked like the link itself; its body is not read.

    Raises :class:`ClipUnusable` for an address that is not allowed, and when no answer comes.
    """
    with LoneSession() as session:
        session.headers.update({"User-Agent": user_agent, "Accept-Encoding": "identity", **headers})
        session.mount("https://", TimedAdapter({"https": _guarded_pool(trust)}, HEAD))
        session.mount("http://", TimedAdapter({"http": _LocalPool}, HEAD))
        with _answer(session, link, may_be_local, trust) as response:
            yield response


def _answer(session: requests.Session, link: str, may_be_local: bool, trust: Trust) -> requests.Response:
    for _ in range(_REDIRECTS + 1):
        host = _checked_host(link, may_be_local)
        if host and not _is_proxied(session, link):
            _check_name(host, trust)
        response = _get(session, link)
        if not response.is_redirect:
            return response
        link = _joined(link, response.headers["location"])
        response.close()
    raise ClipUnusable("The link of the clip is redirected too many times.")


def _get(session: requests.Session, link: str) -> requests.Response:
    is_opening = _is_opening.set(True)
    try:
        timeout = (CONNECT_TIMEOUT_S, READ_TIMEOUT_S)
        return session.get(link, auth=NoCredentials(), timeout=timeout, allow_redirects=False, stream=True)
    except ANY_FAILURE as error:
        raise _no_answer(error) from None
    finally:
        _is_opening.reset(is_opening)


def _no_answer(error: Exception) -> ClipUnusable:
    local = local_fault(error)
    if local is not None and local.field != "service":  # the link is the service's own, and nothing to set right here
        return ClipUnusable(local.sentence.replace(" Nothing was sent.", ""), field=local.field, remedy=local.remedy)
    return ClipUnusable(f"The clip could not be downloaded. {sentence_of(error)}")


def _joined(link: str, location: str) -> str:
    try:
        return urljoin(link, location)
    except ValueError:
        raise ClipUnusable(_REFUSED) from None


def _checked_host(link: str, may_be_local: bool) -> str:
    """The host of a link whose name is still to be looked up; ``""`` for this machine's in a rehearsal.

    Told without looking anything up: the scheme, and a host that is given as a number or means this machine.
    """
    try:
        parts = urlsplit(link)
        host = parts.hostname or ""
    except ValueError:
        raise ClipUnusable(_REFUSED) from None
    if may_be_local and host in LOOPBACK and parts.scheme == "http":
        return ""
    is_here = host == "localhost" or host.endswith(".localhost")
    if parts.scheme != "https" or not host or is_here or not all(map(is_public, _numbers(host))):
        raise ClipUnusable(_REFUSED)
    return host


def _numbers(host: str) -> list[str]:
    """The address that a host is, in any spelling that a resolver takes for a number; none for a name."""
    with suppress(OSError, ValueError):
        return [socket.inet_ntoa(socket.inet_aton(host))]
    with suppress(ValueError):
        return [str(ip_of(host))]
    return []


def _is_proxied(session: requests.Session, link: str) -> bool:
    settings = session.merge_environment_settings(link, {}, None, None, None)
    return bool(select_proxy(link, settings["proxies"]))


def _check_name(host: str, trust: Trust) -> None:
    """Raise :class:`ClipUnusable` when a name leads to where no clip may come from."""
    for address in _addresses(host):
        _check_address(address, trust)


def _check_address(address: str, trust: Trust) -> None:
    if trust.allows(address):
        return
    if kind_of(address):
        raise ClipUnusable(_LOCAL, remedy=_LOCAL_REMEDY)
    raise ClipUnusable(_REFUSED)


def _addresses(host: str) -> list[str]:
    """Where a name leads. Nowhere is no fault: the connection will tell."""
    return addresses_of(host)


def _is_loopback(address: str) -> bool:
    return ip_of(address).is_loopback


def _checked(connection: socket.socket, check: Callable[[str], None]) -> socket.socket:
    """The socket, if what it is connected to is allowed."""
    try:
        check(connection.getpeername()[0])
    except ClipUnusable:
        connection.close()
        raise
    return connection


def _check_loopback(address: str) -> None:
    if not _is_loopback(address):
        raise ClipUnusable(_REFUSED)


def _guarded_pool(trust: Trust) -> type[HTTPSConnectionPool]:
    """Direct connections to where a clip may come from."""

    class Connection(HTTPSConnection):
        response_class = HeadOfAnswer

        def _new_conn(self) -> socket.socket:
            return _checked(super()._new_conn(), lambda address: _check_address(address, trust))

    class Pool(HTTPSConnectionPool):
        ConnectionCls = Connection

    return Pool


class _LocalConnection(HTTPConnection):
    response_class = HeadOfAnswer

    def _new_conn(self) -> socket.socket:
        return _checked(super()._new_conn(), _check_loopback)


class _LocalPool(HTTPConnectionPool):
    ConnectionCls = _LocalConnection


_is_opening: ContextVar[bool] = ContextVar("is_opening", default=False)


class _NoLinks(logging.Filter):
    """urllib3 writes the address of every call to its log (at level DEBUG); not those of clips."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not _is_opening.get()


logging.getLogger("urllib3.connectionpool").addFilter(_NoLinks())
