"""Is the service there? Questions without a key that cost nothing, ask once and keep nothing."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final
from urllib.parse import urlsplit

import requests
from requests.utils import get_environ_proxies, select_proxy

from ..core.errors import NotSent
from ..core.protocol import server_time
from .deadlines import TimedAdapter
from .http import LOOPBACK, LoneSession, NoCredentials, sentence_of
from .local_faults import ANY_FAILURE, local_fault

_PATIENCE_S: Final = 5.0


class CertificateFault(Enum):
    """Why a certificate is not trusted."""

    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    SELF_SIGNED = "self_signed"
    UNKNOWN_ISSUER = "unknown_issuer"
    OTHER_NAME = "other_name"
    OTHER = "other"


_FAULTS: Final = {
    9: CertificateFault.NOT_YET_VALID,
    10: CertificateFault.EXPIRED,
    18: CertificateFault.SELF_SIGNED,
    19: CertificateFault.SELF_SIGNED,
    20: CertificateFault.UNKNOWN_ISSUER,
    21: CertificateFault.UNKNOWN_ISSUER,
    62: CertificateFault.OTHER_NAME,
    64: CertificateFault.OTHER_NAME,
}
"""OpenSSL's numbers (``X509_V_ERR_...``)."""


class CertificateUntrusted(NotSent):
    """TLS did not come about; ``fault`` says what is wrong with the certificate of the server."""

    def __init__(self, sentence: str, fault: CertificateFault) -> None:
        super().__init__(sentence, field="service")
        self.fault = fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the service answered to nobody in particular. ``ahead_s`` is how many seconds its clock is ahead of ours;
    None where it does not tell the time, which it does in whole seconds.
    """

    status: int
    ahead_s: float | None


def knock(base_url: str, user_agent: str, now: Callable[[], float]) -> Answer:
    """One call without a key, whose body is not read. ``now`` gives Unix seconds.

    Raises :class:`CertificateUntrusted`, :class:`NetworkMisset` and :class:`NotSent`.
    """
    try:
        with LoneSession() as session:
            session.mount("https://", TimedAdapter())
            session.mount("http://", TimedAdapter())
            with session.get(
                f"{base_url.rstrip('/')}/",
                headers={"User-Agent": user_agent},
                auth=NoCredentials(),
                timeout=(_PATIENCE_S, _PATIENCE_S),
                allow_redirects=False,
                stream=True,
            ) as response:
                headers = {str(name).lower(): str(value) for name, value in response.headers.items()}
                at = server_time(headers)
                return Answer(status=response.status_code, ahead_s=None if at is None else at - now())
    except ANY_FAILURE as error:
        raise _fact_of(error) from error


def _fact_of(error: Exception) -> Exception:
    local = local_fault(error)
    if local is not None:
        return local
    if isinstance(error, requests.exceptions.SSLError):
        return CertificateUntrusted(sentence_of(error), _certificate_fault(error))
    return NotSent(sentence_of(error), field="service")


def _certificate_fault(error: BaseException) -> CertificateFault:
    codes = (each.verify_code for each in _causes(error) if isinstance(each, ssl.SSLCertVerificationError))
    return _FAULTS.get(next(codes, 0), CertificateFault.OTHER)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what is behind it: each library wraps that of the one below."""
    found: list[BaseException] = [error]
    for each in found:  # grows meanwhile
        yield each
        behind = (each.__cause__, each.__context__, getattr(each, "reason", None), *each.args)
        found.extend(one for one in behind if isinstance(one, BaseException) and one not in found)


def proxy_of(url: str) -> str:
    """The proxy that calls to an address go through, as the environment or the system has it, password and all; ``""``
    for none.
    """
    if urlsplit(url).hostname in LOOPBACK:
        return ""
    return str(select_proxy(url, get_environ_proxies(url)) or "")


def addresses_of(host: str) -> tuple[str, ...]:
    """What the resolver of this machine makes of a name. Raises OSError, and UnicodeError for what is no name."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))
