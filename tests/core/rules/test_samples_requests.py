"""The published requests of ``tests/samples.json`` behave as the file says."""

from __future__ import annotations

from typing import Any

import pytest

from kling_omni_addon.core import capability
from kling_omni_addon.core.rules.table import problems_in
from tests.workshop.samples import REQUESTS


@pytest.mark.parametrize("profile", capability.PROFILES)
@pytest.mark.parametrize("sample", REQUESTS, ids=lambda sample: sample["id"])
def test_a_sample_is_judged_as_it_says(sample: dict[str, Any], profile: str) -> None:
    problems = problems_in(sample["body"], profile=capability.profile(profile))
    expected = [] if sample["rules"] == "accepted" else [sample["rules"]]
    assert [problem.rule for problem in problems] == expected


@pytest.mark.parametrize("profile", capability.PROFILES)
@pytest.mark.parametrize("sample", REQUESTS, ids=lambda sample: sample["id"])
def test_the_lenient_switch_accepts_every_sample(sample: dict[str, Any], profile: str) -> None:
    assert problems_in(sample["body"], profile=capability.profile(profile), lenient_o1_duration=True) == ()
