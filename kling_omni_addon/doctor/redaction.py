"""No secret in a report: what others say, a service or a library, may repeat what it was given."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import unquote, urlsplit

SHOWN: Final = 4
"""As many of the last characters of a key may be shown, so that a person knows it again."""
_HIDDEN: Final = "…"
_LONG_ENOUGH: Final = 16
_KEYS: Final = ("KLING_API_KEY", "KLING_ACCESS_KEY", "KLING_SECRET_KEY")
_ADDRESSES: Final = ("http_proxy", "https_proxy", "all_proxy", "kling_base_url")
_WORD = re.compile(r"(?<![^\W_])[a-z]{5,}(?![^\W_])")


def secrets_of(values: Iterable[Mapping[str, str]]) -> tuple[str, ...]:
    """Every key among values that are named as environment variables are, and what stands before the @ of a proxy or
    an address.
    """
    found: set[str] = set()
    for each in values:
        for name in _KEYS:
            found |= {part.strip().strip("'\"").strip() for part in each.get(name, "").split("|")}
        for name, value in each.items():
            if name.lower() in _ADDRESSES:
                found |= _credentials_in(value)
    return tuple(sorted(found - {""}, key=len, reverse=True))


def _credentials_in(address: str) -> set[str]:
    """User name and password of an address, as they stand there and as they are meant."""
    before_host = address.partition("//")[2].rpartition("@")[0] or address.rpartition("@")[0]
    parts = {before_host, *before_host.split(":", 1)}
    return parts | {unquote(part) for part in parts}


def redacted(text: str, secrets: Iterable[str]) -> str:
    """The text without any piece of a secret that is longer than :data:`SHOWN` characters. Words of a language stay
    where a secret is made of some: Kling's keys begin with ``api-key-kling-``.
    """
    for secret in secrets:
        text = _without(text, secret)
    return text


def _without(text: str, secret: str) -> str:
    words = set(_WORD.findall(secret)) - {secret}
    kept, place = list[str](), 0
    while place < len(text):
        length = _common(text, place, secret)
        piece = text[place : place + length]
        if length and not (any(piece in word for word in words) and _is_in_word(text, place, place + length)):
            kept.append(_HIDDEN)
            place += length
        else:
            kept.append(text[place])
            place += 1
    return "".join(kept)


def _is_in_word(text: str, start: int, end: int) -> bool:
    """Whether a piece lies in one word of small letters."""
    return any(word.start() <= start and end <= word.end() for word in _WORD.finditer(text))


def _common(text: str, start: int, secret: str) -> int:
    """How many characters of the text, from a place on, stand in the secret together; 0 for those that may be shown."""
    length = SHOWN + 1
    if start + length > len(text) or text[start : start + length] not in secret:
        return 0
    while start + length < len(text) and text[start : start + length + 1] in secret:
        length += 1
    return length


def last_of(key: str) -> str:
    """The last characters of a key, where it is long enough that they give nothing away; else ``""``."""
    return key[-SHOWN:] if len(key) >= _LONG_ENOUGH else ""


def host_of(address: str) -> str:
    """Scheme, host and port of an address. Raises ValueError for one that cannot be read."""
    parts = urlsplit(address if "//" in address else f"//{address}")
    port = f":{parts.port}" if parts.port else ""
    if not parts.hostname:
        raise ValueError("no host")
    return f"{parts.scheme or 'http'}://{parts.hostname}{port}"
