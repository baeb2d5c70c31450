"""The way to the service: proxy, name, certificate, clock, key."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final
from urllib.parse import urlsplit

from ..core.account import ACCOUNT_NOTE, Pack
from ..core.errors import CredentialsUnfit, CredentialsUnreadable, KlingError, NotSent, Refused
from ..core.pricing import plain
from ..remote.probing import Answer, CertificateFault, CertificateUntrusted, addresses_of, knock, proxy_of
from ..remote.token import LIFETIME_S
from ..session import USER_AGENT, service_of
from ..settings import Keys, Settings, dialect_in_force, keys_in_force
from ..work.clock import SystemClock
from .finding import CREDENTIALS, NETWORK, SETTINGS, Finding, fault, fault_of, ok, unknown, warning
from .patient import Patient
from .redaction import host_of, last_of

_SKEW_S: Final = 60.0
_SERVER_ERROR: Final = 500
_NOBODY: Final = "Nobody was asked, because there is no service to ask. See service, key and online_access."
_OF_A_PROXY: Final = (
    "If a proxy of your network signs it, install the certificate of that proxy on this computer, or set "
    "REQUESTS_CA_BUNDLE to its file."
)
_CERTIFICATES: Mapping[CertificateFault, tuple[str, str]] = {
    CertificateFault.EXPIRED: ("it has expired", "Check the date of this computer, or tell whoever runs the server."),
    CertificateFault.NOT_YET_VALID: ("it is not valid yet", "Check the date of this computer."),
    CertificateFault.SELF_SIGNED: (
        "it is self-signed",
        _OF_A_PROXY,
    ),
    CertificateFault.UNKNOWN_ISSUER: (
        "its issuer is not known",
        _OF_A_PROXY,
    ),
    CertificateFault.OTHER_NAME: ("it is for another name", "Check the address of the service, and the proxy."),
    CertificateFault.OTHER: ("the connection could not be secured", "Check the proxy and the address of the service."),
}


def look_at_proxy(patient: Patient) -> Iterator[Finding]:
    """The proxy in force, without its password."""
    url = _address(patient)
    if not url:
        yield unknown("proxy", _NOBODY)
        return
    proxy = proxy_of(url)
    try:
        host = host_of(proxy) if proxy else ""
    except ValueError:
        remedy = "Check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY in the environment."
        yield fault("proxy", SETTINGS, "The address of the proxy cannot be read.", remedy)
        return
    if not host:
        yield ok("proxy", "None.")
    else:
        with_name = ", with a user name that is not shown" if "@" in proxy else ""
        yield ok("proxy", f"Calls go through {host}{with_name}.")


def look_at_name(patient: Patient) -> Iterator[Finding]:
    """Whether this machine can resolve the name of the service. A proxy does that by itself."""
    url = _address(patient)
    host = urlsplit(url).hostname or ""
    if not host:
        yield unknown("dns", _NOBODY)
    elif _is_number(host):
        yield ok("dns", f"{host} needs no look-up.")
    else:
        try:
            yield ok("dns", f"{host} is {', '.join(addresses_of(host))}.")
        except (OSError, UnicodeError) as error:
            says = f"The name {host} cannot be resolved: {getattr(error, 'strerror', '') or error}."
            if proxy_of(url):
                yield warning("dns", f"{says} The proxy may know it.")
            else:
                yield fault("dns", NETWORK, says, "Check the network, the DNS server and the address of the service.")


def look_at_connection(patient: Patient) -> Iterator[Finding]:
    """One call without a key: the certificate of the service, and its clock."""
    url = _address(patient)
    if not url:
        yield unknown("tls", _NOBODY)
        yield unknown("clock", _NOBODY)
        return
    clock = SystemClock()
    try:
        answer = knock(url, USER_AGENT, clock.now)
    except CertificateUntrusted as error:
        why, remedy = _CERTIFICATES[error.fault]
        yield fault("tls", NETWORK, f"The certificate of the server is not trusted: {why}.", remedy)
        yield unknown("clock", "The service told no time.")
    except KlingError as error:
        remedy = error.remedy or "Check the network, the proxy and the address of the service."
        yield fault("tls", error.exit_code, error.sentence, remedy)
        yield unknown("clock", "The service told no time.")
    else:
        yield _of_answer(url, answer)
        yield _of_clock(answer)


def _of_answer(url: str, answer: Answer) -> Finding:
    is_safe = urlsplit(url).scheme == "https"
    how = "The certificate is trusted" if is_safe else "A service on this computer needs no certificate"
    if answer.status >= _SERVER_ERROR:
        return warning("tls", f"{how}. The service answers with HTTP {answer.status}.", "Wait, and try again.")
    return ok("tls", f"{how}. The service answers.")


def _of_clock(answer: Answer) -> Finding:
    if answer.ahead_s is None:
        return unknown("clock", "The service told no time.")
    off_s = abs(answer.ahead_s)
    if off_s <= _SKEW_S:
        return ok("clock", f"The clock of this computer is within {_SKEW_S:.0f} s of the clock of the service.")
    side = "behind" if answer.ahead_s > 0 else "ahead of"
    says = f"The clock of this computer is {off_s:.0f} s {side} the clock of the service."
    remedy = "Correct the clock of this computer."
    if off_s < LIFETIME_S:
        return warning("clock", says, remedy)
    return fault("clock", NETWORK, f"{says} A token of an access key is good for {LIFETIME_S} s.", remedy)


def look_at_account(patient: Patient) -> Iterator[Finding]:
    """The key, where it comes from, and the balance, by a call that is free."""
    keys, source = keys_in_force(patient.environment, patient.preferred)
    try:
        url, keys = patient.reached()
    except KlingError:
        url = ""
    if patient.choice.is_rehearsal:
        source = "the rehearsal"
    if keys and url:
        yield from _of_account(patient, url, keys, _told(keys, source))
        return
    yield unknown("key", f"{_told(keys, source)} {_NOBODY}") if keys else _no_key(patient)
    yield unknown("balance", _NOBODY if keys else "There is no key to ask with.")


def _no_key(patient: Patient) -> Finding:
    if patient.spool is not None:
        return ok("key", "No key is set, and none is needed for a spool: its gateway has one.")
    choice, values = patient.choice, (patient.environment, patient.preferred.values)
    if choice.is_rehearsal and not choice.is_automatic:
        return unknown("key", "A rehearsal gives out its own key, and none is running.")
    has_half = any(each.get(f"KLING_{half}_KEY", "").strip() for each in values for half in ("ACCESS", "SECRET", "API"))
    remedy = "Set KLING_API_KEY, or KLING_ACCESS_KEY and KLING_SECRET_KEY, in the environment or in the preferences."
    if has_half:
        return fault(
            "key", CREDENTIALS, "An access key and its secret key belong together, and one is missing.", remedy
        )
    return fault("key", CREDENTIALS, "No key is set.", remedy)


def _told(keys: Keys, source: str) -> str:
    kind = "API key" if keys.api_key else "Access key"
    end = last_of(keys.api_key or keys.access_key)
    shown = f" that ends in {end}" if end else ""
    return f"{kind}{shown}, from {source}."


def _of_account(patient: Patient, url: str, keys: Keys, told: str) -> Iterator[Finding]:
    home = patient.home
    dialect = dialect_in_force(patient.environment, patient.preferred)[0]
    service = service_of(Settings(service_url=url, keys=keys, home=home, clips=home / "clips", dialect=dialect))
    try:
        service.require_fit_key()
        packs = service.account()
    except (CredentialsUnfit, CredentialsUnreadable) as error:
        yield fault_of("key", error)
        yield unknown("balance", "The key cannot be used to ask.")
    except NotSent as error:  # the connection's own check says more
        yield unknown("key", f"{told} It was not tested: {error.sentence}")
        yield unknown("balance", "The service did not tell it.")
    except KlingError as error:
        is_other_word = isinstance(error, Refused) and error.exit_code != CREDENTIALS
        says = f"{told} {error.sentence}"
        found = (
            warning("key", says, error.remedy) if is_other_word else fault("key", error.exit_code, says, error.remedy)
        )
        yield found
        yield unknown("balance", "The service did not tell it.")
    else:
        yield ok("key", f"{told} The service accepts it.")
        yield _of_balance(packs)


def _of_balance(packs: tuple[Pack, ...]) -> Finding:
    left = [pack.remaining for pack in packs if pack.status == "online" and pack.remaining is not None]
    units = sum(left, Decimal(0))
    if not left:
        return unknown("balance", "The account has no resource pack in use. A prepaid balance is not told.")
    if not units:
        return warning("balance", f"0 units are left ({ACCOUNT_NOTE}).", "Buy a resource pack in Kling's console.")
    return ok("balance", f"{plain(units)} units are left ({ACCOUNT_NOTE}).")


def _address(patient: Patient) -> str:
    """The address of the service; ``""`` where nobody may be asked."""
    try:
        return patient.reached()[0]
    except KlingError:
        return ""


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
