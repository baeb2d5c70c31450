"""Charges that are no numbers, from a real socket to the cap: what cannot be read counts as its price, and is shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kling_omni_addon.core.life.lifecycle import Phase, Submission
from kling_omni_addon.core.life.spending import Caps
from kling_omni_addon.core.request import OmniRequest
from kling_omni_addon.session import Session
from kling_omni_addon.settings import Keys, Settings
from tests.workshop.crooked_kling import CrookedKling
from tests.workshop.processes import run

REQUEST = OmniRequest(prompt="waves", mode="std", aspect_ratio="16:9", duration_s=3)  # 1.8 units by the list
PATIENCE_S = 60.0


@pytest.fixture
def kling() -> Iterator[CrookedKling]:
    with CrookedKling() as kling:
        yield kling


@pytest.fixture
def settings(kling: CrookedKling, tmp_path: Path) -> Settings:
    home = tmp_path / "home"
    caps = Caps(daily=Decimal(4))  # two of three clips
    return Settings(service_url=kling.url, keys=Keys(api_key="k"), home=home, clips=home / "clips", caps=caps)


def made(session: Session) -> Submission:
    """One more clip, however it ends."""
    own_id = session.submit(REQUEST).id
    return session.wait(lambda found: found[own_id].is_settled, [own_id], PATIENCE_S)[own_id]


@pytest.mark.parametrize(
    "charge",
    [
        {"final_unit_deduction": "3 units"},
        {"final_unit_deduction": "NaN"},
        {"final_unit_deduction": "3,5"},
        {"final_unit_deduction": "-5"},
        {"final_unit_deduction": "0", "final_balance_deduction": {"quota": "0.25", "list_price": "0.25"}},
        {"final_unit_deduction": "0", "final_balance_deduction": {"quota": "1.7", "currency": "CNY"}},
    ],
    ids=["words", "nan", "comma", "negative", "balance", "currency"],
)
def test_a_charge_that_cannot_be_read_neither_stops_sending_nor_opens_the_cap(
    kling: CrookedKling, settings: Settings, charge: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CrookedKling, "task", _charged(charge))
    with Session(settings) as session:
        session.start()
        first, second, third = made(session), made(session), made(session)
    assert [each.phase for each in (first, second)] == [Phase.FETCHED] * 2
    assert (third.phase, third.is_held, third.exit_code) == (Phase.INTENDED, True, 2)
    assert "up to 3.6 used" in third.problem
    assert charge["final_unit_deduction"] in first.charge_said
    shown = run({"KLING_HOME": str(settings.home), "PATH": ""}, "status").lines[0]
    assert (shown["charge_units"], shown["charge_said"]) == (None, first.charge_said)
    money = charge.get("final_balance_deduction", {})
    assert (shown["charge_balance"], shown["charge_currency"]) == (money.get("quota"), money.get("currency"))
    beside = json.loads(Path(first.clip).with_suffix(".json").read_bytes())
    assert (beside["charge_balance"], beside["charge_currency"]) == (first.charge_balance, first.charge_currency)


def _charged(charge: dict[str, Any]) -> Any:
    task: Any = CrookedKling.task
    return lambda self, own_id: {**task(self, own_id), **charge}


def test_the_balance_of_an_account_that_cannot_be_read_is_shown_as_unknown(
    kling: CrookedKling, settings: Settings, tmp_path: Path
) -> None:
    packs = [
        {"resource_pack_name": "p", "remaining_quantity": "1E+999999999", "total_quantity": -1, "status": "online"}
    ]
    kling.account = {"resource_pack_subscribe_infos": [*packs, {"remaining_quantity": 4.5}]}
    environment = {"KLING_HOME": str(tmp_path), "KLING_BASE_URL": kling.url, "KLING_API_KEY": "k", "PATH": ""}
    said = run(environment, "account")
    assert [line["remaining_units"] for line in said.lines] == [None, "4.5"]
    assert said.code == 0
