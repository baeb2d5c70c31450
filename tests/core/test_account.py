"""The account: what is asked and what is understood (contract, section 9)."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from kling_omni_addon.core.account import build_account, read_account
from kling_omni_addon.core.protocol import HttpReply
from tests.workshop.samples import BY_ID


def reply(body: Any) -> HttpReply:
    return HttpReply(status=200, headers={}, body=json.dumps(body).encode())


def test_the_account_is_read_with_and_without_packs() -> None:
    assert read_account(reply(BY_ID["r10"]["body"])) == ()
    (pack,) = read_account(reply(BY_ID["r11"]["body"]))
    assert (pack.name, pack.remaining, pack.total, pack.status) == ("Video pack", Decimal(118), Decimal(200), "expired")
    assert pack.ends_at == 1727366400.0
    assert build_account(1.5, 2.0).path == "/account/costs?start_time=1500&end_time=2000"


@pytest.mark.parametrize("quantity", [None, "lots", float("inf"), [], "NaN"])
def test_a_quantity_that_is_no_number_is_not_known(quantity: Any) -> None:
    data = {"resource_pack_subscribe_infos": [{"remaining_quantity": quantity}]}
    assert read_account(reply({"code": 0, "data": data}))[0].remaining is None
