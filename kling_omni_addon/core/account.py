"""The account's packs of units: the call built, the reply read (contract, section 9.2). It costs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from .amounts import LAST_MS, amount_of, seconds_of
from .protocol import HttpCall, HttpReply, cleaned, read_data

ACCOUNT_PATH = "/account/costs"


ACCOUNT_NOTE = "up to 12 h old"
"""How stale the remaining units may be (contract 9.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A pack of units that the account bought. Times are Unix seconds, 0 where unknown; units are None there."""

    name: str
    total: Decimal | None
    remaining: Decimal | None
    status: str
    ends_at: float


def build_account(start_s: float, end_s: float) -> HttpCall:
    """The packs of a span of time, in Unix seconds. Free; at most one call a second."""
    return HttpCall(method="GET", path=f"{ACCOUNT_PATH}?start_time={start_s * 1000:.0f}&end_time={end_s * 1000:.0f}")


def read_account(reply: HttpReply) -> tuple[Pack, ...]:
    """The packs; none where the account has none, whose list is then missing (sample r10)."""
    infos = read_data(reply, dict).get("resource_pack_subscribe_infos")
    return tuple(_pack(info) for info in (infos if isinstance(infos, list) else ()) if isinstance(info, dict))


def _pack(info: Mapping[str, Any]) -> Pack:
    ends_ms = seconds_of(info.get("invalid_time"), LAST_MS)
    return Pack(
        name=cleaned(info.get("resource_pack_name")),
        total=amount_of(info.get("total_quantity")),
        remaining=amount_of(info.get("remaining_quantity")),
        status=cleaned(info.get("status")),
        ends_at=ends_ms / 1000 if ends_ms else 0.0,
    )
