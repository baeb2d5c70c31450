"""Who we are to the service: a plain API key as it is, or a JWT signed afresh for every call (contract, section 3)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TypeAlias

import jwt

LIFETIME_S = 1800
"""The official sample's value; calls are signed one by one, so nothing rests on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A plain key (contract 3.2)."""

    key: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """An AccessKey with its SecretKey (contract 3.1)."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)


Credentials: TypeAlias = ApiKey | KeyPair


def bearer(credentials: Credentials, now: float, early_s: int = 5) -> str:
    """The token for one call at ``now`` (Unix seconds); ``early_s`` dates it back for a service whose clock runs
    behind.
    """
    if isinstance(credentials, ApiKey):
        return credentials.key
    claims = {"iss": credentials.access_key, "exp": int(now) + LIFETIME_S, "nbf": int(now) - early_s}
    return jwt.encode(claims, credentials.secret_key, algorithm="HS256", sort_headers=True)


def fingerprint(credentials: Credentials) -> str:
    """Twelve characters that tell keys apart and give none away."""
    name = credentials.key if isinstance(credentials, ApiKey) else credentials.access_key
    return hashlib.sha256(b"kling-omni key " + name.encode()).hexdigest()[:12]
