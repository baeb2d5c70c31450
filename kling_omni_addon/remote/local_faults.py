"""What keeps a call from being made on this machine and does not pass by itself: told as what it is, not as weather."""

from __future__ import annotations

import ssl
from pathlib import Path

import requests
from urllib3.exceptions import HTTPError, LocationValueError

from ..core.errors import CredentialsUnreadable, KlingError, NetworkMisset
from .certificates import named_bundle

_PROXIES = "HTTPS_PROXY, HTTP_PROXY and ALL_PROXY"


def local_fault(error: Exception) -> KlingError | None:
    """The fault of this machine behind an error of a call that did not go out; None where it may be the network's."""
    if isinstance(error, requests.exceptions.InvalidProxyURL):
        return _misset("The address of the proxy cannot be read.", "proxy", f"Check {_PROXIES} in the environment.")
    is_socks = isinstance(error, ValueError) and "SOCKS" in str(error)  # the library's word for a version that is none
    if is_socks or isinstance(error, requests.exceptions.InvalidSchema):
        return _misset(
            "The proxy in the environment has a type that is not supported.",
            "proxy",
            f"Check {_PROXIES} in the environment: http, https, socks5 and socks5h work (the last two with PySocks).",
        )
    if isinstance(error, requests.exceptions.InvalidHeader | UnicodeEncodeError):
        return CredentialsUnreadable(
            "The key contains a character that cannot be sent. Nothing was sent.",
            field="key",
            remedy="Copy the key from Kling's console again, without spaces, line breaks or quotes.",
        )
    if isinstance(error, requests.exceptions.InvalidURL | LocationValueError | UnicodeError):
        return _misset("The address of the service or of the proxy cannot be read.", "service", "Check both.")
    return _bundle_fault() if isinstance(error, OSError) else None


def _bundle_fault() -> KlingError | None:
    """Whether the certificates that the environment names are there and are certificates."""
    name, named = named_bundle()
    if not name:
        return None
    path = Path(named)
    try:
        ssl.create_default_context(cafile=None if path.is_dir() else path, capath=path if path.is_dir() else None)
    except (OSError, ValueError):
        sentence = f'The certificates "{path}" in {name} do not exist or cannot be read.'
        return _misset(
            sentence, name, f"Set {name} to the path of a certificate file, or remove {name} from the environment."
        )
    return None


def _misset(sentence: str, field: str, remedy: str) -> NetworkMisset:
    return NetworkMisset(f"{sentence} Nothing was sent.", field=field, remedy=remedy)


ANY_FAILURE = (OSError, ValueError, HTTPError)
"""What a library of the network raises when a call does not come about (requests' errors are OSErrors)."""
