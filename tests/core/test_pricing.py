"""List prices: decimal, dated, and honest where the length of an edit is not known."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from kling_omni_addon.core import capability
from kling_omni_addon.core.pricing import Price, plain, price_of
from kling_omni_addon.core.request import OmniRequest, Video, VideoUse
from tests.workshop.rule_bodies import O1, V3, VIDEO

FOLLOWED, EDITED = Video(url=VIDEO), Video(url=VIDEO, use=VideoUse.EDIT)


def price(request: OmniRequest, input_video_s: float | None = None) -> Price:
    found = price_of(request, input_video_s=input_video_s)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("model", "mode", "sound", "video", "units", "dollars"),
    [
        (V3, "std", False, None, "6", "0.84"),
        (V3, "std", True, None, "8", "1.12"),
        (V3, "std", False, FOLLOWED, "9", "1.26"),
        (V3, "pro", False, None, "8", "1.12"),
        (V3, "pro", True, None, "10", "1.40"),
        (V3, "pro", False, FOLLOWED, "12", "1.68"),
        (V3, "4k", False, None, "30", "4.20"),
        (V3, "4k", True, None, "30", "4.20"),
        (V3, "4k", False, FOLLOWED, "30", "4.20"),
        (O1, "std", False, None, "6", "0.84"),
        (O1, "std", False, FOLLOWED, "9", "1.26"),
        (O1, "pro", False, None, "8", "1.12"),
        (O1, "pro", False, FOLLOWED, "12", "1.68"),
    ],
)
def test_ten_seconds_cost_what_the_list_says(
    model: str, mode: str, sound: bool, video: Video | None, units: str, dollars: str
) -> None:
    found = price(OmniRequest(model=model, mode=mode, sound=sound, video=video, duration_s=10))
    assert (found.units, found.dollars) == (Decimal(units), Decimal(dollars))


def test_the_prices_seen_live_come_out_exactly() -> None:
    assert [plain(price(OmniRequest(mode="std", duration_s=s)).units) for s in (3, 5)] == ["1.8", "3"]


@pytest.mark.parametrize("request_without_price", [OmniRequest(model=O1, sound=True), OmniRequest(model=O1, mode="4k")])
def test_what_is_not_on_the_list_has_no_price(request_without_price: OmniRequest) -> None:
    assert price_of(request_without_price) is None


@pytest.mark.parametrize(("length", "seconds"), [(3.0, 3), (4.49, 4), (4.5, 5), (5.041, 5), (9.5, 10)])
def test_an_edit_is_billed_by_the_nearest_second_of_its_video(length: float, seconds: int) -> None:
    found = price(OmniRequest(video=EDITED, duration_s=15), length)
    assert found.units == Decimal("1.2") * seconds
    assert found.is_exact


def test_an_edit_of_unknown_length_costs_a_range_that_says_why() -> None:
    found = price_of(OmniRequest(video=EDITED), profile=capability.profile("seed"))
    assert found is not None
    assert (found.units, found.most_units) == (Decimal("3.6"), Decimal("12.0"))
    assert (found.dollars, found.most_dollars) == (Decimal("0.504"), Decimal("1.68"))
    assert found.label == "3.6 to 12.0 units · $0.50 to $1.68"
    assert found.sentence.endswith("billed by the length of its video, which is not known.")


def test_the_range_follows_the_profile() -> None:
    found = price_of(OmniRequest(video=EDITED), profile=capability.profile("late"))
    assert found is not None
    assert found.most_units == Decimal("1.2") * 16
    assert price(OmniRequest(video=EDITED)) == found


@pytest.mark.parametrize("request_of_4k", [OmniRequest(mode="4k"), OmniRequest(mode="4k", sound=True)])
def test_4k_costs_three_units_a_second_with_and_without_sound(request_of_4k: OmniRequest) -> None:
    assert price(request_of_4k).label == "15.0 units · $2.10"


def test_the_label_fits_a_button_and_the_sentence_says_the_date_of_the_list() -> None:
    found = price(OmniRequest())
    assert found.label == "4.0 units · $0.56"
    assert found.sentence == f"4.0 units · $0.56 (list price of {found.date})."


def test_a_clip_beside_a_followed_video_is_as_long_as_asked() -> None:
    asked = OmniRequest(video=FOLLOWED, duration_s=7)
    assert price(asked, 10).units == price(asked).units == Decimal("8.4")
    assert price(replace(asked, duration_s=3)).units == Decimal("3.6")


@pytest.mark.parametrize("units", ["0.6", "1.8", "3.0", "12.00", "30", "100"])
def test_units_are_written_as_the_service_writes_them(units: str) -> None:
    assert Decimal(plain(Decimal(units))) == Decimal(units)
    assert "E" not in plain(Decimal(units))
    assert not plain(Decimal(units)).endswith(".0")


def test_every_model_and_mode_of_every_profile_has_a_price() -> None:
    for name in capability.PROFILES:
        for limits in capability.profile(name).models.values():
            for mode in limits.modes:
                assert price_of(OmniRequest(model=limits.name, mode=mode), profile=capability.profile(name))
