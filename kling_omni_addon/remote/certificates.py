"""Whose word counts for the certificate of a server: the store of the system, in which a studio puts its own authority,
and the list that comes with the extension; or what the environment names, and then that alone.
"""

from __future__ import annotations

import os
import ssl
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from requests.utils import DEFAULT_CA_BUNDLE_PATH

_NAMES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
_OF_BLENDER: Final = ("SSL_CERT_FILE", ("certifi", "cacert.pem"))
"""The variable that Blender sets by itself, and how the path ends that it sets it to."""
_ON_LINUX: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""The store of the system where it is a file, whatever the distribution."""


def named_bundle() -> tuple[str, str]:
    """The variable of the environment that names the certificates to trust, and their path; empty for none.

    Blender itself sets ``SSL_CERT_FILE`` to the list of its Python, where nobody did: that is nobody's choice.
    """
    named = ((name, os.environ.get(name, "")) for name in _NAMES)
    return next(((name, path) for name, path in named if path and not _is_of_blender(name, path)), ("", ""))


def _is_of_blender(name: str, path: str) -> bool:
    """Whether it is that list. All else below the folder of Python somebody has named: that folder may be /usr."""
    if (name, Path(path).parts[-2:]) != _OF_BLENDER:
        return False
    with suppress(OSError, ValueError):
        return Path(path).resolve().is_relative_to(Path(sys.prefix).resolve())
    return False


def system_context() -> ssl.SSLContext | None:
    """TLS that trusts the store of the system and our list; None without the package that asks the system. Give one to
    each adapter: it does one handshake at a time.
    """
    try:
        import truststore  # only here: plain http does without
    except ImportError:
        return None
    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    for path in filter(os.path.isfile, _ON_LINUX):  # what SSL_CERT_FILE of Blender hides from OpenSSL
        with suppress(OSError):
            context.load_verify_locations(path)
            break
    return context
