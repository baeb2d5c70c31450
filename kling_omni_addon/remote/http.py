"""One call out, one reply in. Knows requests, and nothing of Kling.

No redirect is followed, nothing is retried, ``.netrc`` is never read, TLS is always verified. Proxies and certificates
that the environment names are honoured.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import requests
import requests.adapters
import requests.auth
import urllib3.exceptions

from ..core.errors import NotSent, Unanswered
from ..core.protocol import HttpCall, HttpReply
from .certificates import named_bundle
from .deadlines import TimedAdapter
from .local_faults import local_fault

_log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 20.0
"""Also the longest that one chunk of an upload may take (urllib3 sends under the connect time-out)."""
READ_TIMEOUT_S = 60.0
"""The longest silence within an answer; the whole of it has a deadline, too (``deadlines``)."""
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
"""This machine, in the spellings that a service's address may have."""
REPLY_LIMIT_BYTES = 8 * 1024 * 1024
_READ_BYTES = 64 * 1024


class StreamedBody:
    """A body of known length, given out chunk by chunk; ``commit`` runs when all but the last byte has been handed
    over.

    ``is_committed`` tells afterwards whether the last byte was let go. requests takes the length from ``len()``.
    """

    def __init__(self, chunks: Iterator[bytes], length: int, commit: Callable[[], None]) -> None:
        self._chunks = chunks
        self._length = length
        self._commit = commit
        self.is_committed = False
        self.broken: BaseException | None = None

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        # The socket layer turns some exceptions into its own or swallows them, so what broke here is remembered.
        try:
            last = b""
            for chunk in self._chunks:
                if not chunk:
                    continue
                if last + chunk[:-1]:
                    yield last + chunk[:-1]
                last = chunk[-1:]
            self._commit()
        except GeneratorExit:  # the connection broke and nobody wants the rest
            raise
        except BaseException as error:
            self.broken = error
            raise
        self.is_committed = True
        yield last


class _Bearer(requests.auth.AuthBase):
    """Our own Authorization header; its presence also keeps requests from looking into ``.netrc``."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class NoCredentials(requests.auth.AuthBase):
    """No Authorization header at all, and no look into ``.netrc`` either."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.pop("Authorization", None)
        return request


class LoneSession(requests.Session):
    """Leaves redirects alone. By itself requests prepares the next request even where it must not follow: it reads the
    redirect's body to the end, however long that is, and looks into ``.netrc``.

    No proxy stands before this machine, whatever the environment says: it would look for the rehearsal on its own.
    """

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        merged = super().merge_environment_settings(url, proxies, stream, verify, cert)
        if merged["verify"] is True:
            merged["verify"] = named_bundle()[1] or True
        return {**merged, "proxies": {}} if urlsplit(str(url)).hostname in LOOPBACK else merged


class Http:
    """A connection to one address. Not shared between threads that send at once."""

    def __init__(self, base_url: str, user_agent: str) -> None:
        self._base_url = base_url
        self._session = LoneSession()
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, TimedAdapter())
        self._session.headers["User-Agent"] = user_agent

    def send(self, call: HttpCall, token: str, body: StreamedBody | None = None) -> HttpReply:
        """Carry a call out and bring the whole reply.

        Raises :class:`NotSent` when the call cannot have arrived whole, :class:`Unanswered` when it may have. For a
        call with a body the body's own commit point decides between the two; a GET that fails is always
        :class:`Unanswered`, or :class:`NotSent` when no connection came about.
        """
        headers = {"Content-Type": "application/json"}
        if body is not None:
            headers["Connection"] = (
                "close"  # never a POST over a kept connection that the server is just closing (fault 15)
            )
        try:
            with self._session.request(
                call.method,
                self._base_url + call.path,
                data=body,
                headers=headers,
                auth=_Bearer(token),
                timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
                allow_redirects=False,
                stream=True,
            ) as response:
                return HttpReply(status=response.status_code, headers=_lower(response.headers), body=_whole(response))
        except Exception as error:
            # Broad on purpose: an exception of any kind leaves the same question, whether the last byte was let go.
            raise _fact_of(error, body) from error

    def close(self) -> None:
        """Close the connections that no call is using."""
        self._session.close()


def _fact_of(error: Exception, body: StreamedBody | None) -> BaseException:
    if body is not None and body.broken is not None:
        return body.broken
    local = None if body is not None and body.is_committed else local_fault(error)
    if local is not None:
        return local
    _log.debug("a call failed", exc_info=error)
    sentence = _sentence(error)
    unsent = isinstance(error, requests.ConnectionError) and not _is_slow(error)
    unsent = not body.is_committed if body is not None else unsent
    remedy = _OF_CERTIFICATES if isinstance(error, requests.exceptions.SSLError) else _REMEDY
    return (NotSent if unsent else Unanswered)(sentence, field="service", remedy=remedy)


_REMEDY = "Check the network, the proxy and the address of the service."
_OF_CERTIFICATES = (
    "If a proxy of your network signs it, install the certificate of that proxy on this computer, or set "
    "REQUESTS_CA_BUNDLE to its file."
)
_SENTENCES: tuple[tuple[type[Exception], str], ...] = (
    (requests.exceptions.SSLError, "The certificate of the server is not trusted."),
    (requests.exceptions.ProxyError, "The proxy refused the connection."),
    (requests.exceptions.ConnectTimeout, "The server did not accept the connection in time."),
    (requests.exceptions.ReadTimeout, "The server took too long to respond."),
    (requests.exceptions.ConnectionError, "The server cannot be reached, or the connection was interrupted."),
)


def sentence_of(error: Exception) -> str:
    """What happened to a call, without the address (it may hold a secret) and without names of Python."""
    return next((text for kind, text in _SENTENCES if isinstance(error, kind)), "The connection was interrupted.")


def _sentence(error: Exception) -> str:
    if isinstance(error, Unanswered):
        return error.sentence
    return "The server took too long to respond." if _is_slow(error) else sentence_of(error)


def _is_slow(error: Exception) -> bool:
    """Whether the answer took too long; in the middle of a body requests calls that a broken connection."""
    cause = error.args[0] if error.args else None
    return isinstance(error, requests.ReadTimeout) or isinstance(cause, urllib3.exceptions.ReadTimeoutError)


def _whole(response: requests.Response) -> bytes:
    """The decoded body, at most 8 MB of it."""
    body = b""
    for chunk in response.iter_content(_READ_BYTES):
        body += chunk
        if len(body) > REPLY_LIMIT_BYTES:
            raise Unanswered("The response is larger than any response of Kling.")
    return body


def _lower(headers: Any) -> dict[str, str]:
    return {str(name).lower(): str(value) for name, value in headers.items()}
