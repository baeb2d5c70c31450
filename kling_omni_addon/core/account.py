"""The account's packs of units: the call built, the reply read (contract, section 9.2). It costs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from .protocol import HttpCall, HttpReply, cleaned, read_data

ACCOUNT_PATH = "/account/costs"


ACCOUNT_NOTE = "up to 12 h old"
"""How stale the remaining units may be (contract 9.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A pack of units that the account bought. Times are Unix seconds."""

    name: str
    total: Decimal
    remaining: Decimal
    status: str
    ends_at: float


def build_account(start_s: float, end_s: float) -> HttpCall:
    """The packs of a span of time, in Unix seconds. Free; at most one call a second."""
    return HttpCall(method="GET", path=f"{ACCOUNT_PATH}?start_time={start_s * 1000:.0f}&end_time={end_s * 1000:.0f}")


def read_account(reply: HttpReply) -> tuple[Pack, ...]:
    """The packs; none where the account has none, whose list is then missing (sample r10)."""
    infos = read_data(reply, dict).get("resource_pack_subscribe_infos")
    return tuple(_pack(info) for info in infos or () if isinstance(info, dict))


def _pack(info: Mapping[str, Any]) -> Pack:
    ends_ms = info.get("invalid_time")
    return Pack(
        name=cleaned(info.get("resource_pack_name")),
        total=_units(info.get("total_quantity")),
        remaining=_units(info.get("remaining_quantity")),
        status=cleaned(info.get("status")),
        ends_at=ends_ms / 1000 if isinstance(ends_ms, int | float) else 0.0,
    )


def _units(value: Any) -> Decimal:
    try:
        units = Decimal(str(value))
    except InvalidOperation:
        return Decimal(0)
    return units if units.is_finite() else Decimal(0)
