"""Answers that end: a socket's own time-out counts from one byte to the next, so an answer that comes a byte every two
seconds holds up whoever waits for it for as long as it likes. Here the whole answer has a deadline.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from collections.abc import Mapping
from typing import Any, ClassVar, Final, TypeAlias

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from .certificates import named_bundle, system_context

ANSWER_TIMEOUT_S = 120.0
"""How long an answer may take from its first awaited byte to its last."""


class _Timed(io.RawIOBase):
    """What comes in on a socket, until ``ends_at`` (of the monotonic clock)."""

    def __init__(self, connection: socket.socket, ends_at: float) -> None:
        self._connection = connection
        self._raw: Any = connection.makefile("rb", buffering=0)
        self.ends_at = ends_at

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Like a socket's. Raises TimeoutError once the time is over, however much came."""
        left_s = self.ends_at - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("the complete response took too long")
        usual_s = self._connection.gettimeout()
        self._connection.settimeout(left_s if usual_s is None else min(usual_s, left_s))
        try:
            count: int | None = self._raw.readinto(buffer)
        finally:
            self._connection.settimeout(usual_s)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class WholeAnswer(http.client.HTTPResponse):
    """An answer that has to be here whole within :data:`ANSWER_TIMEOUT_S`."""

    has_endless_body: ClassVar = False

    def __init__(self, sock: socket.socket, *arguments: Any, **named: Any) -> None:
        super().__init__(sock, *arguments, **named)
        self.fp.close()
        self._timed = _Timed(sock, time.monotonic() + ANSWER_TIMEOUT_S)
        self.fp = io.BufferedReader(self._timed)

    def begin(self) -> None:
        """Read the status line and the headers."""
        super().begin()
        if self.has_endless_body:
            self._timed.ends_at = float("inf")


class HeadOfAnswer(WholeAnswer):
    """An answer whose head has to be here by then; its body, a clip, is paced by whoever reads it."""

    has_endless_body = True


class _Connection(HTTPConnection):
    response_class = WholeAnswer


class _SafeConnection(HTTPSConnection):
    response_class = WholeAnswer


class _HeadConnection(HTTPConnection):
    response_class = HeadOfAnswer


class _SafeHeadConnection(HTTPSConnection):
    response_class = HeadOfAnswer


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SafePool(HTTPSConnectionPool):
    ConnectionCls = _SafeConnection


class _HeadPool(HTTPConnectionPool):
    ConnectionCls = _HeadConnection


class _SafeHeadPool(HTTPSConnectionPool):
    ConnectionCls = _SafeHeadConnection


Pools: TypeAlias = Mapping[str, type[HTTPConnectionPool]]
WHOLE: Final[Pools] = {"http": _Pool, "https": _SafePool}
HEAD: Final[Pools] = {"http": _HeadPool, "https": _SafeHeadPool}


class TimedAdapter(HTTPAdapter):
    """Connections of the given kinds, direct ones and those to a proxy; a SOCKS proxy has connections of its own. Where
    no certificates are named, those of the system count.
    """

    def __init__(self, direct: Pools = WHOLE, proxied: Pools = WHOLE) -> None:
        self._direct, self._proxied = direct, proxied
        self._context: ssl.SSLContext | None = None
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        super().init_poolmanager(*arguments, **named)
        self.poolmanager.pool_classes_by_scheme = self._direct

    def proxy_manager_for(self, proxy: str, **named: Any) -> Any:
        """The connections to a proxy. One that speaks TLS itself is trusted like a server."""
        if proxy.lower().startswith("https") and not named_bundle()[1]:
            self._context = self._context or system_context()
            named["proxy_ssl_context"] = self._context
        manager = super().proxy_manager_for(proxy, **named)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = self._proxied
        return manager

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Tell a pool of connections what to trust."""
        super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call] # the stubs leave it out
        conn.conn_kw.pop("ssl_context", None)  # of an older requests, which has one pool for all that may be trusted
        if verify is True and url.lower().startswith("https"):
            self._context = self._context or system_context()
            if self._context is not None:
                conn.ca_certs, conn.conn_kw["ssl_context"] = None, self._context
