"""The one reader for numbers that come from outside: amounts of units, seconds, times.

A number is taken for what it says only where it is finite, not negative and plausible. Anything else is *unknown*
(None), never zero: what is unknown about money counts with its price (``core.life.spending``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

MOST_UNITS: Final = Decimal(1_000_000_000)
"""More than any pack of units holds; beyond it a number is no amount."""
MOST_CHARGE: Final = Decimal(10_000)
"""More than any clip costs, two hundred times over; what is said to have cost more is no charge."""
LAST_MS: Final = 253_402_300_800_000.0
"""The end of the year 9999 in Unix milliseconds, as far as dates go."""
_PLAIN: Final = re.compile(r"[0-9]{1,10}(\.[0-9]{1,9})?")
_PLAIN_SECONDS: Final = re.compile(r"[0-9]{1,15}(\.[0-9]{1,20})?")
_LONGEST: Final = 400  # characters of a number that are looked at: a float as JSON writes it has at most 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What a task cost, as far as the words of the service can be read.

    ``units`` and ``balance`` are decimal numbers, ``""`` where nothing was taken or where that is not certain; of an
    account that pays by balance both may be there. ``currency`` is the service's word for that of the balance, ``""``
    where it has none. ``said`` is what it said where that is no amount of units, or where the units are not the whole.
    """

    units: str = ""
    balance: str = ""
    currency: str = ""
    said: str = ""


def charge_words(units: str, balance: str, currency: str) -> str:
    """A charge for people, as "3 units and 0.42 USD of the balance"; ``""`` where nothing of it is known."""
    money = " ".join(part for part in (balance, balance and currency) if part)
    return " and ".join(part for part in (units and f"{units} units", money and f"{money} of the balance") if part)


def amount_of(value: Any) -> Decimal | None:
    """Units, or money of an account: a plain decimal number, as text or as a number; None for anything else."""
    text = _digits(value)
    if not _PLAIN.fullmatch(text):
        return None
    amount = Decimal(text)
    return amount if amount <= MOST_UNITS else None


def charge_of(value: Any) -> Decimal | None:
    """What a task cost, in units; None for what cannot be a charge."""
    charge = amount_of(value)
    return charge if charge is not None and charge <= MOST_CHARGE else None


def is_free(units: str, balance: str, said: str) -> bool:
    """Whether a charge in the words of :class:`Charge` is none: the service said nothing of one, or that it is zero."""
    return not balance and not said and (not units or charge_of(units) == 0)


def total_of(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """The sum of amounts; None where one of them is not known."""
    total = Decimal(0)
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total


def seconds_of(value: Any, most: float) -> float | None:
    """A span or a moment in seconds, above 0 and below ``most``; None for anything else."""
    text = _digits(value)
    if not _PLAIN_SECONDS.fullmatch(text):
        return None
    seconds = float(text)
    return seconds if 0 < seconds < most else None


def _digits(value: Any) -> str:
    """A number as text; ``""`` for what is neither number nor short text. A whole number may have any length."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return ""
    if isinstance(value, int) and not -MOST_UNITS * 10**6 < value < MOST_UNITS * 10**6:
        return ""  # Python refuses to write numbers of thousands of digits
    text = f"{value:.9f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return text.strip() if len(text) <= _LONGEST else ""
