"""What a clip will cost, from the dated list in ``schemas/prices.json``, in decimal arithmetic (contract section 10).

It is an estimate: the charge that the service reports for a finished task replaces it. Failed tasks cost nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any

from . import capability
from .amounts import amount_of
from .capability import SCHEMAS, Profile
from .request import OmniRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """A list price; ``most_units`` and ``most_dollars`` are higher where the length of the clip is unknown.

    A cap on spending compares with the most.
    """

    units: Decimal
    dollars: Decimal
    date: str
    most_units: Decimal
    most_dollars: Decimal

    @property
    def is_exact(self) -> bool:
        """Whether the length of the clip was known."""
        return self.units == self.most_units

    @property
    def label(self) -> str:
        """Short enough for a button: "4.0 units · $0.56", or a range."""
        least, most = _cents(self.dollars), _cents(self.most_dollars)
        return f"{self.units_label} · {f'${least}' if self.is_exact else f'${least} to ${most}'}"

    @property
    def spoken(self) -> str:
        """The same within a sentence: "4.0 units, $0.56"."""
        units, least, most = _one_place(self.units), _cents(self.dollars), _cents(self.most_dollars)
        return f"{units} units, ${least}" if self.is_exact else f"{self.units_label}, ${least} to ${most}"

    @property
    def units_label(self) -> str:
        """The same without dollars: "4.0 units"."""
        least, most = _one_place(self.units), _one_place(self.most_units)
        return f"{least} units" if self.is_exact else f"{least} to {most} units"

    @property
    def sentence(self) -> str:
        """The price with its date, and why it is a range if it is one."""
        why = "" if self.is_exact else " An edit is billed by the length of its video, which is not known."
        return f"{self.label} (list price of {self.date}).{why}"


def price_of(
    request: OmniRequest, *, input_video_s: float | Decimal | None = None, profile: Profile | None = None
) -> Price | None:
    """The price of a request; ``None`` where the list has none, as for O1 with sound, or the profile not the model.

    An edit is billed by ``input_video_s``, the length of its video in seconds, rounded to the nearest whole second;
    unknown, it gives a range over the lengths that the profile (default: the default one) takes.
    """
    at = profile or capability.profile()
    rate = _rate(request) if request.model in at.models else None
    if rate is None:
        return None
    least, most = _billed_seconds(request, input_video_s, at)
    prices = _prices()
    per_unit = Decimal(prices["dollars_per_unit"])
    return Price(
        units=rate * least,
        dollars=rate * least * per_unit,
        date=prices["date"],
        most_units=rate * most,
        most_dollars=rate * most * per_unit,
    )


def sum_of(prices: Iterable[Price | None]) -> Price | None:
    """What several clips cost together; None where the list has no price for one of them, and for none at all."""
    known: list[Price] = []
    for price in prices:
        if price is None:
            return None
        known.append(price)
    if not known:
        return None
    return Price(
        units=sum((price.units for price in known), Decimal(0)),
        dollars=sum((price.dollars for price in known), Decimal(0)),
        date=known[0].date,
        most_units=sum((price.most_units for price in known), Decimal(0)),
        most_dollars=sum((price.most_dollars for price in known), Decimal(0)),
    )


def plain(units: Decimal) -> str:
    """Units as the service writes them: "3", "1.8"."""
    return f"{units.normalize():f}"


def _rate(request: OmniRequest) -> Decimal | None:
    """Units per second. Sound is not made beside a video, so the video decides."""
    use = "video" if request.video is not None else "sound" if request.sound else "silent"
    rate = _prices()["units_per_second"].get(request.model, {}).get(request.mode, {}).get(use)
    return amount_of(rate)


def _billed_seconds(request: OmniRequest, input_video_s: float | Decimal | None, at: Profile) -> tuple[int, int]:
    if not request.is_edit:
        return request.duration_s, request.duration_s
    if input_video_s is not None:
        return (_nearest(input_video_s),) * 2
    shortest, longest = at.models[request.model].input_video_s
    return _nearest(shortest), _nearest(longest)


def _nearest(seconds: float | Decimal) -> int:
    return int(Decimal(str(seconds)).to_integral_value(ROUND_HALF_UP))


def _one_place(units: Decimal) -> Decimal:
    return units.quantize(Decimal("0.1"), ROUND_HALF_UP)


def _cents(dollars: Decimal) -> Decimal:
    return dollars.quantize(Decimal("0.01"), ROUND_HALF_UP)


@cache
def _prices() -> Mapping[str, Any]:
    prices: Mapping[str, Any] = json.loads((SCHEMAS / "prices.json").read_text(encoding="utf-8"))
    return prices
