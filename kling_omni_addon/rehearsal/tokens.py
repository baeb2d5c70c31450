"""Who is calling: signed tokens, and plain keys, which are all that the new API takes (contract, section 3; rules R02
to R04).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jwt import InvalidTokenError, PyJWS

from .answers import Refusal
from .settings import RehearsalSettings

_KEY_PREFIX = "api-key-"
_NO_KEY_PAIRS = (
    "Authentication error. The current API does not support AK/SK; "
    "please go to the console (https://kling.ai/dev/api-key) to create API key."
)


def check_authorization(header: str | None, settings: RehearsalSettings, now: float) -> None:
    """Raise :class:`Refusal` (1000 to 1004) unless the header holds the API key or a valid token. ``now`` is Unix
    seconds.
    """
    scheme, token = _parts(header)
    if scheme != "Bearer":
        raise Refusal(1002, "The token was expected to have 3 parts, but got 0")
    if not _is_own_key(token, settings):
        _check_times(_claims(token, settings), now)


def check_api_key(header: str | None, settings: RehearsalSettings) -> None:
    """Raise :class:`Refusal` (1001, 1002) unless the header holds the API key: the new API takes no tokens."""
    scheme, token = _parts(header)
    if scheme != "Bearer" or not _is_own_key(token, settings):
        raise Refusal(1002, "" if token.startswith(_KEY_PREFIX) else _NO_KEY_PAIRS)


def _parts(header: str | None) -> tuple[str, str]:
    if not header or not header.strip():
        raise Refusal(1001)
    scheme, _, token = header.partition(" ")
    return scheme, token


def _is_own_key(token: str, settings: RehearsalSettings) -> bool:
    return token == settings.api_key and settings.takes_api_keys


def _claims(token: str, settings: RehearsalSettings) -> Mapping[str, Any]:
    """The claims of a token whose signature is right. PyJWS leaves the times alone: R04 wants no leeway and our own
    clock.
    """
    if token.startswith(_KEY_PREFIX):
        raise Refusal(1002, "api key not found")
    if token.count(".") != 2:
        parts = token.count(".") + 1 if "." in token else 0
        raise Refusal(1002, f"The token was expected to have 3 parts, but got {parts}")
    try:
        unverified = PyJWS().decode(token, options={"verify_signature": False})
        if _object(unverified).get("iss") != settings.access_key:
            raise Refusal(1002, "access key not exist")
        return _object(PyJWS().decode(token, settings.secret_key, algorithms=["HS256"]))
    except InvalidTokenError:
        raise Refusal(1000) from None


def _object(payload: bytes) -> Mapping[str, Any]:
    try:
        claims = json.loads(payload)
    except ValueError:
        claims = None
    if not isinstance(claims, dict):
        raise Refusal(1000)
    return claims


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    expires, begins = claims.get("exp"), claims.get("nbf", 0)
    if isinstance(expires, bool) or not isinstance(expires, (int, float)) or not isinstance(begins, (int, float)):
        raise Refusal(1002, "the token lacks its times")
    if begins > now:
        raise Refusal(1003)
    if expires <= now:
        raise Refusal(1004)
