"""What both dialects tell of a task in the same way: the video, the moments, the amounts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TypeAlias

from ..amounts import Charge, amount_of, charge_of, seconds_of
from ..protocol import cleaned, text_of

Money: TypeAlias = tuple[Any, Any]
"""An amount of money and its currency, as the service wrote them."""

_SAID_LENGTH = 40
_CURRENCY_LENGTH = 8
_LONGEST_CLIP_S = 86_400.0
_LAST_MS = 253_402_300_800_000.0
"""The end of the year 9999, as far as dates go."""


def moment_of(milliseconds: Any) -> float:
    """Unix seconds; 0 for what is no time."""
    return (seconds_of(milliseconds, _LAST_MS) or 0.0) / 1000


def video_in(videos: Any) -> tuple[str, str, float | None]:
    """Link, link of the marked copy, and length of the first video that has a link."""
    for video in videos if isinstance(videos, list) else ():
        if isinstance(video, dict) and video.get("type", "video") == "video" and text_of(video.get("url")):
            links = text_of(video["url"]), text_of(video.get("watermark_url"))
            return *links, seconds_of(video.get("duration"), _LONGEST_CLIP_S)
    return "", "", None


def charge_from(units: Sequence[Any], money: Sequence[Money]) -> Charge:
    """What a task cost, of its amounts in units and in money. Units "0" beside money are no charge (contract 6.2)."""
    counted = [each for each in units if each is not None]
    taken = [each for each in money if each[0] is not None]
    known = charge_of(counted[0]) if len(counted) == 1 else None  # never more than one was seen
    is_readable = known is not None or not counted
    if is_readable and all(amount_of(each) == 0 for each, _ in taken):
        return Charge(units="" if known is None else f"{known:f}")
    said = [f"{_shown(each)} units" for each in counted] + [f"{_shown(each)} of the balance" for each, _ in taken]
    paid, word = _paid(taken) if is_readable else ("", "")
    return Charge(units=f"{known:f}" if known else "", balance=paid, currency=word, said=", ".join(said[:2]))


def _paid(money: Sequence[Money]) -> tuple[str, str]:
    """What was taken of the balance, and its currency; of several sums none is told, for none was ever seen."""
    amount = amount_of(money[0][0]) if len(money) == 1 else None
    word = cleaned(money[0][1]) if amount else ""
    return (f"{amount:f}" if amount else ""), (word if len(word) <= _CURRENCY_LENGTH else "")


def _shown(value: Any) -> str:
    """What the service wrote for an amount, quoted, short enough for a sentence."""
    text = cleaned(value if isinstance(value, str) else json.dumps(value)[:_SAID_LENGTH])
    return f'"{text[:_SAID_LENGTH]}"'
